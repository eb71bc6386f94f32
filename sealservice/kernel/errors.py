"""Every way in which the house says no.

    SealServiceError            has a stable `code` and a sentence in both languages
    ├── Refused                 a rule of the house: nothing was done, nothing is lost
    │   ├── InvalidInput        a value that cannot be right (a check digit, a size, a file that is none)
    │   ├── DocumentRefused     this document is not pressed on, with the switch that would allow it, if one does
    │   ├── NotPermitted        this person may not do this
    │   └── WrongState          not in this state: a suspended seal, an illegal move
    ├── NotFound                nothing has this name
    ├── Conflict                somebody else was first, or this was done already
    ├── Unavailable             a part we need does not answer: token, database, timestamp, clock; try again later
    └── Misconfigured           the house cannot start like this; says what to mend

No HTTP here: `api/` has the one table that turns these into answers. A code is a key of the catalogue in
`sealservice/messages/`; the keyword arguments fill its sentence.
"""

from __future__ import annotations

from sealverify.messages import Text, catalogue


class SealServiceError(Exception):
    """`code` is stable and for machines; `text` is for people, in both languages."""

    def __init__(self, code: str, /, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    @property
    def text(self) -> Text:
        return catalogue("sealservice.messages").text(self.code, **self.details)

    def __str__(self) -> str:
        return f"{self.code}: {self.text.en}"


class Refused(SealServiceError):
    """A rule of the house says no. Nothing was done."""


class InvalidInput(Refused):
    """A value that cannot be right."""


class DocumentRefused(Refused):
    """The document is not pressed on. `details["switch"]` names what would allow it, where anything does."""


class NotPermitted(Refused):
    """This person may not do this."""


class WrongState(Refused):
    """The thing is in a state that does not allow this."""


class NotFound(SealServiceError):
    """Nothing has this name."""


class Conflict(SealServiceError):
    """Somebody else was first, or this was done already."""


class Unavailable(SealServiceError):
    """A part we need does not answer now. Trying again later is right; nothing was half-done."""


class Misconfigured(SealServiceError):
    """The house cannot start like this."""
