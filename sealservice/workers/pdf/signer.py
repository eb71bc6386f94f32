"""Who made a signature that is in the document already, so that a refusal can say whom to ask. Judges nothing."""

from __future__ import annotations

import pikepdf

from sealverify import ber
from sealverify.certificate import subject_name
from sealverify.cms import read_signed_data
from sealverify.errors import SealVerifyError

_NAMES = ("2.5.4.10", "2.5.4.3")
"""Organisation, common name (X.520): the first that there is."""
_BMP_STRING = 0x1E


def signer_name(signature: pikepdf.Object) -> str | None:
    """From the signer's certificate, else from the signature dictionary; None when neither says."""
    try:
        return _certified_name(bytes(signature["/Contents"])) or _stated_name(signature)
    except (SealVerifyError, KeyError, ValueError, TypeError, IndexError):
        return _stated_name(signature)


def _certified_name(contents: bytes) -> str | None:
    certificate = read_signed_data(contents).signer_certificate()
    if certificate is None:
        return None
    found: dict[str, str] = {}
    for relative in ber.read_whole(subject_name(certificate)).children():
        for pair in relative.children():
            kind, value = pair.children()
            encoding = "utf-16-be" if value.tag == _BMP_STRING else "utf-8"
            found.setdefault(kind.oid(), value.content.decode(encoding, "replace"))
    return next((found[oid] for oid in _NAMES if found.get(oid)), None)


def _stated_name(signature: pikepdf.Object) -> str | None:
    value = signature.get("/Name")
    return str(value) if isinstance(value, pikepdf.String) else None
