"""The signature field and its dictionary (ISO 32000-2, 12.7.5.5 and 12.8; ETSI EN 319 142-1, clause 5).

Writes down who, when, why, what is certified and what is locked, and leaves a hole for the CMS. Makes no signature.
"""

from __future__ import annotations

from collections.abc import Sequence

import pikepdf

from sealservice.workers.order import Certification, PreparationOrder
from sealservice.workers.pdf import syntax
from sealservice.workers.pdf.fields import FormField
from sealservice.workers.pdf.objects import own_entries
from sealservice.workers.pdf.opening import ObjGen
from sealservice.workers.pdf.picture import Picture
from sealservice.workers.pdf.spots import Plan
from sealverify.digest import Digest
from sealverify.sealdata import ImpressionData, ImpressionForm, encode
from sealverify.sealdata import Place as StatedPlace

_LOCK_ALL = "<< /Type /SigFieldLock /Action /All /P 1 >>"
_PRINTED, _LOCKED = 4, 128
_HIDING = 1 | 2 | 32
"""Invisible, hidden, not viewed."""
_PERMISSIONS = {Certification.NO_CHANGES: 1, Certification.FORM_FILLING: 2}


def signature_entries(
    order: PreparationOrder, plan: Plan, picture: tuple[Picture, ObjGen] | None, references: Sequence[bytes]
) -> syntax.Entries:
    """The signature dictionary but for /ByteRange and /Contents."""
    entries = {
        "/Type": b"/Sig",
        "/Filter": b"/Adobe.PPKLite",
        "/SubFilter": b"/ETSI.CAdES.detached",
        "/M": syntax.date(order.signing_at),
        "/Name": syntax.text_string(order.signer_name),
        "/SEAL_Impression": encode(_impression(order, plan, picture)),
    }
    if order.reason:
        entries["/Reason"] = syntax.text_string(order.reason)
    if references:
        entries["/Reference"] = syntax.array(references)
    return entries


def _impression(order: PreparationOrder, plan: Plan, picture: tuple[Picture, ObjGen] | None) -> ImpressionData:
    places = tuple(
        StatedPlace(page=spot.page.index, rect=spot.rect, slice=spot.slice, of=spot.of, group=spot.group)
        for spot in plan.spots
    )
    shown = picture if places else None
    return ImpressionData(
        seal_code=order.seal_code,
        impression_id=order.impression_id,
        matter=order.matter,
        form=ImpressionForm(plan.form),
        image=Digest("sha256", shown[0].digest) if shown else None,
        picture=shown[1] if shown else None,
        groups=plan.groups,
        places=places,
    )


def certifies(permission: Certification) -> bytes:
    """A signature reference that certifies the document (12.8.2.2)."""
    parameters = b"<< /Type /TransformParams /V /1.2 /P %d >>" % _PERMISSIONS[permission]
    return b"<< /Type /SigRef /TransformMethod /DocMDP /TransformParams " + parameters + b" >>"


def locks_all() -> bytes:
    """A signature reference that locks every field (12.8.2.4)."""
    parameters = b"<< /Type /TransformParams /V /1.2 /Action /All >>"
    return b"<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams " + parameters + b" >>"


def locks_as_asked(field: FormField) -> bytes | None:
    """What the field's own /Lock wants of whoever signs it (12.7.5.5)."""
    lock = field.object.get("/Lock")
    if not isinstance(lock, pikepdf.Dictionary):
        return None
    wanted = {key: value for key, value in own_entries(lock).items() if key in ("/Action", "/Fields")}
    parameters = syntax.dictionary({"/Type": b"/TransformParams", "/V": b"/1.2", **wanted})
    return b"<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams " + parameters + b" >>"


def lock_dictionary() -> bytes:
    """For the field that locks: nothing may be changed after it (/P 1 is of PDF 2.0)."""
    return _LOCK_ALL.encode()


def widget_entries(page: ObjGen, rect: Sequence[float], spoken: str, rotate: int) -> syntax.Entries:
    """The annotation half of a signature field: printed, not to be moved, with a name to be read aloud."""
    entries = {
        "/Type": b"/Annot",
        "/Subtype": b"/Widget",
        "/Rect": syntax.array([syntax.numbers(rect)]),
        "/P": syntax.reference(page),
        "/F": shown_flags(0),
        "/TU": syntax.text_string(spoken),
    }
    if rotate:
        entries["/MK"] = b"<< /R %d >>" % rotate
    return entries


def shown_flags(flags: object) -> bytes:
    """An annotation's flags with print and locked on, and without what would hide it (12.5.3)."""
    before = flags if isinstance(flags, int) else 0
    return b"%d" % ((before | _PRINTED | _LOCKED) & ~_HIDING)


def field_entries(name: str) -> syntax.Entries:
    """The field half."""
    return {"/FT": b"/Sig", "/T": syntax.text_string(name)}
