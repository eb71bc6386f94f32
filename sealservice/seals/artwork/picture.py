"""A seal's picture: the bytes it was made of and its true size. Refuses to know where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sealverify.digest import Digest


class MediaType(StrEnum):
    SVG = "image/svg+xml"
    PNG = "image/png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`source` is harmless: drawn by us, or accepted by `accept_picture`. Sizes in millimetres."""

    source: bytes
    media_type: MediaType
    width_mm: float
    height_mm: float

    @property
    def digest(self) -> Digest:
        """SHA-256 of `source`."""
        return Digest.of(self.source)

    @property
    def vector(self) -> bool:
        """Whether it stays sharp at any size."""
        return self.media_type is MediaType.SVG
