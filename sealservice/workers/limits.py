"""How much one job, and one document, may ask for. Knows figures, enforces none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MEBIBYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a worker allows itself.

    `memory_bytes` is what a job may take beyond the idle worker and the mapped document. `cpu_seconds` is the job's own
    computing time and a property of the document; `wall_seconds` also counts waiting for a busy machine."""

    memory_bytes: int = 384 * MEBIBYTE
    cpu_seconds: int = 10
    wall_seconds: float = 60.0
    document_bytes: int = 512 * MEBIBYTE
    pages: int = 5_000
    objects: int = 500_000
    stream_bytes: int = 128 * MEBIBYTE
    """One decoded stream that is no image: content, a font, a table of objects."""
    decoded_bytes: int = 1024 * MEBIBYTE
    """All decoded streams together that are no images, and any single image."""
    places: int = 2_000
    """Pictures of the seal in one document."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Limits:
        return cls(**value)
