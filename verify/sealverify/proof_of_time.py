"""Is a timestamp good evidence of its time? (EN 319 102-1 §5.4, RFC 3161 §2.4.2)

Checks the token as any signature, the imprint against what it should be over, and the authority as a timestamp
authority. Says who vouches for the time: an authority of its own, or the same root that the signer hangs from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sealverify.chain import build_chain, too_many
from sealverify.digest import Digest
from sealverify.errors import MalformedTimestamp
from sealverify.identity import may_timestamp, signer_of
from sealverify.integrity import DigestOf, Integrity, IntegrityState, bound, check_signed_data
from sealverify.messages import catalogue
from sealverify.policy import Policy
from sealverify.revocation import Revocation, RevocationState, check_revocation
from sealverify.strength import too_weak
from sealverify.subindication import SubIndication, conclusion_of
from sealverify.timestamp import TimestampToken, read_token

_CLOCKS_APART = timedelta(seconds=60)
"""How far a token's time may lie behind the time of asking: whose clock is ahead is not known."""


class Attestation(StrEnum):
    """Who vouches: the signer's own root, or somebody else."""

    SELF = "SELF"
    INDEPENDENT = "INDEPENDENT"


@dataclass(frozen=True)
class ProofOfTime:
    """One timestamp and what it is worth. `time` is what it says, also when it is worth nothing."""

    sub_indication: SubIndication | None
    time: datetime | None = None
    authority: str | None = None
    attestation: Attestation | None = None
    notes: tuple[str, ...] = ()
    integrity: Integrity | None = None
    anchor: bytes | None = None
    certificates: tuple[bytes, ...] = ()

    @property
    def good(self) -> bool:
        return self.sub_indication is None

    @property
    def broken(self) -> bool:
        """Not merely from somebody unknown: as a signature over this very thing it does not hold."""
        return self.integrity is None or self.integrity.sub_indication is not None

    @property
    def well_formed(self) -> bool:
        """A timestamp by its form: it holds over this very thing, and its signer may timestamp. Whether anybody trusts
        that signer, and its clock, is another question."""
        return not self.broken and "NOTE_NO_TSA" not in self.notes

    def beside(self, signer_anchor: bytes | None) -> ProofOfTime:
        """The same, told apart by whether its authority hangs from `signer_anchor`."""
        if self.anchor is None:
            return self
        own = self.anchor == signer_anchor
        return replace(self, attestation=Attestation.SELF if own else Attestation.INDEPENDENT)

    def as_json(self) -> dict[str, Any]:
        said = catalogue("sealverify.wording")
        return {
            "conclusion": conclusion_of(self.sub_indication),
            "sub_indication": self.sub_indication,
            "time": self.time.isoformat().replace("+00:00", "Z") if self.time else None,
            "authority": self.authority,
            "attestation": self.attestation,
            "notes": [{"code": code, **said.text(code).as_json()} for code in self.notes],
        }


def judge_timestamp(token: bytes, digest_of: DigestOf, policy: Policy, others: Sequence[bytes]) -> ProofOfTime:
    """`digest_of` gives the digest that the imprint has to be; `others` are certificates from elsewhere in the file."""
    try:
        read = read_token(token)
    except MalformedTimestamp as problem:
        return ProofOfTime(SubIndication.FORMAT_FAILURE, notes=(problem.code,))
    holds = check_signed_data(read.signed_data, lambda algorithm: Digest.of(read.tst_info, algorithm=algorithm))
    integrity = bound(holds)
    if integrity.sub_indication is None and read.digest != digest_of(read.digest.algorithm):
        integrity = replace(
            integrity, state=IntegrityState.BROKEN, sub_indication=SubIndication.HASH_FAILURE, notes=("NOTE_IMPRINT",)
        )
    proof = ProofOfTime(integrity.sub_indication, read.time, None, None, integrity.notes, integrity)
    if integrity.certificate is None:
        return proof
    proof = replace(proof, authority=signer_of(integrity.certificate).name, certificates=read.signed_data.certificates)
    return proof if integrity.sub_indication else _judge_authority(proof, read, integrity.certificate, policy, others)


def _judge_authority(
    proof: ProofOfTime, read: TimestampToken, certificate: bytes, policy: Policy, others: Sequence[bytes]
) -> ProofOfTime:
    """The authority is one, is trusted now and was valid then, its algorithms were good enough, and then is not later
    than now."""
    if not may_timestamp(certificate):
        return replace(proof, sub_indication=SubIndication.CHAIN_CONSTRAINTS_FAILURE, notes=("NOTE_NO_TSA",))
    if read.time > policy.at + _CLOCKS_APART:
        return replace(proof, sub_indication=SubIndication.TIMESTAMP_ORDER_FAILURE, notes=("NOTE_TIMESTAMP_FUTURE",))
    known = [*read.signed_data.certificates, *others]
    if too_many(known, policy):
        return replace(
            proof, sub_indication=SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, notes=("TOO_MANY_CERTIFICATES",)
        )
    chain = build_chain(certificate, known, policy, at=policy.at)
    proof = replace(proof, anchor=chain.anchor)
    if chain.sub_indication is not None:
        return replace(proof, sub_indication=chain.sub_indication, notes=(chain.note,) if chain.note else ())
    if build_chain(certificate, known, policy, at=read.time).sub_indication is not None:
        return replace(proof, sub_indication=SubIndication.OUT_OF_BOUNDS_NO_POE, notes=("NOTE_TSA_NOT_THEN",))
    if too_weak(read.signed_data, certificate, read.time, read.digest.algorithm):
        return replace(proof, sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE, notes=("NOTE_WEAK",))
    revocation: Revocation = check_revocation(chain.path, policy.trust.crls, at=policy.at)
    if revocation.state is RevocationState.REVOKED:
        return replace(proof, sub_indication=SubIndication.REVOKED_NO_POE, notes=("NOTE_TSA_REVOKED",))
    return proof
