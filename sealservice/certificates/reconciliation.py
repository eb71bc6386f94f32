"""Settling certificates that were to be issued and never were: whoever was signing them is gone.

A serial number is written down before it is signed, so one may be left behind by a crash, or by a token that did not
answer. It becomes ABANDONED. Whatever was signed under it was given to nobody, and cannot come into use any more:
issuing, too, moves the certificate from INTENDED, under the same lock. Knows no process: an intent that is younger than
any signature takes may be somebody's at work, and is left to a later start.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text

from sealservice.audit.operations import append
from sealservice.certificates.model import LIFECYCLE, Certificate, CertificateState, StoredKey
from sealservice.kernel.clock import Clock
from sealservice.kernel.database import Database

SETTLER = "reconciler"
PATIENCE = timedelta(minutes=15)
"""From `valid_from`, which lies at most five minutes before the intent. A token answers or is given up in seconds."""

_CAUSE = "the certificate was not issued"
_INTENDED = text("state = 'INTENDED'")  # written out, so that the index of such rows is used


def abandon_unissued(database: Database, clock: Clock) -> int:
    """How many were abandoned. Harmless when nothing is left behind, or when others settle too."""
    now = clock.now()
    with database.read() as session:
        old = Certificate.valid_from < now - PATIENCE
        found = session.execute(select(Certificate.certificate_id, Certificate.key_id).where(_INTENDED, old)).all()
    return sum(_abandon(database, certificate_id, key_id, now) for certificate_id, key_id in found)


def _abandon(database: Database, certificate_id: str, key_id: str, now: datetime) -> bool:
    with database.begin() as session:
        session.get(StoredKey, key_id, with_for_update=True)  # as whoever issues holds it
        certificate = session.get_one(Certificate, certificate_id)
        if certificate.state is not CertificateState.INTENDED:
            return False
        facts = {"serial": certificate.serial}
        append(session, LIFECYCLE.move(certificate, "abandon", actor=SETTLER, at=now, cause=_CAUSE, **facts))
        return True
