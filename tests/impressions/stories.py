"""What happens in the other processes: somebody opens the house and presses."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keystore import find_module
from keystore.errors import KeyStoreError, TokenTimeout
from keystore.session import WorkSession
from sealservice.assembly import House, open_house
from sealservice.demo import SEAL_CODE
from sealservice.impressions.intention import Intentions
from sealservice.impressions.recording import Recorder
from sealservice.impressions.request import PressRequest
from sealservice.kernel.errors import Conflict
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


def press_many(line: Line, home: str, count: int) -> None:
    """One of several that press at once: ready, go, and the identifiers of what was pressed."""
    with open_house(Path(home)) as house:
        opened_for_business(house)
        line.say("ready")
        line.hear()
        line.say([house.pressing.press(approval()).impression_id for _ in range(count)])


def press_under_key(line: Line, home: str, key: str) -> None:
    """One of several that press the same request: the impression's identifier, or the code of the refusal."""
    with open_house(Path(home)) as house:
        opened_for_business(house)
        line.say("ready")
        line.hear()
        try:
            line.say(house.pressing.press(approval(idempotency_key=key)).impression_id)
        except Conflict as told:
            line.say(told.code)


def press_with_a_pause(line: Line, home: str, key: str, step: str) -> None:
    """Presses, and waits for a word after `step`: "intend" or "keep"."""
    owner: Any = {"intend": Intentions, "keep": Recorder}[step]
    real = getattr(owner, step)

    def paused(*arguments: Any) -> Any:
        result = real(*arguments)
        line.say("paused")
        line.hear()
        return result

    setattr(owner, step, paused)
    with open_house(Path(home)) as house:
        line.say(house.pressing.press(approval(idempotency_key=key)).state)


def settle(line: Line, home: str) -> None:
    """One of several that start at once and find the same left behind."""
    with open_house(Path(home), settle=False) as house:
        line.say("ready")
        line.hear()
        settled = house.settle()
        line.say((settled.abandoned, settled.failed))


@contextmanager
def behind_the_double(home: str, control: str) -> Iterator[House]:
    """The house of `home`, whose token is behind the module that misbehaves on request."""
    os.environ.update(PROXY_TARGET=str(find_module()), PROXY_CONTROL=control)
    with open_house(Path(home)) as house:
        opened_for_business(house)
        yield house


def press_behind_the_double(line: Line, home: str, control: str, witness: str, key: str, fault: str) -> None:
    """Presses while the token has `fault`; tells the code of what came of it, or the state of the impression."""
    with behind_the_double(home, control) as house:
        watch_token(Path(witness))
        Path(control, fault).touch()
        try:
            line.say(house.pressing.press(approval(idempotency_key=key)).state)
        except KeyStoreError as told:
            line.say(told.code)
        Path(control, fault).unlink()


def wait_for_a_late_token(line: Line, home: str, control: str, key: str) -> None:
    """Gives up on a token that hangs; then the token answers after all. Tells both, and is killed."""
    arrived, keep_back = threading.Event(), Recorder.keep_back

    def kept(*arguments: Any) -> None:
        keep_back(*arguments)
        arrived.set()

    Recorder.keep_back = kept  # type: ignore[method-assign]
    with behind_the_double(home, control) as house:
        Path(control, "hang-sign").touch()
        try:
            house.pressing.press(approval(idempotency_key=key))
        except TokenTimeout as told:
            line.say((told.code, told.late))
        Path(control, "hang-sign").unlink()
        arrived.wait()
        try:
            house.pressing.press(approval(idempotency_key=key))
        except Conflict as told:
            line.say(told.code)
        os.kill(os.getpid(), signal.SIGKILL)
