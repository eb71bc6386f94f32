"""From an owner's name, or a file that somebody gave, to what a press can use: a picture and its PDF of true size.

What we draw ourselves is drawn here; whatever came from outside is looked at only in a worker, as any other file from
outside, and so is the typesetting of both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sealservice.kernel.errors import InvalidInput
from sealservice.seals.artwork.drawing import draw
from sealservice.seals.artwork.picture import MediaType, Picture
from sealservice.seals.artwork.styles import STYLES, Shape, Style
from sealservice.seals.kinds import SealKind
from sealservice.workers.pool import WorkerPool


@dataclass(frozen=True, kw_only=True)
class Inscription:
    """What a drawn seal says. Without a size it has its kind's own; `line` None is the kind's usual one."""

    kind: SealKind
    owner_name: str
    code: str
    line: str | None = None
    number: str = ""
    width_mm: float | None = None
    height_mm: float | None = None

    @property
    def style(self) -> Style:
        style = STYLES[self.kind]
        return style.at_size(self.width_mm or style.width_mm, self.height_mm or style.height_mm)


@dataclass(frozen=True)
class Finished:
    """A picture, and the same as one PDF page of exactly its size."""

    picture: Picture
    pdf: bytes


class Artist:
    """Makes the pictures of seals. Raises InvalidInput with what cannot be drawn or accepted."""

    def __init__(self, workers: WorkerPool, font_folder: Path | None) -> None:
        self._workers, self._fonts = workers, font_folder

    def draw(self, wanted: Inscription) -> Finished:
        """The seal from its owner's name; our own lettering, so it is the same on every machine."""
        square, oval = wanted.style.shape is Shape.SQUARE, wanted.style.shape is Shape.OVAL
        picture = draw(
            wanted.style,
            owner_name=wanted.owner_name,
            line=wanted.line,
            code="" if square else wanted.code,
            number=wanted.number if oval else "",
            fonts=self._fonts,
        )
        with _in_memory(picture.source) as file:
            return self._finish(file, picture.width_mm, picture.height_mm, drawn=True)

    def accept(self, path: Path, *, kind: SealKind, width_mm: float | None, height_mm: float | None) -> Finished:
        """A picture that was given, at its true size: that of its kind when no other is said."""
        style = STYLES[kind]
        try:
            source = path.open("rb")
        except OSError as error:
            raise InvalidInput("PICTURE_NOT_FOUND", path=path, reason=error.strerror) from error
        with source:
            return self._finish(source.fileno(), width_mm or style.width_mm, height_mm or style.height_mm)

    def _finish(self, given: int, width_mm: float, height_mm: float, *, drawn: bool = False) -> Finished:
        """Has a worker accept (unless we drew it) and typeset the picture behind the open file `given`."""
        with _in_memory() as accepted, _in_memory() as page:
            wanted = {"width_mm": width_mm, "height_mm": height_mm, "drawn": drawn}
            answer = self._workers.run("typeset", wanted, [given, accepted, page])
            picture = Picture(
                source=_content(accepted),
                media_type=MediaType(answer["media_type"]),
                width_mm=width_mm,
                height_mm=height_mm,
            )
            return Finished(picture, _content(page))


@contextmanager
def _in_memory(data: bytes = b"") -> Iterator[int]:
    """An open file that lies on no disk."""
    file = os.memfd_create("picture", os.MFD_CLOEXEC)
    try:
        os.write(file, data)
        yield file
    finally:
        os.close(file)


def _content(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)
