"""The form's fields (ISO 32000-2, 12.7): which there are, which are signatures, and what the signed ones forbid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pikepdf

from sealservice.kernel.errors import DocumentRefused
from sealservice.workers.pdf.opening import Document, ObjGen
from sealservice.workers.pdf.signer import signer_name

_MAX_FIELDS = 100_000
_SIGNATURE = "/Sig"
_Node = tuple[pikepdf.Object, str, str, pikepdf.Object | None]
"""A node of the form, and what it has from above: name, type, value."""


@dataclass(frozen=True)
class FormField:
    """A terminal field: its full name, its type, its value, and the annotations that show it."""

    name: str
    kind: str
    object: pikepdf.Object
    value: pikepdf.Object | None
    widgets: tuple[pikepdf.Object, ...]

    @property
    def is_signature(self) -> bool:
        return self.kind == _SIGNATURE

    @property
    def is_signed(self) -> bool:
        return self.is_signature and isinstance(self.value, pikepdf.Dictionary)


def read_fields(document: Document) -> list[FormField]:
    """Every terminal field once. Raises DocumentRefused when the form runs in a circle."""
    form = document.root.get("/AcroForm")
    if not isinstance(form, pikepdf.Dictionary):
        return []
    seen: set[ObjGen] = set()
    roots = _members(form.get("/Fields"))
    stack: list[tuple[pikepdf.Object, str, str, pikepdf.Object | None]] = [
        (field, "", "", None) for field in reversed(roots)
    ]
    fields = []
    while stack:
        node, prefix, kind, value = stack.pop()
        if (node.is_indirect and node.objgen in seen) or len(seen) > _MAX_FIELDS:
            raise DocumentRefused("DOCUMENT_DAMAGED", reason="the form's fields run in a circle")
        seen.add(node.objgen)
        name = ".".join(filter(None, (prefix, _text(node.get("/T")))))
        kind, value = str(node.get("/FT", kind)), node.get("/V", value)
        kids = _members(node.get("/Kids"))
        named = [kid for kid in kids if "/T" in kid]
        if named:
            stack += [(kid, name, kind, value) for kid in reversed(named)]
        else:
            fields.append(FormField(name, kind, node, value, tuple(kids) or _itself(node)))
    return fields


def _members(value: object) -> list[pikepdf.Object]:
    items = list(value) if isinstance(value, pikepdf.Array) else []
    return [item for item in items if isinstance(item, pikepdf.Dictionary)]


def _itself(node: pikepdf.Object) -> tuple[pikepdf.Object, ...]:
    return (node,) if node.get("/Subtype") == "/Widget" else ()


def _text(value: object) -> str:
    return str(value) if isinstance(value, pikepdf.String) else ""


def free_name(fields: list[FormField], stem: str = "Seal") -> str:
    """Seal1, or the first of its kind that no field has."""
    taken = {field.name for field in fields}
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}{number}") not in taken)


def require_new_names(names: Sequence[str], fields: Sequence[FormField], filled: FormField | None) -> None:
    """Raises DocumentRefused("FIELD_NAME_TAKEN") when two fields would have one name; `filled` is there already."""
    taken = {field.name for field in fields if field is not filled}
    for name in names:
        if name in taken or not name or "." in name.removeprefix(filled.name if filled else ""):
            raise DocumentRefused("FIELD_NAME_TAKEN", field=name)
        taken.add(name)


def find_empty(fields: list[FormField], name: str) -> FormField:
    """The empty signature field `name`. Raises DocumentRefused naming what there is instead."""
    empty = [field.name for field in fields if field.is_signature and not field.is_signed]
    field = next((field for field in fields if field.name == name), None)
    if field is None:
        raise DocumentRefused("FIELD_NOT_FOUND", field=name, fields=", ".join(empty) or "-")
    if not field.is_signature:
        raise DocumentRefused("FIELD_IS_NO_SIGNATURE", field=name, fields=", ".join(empty) or "-")
    if field.is_signed:
        raise DocumentRefused("FIELD_ALREADY_SIGNED", field=name, fields=", ".join(empty) or "-")
    if len(field.widgets) > 1:
        raise DocumentRefused("FIELD_HAS_SEVERAL_BOXES", field=name)
    demands = field.object.get("/SV")
    if isinstance(demands, pikepdf.Dictionary) and demands.get("/Ff", 0) != 0:
        raise DocumentRefused("FIELD_MAKES_DEMANDS", field=name)
    return field


@dataclass(frozen=True)
class Standing:
    """What the signatures in the document so far allow. `certified` is the DocMDP level, None without one."""

    signatures: int
    certified: int | None = None


def standing(fields: list[FormField], name: str) -> Standing:
    """Whether the field `name` may still be signed. Raises DocumentRefused naming who certified or locked."""
    certified = None
    for field in fields:
        for method, parameters in _transforms(field) if field.is_signed else ():
            if method == "/DocMDP":
                certified = int(parameters.get("/P", 2))
                if certified == 1:
                    raise DocumentRefused("DOCUMENT_CERTIFIED", signer=_signer(field), field=field.name)
            elif method == "/FieldMDP" and _locks(parameters, name):
                raise DocumentRefused("DOCUMENT_LOCKED", signer=_signer(field), field=field.name)
    return Standing(sum(field.is_signed for field in fields), certified)


def _transforms(field: FormField) -> Iterator[tuple[str, pikepdf.Object]]:
    assert field.value is not None
    for reference in _members(field.value.get("/Reference")):
        parameters = reference.get("/TransformParams")
        if isinstance(parameters, pikepdf.Dictionary):
            yield str(reference.get("/TransformMethod")), parameters
    lock = field.object.get("/Lock")
    if isinstance(lock, pikepdf.Dictionary):
        yield "/FieldMDP", lock
        if "/P" in lock:
            yield "/DocMDP", lock


def _locks(parameters: pikepdf.Object, name: str) -> bool:
    named = {str(item) for item in list(parameters.get("/Fields", pikepdf.Array()))}
    action = str(parameters.get("/Action"))
    listed = any(name == one or name.startswith(f"{one}.") for one in named)
    return action == "/All" or (action == "/Include" and listed) or (action == "/Exclude" and not listed)


def _signer(field: FormField) -> str:
    assert field.value is not None
    return signer_name(field.value) or field.name
