"""Which PAdES baseline level a signature has reached (EN 319 142-1 §6): B-B, B-T, B-LT, B-LTA, or none of them.

A level is a fact of the format: a timestamp that holds over the signature makes B-T, whoever made it and whoever asks.
Whether its authority is trusted is said with the timestamp itself; a broken one raises nothing.
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
    later: Iterable[ProofOfTime],
) -> str | None:
    """`proofs` are the signature's timestamps, `later` the document timestamps that cover it."""
    signed = integrity.signed
    if subfilter != "/ETSI.CAdES.detached" or signed is None or integrity.sub_indication is not None:
        return None
    if not names_its_certificate(signed) or oids.SIGNING_TIME in signed.signer.attributes:
        return None
    archived = any(proof.well_formed for proof in later)
    if not archived and not any(proof.well_formed for proof in proofs):
        return "B-B"
    if not (store.certificates and store.has_revocation_data):
        return "B-T"
    return "B-LTA" if archived else "B-LT"
