"""Certificates that travel along: nothing signs them, so a damaged one has to be noticed for itself."""

from __future__ import annotations

import pytest

from sealverify import Conclusion, SubIndication
from sealverify.companions import Fault, fault_among
from tests.support.pki import Authority, DemoPki, Identity, Wish
from tests.support.resealing import cms_of, resealed, token_of, with_cms
from tests.verify.conftest import Examine
from tests.verify.test_timestamp import AT


def fault_beside(pki: DemoPki, *companions: bytes) -> Fault | None:
    return fault_among([pki.seal.der, *companions], pki.seal.der, [pki.root.identity.der])


def flipped(data: bytes, at: int, mask: int = 1) -> bytes:
    return data[:at] + bytes((data[at] ^ mask,)) + data[at + 1 :]


def test_those_above_the_signer_are_in_order(pki: DemoPki) -> None:
    assert fault_beside(pki, *pki.seal.chain_der) is None
    assert fault_beside(pki, *pki.seal.chain_der, pki.root.identity.der) is None


@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_every_byte_of_a_further_copy_counts(pki: DemoPki, mask: int) -> None:
    """The path is found over the other copy, so nothing else looks at this one."""
    (authority,) = pki.seal.chain_der
    copies = [flipped(authority, at, mask) for at in range(len(authority))]
    assert [at for at, copy in enumerate(copies) if fault_beside(pki, authority, copy) is None] == []


def test_one_that_has_nothing_to_do_with_it_is_told(pki: DemoPki) -> None:
    assert fault_beside(pki, *pki.seal.chain_der, pki.outside_root.identity.der) is Fault.UNUSED
    assert fault_beside(pki, *pki.seal.chain_der, pki.other_seal.der) is Fault.UNUSED


def test_a_namesake_of_our_root_is_somebody_unknown_and_not_our_root_damaged(pki: DemoPki, examine: Examine) -> None:
    namesake = Authority.root()
    assert namesake.identity.certificate.subject == pki.root.identity.certificate.subject
    theirs = namesake.authority("演示签发 Demo Issuing").issue(Wish(name="行政审批专用章"))
    assert fault_among([theirs.der, *theirs.chain_der], theirs.der, [pki.root.identity.der]) is Fault.UNUSED


def test_a_timestamp_whose_copy_of_the_authority_is_damaged_is_not_passed(
    pki: DemoPki, stamped: bytes, examine: Examine
) -> None:
    (authority,) = pki.tsa.chain_der

    def stamp(chain: bytes) -> bytes:
        return resealed(stamped, pki.seal, stamp=lambda digest: token_of(pki.tsa, digest, time=AT, chain=[chain]))

    assert examine(stamp(authority)).conclusion is Conclusion.PASSED
    report = examine(stamp(flipped(authority, len(authority) - 5)))
    assert (report.conclusion, report.sub_indication) == (
        Conclusion.INDETERMINATE,
        SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    )
    assert "NOTE_CERTIFICATE_DAMAGED" in [note.code for note in report.signatures[0].notes]


def test_a_stowaway_is_told_and_harms_nobody(pki: DemoPki, sealed: bytes, examine: Examine) -> None:
    crowded = Identity(pki.seal.key, pki.seal.certificate, (*pki.seal.chain, pki.stranger.certificate))
    report = examine(resealed(sealed, crowded))
    assert report.conclusion is Conclusion.PASSED
    assert [note.code for note in report.signatures[0].notes] == ["NOTE_CERTIFICATE_UNUSED"]


def test_what_is_no_certificate_does_not_hide_among_them(pki: DemoPki, sealed: bytes, examine: Examine) -> None:
    """An attribute certificate, say, or a certificate with its first octet changed."""
    cms = cms_of(resealed(sealed, pki.seal)).whole.encoded
    at = cms.index(pki.seal.chain_der[0])
    report = examine(with_cms(sealed, flipped(cms, at, 0x30 ^ 0xA1)))
    assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert "DEVIATION_FOREIGN_CERTIFICATE" in [note.code for note in report.signatures[0].notes]
