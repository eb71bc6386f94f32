"""What a document may not carry, unless a switch lets it through. The survey says what is there; this room says no."""

from __future__ import annotations

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.pdf.opening import Document, ObjGen
from sealservice.workers.pdf.survey import Survey

CODES = {
    "encryption": "DOCUMENT_ENCRYPTED",
    "javascript": "DOCUMENT_HAS_JAVASCRIPT",
    "launch": "DOCUMENT_HAS_LAUNCH_ACTION",
    "xfa": "DOCUMENT_HAS_XFA",
    "attachments": "DOCUMENT_HAS_ATTACHMENTS",
    "external": "DOCUMENT_HAS_EXTERNAL_DATA",
    "remote": "DOCUMENT_HAS_REMOTE_LINKS",
    "submit": "DOCUMENT_HAS_SUBMIT_ACTION",
    "media": "DOCUMENT_HAS_MEDIA",
}
"""By switch, in the order of which reason is named first."""

ASSOCIATED_TYPES = frozenset({"text/xml", "text/csv", "text/plain"}) | {
    f"application/{kind}" for kind in ("json", "xml", "cbor", "dc+sd-jwt")
}
ASSOCIATED_RELATIONS = frozenset({"/Data", "/Source", "/Supplement", "/Alternative"})


def refuse_dangers(document: Document, found: Survey, allow: frozenset[str]) -> tuple[str, ...]:
    """The switches that were needed to let this document through. Raises DocumentRefused naming the first that is
    missing as `switch`, and as `switches` all that would be needed."""
    needed: dict[str, ObjGen] = {}
    for switch, objgen in [*found.findings, *_attachments(found)]:
        needed.setdefault(switch, objgen)
    if document.encrypted:
        needed["encryption"] = (0, 0)
    missing = [switch for switch in CODES if switch in needed and switch not in allow]
    if missing:
        first = missing[0]
        switches = " ".join(f"--allow {switch}" for switch in missing)
        raise DocumentRefused(CODES[first], switch=first, switches=switches, object=needed[first][0])
    return tuple(switch for switch in CODES if switch in needed)


def _attachments(found: Survey) -> list[tuple[str, ObjGen]]:
    """Embedded files that are not associated data files of an allowed kind (ISO 32000-2, 14.13)."""
    kept: set[ObjGen] = set()
    refused: list[tuple[str, ObjGen]] = []
    for specification in found.file_specifications:
        files = _files(specification)
        if _is_associated_data(specification, files, found):
            kept.update(file.objgen for file in files)
        else:
            refused.append(("attachments", specification.objgen))
    refused += [("attachments", objgen) for objgen in found.embedded_files - kept]
    return refused


def _files(specification: pikepdf.Object) -> list[pikepdf.Object]:
    embedded = specification["/EF"]
    if not isinstance(embedded, pikepdf.Dictionary):
        return []
    return [value for _, value in embedded.items() if isinstance(value, pikepdf.Stream)]


def _is_associated_data(specification: pikepdf.Object, files: list[pikepdf.Object], found: Survey) -> bool:
    return (
        specification.objgen in found.associated
        and str(specification.get("/AFRelationship")) in ASSOCIATED_RELATIONS
        and bool(files)
        and all(str(file.stream_dict.get("/Subtype")).lstrip("/") in ASSOCIATED_TYPES for file in files)
    )
