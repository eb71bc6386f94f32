"""One signature, judged: the numbered steps of EN 319 102-1 §5.3 and §5.5, and what the house asks beyond them.

    1 format      does it cover what a signature has to cover          signed_bytes
    2 integrity   digest, signature value, bound certificate           integrity
    3 changes     what happened behind the signed revision             changes
    4 time        is there better evidence than the signer's word      proof_of_time
    5 trust       a path to an anchor, at that time                    standing
    6 strength    algorithms good enough at that time                  strength
    7 pictures    is every picture of the seal where it should be      drawing
    8 level       what the signature still lacks to the next           level

Each step is told whatever the others say; the foremost reason decides the conclusion.
"""

from __future__ import annotations

from datetime import datetime

from sealverify import oids
from sealverify.case import Case, Findings, Subject, certificates_around, end_of
from sealverify.chain import Chain, too_many
from sealverify.changes import AfterSealing, Changes
from sealverify.companions import Fault, fault_among
from sealverify.digest import Digest
from sealverify.errors import Malformed, SealVerifyError
from sealverify.identity import Signer, is_seal, signer_of
from sealverify.impression import Claims, read_claims
from sealverify.integrity import Integrity, IntegrityState, bound, broken, check_cms
from sealverify.level import level_of
from sealverify.pictures import recomputed
from sealverify.proof_of_time import ProofOfTime, judge_timestamp
from sealverify.report import Note, SignatureReport, SignatureType, TimeSource, TrustState, note
from sealverify.signed_bytes import RangeWrong
from sealverify.standing import standing, trust_state
from sealverify.strength import too_weak
from sealverify.subindication import SubIndication, foremost

PADES = "/ETSI.CAdES.detached"
DETACHED = (PADES, "/adbe.pkcs7.detached")
TIMESTAMP = "/ETSI.RFC3161"
MAX_TIMESTAMPS = 8


def judge(case: Case, subject: Subject) -> SignatureReport:
    """The report on one signature."""
    if subject.subfilter == TIMESTAMP:
        return _judge_document_timestamp(case, subject)
    findings = Findings()
    integrity = _integrity(case, subject, findings)
    after = _after(case, subject, findings)
    claims = read_claims(subject.found.dictionary, integrity.signed)
    proofs = _proofs(case, integrity, findings)
    best = _best_time(case, subject, proofs)
    chain, revocation = standing(case, integrity, best, claims.signing_at, findings)
    case.signer_anchors |= {chain.anchor} if chain.anchor else set()
    proofs = [proof.beside(chain.anchor) for proof in proofs]
    later = _later_timestamp(case, subject)
    _time_notes([*proofs, *([later.beside(chain.anchor)] if later else [])], findings)
    _companions(case, integrity, proofs, chain, findings)
    _strength(case, integrity, best, findings)
    slices, data = recomputed(case.document, subject.found, end_of(subject), findings.add)
    return SignatureReport(
        name=subject.found.name,
        type=_type(integrity),
        sub_indication=foremost(findings.reasons),
        integrity=integrity.state,
        after=after,
        trust=trust_state(chain, revocation, best),
        level=level_of(subject.subfilter, integrity, proofs, case.store, _later_timestamps(case, subject)),
        signer=_signer(integrity, claims),
        signing_at=best or claims.signing_at,
        time_source=TimeSource.TIMESTAMP if best else TimeSource.CLAIMED if claims.signing_at else None,
        timestamps=tuple(proofs),
        revocation=revocation,
        certification=claims.certification,
        covers_whole_file=end_of(subject) == len(case.document.data),
        reason=claims.reason,
        matter=data.matter if data else None,
        seal_code=data.seal_code if data else None,
        impression_id=data.impression_id if data else None,
        slices=slices,
        notes=tuple(findings.notes),
    )


def _integrity(case: Case, subject: Subject, findings: Findings) -> Integrity:
    """Steps 1 and 2."""
    if subject.subfilter is not None and subject.subfilter not in DETACHED:
        findings.add(SubIndication.GENERIC, note("NOTE_SUBFILTER", subfilter=subject.subfilter))
        return Integrity(IntegrityState.UNKNOWN, SubIndication.GENERIC)
    if isinstance(subject.covered, RangeWrong):
        findings.add(SubIndication.FORMAT_FAILURE, _told(subject.covered))
        return broken(SubIndication.FORMAT_FAILURE)
    if subject.subfilter is None:
        findings.add(SubIndication.FORMAT_FAILURE, note("RANGE_MISSING", key="/SubFilter"))
        return broken(SubIndication.FORMAT_FAILURE)
    covered = subject.covered
    integrity = check_cms(covered.contents, lambda name: covered.digest(case.document.data, name))
    integrity = bound(integrity) if subject.subfilter == PADES else integrity
    findings.add(integrity.sub_indication, *(note(code) for code in integrity.notes))
    return integrity


def _told(problem: SealVerifyError) -> Note:
    return note(problem.code, **problem.details)


def _after(case: Case, subject: Subject, findings: Findings) -> AfterSealing:
    """Step 3."""
    end = end_of(subject)
    if end is None:
        return AfterSealing(Changes.UNKNOWN)
    try:
        after = case.history.after(end)
    except Malformed as problem:
        findings.add(SubIndication.GENERIC, _told(problem))
        return AfterSealing(Changes.UNKNOWN)
    if subject.removed:
        after = case.history.with_removal(after, subject.found.name)
    if after.state is Changes.NOT_PERMITTED:
        findings.add(SubIndication.CHANGED_AFTER_SEALING)
    return after


