"""Which of several changes a reader is told first: what matters to the matter before what matters to the file.

Knows codes and their order; refuses to know how a change was found.
"""

from __future__ import annotations

MOST_TELLING_FIRST = (
    "CHANGE_SIGNATURE_REMOVED",
    "CHANGE_SIGNATURE_OVERWRITTEN",
    "CHANGE_PAGE_REMOVED",
    "CHANGE_PAGE_ADDED",
    "CHANGE_PAGES_REORDERED",
    "CHANGE_PAGE_CONTENT",
    "CHANGE_VOID_FILLED",
    "CHANGE_PAGE",
    "CHANGE_FIELD_VALUE",
    "CHANGE_NOT_CERTIFIED",
    "CHANGE_FIELD_LOCKED",
    "CHANGE_FIELD_NOT_PLACED",
    "CHANGE_TOO_LARGE",
    "CHANGE_ANNOTATION_ADDED",
    "CHANGE_ANNOTATION_REMOVED",
    "CHANGE_ANNOTATION",
    "CHANGE_ANNOTATIONS",
    "CHANGE_SIGNATURES_TOGETHER",
    "CHANGE_SIGNATURE_PARTIAL",
    "CHANGE_FIELD",
    "CHANGE_FORM",
    "CHANGE_CATALOG",
    "CHANGE_LONG_TERM_DATA_WRONG",
    "CHANGE_METADATA",
    "CHANGE_OBJECT_DELETED",
    "CHANGE_OBJECTS",
    "CHANGE_HIDDEN_BYTES",
    "CHANGE_REVISION_BROKEN",
    "CHANGE_BYTES_APPENDED",
    "CHANGE_RELISTED",
    "CHANGE_WITHOUT_ACT",
)
"""Every change that is refused: signatures, pages, what pages show, field values, who else signed, annotations, the
form, the whole document, its metadata; last what only says that something is there."""

_RANK = {code: rank for rank, code in enumerate(MOST_TELLING_FIRST)}


def severity(code: str) -> int:
    """The smaller, the sooner it is told. What is permitted stands in no order."""
    return _RANK.get(code, len(_RANK))
