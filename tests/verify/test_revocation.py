"""What was taken back: revocation lists that come with the anchors, and those that do not suffice."""

from __future__ import annotations

import pytest
from cryptography import x509

from sealverify import Conclusion, SubIndication
from sealverify.report import TrustState
from sealverify.revocation import RevocationState
from tests.support.pki import Authority, DemoPki, Identity, Wish, scope
from tests.support.sealing import press, sample
from tests.verify.judging import DAY, DOCUMENT, judged, now, only, seal_with


class TestRevocation:
    def test_not_on_a_fresh_list(self, pki: DemoPki, sealed: bytes) -> None:
        lists = pki.issuing.revoke(at=now()) + pki.root.revoke(at=now())
        signature = only(judged(sealed, pki.anchors + lists))
        assert signature.revocation is not None
        assert (signature.conclusion, signature.revocation.state) == (Conclusion.PASSED, RevocationState.GOOD)

    def test_no_list_no_knowledge(self, pki: DemoPki, sealed: bytes) -> None:
        signature = only(judged(sealed, pki.anchors + pki.outside_root.revoke(at=now())))
        assert signature.revocation is not None
        assert signature.revocation.state is RevocationState.NOT_CHECKED
        assert signature.as_json()["revocation"]["state"] == "NOT_CHECKED"

    def test_revoked_after_a_proved_time_the_seal_stands_with_a_note(self, pki: DemoPki, stamped: bytes) -> None:
        report = judged(stamped, pki.anchors + pki.issuing.revoke(pki.seal, at=now() + DAY), at=now() + 2 * DAY)
        signature = only(report)
        assert (signature.conclusion, signature.trust) == (Conclusion.PASSED, TrustState.TRUSTED)
        assert "NOTE_REVOKED_LATER" in [note.code for note in signature.notes]

    def test_revoked_before_the_proved_time(self, pki: DemoPki, stamped: bytes) -> None:
        signature = only(judged(stamped, pki.anchors + pki.issuing.revoke(pki.seal, at=now() - DAY)))
        assert (signature.conclusion, signature.sub_indication) == (Conclusion.FAILED, SubIndication.REVOKED)
        assert signature.trust is TrustState.UNTRUSTED

    def test_revoked_later_and_only_the_signer_says_that_the_seal_is_older(self, pki: DemoPki, sealed: bytes) -> None:
        signature = only(judged(sealed, pki.anchors + pki.issuing.revoke(pki.seal, at=now() + DAY), at=now() + 2 * DAY))
        assert (signature.conclusion, signature.sub_indication) == (
            Conclusion.INDETERMINATE,
            SubIndication.REVOKED_NO_POE,
        )

    def test_revoked_before_the_time_that_the_signer_itself_states(self, pki: DemoPki, sealed: bytes) -> None:
        signature = only(judged(sealed, pki.anchors + pki.issuing.revoke(pki.seal, at=now() - DAY)))
        assert signature.sub_indication is SubIndication.REVOKED

    def test_the_authority_above_revoked(self, pki: DemoPki, sealed: bytes) -> None:
        signature = only(judged(sealed, pki.anchors + pki.root.revoke(pki.issuing.identity, at=now() - DAY)))
        assert signature.sub_indication is SubIndication.REVOKED_CA_NO_POE

    def test_a_list_that_somebody_else_signed_counts_for_nothing(self, pki: DemoPki, sealed: bytes) -> None:
        impostor = Authority(Identity(pki.stranger.key, pki.issuing.identity.certificate), is_root=False)
        signature = only(judged(sealed, pki.anchors + impostor.revoke(pki.seal, at=now() - DAY)))
        assert signature.conclusion is Conclusion.PASSED


class TestListsThatDoNotSuffice:
    """The signer's list is the odd one in each story; the list of the authority above is in order."""

    PLACE, OTHER = "http://lists.example.gov.cn/1.crl", "http://lists.example.gov.cn/2.crl"
    UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00")

    def state(self, pki: DemoPki, sealed: bytes, odd: bytes) -> tuple[RevocationState, list[str]]:
        signature = only(judged(sealed, pki.anchors + pki.root.revoke(at=now()) + odd))
        assert signature.revocation is not None
        return signature.revocation.state, [note.code for note in signature.notes]

    def test_one_past_its_time(self, pki: DemoPki, sealed: bytes) -> None:
        old = pki.issuing.revoke(at=now() - 9 * DAY, lasts=7 * DAY)
        assert self.state(pki, sealed, old) == (RevocationState.NOT_CHECKED, ["NOTE_LIST_STALE"])
        assert self.state(pki, sealed, old + pki.issuing.revoke(at=now()))[0] is RevocationState.GOOD

    def test_one_past_its_time_still_tells_who_was_revoked(self, pki: DemoPki, sealed: bytes) -> None:
        old = pki.issuing.revoke(pki.seal, at=now() - 9 * DAY, lasts=7 * DAY)
        assert only(judged(sealed, pki.anchors + old)).sub_indication is SubIndication.REVOKED

    @pytest.mark.parametrize(
        "further",
        [
            (UNKNOWN, True),
            (scope(only_contains_ca_certs=True), True),
            (scope(only_contains_attribute_certs=True), True),
            (scope(indirect_crl=True), True),
            (scope(OTHER), True),
            (x509.DeltaCRLIndicator(1), True),
        ],
    )
    def test_one_that_is_not_about_this_certificate_or_not_understood(
        self, pki: DemoPki, sealed: bytes, further: tuple[x509.ExtensionType, bool]
    ) -> None:
        narrow = pki.issuing.revoke(at=now(), further=further)
        assert self.state(pki, sealed, narrow) == (RevocationState.NOT_CHECKED, ["NOTE_LIST_UNFIT"])

    def test_one_that_is_about_certificates_like_this(self, pki: DemoPki, sealed: bytes) -> None:
        users = (scope(only_contains_user_certs=True), True)
        assert self.state(pki, sealed, pki.issuing.revoke(at=now(), further=users)) == (RevocationState.GOOD, [])
        assert self.state(pki, sealed, pki.issuing.revoke(at=now(), further=(self.UNKNOWN, False)))[0] == "GOOD"
        placed = press(sample(DOCUMENT), seal_with(pki, lists_at=self.PLACE))
        for place, state in ((self.PLACE, RevocationState.GOOD), (self.OTHER, RevocationState.NOT_CHECKED)):
            part = pki.issuing.revoke(at=now(), further=(scope(place), True))
            assert self.state(pki, placed, part)[0] is state

    def test_one_by_an_authority_that_may_not_publish_any(self, pki: DemoPki) -> None:
        mute = Authority(pki.root.issue(Wish(name="Mute", ca=True, signs_lists=False)), is_root=False)
        sealed = press(sample(DOCUMENT), mute.issue(Wish(name="演示章")))
        assert self.state(pki, sealed, mute.revoke(at=now())) == (RevocationState.NOT_CHECKED, ["NOTE_LIST_UNFIT"])
