"""A department presses its seal, and everything that must agree afterwards does."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sealservice.audit.queries import as_json, history
from sealservice.impressions.model import Impression, ImpressionState, PlannedSignature, SignaturePurpose
from sealservice.impressions.queries import balance, get_impression
from sealservice.impressions.request import Level
from sealservice.kernel.errors import NotFound
from sealverify.cms import read_signed_data
from sealverify.digest import Digest
from sealverify.timestamp import read_token
from tests.impressions.desk import Desk
from tests.impressions.stories import APPROVAL


def planned(desk: Desk, impression: Impression) -> dict[SignaturePurpose, tuple[str | None, str | None]]:
    with desk.house.database.read() as session:
        rows = session.scalars(
            select(PlannedSignature).where(PlannedSignature.impression_id == impression.impression_id)
        ).all()
    return {row.purpose: (row.key_id, row.source) for row in rows}


def signature_in(desk: Desk, impression: Impression) -> bytes:
    prepared = impression.preparation
    sealed = desk.house.store.get(Digest.parse(impression.sealed or "")).read_bytes()
    start = prepared["contents_at"] + 1
    return bytes.fromhex(sealed[start : start + prepared["contents_length"]].decode())


def test_an_approval_is_sealed_where_it_says_so(desk: Desk) -> None:
    with desk.house.database.read() as session:
        before = balance(session)

    impression = desk.pressing.press(desk.asked(reason="准予行政许可", matter="青审字〔2026〕15号"))

    with desk.house.database.read() as session:
        after = balance(session)
    assert (after.released, after.recorded, after.audited) == (before.released + 1,) * 3
    assert (impression.state, impression.preparation["keyword"]) == (ImpressionState.RECORDED, "盖章")
    assert impression.document == str(Digest.of_file(APPROVAL))
    sealed = desk.house.store.get(Digest.parse(impression.sealed or ""))
    assert sealed.read_bytes().startswith(APPROVAL.read_bytes())


def test_what_is_on_record_is_what_was_signed(desk: Desk) -> None:
    """The digest of the intent is the one in the signature, the time of the record the one in the token."""
    impression = desk.pressing.press(desk.request)

    signed = read_signed_data(signature_in(desk, impression))
    signed.check_attributes(digest=Digest.parse(impression.signed_digest))
    (token,) = signed.signer.timestamp_tokens
    assert (read_token(token).time, impression.timestamp_source) == (impression.timestamp_at, "own")


def test_the_audit_says_who_pressed_what_on_what_and_why(desk: Desk) -> None:
    impression = desk.pressing.press(desk.asked(reason="准予行政许可", matter="青审字〔2026〕15号"))

    with desk.house.database.read() as session:
        (line,) = [as_json(line) for line in history(session, impression.subject)]
    assert (line["act"], line["actor"]) == ("impression.record", impression.pressed_by)
    assert line["facts"] == {
        "from": "SIGNED",
        "to": "RECORDED",
        "seal": desk.seal.code,
        "document": impression.document,
        "normalised": None,
        "sealed": impression.sealed,
        "signed_digest": impression.signed_digest,
        "certificate": impression.certificate_id,
        "matter": "青审字〔2026〕15号",
        "reason": "准予行政许可",
    }


def test_every_signature_is_planned_before_a_key_is_asked(desk: Desk) -> None:
    with_time = desk.pressing.press(desk.request)
    without = desk.pressing.press(desk.asked(level=Level.B_B, idempotency_key=None))

    assert set(planned(desk, with_time)) == {SignaturePurpose.SEAL, SignaturePurpose.TIMESTAMP}
    assert planned(desk, with_time)[SignaturePurpose.TIMESTAMP] == (desk.house.own_timestamps.key_id, "own")
    assert set(planned(desk, without)) == {SignaturePurpose.SEAL}
    assert (without.level, without.timestamp_at, without.timestamp_source) == ("B-B", None, None)
    assert read_signed_data(signature_in(desk, without)).signer.timestamp_tokens == ()


def test_the_same_document_pressed_twice_is_two_impressions(desk: Desk) -> None:
    first = desk.pressing.press(desk.asked(idempotency_key=None))
    second = desk.pressing.press(desk.asked(idempotency_key=None))
    assert first.document == second.document
    assert first.signed_digest != second.signed_digest


def test_an_impression_that_nobody_made_is_unknown(desk: Desk) -> None:
    with desk.house.database.read() as session, pytest.raises(NotFound) as told:
        get_impression(session, "0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d")
    assert told.value.code == "IMPRESSION_UNKNOWN"
