"""Whom we trust, and when it was: anchors, revocation, expiry, timestamps. Unknown is never called wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from sealverify import Conclusion, SubIndication, Trust, oids
from sealverify.digest import Digest
from sealverify.errors import MalformedTrust
from sealverify.proof_of_time import Attestation
from sealverify.report import SignatureReport, SignatureType, TimeSource, TrustState
from tests.support.pki import START, Authority, DemoPki, Identity, Wish
from tests.support.resealing import resealed, token_of
from tests.support.sealing import SigSeedSubFilter, press, sample
from tests.verify.judging import DAY, DOCUMENT, judged, now, only, seal_with


class TestAnchors:
    def test_trusted(self, pki: DemoPki, sealed: bytes) -> None:
        signature = only(judged(sealed, pki.anchors))
        assert (signature.conclusion, signature.trust) == (Conclusion.PASSED, TrustState.TRUSTED)
        assert signature.type is SignatureType.SEAL
        assert (signature.signer.name, signature.signer.identifier) == ("行政审批专用章", "NTRCN-91350100M000100Y43")

    @pytest.mark.parametrize("anchors", ["none", "strangers"])
    def test_nobody_we_trust_vouches_is_cannot_confirm_and_never_invalid(
        self, pki: DemoPki, sealed: bytes, anchors: str
    ) -> None:
        report = judged(sealed, *([pki.outside_root.identity.pem] if anchors == "strangers" else []))
        signature = only(report)
        assert (signature.conclusion, signature.sub_indication) == (
            Conclusion.INDETERMINATE,
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        )
        assert signature.trust is TrustState.UNKNOWN
        assert signature.integrity == "INTACT"
        assert "invalid" not in report.summary.en.lower()
        assert "Cannot be confirmed" in report.summary.en

    def test_the_certificate_itself_may_be_the_anchor(self, pki: DemoPki, sealed: bytes) -> None:
        assert only(judged(sealed, pki.seal.pem)).trust is TrustState.TRUSTED

    def test_a_person_signs_and_does_not_seal(self, pki: DemoPki) -> None:
        signed = press(sample(DOCUMENT), pki.person, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
        signature = only(judged(signed, pki.anchors))
        assert (signature.type, signature.conclusion) == (SignatureType.SIGNATURE, Conclusion.PASSED)
        assert signature.level is None, "adbe.pkcs7.detached is no PAdES"

    def test_an_authority_s_own_key_does_not_seal(self, pki: DemoPki) -> None:
        signed = press(sample(DOCUMENT), pki.issuing.identity)
        signature = only(judged(signed, pki.anchors))
        assert signature.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE
        assert "NOTE_KEY_USAGE" in [note.code for note in signature.notes]

    def test_a_stock_test_certificate_is_unknown_until_somebody_is_told_to_believe_it(self, pki: DemoPki) -> None:
        stock = Authority.root("Test certificate", ca=False).identity
        signed = press(sample(DOCUMENT), stock)
        signature = only(judged(signed, pki.anchors))
        assert (signature.conclusion, signature.sub_indication, signature.trust) == (
            Conclusion.INDETERMINATE,
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            TrustState.UNKNOWN,
        )
        assert [note.code for note in signature.notes] == ["NOTE_UNKNOWN_ISSUER"]
        assert only(judged(signed, stock.pem)).conclusion is Conclusion.PASSED

    def test_too_many_certificates_are_not_followed(self, pki: DemoPki, monkeypatch: pytest.MonkeyPatch) -> None:
        root = Authority.root()
        crowd = tuple(root.issue(Wish(name="Crowd", ca=True)).certificate for _ in range(8))
        crowded = Identity(pki.seal.key, pki.seal.certificate, pki.seal.chain + crowd)
        signature = only(judged(press(sample(DOCUMENT), crowded), pki.anchors))
        assert signature.sub_indication is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
        assert [note.code for note in signature.notes] == ["TOO_MANY_CERTIFICATES"]


TLS_SERVER, STATUS_SIGNING, TIME_STAMPING = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.9", "1.3.6.1.5.5.7.3.8"
TLS_CLIENT, EMAIL, ANY = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "2.5.29.37.0"
DOCUMENTS, ADOBE, MICROSOFT = "1.3.6.1.5.5.7.3.36", "1.2.840.113583.1.1.5", "1.3.6.1.4.1.311.10.3.12"


class TestPurpose:
    """The issuing authority vouches for who somebody is; the certificate says what the key may be used for."""

    @pytest.mark.parametrize(
        "wish",
        [
            {"purposes": (TLS_SERVER,)},
            {"purposes": (TLS_SERVER, TLS_CLIENT)},
            {"purposes": (STATUS_SIGNING,)},
            {"purposes": (TIME_STAMPING,)},
            {"policy": oids.TSA_CERTIFICATE_POLICY},
            {"policy": oids.STATUS_CERTIFICATE_POLICY, "purposes": (EMAIL,)},
            {"signs": False},
        ],
    )
    def test_a_key_for_something_else_does_not_seal(self, pki: DemoPki, wish: dict[str, object]) -> None:
        server = pki.issuing.issue(Wish(name="seal.example.gov.cn", **wish))  # type: ignore[arg-type]
        signature = only(judged(press(sample(DOCUMENT), server), pki.anchors))
        assert (signature.conclusion, signature.sub_indication, signature.trust) == (
            Conclusion.INDETERMINATE,
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
            TrustState.UNTRUSTED,
        )
        assert [note.code for note in signature.notes] == ["NOTE_KEY_USAGE"]

    def test_the_timestamp_authority_does_not_seal(self, pki: DemoPki) -> None:
        signature = only(judged(press(sample(DOCUMENT), pki.tsa), pki.anchors))
        assert signature.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE

    @pytest.mark.parametrize("purpose", [DOCUMENTS, ADOBE, MICROSOFT, EMAIL, ANY])
    def test_a_key_for_documents_among_others_does(self, pki: DemoPki, purpose: str) -> None:
        sealed = press(sample(DOCUMENT), seal_with(pki, purposes=(TLS_CLIENT, purpose)))
        assert judged(sealed, pki.anchors).conclusion is Conclusion.PASSED


class TestTime:
    def test_without_a_timestamp_the_time_is_the_signers_word(self, pki: DemoPki, sealed: bytes) -> None:
        signature = only(judged(sealed, pki.anchors))
        assert (signature.time_source, signature.level) == (TimeSource.CLAIMED, "B-B")

    def test_the_house_s_own_timestamp_says_so(self, pki: DemoPki, stamped: bytes) -> None:
        signature = only(judged(stamped, pki.anchors))
        (proof,) = signature.timestamps
        assert (signature.time_source, signature.level) == (TimeSource.TIMESTAMP, "B-T")
        assert proof.attestation is Attestation.SELF
        assert "NOTE_SELF_ATTESTED" in [note.code for note in signature.notes]

    def test_an_outside_timestamp_is_independent(self, pki: DemoPki) -> None:
        sealed = press(sample(DOCUMENT), pki.seal, tsa=pki.outside_tsa)
        (proof,) = only(judged(sealed, pki.anchors, pki.outside_root.identity.pem)).timestamps
        assert (proof.attestation, proof.authority) == (Attestation.INDEPENDENT, "Outside TSA")

    def test_a_timestamp_of_somebody_unknown_proves_no_time(self, pki: DemoPki) -> None:
        sealed = press(sample(DOCUMENT), pki.seal, tsa=pki.outside_tsa)
        signature = only(judged(sealed, pki.anchors))
        assert (signature.conclusion, signature.time_source) == (Conclusion.PASSED, TimeSource.CLAIMED)
        assert signature.timestamps[0].sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
        assert signature.level == "B-T", "a fact of the format, whoever asks"
        assert "NOTE_TIMESTAMP_UNCONFIRMED" in [note.code for note in signature.notes]

    def test_a_timestamp_by_somebody_who_is_no_authority(self, pki: DemoPki) -> None:
        for wish in (Wish(name="No TSA"), Wish(name="Lax TSA", tsa=True, tsa_usage_critical=False)):
            key = pki.tsa.key
            lax = pki.issuing.issue(Wish(**{**vars(wish), "key": key}))
            signature = only(judged(press(sample(DOCUMENT), pki.seal, tsa=lax), pki.anchors))
            assert signature.timestamps[0].notes == ("NOTE_NO_TSA",)
            assert signature.time_source is TimeSource.CLAIMED

    def test_a_timestamp_of_another_signature_is_broken(self, pki: DemoPki, stamped: bytes) -> None:
        other = token_of(pki.tsa, Digest.of(b"another signature"), time=now())
        signature = only(judged(resealed(stamped, pki.seal, stamp=lambda _digest: other), pki.anchors))
        assert (signature.conclusion, signature.sub_indication) == (
            Conclusion.INDETERMINATE,
            SubIndication.SIG_CONSTRAINTS_FAILURE,
        )
        assert "NOTE_TIMESTAMP_BROKEN" in [note.code for note in signature.notes]

    def test_a_timestamp_from_tomorrow_proves_nothing(self, pki: DemoPki, stamped: bytes) -> None:
        def at(ahead: timedelta) -> SignatureReport:
            time = now() + ahead
            early = resealed(stamped, pki.seal, stamp=lambda digest: token_of(pki.tsa, digest, time=time))
            return only(judged(early, pki.anchors))

        tomorrow, soon = at(DAY), at(timedelta(seconds=30))
        assert tomorrow.timestamps[0].sub_indication is SubIndication.TIMESTAMP_ORDER_FAILURE
        assert tomorrow.timestamps[0].notes == ("NOTE_TIMESTAMP_FUTURE",)
        assert tomorrow.time_source is TimeSource.CLAIMED
        assert soon.time_source is TimeSource.TIMESTAMP, "clocks are never quite in step"

    def test_nor_does_one_from_before_its_authority_was_one(self, pki: DemoPki) -> None:
        tsa = pki.issuing.issue(Wish(name="New TSA", tsa=True, key=pki.tsa.key, valid_from=now() + 30 * DAY))
        sealed = press(sample(DOCUMENT), pki.seal, tsa=tsa)
        signature = only(judged(sealed, pki.anchors, at=now() + 60 * DAY))
        assert signature.timestamps[0].sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
        assert signature.timestamps[0].notes == ("NOTE_TSA_NOT_THEN",)
        assert signature.time_source is TimeSource.CLAIMED

    def test_nor_one_that_does_not_say_whose_certificate_it_was_made_with(self, pki: DemoPki, stamped: bytes) -> None:
        def unbound(digest: Digest) -> bytes:
            return token_of(pki.tsa, digest, time=now(), names_certificate=False)

        signature = only(judged(resealed(stamped, pki.seal, stamp=unbound), pki.anchors))
        assert signature.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
        assert signature.timestamps[0].notes == ("NOTE_UNBOUND",)
        assert signature.level == "B-B"

    @pytest.mark.parametrize(("count", "code"), [(0, "NOTE_TIMESTAMP_BROKEN"), (2, "NOTE_TIMESTAMPS_MANY")])
    def test_no_timestamp_is_left_out_unnoticed(
        self, pki: DemoPki, stamped: bytes, monkeypatch: pytest.MonkeyPatch, count: int, code: str
    ) -> None:
        """An attribute for timestamps with none in it, or with more than anybody looks at."""
        monkeypatch.setattr("sealverify.judgement.MAX_TIMESTAMPS", 1)
        sealed = resealed(stamped, pki.seal, stamp=lambda digest: token_of(pki.tsa, digest, time=now()) * count)
        signature = only(judged(sealed, pki.anchors))
        assert signature.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
        assert code in [note.code for note in signature.notes]


class TestBinding:
    """The certificate that a signature was made with is named in what is signed, or another could take its place."""

    def test_a_pades_seal_that_does_not_is_not_as_it_has_to_be(self, pki: DemoPki, sealed: bytes) -> None:
        signature = only(judged(resealed(sealed, pki.seal, names_certificate=False), pki.anchors))
        assert (signature.conclusion, signature.sub_indication) == (
            Conclusion.INDETERMINATE,
            SubIndication.SIG_CONSTRAINTS_FAILURE,
        )
        assert [note.code for note in signature.notes] == ["NOTE_UNBOUND"]
        assert (signature.integrity, signature.level) == ("INTACT", None)

    def test_one_of_the_older_kind_need_not(self, pki: DemoPki) -> None:
        signed = press(sample(DOCUMENT), pki.seal, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
        assert only(judged(resealed(signed, pki.seal, names_certificate=False), pki.anchors)).conclusion == "PASSED"


@pytest.fixture(scope="module")
def brief(pki: DemoPki) -> Identity:
    """A seal whose certificate lives for a day around now."""
    return seal_with(pki, valid_from=now() - DAY, valid_for=2 * DAY)


class TestExpiry:
    """The seal's certificate lives for a day around now; we ask a year later."""

    def test_with_a_good_timestamp_the_seal_stands(self, pki: DemoPki, brief: Identity) -> None:
        sealed = press(sample(DOCUMENT), brief, tsa=pki.tsa)
        assert judged(sealed, pki.anchors).conclusion is Conclusion.PASSED
        assert judged(sealed, pki.anchors, at=now() + 365 * DAY).conclusion is Conclusion.PASSED

    def test_without_one_it_cannot_be_confirmed(self, pki: DemoPki, brief: Identity) -> None:
        sealed = press(sample(DOCUMENT), brief)
        signature = only(judged(sealed, pki.anchors, at=now() + 365 * DAY))
        assert (signature.conclusion, signature.sub_indication) == (
            Conclusion.INDETERMINATE,
            SubIndication.OUT_OF_BOUNDS_NO_POE,
        )
        assert signature.trust is TrustState.TRUSTED, "expired is another question than unknown"

    def test_nor_with_a_timestamp_whose_authority_has_expired_as_well(self, pki: DemoPki, brief: Identity) -> None:
        tsa = pki.issuing.issue(
            Wish(name="Brief TSA", tsa=True, key=pki.tsa.key, valid_from=now() - DAY, valid_for=2 * DAY)
        )
        sealed = press(sample(DOCUMENT), brief, tsa=tsa)
        assert judged(sealed, pki.anchors).conclusion is Conclusion.PASSED
        later = only(judged(sealed, pki.anchors, at=now() + 365 * DAY))
        assert later.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE

    def test_sealed_after_expiry(self, pki: DemoPki) -> None:
        old = seal_with(pki, valid_from=START, valid_for=30 * DAY)
        signature = only(judged(press(sample(DOCUMENT), old, tsa=pki.tsa), pki.anchors))
        assert signature.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE

    def test_sealed_before_the_certificate_was_valid(self, pki: DemoPki) -> None:
        early = seal_with(pki, valid_from=now() + 30 * DAY)
        sealed = press(sample(DOCUMENT), early, tsa=pki.tsa)
        signature = only(judged(sealed, pki.anchors, at=now() + 60 * DAY))
        assert (signature.conclusion, signature.sub_indication) == (Conclusion.FAILED, SubIndication.NOT_YET_VALID)


class TestAlgorithms:
    def test_a_short_key(self, pki: DemoPki) -> None:
        signature = only(judged(press(sample(DOCUMENT), pki.weak_rsa_seal), pki.anchors))
        assert (signature.conclusion, signature.sub_indication) == (
            Conclusion.INDETERMINATE,
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        )
        assert signature.integrity == "INTACT"

    def test_rsa_of_a_proper_length(self, pki: DemoPki) -> None:
        assert judged(press(sample(DOCUMENT), pki.rsa_seal), pki.anchors).conclusion is Conclusion.PASSED


class TestTrustFile:
    def test_certificates_and_lists_in_any_order_with_text_between(self, pki: DemoPki) -> None:
        trust = Trust.from_pem(b"our list\n" + pki.root.revoke(at=now()) + b"\n\n# root\n" + pki.anchors + pki.anchors)
        assert (len(trust.anchors), len(trust.crls)) == (1, 1)
        assert trust.anchors[0] == pki.root.identity.certificate.public_bytes(Encoding.DER)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{}",
            b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
            b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
            b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
        ],
    )
    def test_what_is_no_pem_with_certificates_is_refused(self, data: bytes) -> None:
        with pytest.raises(MalformedTrust):
            Trust.from_pem(data)
