"""Long-term data may follow a seal, whatever it certifies; the level says what is proved and no more."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import ValidationContext

from sealverify import Conclusion, SubIndication
from sealverify.changes import Changes
from sealverify.report import SignatureType
from tests.support.pki import DemoPki
from tests.support.sealing import MDPPerm, archive, press, sample
from tests.support.tampering import append_revision, number_of, root, size, spelled
from tests.verify.conftest import Examine


def context(pki: DemoPki) -> ValidationContext:
    """All that pyHanko needs to put long-term data into a file: the root, and fresh lists of both authorities."""
    now = datetime.now(UTC)
    lists = [pki.root.revoke(at=now), pki.issuing.revoke(at=now)]
    return ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(pem.unarmor(pki.anchors)[2])],
        other_certs=[asn1_x509.Certificate.load(item) for item in pki.seal.chain_der],
        crls=[asn1_crl.CertificateList.load(pem.unarmor(item)[2]) for item in lists],
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


@pytest.fixture(scope="module")
def long_lived(pki: DemoPki) -> bytes:
    """B-LTA as pyHanko makes it: DSS and a document timestamp in revisions behind the seal."""
    data = sample("approval-letter-1-page.pdf")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return press(data, pki.seal, tsa=pki.tsa, certify=MDPPerm.NO_CHANGES, validation=context(pki), archive=True)


def test_pyhanko_s_long_term_file_is_what_it_says(examine: Examine, long_lived: bytes) -> None:
    report = examine(long_lived)
    seal, stamp = report.signatures
    assert report.conclusion is Conclusion.PASSED
    assert (seal.level, seal.certification, seal.after.state) == ("B-LTA", 1, Changes.PERMITTED)
    assert {change.code for change in seal.after.list} == {"CHANGE_LONG_TERM_DATA", "CHANGE_TIMESTAMP_ADDED"}
    assert (stamp.type, stamp.conclusion) == (SignatureType.DOCUMENT_TIMESTAMP, Conclusion.PASSED)
    assert seal.revocation is not None
    assert seal.revocation.state == "GOOD", "the lists in the file count, since their issuers signed them"


def test_long_term_data_may_be_added_again(pki: DemoPki, examine: Examine, long_lived: bytes) -> None:
    assert examine(archive(archive(long_lived, pki.tsa), pki.outside_tsa)).conclusion is Conclusion.PASSED


def test_a_timestamp_on_a_file_that_nobody_sealed(pki: DemoPki, examine: Examine) -> None:
    report = examine(archive(sample("approval-letter-1-page.pdf"), pki.tsa))
    assert report.conclusion is Conclusion.PASSED
    assert "nobody has sealed it" in report.summary.en


def test_an_honest_store_by_itself(examine: Examine, sealed: bytes) -> None:
    catalog, store = int(root(sealed).split()[0]), size(sealed)
    report = examine(
        append_revision(
            sealed,
            {catalog: spelled(sealed, catalog, DSS=b"%d 0 R" % store), store: b"<< /Type /DSS /Certs [] /CRLs [] >>"},
        )
    )
    assert (report.conclusion, report.signatures[0].after.state) == (Conclusion.PASSED, Changes.PERMITTED)
    assert report.signatures[0].level == "B-B", "an empty store proves nothing"


def test_the_store_taken_away_again(examine: Examine, long_lived: bytes) -> None:
    catalog = int(root(long_lived).split()[0])
    report = examine(append_revision(long_lived, {catalog: spelled(long_lived, catalog, DSS=None)}))
    assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING


def test_a_store_that_was_something_else_before(pki: DemoPki, examine: Examine) -> None:
    """The signer himself prepared it: the store's list of certificates is the page's list of contents."""
    innocent = sample("approval-letter-1-page.pdf")
    catalog, page = int(root(innocent).split()[0]), number_of(innocent, "/Pages", "/Kids", 0)
    content, shared = number_of(innocent, "/Pages", "/Kids", 0, "/Contents"), size(innocent)
    prepared = append_revision(
        innocent,
        {
            catalog: spelled(innocent, catalog, DSS=b"<< /Certs %d 0 R >>" % shared),
            page: spelled(innocent, page, Contents=b"%d 0 R" % shared),
            shared: b"[%d 0 R]" % content,
        },
    )
    sealed = press(prepared, pki.seal)
    assert examine(sealed).conclusion is Conclusion.PASSED
    extra = size(sealed)
    grown = append_revision(
        sealed,
        {shared: b"[%d 0 R %d 0 R]" % (content, extra), extra: b"<< /Length 5 >>\nstream\nq n Q\nendstream"},
    )
    report = examine(grown)
    assert report.sub_indication is SubIndication.CHANGED_AFTER_SEALING


def test_a_bomb_in_the_store_is_left_packed(examine: Examine, sealed: bytes) -> None:
    import zlib

    catalog, store, bomb = int(root(sealed).split()[0]), size(sealed), size(sealed) + 1
    packed = zlib.compress(bytes(200_000_000), 9)
    body = io.BytesIO()
    body.write(b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed) + packed + b"\nendstream")
    objects = {
        catalog: spelled(sealed, catalog, DSS=b"%d 0 R" % store),
        store: b"<< /Type /DSS /Certs [%d 0 R] /CRLs [%d 0 R] >>" % (bomb, bomb),
        bomb: body.getvalue(),
    }
    assert examine(append_revision(sealed, objects)).conclusion is Conclusion.PASSED
