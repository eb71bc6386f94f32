"""The standing of a signer's certificate: a path to an anchor, not revoked, at the time that counts.

That time is the proved one where there is a proof, and now where there is none (EN 319 102-1 §5.2.6, §5.5.4).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sealverify.case import Case, Findings, certificates_around
from sealverify.chain import Chain, build_chain, too_many
from sealverify.identity import may_sign
from sealverify.integrity import Integrity
from sealverify.report import TrustState, note
from sealverify.revocation import Revocation, RevocationState, check_revocation
from sealverify.subindication import SubIndication


def standing(
    case: Case, integrity: Integrity, best: datetime | None, claimed: datetime | None, findings: Findings
) -> tuple[Chain, Revocation | None]:
    """The path and what is known of its revocation, at the time `best` or, when that is None, now."""
    certificate = integrity.certificate
    if certificate is None or integrity.signed is None:
        return Chain(), None
    if too_many(integrity.signed.certificates, case.policy) or integrity.signed.certificate_count > 64:
        findings.add(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, note("TOO_MANY_CERTIFICATES"))
        return Chain(), None
    chain = build_chain(
        certificate, certificates_around(case, integrity.signed.certificates), case.policy, at=best or case.policy.at
    )
    reason = chain.sub_indication
    if reason is SubIndication.NOT_YET_VALID and best is None:
        reason = SubIndication.OUT_OF_BOUNDS_NO_POE
    findings.add(reason, *([note(chain.note)] if chain.note else []))
    if not may_sign(certificate):
        findings.add(SubIndication.CHAIN_CONSTRAINTS_FAILURE, note("NOTE_KEY_USAGE"))
        chain = replace(chain, sub_indication=SubIndication.CHAIN_CONSTRAINTS_FAILURE) if chain.path else chain
    if not chain.path:
        return chain, None
    revocation = check_revocation(chain.path, [*case.policy.trust.crls, *case.store.lists], at=case.policy.at)
    _revocation(revocation, best, claimed, findings)
    return chain, revocation


def _revocation(revocation: Revocation, best: datetime | None, claimed: datetime | None, findings: Findings) -> None:
    """What a revocation means depends on whether the seal is proved to be older (EN 319 102-1 §5.2.6.4, §5.5.4)."""
    if revocation.aside is not None:
        until = revocation.until.strftime("%Y-%m-%d %H:%M UTC") if revocation.until else "?"
        findings.add(None, note(revocation.aside, time=until))
    if revocation.state is not RevocationState.REVOKED or revocation.revoked_at is None:
        return
    told = revocation.revoked_at.strftime("%Y-%m-%d %H:%M UTC")
    if best is not None and best < revocation.revoked_at:
        findings.add(None, note("NOTE_REVOKED_LATER", time=told))
    elif revocation.authority:
        findings.add(SubIndication.REVOKED_CA_NO_POE, note("NOTE_CA_REVOKED", time=told))
    elif best is None and claimed is not None and claimed < revocation.revoked_at:
        findings.add(SubIndication.REVOKED_NO_POE, note("NOTE_REVOKED_UNPROVED", time=told))
    else:
        findings.add(SubIndication.REVOKED, note("NOTE_REVOKED", time=told))


def trust_state(chain: Chain, revocation: Revocation | None, best: datetime | None) -> TrustState:
    if chain.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE:
        return TrustState.UNTRUSTED
    if not chain.path:
        return TrustState.UNKNOWN
    revoked_at = revocation.revoked_at if revocation else None
    if revoked_at is not None and (best is None or best >= revoked_at):
        return TrustState.UNTRUSTED
    return TrustState.TRUSTED
