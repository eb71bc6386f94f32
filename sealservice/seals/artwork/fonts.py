"""Letters as outlines, out of the CJK fonts that lie on this machine.

Names are set in Noto Serif CJK SC Bold (the rule asks for 宋体), numbers in Noto Sans CJK SC Bold (the rule for
invoice seals asks for Arial). Knows how to find a font, its Simplified Chinese face and a character's outline;
refuses to know where the letter goes. A character that the font lacks is a refusal that names it: never a blank box.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.sfnt import readTTCHeader

from sealservice.kernel.errors import InvalidInput, Misconfigured
from sealservice.seals.artwork.geometry import Box, Point

DEBIAN_FOLDER = Path("/usr/share/fonts/opentype/noto")
"""Where Debian's and Ubuntu's package fonts-noto-cjk puts its collections."""

Stroke = tuple[str, tuple[Point, ...]]
"""One command of an outline: M, L, C or Z with its points in em units, y up."""


class Typeface(Enum):
    """What is looked for: the PostScript name of the face, then the files it may lie in."""

    SERIF = ("NotoSerifCJKsc-Bold", ("NotoSerifCJK-Bold.ttc", "NotoSerifCJKsc-Bold.otf"))
    SANS = ("NotoSansCJKsc-Bold", ("NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf"))

    @property
    def face(self) -> str:
        return self.value[0]

    @property
    def files(self) -> tuple[str, ...]:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character's outline in em units. `ink` is the box its ink fills; None for a space, which has `advance`
    only."""

    character: str
    advance: float
    ink: Box | None
    outline: tuple[Stroke, ...]


def find_font(typeface: Typeface, folder: Path | None = None) -> Path:
    """The first file that can hold `typeface`: the configured folder, then Debian's.

    Raises Misconfigured (ARTWORK_FONT_MISSING), which says what to install."""
    folders = [place for place in (folder, DEBIAN_FOLDER) if place is not None]
    for place in folders:
        for name in typeface.files:
            if (place / name).is_file():
                return place / name
    raise Misconfigured(
        "ARTWORK_FONT_MISSING",
        files=", ".join(typeface.files),
        folders=", ".join(map(str, folders)),
        font=typeface.face,
    )


def glyphs(text: str, typeface: Typeface, folder: Path | None = None) -> tuple[Glyph, ...]:
    """The outlines of `text`, a glyph for each code point.

    Raises InvalidInput (ARTWORK_CHARACTER_MISSING) that names every character the font lacks, and its code point."""
    face = _open_face(find_font(typeface, folder), typeface.face)
    missing = [character for character in dict.fromkeys(text) if character not in face]
    if missing:
        names = ", ".join(
            f"{character if character.isprintable() else '?'} (U+{ord(character):04X})" for character in missing
        )
        raise InvalidInput("ARTWORK_CHARACTER_MISSING", characters=names, text=text, font=typeface.face)
    return tuple(face.glyph(character) for character in text)


class _Face:
    """An open face. fontTools reads lazily and is not safe for threads, hence the lock."""

    def __init__(self, font: TTFont) -> None:
        self._lock = threading.Lock()
        self._em: float = font["head"].unitsPerEm
        self._names: dict[int, str] = font.getBestCmap()
        self._set: Any = font.getGlyphSet()
        self._read: dict[str, Glyph] = {}

    def __contains__(self, character: str) -> bool:
        return ord(character) in self._names

    def glyph(self, character: str) -> Glyph:
        with self._lock:
            if character not in self._read:
                self._read[character] = self._outline(character)
            return self._read[character]

    def _outline(self, character: str) -> Glyph:
        source = self._set[self._names[ord(character)]]
        bounds, pen = BoundsPen(self._set), _OutlinePen(self._set, self._em)
        source.draw(bounds)
        source.draw(pen)
        ink = None
        if bounds.bounds is not None:
            left, bottom, right, top = (value / self._em for value in bounds.bounds)
            ink = Box(left=left, bottom=bottom, right=right, top=top)
        return Glyph(character=character, advance=source.width / self._em, ink=ink, outline=tuple(pen.strokes))


class _OutlinePen(BasePen):  # type: ignore[misc]
    """Collects an outline; BasePen turns the quadratic curves of a TrueType font into cubic ones."""

    def __init__(self, glyph_set: Any, em: float) -> None:
        super().__init__(glyph_set)
        self._em = em
        self.strokes: list[Stroke] = []

    def _add(self, command: str, *points: Point) -> None:
        self.strokes.append((command, tuple((x / self._em, y / self._em) for x, y in points)))

    def _moveTo(self, point: Point) -> None:  # noqa: N802
        self._add("M", point)

    def _lineTo(self, point: Point) -> None:  # noqa: N802
        self._add("L", point)

    def _curveToOne(self, first: Point, second: Point, end: Point) -> None:  # noqa: N802
        self._add("C", first, second, end)

    def _closePath(self) -> None:  # noqa: N802
        self._add("Z")


@cache
def _open_face(path: Path, name: str) -> _Face:
    for number in range(_count_faces(path)):
        font = TTFont(path, fontNumber=number, lazy=True)
        if font["name"].getDebugName(6) == name:
            return _Face(font)
        font.close()
    raise Misconfigured("ARTWORK_FACE_MISSING", file=path, font=name)


def _count_faces(path: Path) -> int:
    with path.open("rb") as file:
        if file.read(4) != b"ttcf":
            return 1
        return int(readTTCHeader(file).numFonts)
