"""Were the algorithms of a signature good enough when it was made? (EN 319 102-1 §5.2.8, TS 119 312)"""

from __future__ import annotations

from datetime import datetime

from sealverify.algorithms import SIGNATURES, acceptable_until
from sealverify.certificate import public_key
from sealverify.errors import AlgorithmUnknown, Malformed
from sealverify.keys import load_key
from sealverify.signed_data import SignedData


def too_weak(signed: SignedData, certificate: bytes, at: datetime, *more: str) -> bool:
    """Whether the key or a hash that `signed` rests on was past its date at `at`; `more` names further such hashes."""
    try:
        key = load_key(public_key(certificate))
        names = {signed.signer.digest_name, *more}
    except (AlgorithmUnknown, Malformed):
        return True
    entry = SIGNATURES.get(signed.signer.signature_algorithm.oid)
    if entry is not None and entry.hash is not None:
        names.add(entry.hash)
    return any(acceptable_until(hash_name=name, public_key=key) <= at for name in names)
