"""A seal's record for filing with the authority in charge (备案): one archive that explains itself.

It holds what the seal is, who moved it and why, its pictures and its certificates; no key, wrapped or not.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from sqlalchemy.orm import Session

from sealservice.audit.queries import as_json, history
from sealservice.certificates.model import Certificate
from sealservice.documents.model import Document
from sealservice.documents.store import DocumentStore
from sealservice.kernel.database import Database
from sealservice.parties.model import Organization
from sealservice.seals.kinds import KIND_NAMES
from sealservice.seals.model import Seal
from sealservice.seals.queries import certificates_of, get_seal, keepers_of
from sealverify.digest import Digest

_SUFFIXES = {"image/svg+xml": "svg", "image/png": "png", "application/pdf": "pdf"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same record gives the same archive, byte for byte


class Filing:
    def __init__(self, database: Database, store: DocumentStore) -> None:
        self._database, self._store = database, store

    def export(self, code: str) -> bytes:
        """A ZIP with `record.json`, the pictures and `certificates.pem` (docs/formats/filing.md)."""
        with self._database.read() as session:
            seal = get_seal(session, code)
            certificates = certificates_of(session, code)
            files = {
                "record.json": _text(record(session, seal)),
                "certificates.pem": b"".join(map(_pem, certificates)),
            }
            for digest in (seal.picture, seal.picture_pdf):
                stored = session.get_one(Document, digest)
                name = f"picture.{_SUFFIXES[stored.media_type]}"
                files[name] = self._store.get(Digest.parse(digest)).read_bytes()
        return _archive(files)


def _text(value: dict[str, Any]) -> bytes:
    """JSON in UTF-8. What a shell passed on that is no text stands as a JSON escape, as in the audit."""
    return json.dumps(value, ensure_ascii=False, indent=2).encode(errors="backslashreplace")


def record(session: Session, seal: Seal) -> dict[str, Any]:
    """All that is on record about a seal, as plain data; times in ISO 8601, sizes in millimetres."""
    owner = session.get_one(Organization, seal.credit_code)
    kind = KIND_NAMES[seal.kind]
    return {
        "format": "sealservice seal record 1",
        "code": seal.code,
        "name": seal.name,
        "kind": {"code": seal.kind, "zh": kind.zh, "en": kind.en},
        "state": seal.state,
        "owner": {"credit_code": owner.credit_code, "name": owner.name, "name_en": owner.name_en},
        "size_mm": {"width": seal.width_mm, "height": seal.height_mm},
        "picture": {"digest": seal.picture, "pdf_digest": seal.picture_pdf},
        "valid_from": seal.valid_from.isoformat(),
        "valid_until": seal.valid_until.isoformat(),
        "keepers": [
            {"handle": kept.handle, "since": kept.since.isoformat()} for kept in keepers_of(session, seal.code)
        ],
        "certificates": [_certificate(item) for item in certificates_of(session, seal.code)],
        "history": [as_json(line) for line in history(session, seal.subject)],
    }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    def iso(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "serial": certificate.serial,
        "subject": certificate.subject_name,
        "state": certificate.state,
        "valid_from": iso(certificate.valid_from),
        "valid_until": iso(certificate.valid_until),
        "revoked_at": iso(certificate.revoked_at),
        "revocation_reason": certificate.revocation_reason,
    }


def _pem(certificate: Certificate) -> bytes:
    return x509.load_der_x509_certificate(certificate.der or b"").public_bytes(serialization.Encoding.PEM)


def _archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
