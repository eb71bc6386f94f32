"""Reads an SVG from outside and lets it in only if it is a plain drawing.

What may be in it is listed, all else is refused by name: no document type (so no entities), no scripts, event
handlers, links, styles that fetch, text (it needs a font), raster images (send a PNG), filters and animations. What
refers to other parts is counted as often as it would be drawn, so that a small file cannot unfold into a large one.
The bytes go on unchanged. Refuses to know true sizes, databases and keys; never resolves a reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.parsers import expat

from sealservice.kernel.errors import InvalidInput

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_EDITORS = (
    "http://www.inkscape.org/namespaces/inkscape",
    "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://purl.org/dc/elements/1.1/",
    "http://creativecommons.org/ns#",
    "http://web.resource.org/cc/",
)
"""What drawing programs note for themselves: no reader draws it, so it may stay."""

_SHAPES = frozenset({"path", "circle", "ellipse", "rect", "line", "polyline", "polygon"})
_STRUCTURE = frozenset(
    {"svg", "g", "defs", "symbol", "use", "clipPath", "mask", "linearGradient", "radialGradient", "stop", "style"}
)
_SPOKEN = frozenset({"title", "desc", "metadata"})
_ALLOWED = _SHAPES | _STRUCTURE | _SPOKEN

_NAMED_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("script", "handler", "listener"), "PICTURE_SVG_SCRIPT"),
        **dict.fromkeys(("foreignObject", "iframe", "embed", "object", "audio", "video"), "PICTURE_SVG_FOREIGN"),
        **dict.fromkeys(("text", "tspan", "textPath", "tref", "flowRoot", "font", "font-face"), "PICTURE_SVG_TEXT"),
        **dict.fromkeys(("image", "feImage"), "PICTURE_SVG_IMAGE"),
        **dict.fromkeys(("animate", "animateMotion", "animateTransform", "set"), "PICTURE_SVG_ANIMATION"),
        "filter": "PICTURE_SVG_FILTER",
    }
)

_LOCAL_URL = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)['\"]?\s*\)", re.IGNORECASE)
_FILTER = re.compile(r"(?:^|;)\s*filter\s*:")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(mm|cm|in|pt|pc|px)?\s*\Z")
_UNITS = {"mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "pt": 96 / 72, "pc": 16.0, "px": 1.0, None: 1.0}

_MOST_ELEMENTS = 5_000
_MOST_DRAWN = 10_000
_DEEPEST = 32
_LONGEST_CHAIN = 100
_ROUNDING = 0.01


def read_svg(data: bytes) -> float:
    """The drawing's width divided by its height, when it may come in.

    Raises InvalidInput: PICTURE_NOT_READABLE, PICTURE_SVG_… with what was found and in which line."""
    reader = _Reader()
    parser = reader.parser
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InvalidInput("PICTURE_NOT_READABLE", reason=str(error)) from error
    if not reader.shapes:
        raise InvalidInput("PICTURE_BLANK")
    _count_drawn(reader.root, reader.by_id)
    return _aspect(reader.root.attributes)


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    children: list[_Element] = field(default_factory=list)

    def references(self) -> list[str]:
        """The ids of what this element draws or uses, each as often as it says so."""
        found = [value.strip()[1:] for name, value in self.attributes.items() if name == "href"]
        return found + [name for value in self.attributes.values() for name in _LOCAL_URL.findall(value)]


class _Reader:
    """Takes the parser's events, refuses what is not on the list, and keeps what counting needs."""

    def __init__(self) -> None:
        self.root = _Element("", {})
        self.by_id: dict[str, _Element] = {}
        self.shapes = 0
        self._elements = 0
        self._open: list[_Element] = []
        self._style: list[str] | None = None
        self.parser = parser = expat.ParserCreate("UTF-8", namespace_separator="\n")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _refuse(self, code: str, found: str) -> InvalidInput:
        return InvalidInput(code, found=found[:80], line=self.parser.CurrentLineNumber)

    def _doctype(self, name: str, *_: object) -> None:
        raise self._refuse("PICTURE_SVG_DOCTYPE", name)

    def _instruction(self, target: str, _: str) -> None:
        raise self._refuse("PICTURE_SVG_INSTRUCTION", target)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise self._refuse("PICTURE_SVG_TOO_COMPLEX", tag)
        namespace, _, name = tag.rpartition("\n")
        if self._style is not None:
            raise self._refuse("PICTURE_SVG_STYLE", name)
        self._admit(namespace, name)
        element = _Element(name if namespace == _SVG else "", dict(self._attributes(attributes)))
        self._place(element)
        self.shapes += element.name in _SHAPES
        self._style = [] if element.name == "style" else None

    def _admit(self, namespace: str, name: str) -> None:
        if namespace in _EDITORS:
            return
        if name in _NAMED_REFUSALS:
            raise self._refuse(_NAMED_REFUSALS[name], name)
        if namespace != _SVG or name not in _ALLOWED or (name == "svg") is bool(self._open):
            raise self._refuse("PICTURE_SVG_ELEMENT", name)

    def _attributes(self, attributes: dict[str, str]) -> list[tuple[str, str]]:
        kept = []
        for tag, value in attributes.items():
            namespace, _, name = tag.rpartition("\n")
            if name.lower().startswith("on"):
                raise self._refuse("PICTURE_SVG_EVENT_HANDLER", name)
            if name.lower() == "href" and not value.strip().startswith("#"):
                raise self._refuse("PICTURE_SVG_REFERENCE", value)
            if namespace == _XML and name == "base":
                raise self._refuse("PICTURE_SVG_REFERENCE", value)
            if name == "filter" and value.strip() != "none":
                raise self._refuse("PICTURE_SVG_FILTER", value)
            if namespace in ("", _XLINK):
                self._check_value(value)
                kept.append((name, value))
        return kept

    def _check_value(self, value: str) -> None:
        rest = _LOCAL_URL.sub("", value).lower()
        if _FILTER.search(rest):
            raise self._refuse("PICTURE_SVG_FILTER", value)
        for forbidden in ("url(", "javascript:", "@import", "expression(", "\\"):
            if forbidden in rest:
                raise self._refuse("PICTURE_SVG_REFERENCE", value)

    def _place(self, element: _Element) -> None:
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        if identity := element.attributes.get("id"):
            self.by_id.setdefault(identity, element)

    def _text(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)

    def _end(self, _: str) -> None:
        self._open.pop()
        if self._style is None:
            return
        rules, self._style = "".join(self._style).lower(), None
        for forbidden in ("url", "@", "\\", "expression", "filter", "font"):
            if forbidden in rules:
                raise self._refuse("PICTURE_SVG_STYLE", forbidden)


