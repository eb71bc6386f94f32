"""Looks at every object of a document once, reachable or not, and notes what decides over it.

A hostile object needs no path from the catalogue to matter: another program may find one. So the walk goes by the
cross-reference table. Most objects are passed on sight of their syntax; only one that mentions a suspicious name is
looked at closely. What is found is judged in `refusals` and `normalise`, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.limits import Limits
from sealservice.workers.pdf.objects import is_true, name_of
from sealservice.workers.pdf.opening import Document, ObjGen, damaged

_SUSPICIOUS = re.compile(
    rb"/(?:JS|JavaScript|Launch|GoToR|GoToE|Thread|SubmitForm|ImportData|Rendition|Movie|Sound|Screen|RichMedia\w*"
    rb"|GoTo3DView|3DD?|EF|AF|EmbeddedFiles?|FileAttachment|Collection|XFA|NeedsRendering|Ref|OPI|FFilter|ByteRange)\b"
)
_REFERENCE = re.compile(rb"\b(\d{1,8}) (\d{1,5}) R\b")

_ACTIONS = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/GoToR": "remote",
    "/GoToE": "remote",
    "/SubmitForm": "submit",
    "/ImportData": "submit",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/RichMediaExecute": "media",
    "/GoTo3DView": "media",
}
_ANNOTATIONS = {
    "/FileAttachment": "attachments",
    "/RichMedia": "media",
    "/3D": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/Screen": "media",
}
_KEYS = {
    "/JS": "javascript",
    "/JavaScript": "javascript",
    "/XFA": "xfa",
    "/Collection": "attachments",
    "/RichMediaContent": "media",
    "/3DD": "media",
    "/OPI": "external",
    "/FFilter": "external",
}


@dataclass
class Survey:
    """What the walk noted. `findings` are (switch, object) pairs in the order met."""

    syntax: dict[ObjGen, bytes] = field(default_factory=dict)
    streams: dict[ObjGen, pikepdf.Object] = field(default_factory=dict)
    findings: list[tuple[str, ObjGen]] = field(default_factory=list)
    file_specifications: list[pikepdf.Object] = field(default_factory=list)
    embedded_files: set[ObjGen] = field(default_factory=set)
    associated: set[ObjGen] = field(default_factory=set)
    signatures: set[ObjGen] = field(default_factory=set)

    def references(self, objgen: ObjGen) -> list[ObjGen]:
        """The objects that this one mentions; a string that looks like a reference counts as one."""
        found = _REFERENCE.findall(self.syntax[objgen])
        return [(int(number), int(generation)) for number, generation in found]


def survey(document: Document, limits: Limits) -> Survey:
    """Raises DocumentRefused: too many objects, an object table that unpacks too far or cannot be followed."""
    try:
        table = document.pdf.get_xref_table()
        if len(table) > limits.objects:
            raise DocumentRefused("DOCUMENT_TOO_MANY_OBJECTS", limit=limits.objects)
        result = Survey()
        for objgen in table:
            _look(document.pdf.get_object(objgen), objgen, result)
    except pikepdf.PdfError as problem:
        raise damaged(problem) from problem
    return result


def _look(value: object, objgen: ObjGen, result: Survey) -> None:
    dictionary: pikepdf.Object
    if isinstance(value, pikepdf.Stream):
        result.streams[objgen] = value
        dictionary = value.stream_dict
        syntax = dictionary.unparse(resolved=True)
        if b"/F " in syntax and "/F" in dictionary:
            result.findings.append(("external", objgen))
    elif isinstance(value, pikepdf.Dictionary | pikepdf.Array):
        syntax = value.unparse(resolved=True)
        dictionary = value
    else:
        return
    result.syntax[objgen] = syntax
    if _SUSPICIOUS.search(syntax):
        for part in _dictionaries(dictionary):
            _judge(part, objgen, result)


def _dictionaries(value: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """`value` and all dictionaries written inside it, without following references."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, pikepdf.Dictionary):
            yield part
            children = [child for _, child in part.items()]
        else:
            children = list(part)  # an array
        stack += [
            child
            for child in children
            if isinstance(child, pikepdf.Dictionary | pikepdf.Array) and not child.is_indirect
        ]


def _judge(part: pikepdf.Object, objgen: ObjGen, result: Survey) -> None:
    switches = [switch for key, switch in _KEYS.items() if key in part]
    switches.append(_ACTIONS.get(name_of(part, "/S"), ""))
    switches.append(_ANNOTATIONS.get(name_of(part, "/Subtype"), ""))
    if is_true(part, "/NeedsRendering"):
        switches.append("xfa")
    if name_of(part, "/S") == "/Thread" and "/F" in part:
        switches.append("remote")
    if isinstance(part.get("/Ref"), pikepdf.Dictionary):
        switches.append("external")
    result.findings += [(switch, objgen) for switch in switches if switch]
    _note_files(part, objgen, result)
    if "/ByteRange" in part:
        result.signatures.add(objgen)


def _note_files(part: pikepdf.Object, objgen: ObjGen, result: Survey) -> None:
    if "/EF" in part:
        result.file_specifications.append(part)
    if name_of(part, "/Type") == "/EmbeddedFile":
        result.embedded_files.add(objgen)
    associated = part.get("/AF")
    for item in associated if isinstance(associated, pikepdf.Array) else [associated]:
        if isinstance(item, pikepdf.Object) and item.is_indirect:
            result.associated.add(item.objgen)
