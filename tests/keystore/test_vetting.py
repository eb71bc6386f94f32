"""A module that is new here is tried in a process of its own first."""

from __future__ import annotations

from pathlib import Path

import pytest

from keystore import PinFile, TokenSettings, find_module, open_key_store
from keystore.errors import KeyStoreError, KeyStoreMisconfigured
from tests.keystore.faulty import FaultyToken, faulty


def open_and_name_the_refusal(folder: str, module: str) -> list[str]:
    try:
        open_key_store(faulty(folder, module).settings(sessions=1)).close()
    except KeyStoreError as refusal:
        return [type(refusal).__name__, refusal.code, str(refusal)]
    return []


def _record(token: FaultyToken) -> Path:
    return token.folder / "state" / "tested-modules.json"


def test_a_module_that_crashes_takes_a_child_with_it_and_not_the_house(token: FaultyToken) -> None:
    _record(token).unlink()
    token.switch("crash-at-start")
    name, code, text = token.run(open_and_name_the_refusal)
    assert (name, code) == ("SelfTestFailed", "KEYSTORE_MODULE_CRASHED")
    assert "-6" in text, "SIGABRT"
    assert not _record(token).exists()
    token.mend("crash-at-start")
    assert token.run(open_and_name_the_refusal) == []
    assert str(token.module) in _record(token).read_text()


def test_a_module_that_signs_wrongly_never_gets_into_the_house(token: FaultyToken) -> None:
    _record(token).unlink()
    token.switch("flip-bit")
    name, code, text = token.run(open_and_name_the_refusal)
    assert (name, code) == ("SelfTestFailed", "KEYSTORE_SELF_TEST_FAILED")
    assert "sign and verify with the test key" in text


def test_a_module_is_tried_once_and_again_when_its_file_changes(token: FaultyToken) -> None:
    assert token.run(open_and_name_the_refusal) == []
    assert token.count("logins") == 1, "tried before: no child"
    _record(token).write_text(_record(token).read_text().replace(str(token.module.stat().st_size), "1"))
    assert token.run(open_and_name_the_refusal) == []
    assert token.count("logins") == 3, "another size: one login of the child, one of the house"


def test_a_wrong_pin_met_by_the_child_is_tried_by_nobody_else(token: FaultyToken) -> None:
    _record(token).unlink()
    token.pin_file.write_text("not the PIN\n")
    assert token.run(open_and_name_the_refusal)[:2] == ["PinRefused", "KEYSTORE_PIN_REFUSED"]
    assert token.count("logins") == 1


def test_a_missing_module_and_a_file_that_is_none(tmp_path: Path) -> None:
    def settings(module: Path) -> TokenSettings:
        return TokenSettings(
            module=module, token_label="seals", pin_source=PinFile(tmp_path / "pin"), state_folder=tmp_path / "state"
        )

    with pytest.raises(KeyStoreMisconfigured) as refusal:
        open_key_store(settings(tmp_path / "none.so"))
    assert refusal.value.code == "KEYSTORE_MODULE_NOT_FOUND"
    (tmp_path / "text.so").write_text("no module")
    with pytest.raises(KeyStoreMisconfigured) as refusal:
        open_key_store(settings(tmp_path / "text.so"))
    assert refusal.value.code == "KEYSTORE_MODULE_NOT_LOADED"


def test_the_module_is_found_where_one_says_or_where_debian_puts_it(tmp_path: Path) -> None:
    assert find_module().name == "libsofthsm2.so"
    with pytest.raises(KeyStoreMisconfigured, match=r"none\.so"):
        find_module(tmp_path / "none.so")


@pytest.mark.parametrize("content", ["", "[[", "null", "{}", '"x"'])
def test_a_record_of_tested_modules_that_cannot_be_read_is_made_anew(token: FaultyToken, content: str) -> None:
    """Trying a module once more does no harm."""
    _record(token).write_text(content)
    assert token.run(open_and_name_the_refusal) == []
    assert str(token.module) in _record(token).read_text()
    before = token.count("logins")
    assert token.run(open_and_name_the_refusal) == []
    assert token.count("logins") == before + 1, "tried before: no child"