def _count_drawn(root: _Element, by_id: Mapping[str, _Element]) -> None:
    """Refuses a drawing that unfolds: each element costs itself, its children and all it refers to."""
    costs: dict[int, int] = {}
    running: set[int] = set()

    def cost(element: _Element) -> int:
        key = id(element)
        if key in running or len(running) > _LONGEST_CHAIN:
            raise InvalidInput("PICTURE_SVG_TOO_COMPLEX", found="#" + element.attributes.get("id", ""), line=0)
        if key not in costs:
            running.add(key)
            targets = [by_id[name] for name in element.references() if name in by_id]
            costs[key] = 1 + sum(min(cost(part), _MOST_DRAWN + 1) for part in (*element.children, *targets))
            running.discard(key)
        return costs[key]

    if cost(root) > _MOST_DRAWN:
        raise InvalidInput("PICTURE_SVG_TOO_COMPLEX", found="use", line=0)


def _aspect(attributes: Mapping[str, str]) -> float:
    sizes = [_length(attributes.get("width")), _length(attributes.get("height"))]
    declared = sizes[0] / sizes[1] if sizes[0] and sizes[1] else None
    box = re.findall(_NUMBER, attributes.get("viewBox", ""))
    if len(box) != 4:
        if declared is None:
            raise InvalidInput("PICTURE_SVG_SIZE")
        return declared
    width, height = float(box[2]), float(box[3])
    if width <= 0 or height <= 0 or (declared and abs(declared * height / width - 1) > _ROUNDING):
        raise InvalidInput("PICTURE_SVG_SIZE")
    return width / height


def _length(text: str | None) -> float:
    """In CSS pixels; 0 for none, for a share of the page, and for what is no length."""
    match = _LENGTH.match(text or "")
    return float(match[1]) * _UNITS[match[2]] if match else 0.0
