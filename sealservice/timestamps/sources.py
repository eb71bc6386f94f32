"""What pressing asks of whoever stamps the time, be it ours or another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sealverify.digest import Digest


@dataclass(frozen=True)
class Stamped:
    """The DER of a timestamp token (RFC 3161, section 2.4.2), and the name of whoever made this one."""

    token: bytes
    source: str


class TimestampSource(Protocol):
    """Stamps a digest with the time."""

    @property
    def name(self) -> str:
        """Whoever will be asked, for the plan of an impression."""
        ...

    @property
    def key_id(self) -> str | None:
        """The key that will sign, where it is one of ours."""
        ...

    @property
    def token_size(self) -> int:
        """How many bytes a token has at most: the room that a document leaves for it."""
        ...

    def timestamp(self, digest: Digest) -> Stamped:
        """A token over `digest`, its imprint already checked.

        Raises Unavailable when no time is to be had; nothing is lost then."""
        ...


@dataclass(frozen=True)
class WhenAsked:
    """A source that is looked up when its time is first wanted: whoever presses without a timestamp needs none."""

    find: Callable[[], TimestampSource]

    @property
    def name(self) -> str:
        return self.find().name

    @property
    def key_id(self) -> str | None:
        return self.find().key_id

    @property
    def token_size(self) -> int:
        return self.find().token_size

    def timestamp(self, digest: Digest) -> Stamped:
        return self.find().timestamp(digest)
