"""A wrong PIN is tried once in all: over processes, restarts and crashes, until the PIN at its source changes."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest

from keystore import PinEnvironment, PinFile, open_key_store
from keystore.errors import KeyStoreError, KeyStoreMisconfigured, PinRefused
from keystore.pin import Pin, PinLedger, random_pin_file
from keystore.token import PinState, WrongPin
from tests.keystore.faulty import FaultyToken, faulty
from tests.support.children import ChildFailed

RIGHT, WRONG = Pin("the right one"), Pin("the wrong one")


def open_and_close(folder: str, module: str) -> str:
    """The code of the refusal, or "" when the token opened."""
    try:
        open_key_store(faulty(folder, module).settings(sessions=1)).close()
    except KeyStoreError as refusal:
        return refusal.code
    return ""


def open_with_environment(folder: str, module: str) -> str:
    try:
        open_key_store(faulty(folder, module).settings(pin_source=PinEnvironment("SEAL_PIN"))).close()
    except KeyStoreError as refusal:
        return refusal.code
    return ""


def test_a_wrong_pin_is_tried_once_by_many_processes_and_after_restarts(token: FaultyToken) -> None:
    right = token.pin_file.read_text()
    token.pin_file.write_text("not the PIN\n")
    together = [child.result() for child in [token.begin(open_and_close) for _ in range(5)]]
    assert sorted(together) == ["KEYSTORE_PIN_REFUSED"] + ["KEYSTORE_PIN_REFUSED_BEFORE"] * 4
    assert token.run(open_and_close) == "KEYSTORE_PIN_REFUSED_BEFORE"
    assert token.count("logins") == 1, "the token saw one wrong PIN in all"

    token.pin_file.touch()  # the same PIN, written again, is the same PIN
    assert token.run(open_and_close) == "KEYSTORE_PIN_REFUSED_BEFORE"
    assert token.count("logins") == 1

    token.pin_file.write_text(right)
    assert token.run(open_and_close) == ""
    assert token.run(open_and_close) == ""
    assert token.count("logins") == 3


def test_processes_that_start_together_with_the_right_pin_all_get_in(token: FaultyToken) -> None:
    assert [child.result() for child in [token.begin(open_and_close) for _ in range(5)]] == [""] * 5


def test_a_process_that_dies_after_its_wrong_try_leaves_no_second_one(token: FaultyToken) -> None:
    token.pin_file.write_text("not the PIN\n")
    token.switch("die-after-login")
    with pytest.raises(ChildFailed) as death:
        token.run(open_and_close)
    assert death.value.status == 9
    assert token.run(open_and_close) == "KEYSTORE_PIN_REFUSED_BEFORE", "the token counts a failed try since then"
    assert token.count("logins") == 1


def test_a_process_that_dies_before_its_try_does_not_lock_the_right_pin_out(token: FaultyToken) -> None:
    token.switch("die-before-login")
    with pytest.raises(ChildFailed):
        token.run(open_and_close)
    assert token.run(open_and_close) == ""


def test_where_the_count_of_failed_tries_tells_nothing_the_pin_is_not_tried(token: FaultyToken) -> None:
    """A wrong PIN first, so that the token counts already; then the right one, and a crash in the middle of it."""
    right = token.pin_file.read_text()
    token.pin_file.write_text("not the PIN\n")
    token.run(open_and_close)
    token.pin_file.write_text(right)
    token.switch("die-before-login")
    with pytest.raises(ChildFailed):
        token.run(open_and_close)
    assert token.run(open_and_close) == "KEYSTORE_PIN_UNCERTAIN"
    (token.folder / "state" / "pin-ledger.json").unlink()  # what the message tells the operator to do
    assert token.run(open_and_close) == ""


def test_a_pin_from_the_environment(token: FaultyToken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL_PIN", token.pin_file.read_text().strip())
    assert token.run(open_with_environment) == ""
    monkeypatch.delenv("SEAL_PIN")
    assert token.run(open_with_environment) == "KEYSTORE_PIN_NOT_FOUND"


def test_an_open_store_does_not_hide_a_wrong_pin(token: FaultyToken) -> None:
    """While a process is logged in, a token takes any PIN for good; the store does not."""
    assert token.run(open_twice_with_another_pin) == "KEYSTORE_PIN_REFUSED"
    assert token.count("logins") == 1


def open_twice_with_another_pin(folder: str, module: str) -> str:
    token = faulty(folder, module)
    store = open_key_store(token.settings())
    token.pin_file.write_text("not the PIN\n")
    code = open_and_close(folder, module)
    store.close()
    return code


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_pin_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pin"
    path.write_text("1234\n")
    path.chmod(mode)
    with pytest.raises(KeyStoreMisconfigured) as refusal:
        PinFile(path).read()
    assert refusal.value.code == "KEYSTORE_PIN_FILE_OPEN"
    assert f"{mode:04o}" in str(refusal.value)
    path.chmod(0o600)
    assert PinFile(path).read() == Pin("1234")


def test_random_pins_are_private_long_and_made_once(tmp_path: Path) -> None:
    first, second = random_pin_file(tmp_path / "a"), random_pin_file(tmp_path / "b")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert first.read() != second.read()
    assert len(first.read().value) == 24
    kept = first.read()
    assert random_pin_file(tmp_path / "a").read() == kept


def test_no_pin_on_a_command_line_in_a_log_or_in_a_message(token: FaultyToken) -> None:
    """Making a token, trying its module in a child, a refusal: everything that shows is searched for the PINs."""
    pins, shown = token.run(make_and_refuse_loudly)
    assert len(pins) == 3
    assert len(shown) > 500, "there is something to search"
    for pin in pins:
        assert pin not in shown


def make_and_refuse_loudly(folder: str, module: str) -> list[object]:
    import io

    from keystore import ceremony

    seen: list[str] = []
    sys.addaudithook(
        lambda event, arguments: seen.append(repr(arguments)) if event in {"subprocess.Popen", "os.exec"} else None
    )
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.DEBUG)
    token = faulty(folder, module)
    pin, so_pin = token.folder / "pin-2", token.folder / "so-pin-2"
    ceremony.create_softhsm_token(token.folder / "hsm", "second", pin, so_pin, module=token.module)
    (token.folder / "state" / "tested-modules.json").unlink()
    settings = token.settings(token_label="second", pin_source=PinFile(pin))
    store = open_key_store(settings)
    shown = [repr(settings), repr(store), str(settings.pin_source.read()), repr(settings.pin_source.read())]
    store.close()
    pins = [pin.read_text().strip(), so_pin.read_text().strip(), "wrong-pin-in-a-file"]
    pin.write_text("wrong-pin-in-a-file\n")
    with pytest.raises(PinRefused) as refusal:
        open_key_store(settings)
    shown += [str(refusal.value), repr(refusal.value.details), (token.folder / "state" / "pin-ledger.json").read_text()]
    assert any("keystore.trial" in line for line in seen), "the module was tried in a child"
    return [pins, "\n".join([*shown, *seen, log.getvalue()])]


# -- the ledger by itself


def _state(*, count_low: bool = False) -> PinState:
    return PinState(count_low=count_low, final_try=False, locked=False)


class _Source:
    def __init__(self, pin: Pin) -> None:
        self.pin = pin

    def read(self) -> Pin:
        return self.pin

    def as_json(self) -> dict[str, str]:
        return {}


def _refuse(pin: Pin) -> str:
    if pin == RIGHT:
        return "in"
    raise WrongPin


def test_the_ledger_keeps_no_pin_and_forgets_after_success(tmp_path: Path) -> None:
    ledger = PinLedger(tmp_path)
    with pytest.raises(PinRefused):
        ledger.log_in("seals", _Source(WRONG), attempt=_refuse, pin_state=_state)
    kept = ledger.path.read_text()
    assert WRONG.value not in kept
    assert set(json.loads(kept)["seals"]) == {"verdict", "salt", "scrypt", "count_low"}
    assert ledger.path.stat().st_mode & 0o777 == 0o600
    assert ledger.log_in("seals", _Source(RIGHT), attempt=_refuse, pin_state=_state) == "in"
    assert json.loads(ledger.path.read_text()) == {}


def test_one_tokens_wrong_pin_does_not_stop_another_token(tmp_path: Path) -> None:
    ledger = PinLedger(tmp_path)
    with pytest.raises(PinRefused):
        ledger.log_in("root", _Source(WRONG), attempt=_refuse, pin_state=_state)
    assert ledger.log_in("seals", _Source(RIGHT), attempt=_refuse, pin_state=_state) == "in"
    assert list(json.loads(ledger.path.read_text())) == ["root"]


def test_a_fault_that_is_not_the_pins_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    ledger = PinLedger(tmp_path)

    def unplugged(pin: Pin) -> str:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        ledger.log_in("seals", _Source(RIGHT), attempt=unplugged, pin_state=_state)
    assert ledger.log_in("seals", _Source(RIGHT), attempt=_refuse, pin_state=_state) == "in"


BROKEN = [
    "",
    "{",
    '{"seals": {"verdict": "REFUSED"',
    "[]",
    '"seals"',
    "null",
    '{"seals": "REFUSED"}',
    '{"seals": {"verdict": "PERHAPS", "salt": "00", "scrypt": "00", "count_low": false}}',
    '{"seals": {"verdict": "REFUSED", "salt": "no hex", "scrypt": "00", "count_low": false}}',
    '{"seals": {"verdict": "REFUSED", "salt": "00", "scrypt": "00"}}',
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_ledger_that_cannot_be_read_lets_no_pin_through_and_says_how_to_mend_it(tmp_path: Path, content: str) -> None:
    """It may have said that this very PIN was refused."""
    ledger, tried = PinLedger(tmp_path), []
    ledger.path.write_text(content)
    with pytest.raises(KeyStoreMisconfigured, match="KEYSTORE_PIN_LEDGER_BROKEN") as refusal:
        ledger.log_in("seals", _Source(RIGHT), attempt=tried.append, pin_state=_state)
    assert tried == []
    assert str(ledger.path) in str(refusal.value)
    assert ledger.path.read_text() == content

    ledger.path.unlink()  # what the message tells the operator to do
    assert ledger.log_in("seals", _Source(RIGHT), attempt=_refuse, pin_state=_state) == "in"
