"""Every way in which the key store says no.

    KeyStoreError               has a stable `code` and an English sentence that says what to do next
    ├── KeyStoreMisconfigured   it cannot start like this: no module, no token, a PIN file that others can read
    ├── PinRefused              the token did not take the PIN; it is not tried again until the PIN itself changes
    ├── TokenUnavailable        no signature was made; try again after `retry_after` seconds
    │   ├── TokenBusy           more is waiting than the queue holds
    │   ├── TokenTimeout        the deadline passed; `late` says whether a signature may still come into being
    │   ├── SessionLost         one session is gone (mended inside; seen outside only when mending failed)
    │   ├── TokenLost           the token does not answer as itself; recovery is under way
    │   └── ReplaceProcess      too many calls hang inside the module: only a new process cures that
    ├── KeyNotFound             the token works, but this key is not in it
    ├── KeyUnusable             the token works, but it cannot work with this key
    ├── HandleLost              a remembered handle means nothing any more (mended inside)
    ├── TokenAnswered           the token answered with an error that we have no better name for
    ├── SignatureWrong          the token gave bytes that the expected public key does not verify; nothing was released
    ├── MechanismMissing        the module cannot do this algorithm, or not in this way
    ├── PolicyForbids           the module could, but this key store is told not to
    └── SelfTestFailed          the module did not pass the test at start, so it is not used

The sentences stand in `keystore.sentences`; an application may say them better, in more languages, by `code`.
"""

from __future__ import annotations

from keystore.sentences import sentence


class KeyStoreError(Exception):
    """`code` is stable and for machines; `details` fill the sentence. Neither ever holds a PIN or a key."""

    def __init__(self, code: str, /, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return f"{self.code}: {sentence(self.code, self.details)}"


class KeyStoreMisconfigured(KeyStoreError):
    """The key store cannot start like this."""


class PinRefused(KeyStoreError):
    """The token refused the PIN, now or the last time this very PIN was tried."""


class TokenUnavailable(KeyStoreError):
    """The token cannot be used now. No signature was made, except where TokenTimeout says so."""

    @property
    def retry_after(self) -> float:
        """Seconds after which another try makes sense."""
        return float(str(self.details.get("retry_after", 1)))


class TokenBusy(TokenUnavailable):
    """More calls wait than the queue holds."""


class TokenTimeout(TokenUnavailable):
    """The deadline passed. `late`: the token was already at work, so a signature may still come into being; it will be
    handed to `on_late` under the same `call_id` and never to the caller."""

    def __init__(self, code: str, /, *, late: bool, call_id: str, **details: object) -> None:
        super().__init__(code, late=late, call_id=call_id, **details)
        self.late = late
        self.call_id = call_id


class SessionLost(TokenUnavailable):
    """One session is gone; the token may be well."""


class TokenLost(TokenUnavailable):
    """The token does not answer as itself."""


class ReplaceProcess(TokenUnavailable):
    """Calls hang inside the module. A call into C cannot be cancelled, so the process has to be replaced."""


class KeyNotFound(KeyStoreError):
    """The token works, but this key is not in it."""


class KeyUnusable(KeyStoreError):
    """The token works, but it cannot work with this key."""


class HandleLost(KeyStoreError):
    """A remembered handle means nothing any more."""


class TokenAnswered(KeyStoreError):
    """The token answered with an error that has no better name here."""


class SignatureWrong(KeyStoreError):
    """The token's bytes do not verify under the expected public key."""


class MechanismMissing(KeyStoreError):
    """The module cannot do this."""


class PolicyForbids(KeyStoreError):
    """The key store is told not to do this."""


class SelfTestFailed(KeyStoreError):
    """The module did not pass the test at start."""
