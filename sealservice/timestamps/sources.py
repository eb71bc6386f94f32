"""What pressing asks of whoever stamps the time, be it ours or another's."""

from __future__ import annotations

from typing import Protocol

from sealverify.digest import Digest


class TimestampSource(Protocol):
    """Stamps a digest with the time."""

    @property
    def name(self) -> str:
        """Whose time this is, for the record of an impression."""
        ...

    @property
    def key_id(self) -> str | None:
        """The key that will sign, where it is one of ours."""
        ...

    @property
    def token_size(self) -> int:
        """How many bytes a token has at most: the room that a document leaves for it."""
        ...

    def timestamp(self, digest: Digest) -> bytes:
        """The DER of a token (RFC 3161, section 2.4.2) over `digest`, its imprint already checked.

        Raises Unavailable when no time is to be had; nothing is lost then."""
        ...
