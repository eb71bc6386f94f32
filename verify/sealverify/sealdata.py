"""What a sealed PDF says about its seal impression: /SEAL_Impression in the signature dictionary, both ways.

Written into bytes that the signature covers, read from any PDF. It says what was pressed, where each picture of the
seal stands, and which slices belong together, so that a verifier can count them; whether they are really drawn is
`sealverify.drawing`. The bytes are described in docs/formats/impression.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

import pikepdf

from sealverify.digest import Digest
from sealverify.errors import MalformedSealData

VERSION = 1
KEY = "/SEAL_Impression"
"""Of the signature dictionary: a name of the second class (ISO 32000-2, Annex E)."""

_SEAL_CODE = re.compile(r"\d{14}\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_PLAIN = re.compile(r"[A-Za-z0-9 .,:/_-]*\Z")
_MAX_PLACES = 10_000
_MAX_TEXT = 2_000


class ImpressionForm(StrEnum):
    """How the seal was placed; the value is the PDF name without its slash."""

    SINGLE = "Single"
    KEYWORD = "Keyword"
    EVERY_PAGE = "EveryPage"
    RIDING = "Riding"
    INVISIBLE = "Invisible"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One picture, or one slice of it, on one page."""

    page: int
    """From 0."""
    rect: tuple[float, float, float, float]
    """What of the page it covers: its clip rectangle, left bottom right top, in the page's default user space."""
    slice: int = 1
    of: int = 1
    group: int = 1


@dataclass(frozen=True, kw_only=True)
class ImpressionData:
    """`picture` is (object number, generation) of the master form XObject, None for an invisible seal. `image` is the
    digest of the picture's one-page PDF."""

    seal_code: str
    impression_id: str
    matter: str | None
    form: ImpressionForm
    image: Digest | None
    picture: tuple[int, int] | None
    groups: int
    places: tuple[Place, ...]

    def __post_init__(self) -> None:
        """Raises MalformedSealData when the parts contradict one another."""
        _require(bool(_SEAL_CODE.match(self.seal_code)), "Seal")
        _require(bool(_UUID.match(self.impression_id)), "Impression")
        _require(self.matter is None or len(self.matter) <= _MAX_TEXT, "Matter")
        visible = self.form is not ImpressionForm.INVISIBLE
        _require(visible == (self.picture is not None) == bool(self.places), "Picture")
        _require(len(self.places) <= _MAX_PLACES, "Places")
        _require(all(_sensible(place, self.groups) for place in self.places), "Places")


def _require(condition: bool, entry: str) -> None:
    if not condition:
        raise MalformedSealData("SEAL_DATA", cause=f"/{entry}")


def _sensible(place: Place, groups: int) -> bool:
    left, bottom, right, top = place.rect
    finite = all(isfinite(value) and abs(value) < 1e7 for value in place.rect)
    return (
        finite
        and left < right
        and bottom < top
        and place.page >= 0
        and 1 <= place.slice <= place.of <= _MAX_PLACES
        and 1 <= place.group <= groups <= _MAX_PLACES
    )


def encode(data: ImpressionData) -> bytes:
    """The PDF dictionary, direct, in ASCII."""
    parts = [f"/V {VERSION}", f"/Seal {_text(data.seal_code)}", f"/Impression {_text(data.impression_id)}"]
    if data.matter is not None:
        parts.append(f"/Matter {_text(data.matter)}")
    parts.append(f"/Form /{data.form}")
    if data.image is not None:
        parts.append(f"/Image {_text(data.image.hex)}")
    if data.picture is not None:
        parts.append(f"/Picture {data.picture[0]} {data.picture[1]} R")
    parts.append(f"/Groups {data.groups}")
    parts.append(f"/Places [{' '.join(map(_place, data.places))}]")
    return f"<< {' '.join(parts)} >>".encode("ascii")


def _place(place: Place) -> str:
    rect = " ".join(f"{value:.4f}".rstrip("0").rstrip(".") for value in place.rect)
    return f"<< /Page {place.page} /Rect [{rect}] /Slice {place.slice} /Of {place.of} /Group {place.group} >>"


def _text(value: str) -> str:
    """A text string: a literal where ASCII will do, else UTF-16 with its byte order mark, in hexadecimal."""
    if _PLAIN.match(value):
        return f"({value})"
    return f"<feff{value.encode('utf-16-be').hex()}>"


def decode(dictionary: pikepdf.Object) -> ImpressionData:
    """From the value of /SEAL_Impression. Raises MalformedSealData naming the entry that cannot be followed."""
    _require(isinstance(dictionary, pikepdf.Dictionary), "SEAL_Impression")
    entry = _Entries(dictionary)
    _require(entry.whole("/V") == VERSION, "V")
    form = entry.name("/Form")
    _require(form in set(ImpressionForm), "Form")
    places = entry.get("/Places", pikepdf.Array)
    _require(len(places) <= _MAX_PLACES, "Places")
    return ImpressionData(
        seal_code=entry.text("/Seal"),
        impression_id=entry.text("/Impression"),
        matter=entry.text("/Matter") if "/Matter" in dictionary else None,
        form=ImpressionForm(form),
        image=_image(entry.text("/Image")) if "/Image" in dictionary else None,
        picture=entry.get("/Picture", pikepdf.Object).objgen if "/Picture" in dictionary else None,
        groups=entry.whole("/Groups"),
        places=tuple(_read_place(item) for item in places),
    )


def _image(text: str) -> Digest:
    try:
        return Digest("sha256", bytes.fromhex(text))
    except ValueError as problem:
        raise MalformedSealData("SEAL_DATA", cause="/Image") from problem


def _read_place(item: pikepdf.Object) -> Place:
    _require(isinstance(item, pikepdf.Dictionary), "Places")
    entry = _Entries(item)
    rect = entry.get("/Rect", pikepdf.Array)
    _require(len(rect) == 4, "Rect")
    left, bottom, right, top = (_number(value) for value in rect)
    return Place(
        page=entry.whole("/Page"),
        rect=(left, bottom, right, top),
        slice=entry.whole("/Slice"),
        of=entry.whole("/Of"),
        group=entry.whole("/Group"),
    )


def _number(value: Any) -> float:  # pikepdf gives int, Decimal or an object
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as problem:
        raise MalformedSealData("SEAL_DATA", cause="/Rect") from problem


class _Entries:
    """A dictionary whose entries have to be of a type."""

    def __init__(self, dictionary: pikepdf.Object) -> None:
        self._dictionary = dictionary

    def get(self, key: str, kind: type) -> Any:  # whatever pikepdf makes of it
        value = self._dictionary.get(key)
        _require(isinstance(value, kind) and not (kind is int and isinstance(value, bool)), key.lstrip("/"))
        return value

    def whole(self, key: str) -> int:
        return int(self.get(key, int))

    def text(self, key: str) -> str:
        return str(self.get(key, pikepdf.String))

    def name(self, key: str) -> str:
        return bytes(self.get(key, pikepdf.Name).unparse()).decode("latin-1").lstrip("/")
