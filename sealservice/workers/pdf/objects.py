"""Reading objects of a document as they are written, references kept. The narrow way between pikepdf and our syntax."""

from __future__ import annotations

import pikepdf

from sealservice.workers.pdf import syntax


def written(dictionary: pikepdf.Object, key: str) -> bytes:
    """The value under `key` in PDF syntax: a reference stays one."""
    value = dictionary.get_raw(key)
    assert isinstance(value, pikepdf.Object)
    return value.unparse()


def own_entries(dictionary: object) -> syntax.Entries:
    """All entries of `dictionary` as they are written; none when it is no dictionary."""
    if not isinstance(dictionary, pikepdf.Dictionary):
        return {}
    return {key: written(dictionary, key) for key in sorted(dictionary.keys())}


def is_true(dictionary: pikepdf.Object, key: str) -> bool:
    value: object = dictionary.get(key)
    return value is True


def name_of(dictionary: pikepdf.Object, key: str) -> str:
    """The name under `key` with its slash; empty for anything else."""
    value = dictionary.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""
