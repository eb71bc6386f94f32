"""The power goes, at every point of the cycle: what the next start finds, and what it makes of it.

At rest, after any crash: documents released = impressions recorded = audit lines; every signature that the token made
has its intent; no file lies about that no record names. And whoever asks again gets the one impression that there is.
"""

from __future__ import annotations

import json
import os
import select
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select as query

from sealservice.assembly import House, open_house
from sealservice.audit.queries import history
from sealservice.impressions.model import Impression, ImpressionState, PlannedSignature, SignaturePurpose
from sealverify.digest import Digest
from tests.impressions.homes import Home
from tests.impressions.points import POINTS, Ending, Point
from tests.impressions.processes import elsewhere, told
from tests.impressions.rest import assert_at_rest
from tests.impressions.stories import press_again, press_and_die

KEY = "青审字〔2026〕15号"


@pytest.mark.parametrize("point", POINTS.values(), ids=str)
def test_the_power_goes(point: Point, home: Home, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    witness.touch()

    with elsewhere(press_and_die, str(home.folder), str(witness), KEY, point.name) as other:
        workers = [os.pidfd_open(process_id) for process_id in other.hear()]
        assert other.ended() == -signal.SIGKILL
    assert len(signed(witness)) == point.signatures
    assert_gone(workers)

    with open_house(home.folder) as house:
        assert_at_rest(house)
        assert_every_signature_was_intended(house, witness)
        first = only_impression(house)
        assert (Ending.NOTHING if first is None else first.state) == point.ending

    again = told(press_again, str(home.folder), str(witness), KEY)

    assert again["state"] == ImpressionState.RECORDED
    if point.ending is Ending.RECORDED:
        assert first is not None
        assert (again["id"], again["replaces"]) == (first.impression_id, None)
    else:
        assert again["replaces"] == (None if first is None else first.impression_id)
    with open_house(home.folder) as house:
        assert_at_rest(house)
        assert_every_signature_was_intended(house, witness)
        assert_recorded_once(house)


def signed(witness: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in witness.read_text(encoding="utf-8").splitlines()]


def assert_gone(workers: list[int]) -> None:
    """No child outlives the process that it worked for."""
    assert workers
    for worker in workers:
        ended, _, _ = select.select([worker], [], [], 60)
        assert ended
        os.close(worker)


def only_impression(house: House) -> Impression | None:
    with house.database.read() as session:
        return session.scalars(query(Impression)).one_or_none()


def assert_every_signature_was_intended(house: House, witness: Path) -> None:
    """All that the token signed was written down before; the seal's key signed exactly those digests."""
    with house.database.read() as session:
        planned = session.execute(
            query(PlannedSignature.key_id, PlannedSignature.purpose, Impression.signed_digest).join(
                Impression, Impression.impression_id == PlannedSignature.impression_id
            )
        ).all()
    made = signed(witness)
    assert Counter(item["key"] for item in made) <= Counter(key for key, _, _ in planned)
    digests = {Digest.parse(digest).hex for _, purpose, digest in planned if purpose is SignaturePurpose.SEAL}
    seal_key = next((key for key, purpose, _ in planned if purpose is SignaturePurpose.SEAL), None)
    assert all(any(digest in item["signed"] for digest in digests) for item in made if item["key"] == seal_key)


def assert_recorded_once(house: House) -> None:
    with house.database.read() as session:
        recorded = session.scalars(query(Impression).where(Impression.state == ImpressionState.RECORDED)).one()
        acts = [line.act for line in history(session, recorded.subject)]
    assert acts == ["impression.record"]
