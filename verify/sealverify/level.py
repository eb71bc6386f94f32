"""Which PAdES baseline level a signature has reached (EN 319 142-1 §6): B-B, B-T, B-LT, B-LTA, or none of them.

A level is what is proved here and now, not what the file intends: a timestamp nobody can confirm raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from sealverify import oids
from sealverify.integrity import Integrity, names_its_certificate
from sealverify.longterm import Store
from sealverify.proof_of_time import ProofOfTime


def level_of(
    subfilter: str | None,
    integrity: Integrity,
    proofs: Iterable[ProofOfTime],
    store: Store,
    later: ProofOfTime | None,
) -> str | None:
    """`later` is a document timestamp that covers the signature."""
    signed = integrity.signed
    if subfilter != "/ETSI.CAdES.detached" or signed is None or integrity.sub_indication is not None:
        return None
    if not names_its_certificate(signed) or oids.SIGNING_TIME in signed.signer.attributes:
        return None
    if not any(proof.good for proof in proofs) and later is None:
        return "B-B"
    if not (store.certificates and store.has_revocation_data):
        return "B-T"
    return "B-LTA" if later is not None else "B-LT"
