"""Random damage to a sealed file: never PASSED, never an error that has no name."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealverify import Conclusion, Malformed, Policy, Trust, examine_document
from tests.support.pki import DemoPki
from tests.support.resealing import cms_of, resealed, token_of, with_cms
from tests.support.tampering import contents_hole
from tests.verify.conftest import Examine
from tests.verify.test_timestamp import AT


@pytest.fixture(scope="module")
def ours(pki: DemoPki, stamped: bytes) -> bytes:
    """A sealed file with a CMS as our service writes it, a timestamp in it."""
    return resealed(stamped, pki.seal, stamp=lambda digest: token_of(pki.tsa, digest, time=AT))


def verdict(data: bytes, trust: Trust) -> Conclusion | None:
    try:
        return examine_document(data, Policy(trust=trust)).conclusion
    except Malformed:
        return None


def test_undamaged_it_passes(ours: bytes, examine: Examine) -> None:
    report = examine(ours)
    assert (report.conclusion, report.signatures[0].level) == (Conclusion.PASSED, "B-T")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_changed(ours: bytes, trust: Trust, data: st.DataObject) -> None:
    hole, rest = contents_hole(ours)
    where = st.integers(0, len(ours) - 1) | st.integers(hole, rest - 1) | st.integers(rest, len(ours) - 1)
    at = data.draw(where)
    wrong = bytearray(ours)
    wrong[at] ^= data.draw(st.integers(1, 255))
    assert verdict(bytes(wrong), trust) is not Conclusion.PASSED


@pytest.mark.slow
def test_each_octet_of_the_signature_its_certificates_and_its_timestamp(ours: bytes, trust: Trust) -> None:
    """One bit of each, another bit each time."""
    cms = cms_of(ours).whole.encoded
    for at in range(len(cms)):
        wrong = cms[:at] + bytes((cms[at] ^ 1 << at % 8,)) + cms[at + 1 :]
        assert verdict(with_cms(ours, wrong), trust) is not Conclusion.PASSED, f"octet {at} of {len(cms)}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_piece_cut_out_or_put_in(ours: bytes, trust: Trust, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(ours)))
    count = data.draw(st.integers(0, 400))
    piece = data.draw(st.binary(max_size=40))
    wrong = ours[:at] + piece + ours[at + count :]
    assert verdict(wrong, trust) is not Conclusion.PASSED or wrong == ours


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(min_size=1, max_size=200))
def test_anything_appended(ours: bytes, trust: Trust, tail: bytes) -> None:
    assert verdict(ours + tail, trust) is not Conclusion.PASSED


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_called_a_pdf(data: bytes) -> None:
    assert verdict(b"%PDF-1.7\n" + data, Trust()) in (None, Conclusion.NO_SIGNATURE)