def _proofs(case: Case, integrity: Integrity, findings: Findings) -> list[ProofOfTime]:
    """Step 4: the signature timestamps. Their imprint is over the signature value (EN 319 122-1 §5.3)."""
    if integrity.signed is None:
        return []
    signer = integrity.signed.signer
    value, tokens = signer.signature, signer.timestamp_tokens
    if len(tokens) > MAX_TIMESTAMPS:
        findings.add(SubIndication.SIG_CONSTRAINTS_FAILURE, note("NOTE_TIMESTAMPS_MANY"))
    if not tokens and oids.TIMESTAMP_TOKEN in signer.unsigned_attributes:
        findings.add(SubIndication.SIG_CONSTRAINTS_FAILURE, note("NOTE_TIMESTAMP_BROKEN"))
    others = certificates_around(case, integrity.signed.certificates)
    return [
        judge_timestamp(token, lambda name: Digest.of(value, algorithm=name), case.policy, others)
        for token in tokens[:MAX_TIMESTAMPS]
    ]


def _later_timestamps(case: Case, subject: Subject) -> list[ProofOfTime]:
    end = end_of(subject)
    return [proof for at, proof in case.document_timestamps if end is not None and at > end]


def _later_timestamp(case: Case, subject: Subject) -> ProofOfTime | None:
    good = [proof for proof in _later_timestamps(case, subject) if proof.good]
    return min(good, key=lambda proof: proof.time or case.policy.at, default=None)


def _best_time(case: Case, subject: Subject, proofs: list[ProofOfTime]) -> datetime | None:
    """The earliest time at which the signature is proved to have existed (EN 319 102-1 §5.5.4)."""
    later = _later_timestamp(case, subject)
    good = [proof for proof in [*proofs, *([later] if later else [])] if proof.good]
    return min((proof.time for proof in good if proof.time is not None), default=None)


def _time_notes(proofs: list[ProofOfTime], findings: Findings) -> None:
    for proof in proofs:
        if proof.good and proof.attestation == "SELF":
            findings.add(None, note("NOTE_SELF_ATTESTED", authority=proof.authority))
        elif proof.broken:
            findings.add(SubIndication.SIG_CONSTRAINTS_FAILURE, note("NOTE_TIMESTAMP_BROKEN"))
        elif not proof.good:
            findings.add(None, note("NOTE_TIMESTAMP_UNCONFIRMED", reason=proof.sub_indication))


def _companions(case: Case, integrity: Integrity, proofs: list[ProofOfTime], chain: Chain, findings: Findings) -> None:
    """Step 5, too: of all certificates that travel along, also of those that no path needed."""
    own = integrity.signed.certificates if integrity.signed else ()
    around = (*case.policy.trust.anchors, *certificates_around(case, own))
    for part, anchor in ((integrity, chain.anchor), *((proof.integrity, proof.anchor) for proof in proofs)):
        if part is None or part.signed is None or part.certificate is None:
            continue
        if too_many(part.signed.certificates, case.policy):
            continue
        fault = fault_among(part.signed.certificates, part.certificate, around)
        if fault is Fault.DAMAGED:
            findings.add(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, note(fault))
        elif fault is Fault.UNUSED and anchor is not None:
            findings.add(None, note(fault))


def _strength(case: Case, integrity: Integrity, best: datetime | None, findings: Findings) -> None:
    """Step 6."""
    if integrity.signed is None or integrity.certificate is None:
        return
    if too_weak(integrity.signed, integrity.certificate, best or case.policy.at):
        findings.add(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, note("NOTE_WEAK"))


def _type(integrity: Integrity) -> SignatureType:
    if integrity.certificate is not None and is_seal(integrity.certificate):
        return SignatureType.SEAL
    return SignatureType.SIGNATURE


def _signer(integrity: Integrity, claims: Claims) -> Signer:
    return signer_of(integrity.certificate) if integrity.certificate else Signer(claims.name, None)


def judge_proof(case: Case, subject: Subject) -> ProofOfTime:
    """A document timestamp as evidence: its imprint is over the bytes that it covers (ISO 32000-2 §12.8.5)."""
    covered = subject.covered
    if isinstance(covered, RangeWrong):
        return ProofOfTime(SubIndication.FORMAT_FAILURE, notes=(covered.code,))
    data = case.document.data
    return judge_timestamp(
        covered.contents, lambda name: covered.digest(data, name), case.policy, certificates_around(case, ())
    )


def _judge_document_timestamp(case: Case, subject: Subject) -> SignatureReport:
    findings = Findings()
    proof = judge_proof(case, subject)
    if case.signer_anchors:
        proof = proof.beside(proof.anchor if proof.anchor in case.signer_anchors else next(iter(case.signer_anchors)))
    findings.add(proof.sub_indication, *(note(code) for code in proof.notes))
    _companions(case, Integrity(IntegrityState.UNKNOWN), [proof], Chain(), findings)
    after = _after(case, subject, findings)
    integrity = proof.integrity.state if proof.integrity else IntegrityState.BROKEN
    return SignatureReport(
        name=subject.found.name,
        type=SignatureType.DOCUMENT_TIMESTAMP,
        sub_indication=foremost(findings.reasons),
        integrity=integrity,
        after=after,
        trust=TrustState.TRUSTED if proof.anchor else TrustState.UNKNOWN,
        level=None,
        signer=Signer(proof.authority, None),
        signing_at=proof.time,
        time_source=TimeSource.TIMESTAMP if proof.time else None,
        timestamps=(proof,),
        covers_whole_file=end_of(subject) == len(case.document.data),
        notes=tuple(findings.notes),
    )
