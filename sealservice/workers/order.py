"""What the service asks of a worker for one document, and what it gets back. Plain data that travels as JSON.

Pages are counted from 1 and places are in millimetres from the top left of the page as a reader shows it (CropBox,
/Rotate and /UserUnit applied); rectangles are in the page's default user space. Nothing here knows PDF syntax.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sealverify.digest import Digest


class Hits(StrEnum):
    """Which of a keyword's hits get a seal."""

    FIRST = "first"
    LAST = "last"
    EVERY = "every"


class Edge(StrEnum):
    """The edge of the page, as the reader sees it, that a riding seal is cut over."""

    RIGHT = "right"
    LEFT = "left"
    TOP = "top"
    BOTTOM = "bottom"


class Certification(StrEnum):
    """What a certified document still allows (ISO 32000-2, 12.8.2.2)."""

    NO_CHANGES = "NO_CHANGES"
    FORM_FILLING = "FORM_FILLING"


@dataclass(frozen=True, kw_only=True)
class At:
    """The seal's centre on one page. Page -1 is the last, -2 the one before it."""

    page: int
    x_mm: float
    y_mm: float


@dataclass(frozen=True, kw_only=True)
class Keyword:
    """On the words `text`, the seal's centre moved by (dx, dy) millimetres to the right and down."""

    text: str
    hits: Hits = Hits.LAST
    dx_mm: float = 0.0
    dy_mm: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Field:
    """In the middle of an empty signature field that the document has, named as in the document."""

    name: str


@dataclass(frozen=True, kw_only=True)
class EveryPage:
    """The same place on every page; without one, the lower right corner."""

    x_mm: float | None = None
    y_mm: float | None = None


@dataclass(frozen=True, kw_only=True)
class Riding:
    """A riding seal (骑缝章): cut into slices along an edge, one slice a page.

    More than `group` pages are shared out over several whole seals, as evenly as may be. `cut_ratio` (对开比例) is the
    share of the seal that the first page of each group gets; without it all slices are equal. `pages` are the pages
    that take part, all without it. `offset_mm` is the seal's middle along the edge, from the top or the left; without
    it the middle of the shortest page, so that it is at one height on all of them."""

    edge: Edge = Edge.RIGHT
    group: int = 18
    cut_ratio: float | None = None
    pages: tuple[int, ...] | None = None
    offset_mm: float | None = None


@dataclass(frozen=True, kw_only=True)
class Invisible:
    """A signature without a picture."""


@dataclass(frozen=True, kw_only=True)
class Automatic:
    """Where the document says: on the last 盖章, else on the last (seal), else the lower right of the last page."""


Placement = At | Keyword | Field | EveryPage | Riding | Invisible | Automatic
_PLACEMENTS: dict[str, type[Placement]] = {
    kind.__name__: kind for kind in (At, Keyword, Field, EveryPage, Riding, Invisible, Automatic)
}


def _placement(kind: str, **entries: Any) -> Placement:
    """From JSON, where names of a list and tuples have become plain."""
    if entries.get("pages") is not None:
        entries["pages"] = tuple(entries["pages"])
    for key, names in (("hits", Hits), ("edge", Edge)):
        if key in entries:
            entries[key] = names(entries[key])
    return _PLACEMENTS[kind](**entries)


@dataclass(frozen=True, kw_only=True)
class NextField:
    """An empty signature field, set down now for the next to sign; `at` is its centre."""

    name: str
    at: At
    width_mm: float
    height_mm: float


@dataclass(frozen=True, kw_only=True)
class PreparationOrder:
    """Everything a worker has to know to make one document ready for its signature.

    `picture` is the seal as a PDF of one page, drawn at `width_mm` by `height_mm` whatever its own size; None only for
    `Invisible`. `contents_bytes` is the room for the CMS. `allow` holds switches that let through what is refused by
    default: javascript, launch, remote, submit, external, attachments, xfa, media, encryption."""

    placement: Placement
    picture: Path | None
    width_mm: float
    height_mm: float
    signer_name: str
    signing_at: datetime
    seal_code: str
    impression_id: str
    contents_bytes: int
    reason: str | None = None
    matter: str | None = None
    certification: Certification | None = None
    lock: bool = False
    next_fields: tuple[NextField, ...] = ()
    allow: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """Plain values. The picture travels as an open file."""
        return {
            **vars(self),
            "placement": {**vars(self.placement), "kind": type(self.placement).__name__},
            "picture": None,
            "signing_at": self.signing_at.isoformat(),
            "next_fields": [{**vars(field), "at": vars(field.at)} for field in self.next_fields],
            "allow": sorted(self.allow),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> PreparationOrder:
        fields = (NextField(**{**one, "at": At(**one["at"])}) for one in value["next_fields"])
        return cls(
            **{
                **value,
                "placement": _placement(**value["placement"]),
                "signing_at": datetime.fromisoformat(value["signing_at"]),
                "certification": Certification(value["certification"]) if value["certification"] else None,
                "next_fields": tuple(fields),
                "allow": frozenset(value["allow"]),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Place:
    """One picture of the seal, or one slice of it. `x_mm`, `y_mm` is the middle of what is seen there."""

    page: int
    x_mm: float
    y_mm: float
    rect: tuple[float, float, float, float]
    slice: int = 1
    of: int = 1
    group: int = 1


@dataclass(frozen=True, kw_only=True)
class DocumentFacts:
    """What the worker saw in the document before it was sealed."""

    pages: int
    pdf_version: str
    pdfa: str | None
    """Part and conformance that the file claims, such as "2B". Not checked."""
    pdfua: str | None
    tagged: bool
    signatures: int
    allowed: tuple[str, ...] = ()
    """The switches that were needed."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """The sealed file but for its signature.

    `document` is the digest of what was given. `digest` is over the two parts of `byte_range`; the CMS goes, in
    hexadecimal, behind the "<" at `contents_at`, into `contents_length` digits. The first `prefix_length` bytes are the
    document as given, or as `normalised`, and `prefix_digest` is theirs. All these the service counted itself; the rest
    is what the worker says. `form` is the impression's form (Single, Keyword, EveryPage, Riding, Invisible), and
    `keyword` the words that decided the place, where words did."""

    document: Digest
    digest: Digest
    byte_range: tuple[int, int, int, int]
    contents_at: int
    contents_length: int
    prefix_length: int
    prefix_digest: Digest
    normalised: tuple[str, ...]
    """Why the document was rewritten before sealing; empty when its bytes stand unchanged."""
    form: str
    keyword: str | None
    places: tuple[Place, ...]
    field_name: str
    facts: DocumentFacts = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **vars(self),
            "document": self.document.hex,
            "digest": self.digest.value.hex(),
            "prefix_digest": self.prefix_digest.value.hex(),
            "places": [vars(place) for place in self.places],
            "facts": vars(self.facts),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Preparation:
        facts = {**value["facts"], "allowed": tuple(value["facts"]["allowed"])}
        first, before, second, after = map(int, value["byte_range"])
        return cls(
            **{
                **value,
                "document": Digest("sha256", bytes.fromhex(value["document"])),
                "digest": Digest("sha256", bytes.fromhex(value["digest"])),
                "prefix_digest": Digest("sha256", bytes.fromhex(value["prefix_digest"])),
                "byte_range": (first, before, second, after),
                "normalised": tuple(value["normalised"]),
                "places": tuple(Place(**{**place, "rect": tuple(place["rect"])}) for place in value["places"]),
                "facts": DocumentFacts(**facts),
            }
        )
