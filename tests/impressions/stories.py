"""What happens in the other processes: somebody opens the house and presses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from keystore.session import WorkSession
from sealservice.assembly import House, open_house
from sealservice.demo import SEAL_CODE
from sealservice.impressions.request import PressRequest
from sealservice.workers.order import Keyword
from sealverify.digest import Digest
from tests.impressions.points import POINTS
from tests.impressions.processes import Line
from tests.support.houses import KEEPER, SAMPLES

APPROVAL = SAMPLES / "approval-letter-1-page.pdf"


def approval(**changes: Any) -> PressRequest:
    """The request of most stories: the approval, sealed where it says 盖章."""
    wanted = {"document": APPROVAL, "seal_code": SEAL_CODE, "keeper": KEEPER, "placement": Keyword(text="盖章")}
    return PressRequest(**{**wanted, **changes})


def watch_token(witness: Path) -> None:
    """Writes down every signature that the token makes, at once and outside of the house."""
    real = WorkSession.sign

    def sign(session: WorkSession, ref: Any, algorithm: Any, message: bytes, digest: bytes) -> bytes:
        signature = real(session, ref, algorithm, message, digest)
        line = json.dumps({"key": ref.key_id, "signed": message.hex()}) + "\n"
        with witness.open("a", encoding="utf-8") as file:
            file.write(line)
        return signature

    WorkSession.sign = sign  # type: ignore[method-assign]


def opened_for_business(house: House) -> None:
    """Has every part at work, so that a story begins with the pressing itself."""
    house.keys.health()
    house.workers.sandbox()
    assert house.pressing.instance == house.instance.name


def press_and_die(line: Line, home: str, witness: str, key: str, point: str) -> None:
    """Presses, and dies at `point`; tells the process ids of its workers first."""
    with open_house(Path(home)) as house:
        opened_for_business(house)
        watch_token(Path(witness))
        line.say([worker.process_id for worker in house.workers._idle])
        POINTS[point].arm(house.database)
        impression = house.pressing.press(approval(idempotency_key=key))
        house.store.copy_out(Digest.parse(impression.sealed or ""), Path(home).with_name("sealed.pdf"))
        os._exit(0)  # the point was never met


def press_again(line: Line, home: str, witness: str, key: str) -> None:
    """Presses as a client would that never had an answer."""
    with open_house(Path(home)) as house:
        watch_token(Path(witness))
        impression = house.pressing.press(approval(idempotency_key=key))
        line.say({"id": impression.impression_id, "state": impression.state, "replaces": impression.replaces})
