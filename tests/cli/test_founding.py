"""From an empty folder to a house, and what the doctor says of one that is only half there. All in processes of their
own, as a newcomer runs them."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealservice.assembly import House
from sealservice.settings import load
from tests.cli.terminal import Said, Terminal, command
from tests.support.children import in_child
from tests.support.departments import SetClock


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `init` leaves it. Never worked in, only looked at and copied."""
    home = tmp_path_factory.mktemp("pristine") / "var"
    said = command("init", home=home, SEALSERVICE_LANG="zh")
    assert said.code == 0
    assert "令牌 sealservice" in said.out
    return home


@pytest.fixture
def home(pristine: Path, tmp_path: Path) -> Path:
    """A copy of it that may be harmed."""
    shutil.copytree(pristine, tmp_path / "var")
    configuration = tmp_path / "var" / "softhsm2.conf"
    configuration.write_text(configuration.read_text().replace(str(pristine), str(tmp_path / "var")))
    return tmp_path / "var"


def test_secrets_are_for_the_owner_alone_and_no_pin_is_shown(pristine: Path) -> None:
    pins = sorted((pristine / "pins").iterdir())
    assert [path.name for path in pins] == ["root.pin", "root.so-pin", "service.pin", "service.so-pin"]
    assert {path.stat().st_mode & 0o777 for path in pins} == {0o600}
    assert (pristine / "pins").stat().st_mode & 0o777 == 0o700
    assert pristine.stat().st_mode & 0o777 == 0o700
    assert len({path.read_text() for path in pins}) == 4
    again = command("init", home=pristine)
    for path in pins:
        assert path.read_text().strip() not in again.out + again.err


def test_founding_again_is_harmless_and_says_that_nothing_was_done(pristine: Path) -> None:
    said = command("init", "--json", home=pristine)
    assert said.code == 0
    assert {step["done_now"] for step in said.value["steps"]} == {False}
    assert {step["step"] for step in said.value["steps"]} >= {"FOUNDED_TOKEN", "FOUNDED_TABLES", "FOUNDED_WRAPPING_KEY"}


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["sealservice.toml", "sealservice.sqlite3", "tokens"], ids=lambda name: name)
def test_founding_goes_on_where_it_broke_off(home: Path, lost: str) -> None:
    gone = home / lost
    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()
    assert command("init", home=home).code == 0
    findings = _examined(home)
    assert {part for part, finding in findings.items() if finding["verdict"] == "ILL"} == {"AUTHORITY", "TIMESTAMPS"}


def _examined(home: Path, **more: str) -> dict[str, Any]:
    return {finding["part"]: finding for finding in command("doctor", "--json", home=home, **more).value}


def _ill(home: Path, part: str, **more: str) -> str:
    """What the doctor says of an ill part, in both languages together; every part is told of all the same."""
    findings = _examined(home, **more)
    assert findings[part]["verdict"] == "ILL", findings
    assert set(findings) >= {"PYTHON", "FONT", "MODULE", "HOME", "DISK", "DATABASE", "TOKEN", "CLOCK", "REGISTER"}
    return str(findings[part]["message"]["en"] + findings[part]["message"]["zh"])


def test_the_doctor_of_a_folder_that_is_none_says_how_to_make_one(tmp_path: Path) -> None:
    said = command("doctor", home=tmp_path / "nothing", SEALSERVICE_LANG="zh")
    assert said.code == 78
    assert f"sealservice init --home {tmp_path / 'nothing'}" in said.out
    assert not (tmp_path / "nothing").exists()


def test_the_doctor_of_a_fresh_house_asks_for_the_ceremony(pristine: Path) -> None:
    said = command("doctor", home=pristine)
    assert said.code == 78
    assert "✗ Authority" in said.out
    assert "sealservice certificates ceremony" in said.out
    assert "✓ Token" in said.out


@pytest.mark.slow
def test_the_doctor_misses_the_token(home: Path) -> None:
    shutil.rmtree(home / "tokens")
    (home / "tokens").mkdir(mode=0o700)
    assert "sealservice" in _ill(home, "TOKEN")


def test_the_doctor_refuses_a_pin_that_others_can_read(home: Path) -> None:
    (home / "pins" / "service.pin").chmod(0o644)
    said = _ill(home, "TOKEN")
    assert "chmod 600" in said
    assert "service.pin" in said


@pytest.mark.slow
def test_the_doctor_misses_the_pin(home: Path) -> None:
    (home / "pins" / "service.pin").unlink()
    assert "service.pin" in _ill(home, "TOKEN")


@pytest.mark.slow
def test_a_wrong_pin_is_tried_once_and_the_doctor_may_be_called_again(home: Path) -> None:
    pin = home / "pins" / "service.pin"
    right = pin.read_text()
    pin.write_text("0000000000")
    assert "refused the PIN" in _ill(home, "TOKEN")
    assert "not tried again" in _ill(home, "TOKEN")
    pin.write_text(right)
    assert _examined(home)["TOKEN"]["verdict"] == "WELL"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("productoin = true\n", "productoin"),
        ('[token]\nsessions = "many"\n', "token.sessions"),
        ('[timestamps]\nauthorities = ["file:///etc/passwd"]\n', "timestamps.authorities"),
        ("production = \n", "sealservice.toml"),
        ("[signing]\nalgorithm = 'MD5'\n", "signing.algorithm"),
    ],
)
def test_the_doctor_names_the_setting_that_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    home = tmp_path
    (home / "sealservice.toml").write_text(text)
    said = Terminal(home).ask("doctor")
    assert said.code == 78
    findings = {finding["part"]: finding for finding in said.value}
    assert findings["SETTINGS"]["verdict"] == "ILL"
    assert named in findings["SETTINGS"]["message"]["en"]
    assert named in findings["SETTINGS"]["message"]["zh"]
    other = Terminal(home).ask("seals", "list")
    assert (other.code, other.error[:7]) == (78, "SETTING")


def test_the_doctor_goes_on_past_a_damaged_database(home: Path) -> None:
    (home / "sealservice.sqlite3").write_bytes(b"this was a database once" * 1000)
    for side in ("-wal", "-shm"):
        (home / f"sealservice.sqlite3{side}").unlink(missing_ok=True)
    assert "not a database" in _ill(home, "DATABASE")


HARM = {
    "gone": "DATABASE_MISSING",
    "emptied": "DATABASE_MISSING",
    "overwritten": "DATABASE_DAMAGED",
    "cut off": "DATABASE_DAMAGED",
}


def _harm(home: Path, how: str) -> None:
    file = home / "sealservice.sqlite3"
    for side in ("-wal", "-shm"):
        (home / f"sealservice.sqlite3{side}").unlink(missing_ok=True)
    if how == "gone":
        file.unlink()
    elif how == "emptied":
        file.write_bytes(b"")
    elif how == "overwritten":
        file.write_bytes(b"this was a database once" * 1000)
    else:
        file.write_bytes(file.read_bytes()[: 4096 * 5])


@pytest.mark.parametrize(("how", "code"), HARM.items(), ids=HARM)
def test_no_command_works_on_a_lost_or_damaged_database_or_makes_an_empty_one(home: Path, how: str, code: str) -> None:
    _harm(home, how)
    terminal = Terminal(home)
    for arguments in (
        ("seals", "list"),
        ("people", "add", "li.lei", "--name", "李雷"),
        ("doctor", "--accept-clock", "--why", "看过"),
    ):
        said = terminal.ask(*arguments)
        assert (said.code, said.error) == (78, code), arguments
        for language in ("en", "zh"):
            assert str(home / "sealservice.sqlite3") in said.value["error"][language]
            assert "docs/runbooks/backup-and-restore.md" in said.value["error"][language]
    assert str(home / "sealservice.sqlite3") in _ill(home, "DATABASE")
    if code == "DATABASE_MISSING":
        assert not House(load(home), SetClock()).database.has_tables()


def as_somebody_else(folder: str) -> list[list[object]]:
    """What an account is told that may not write the data folder; for root, which may write any, that is nobody."""
    commands = (["seals", "list"], ["doctor"])
    for command_line in commands:  # with all that is imported on the way: nobody may be unable to read it
        Terminal(Path("/nonexistent")).ask(*command_line)
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    return [[said.code, said.value] for said in (Terminal(Path(folder)).ask(*line) for line in commands)]


@pytest.mark.parametrize("mode", [0o500, 0o555, 0o000])
def test_a_data_folder_that_is_closed_to_an_account_says_whose_it_is(home: Path, mode: int) -> None:
    owner = home.owner()
    home.chmod(mode)
    try:
        (listed, told), (examined, findings) = in_child(as_somebody_else, str(home))
    finally:
        home.chmod(0o700)
    assert (listed, told["error"]["code"], examined) == (78, "HOME_CLOSED", 78)
    (finding,) = [item for item in findings if item["part"] == "HOME"]
    for language in ("en", "zh"):
        assert finding["message"][language] == told["error"][language]
        assert owner in told["error"][language]


@pytest.mark.slow
def test_the_doctor_misses_a_database_server(home: Path) -> None:
    address = "postgresql+psycopg://nobody@/nothing?host=/nonexistent&connect_timeout=2"
    assert _ill(home, "DATABASE", SEALSERVICE_DATABASE=address)


@pytest.mark.slow
def test_the_doctor_looks_for_the_module_and_the_fonts_that_are_set(home: Path) -> None:
    said = _examined(home, SEALSERVICE_TOKEN__MODULE="/opt/vendor/lib/pkcs11.so")
    assert said["MODULE"]["verdict"] == "ILL"
    assert "/opt/vendor/lib/pkcs11.so" in said["MODULE"]["message"]["en"]
    fonts = home / "fonts"
    fonts.mkdir()
    (fonts / "NotoSerifCJK-Bold.ttc").write_bytes(b"a font")
    assert str(fonts) in _examined(home, SEALSERVICE_FONT_FOLDER=str(fonts))["FONT"]["message"]["en"]


def _run_ahead(home: Path) -> None:
    """The clock was a year ahead once, and somebody was registered then."""
    clock = SetClock()
    clock.ahead = timedelta(days=365)
    house = House(load(home), clock)
    house.parties.add_person(handle="early.bird", name="早到", actor="early.bird")
    house.close()


@pytest.mark.slow
def test_a_clock_that_is_behind_is_accepted_by_somebody_who_looked(home: Path) -> None:
    _run_ahead(home)
    assert "--accept-clock" in _ill(home, "CLOCK")
    nobody = command("doctor", "--accept-clock", "--why", "已核对", "--as", "nobody", "--json", home=home)
    assert (nobody.code, nobody.error) == (1, "PERSON_UNKNOWN")
    no_reason = command("doctor", "--accept-clock", "--json", home=home)
    assert (no_reason.code, no_reason.error) == (1, "CAUSE_MISSING")
    said = command("doctor", "--accept-clock", "--why", "已与授时中心核对", "--json", home=home)
    findings = {finding["part"]: finding["verdict"] for finding in said.value}
    assert findings["CLOCK"] == "WELL"


def _demo(home: Path) -> Said:
    return command("demo", "--once", "--json", home=home)


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    home = tmp_path_factory.mktemp("demo") / "var"
    return home, _demo(home)


def test_the_demonstration_shows_the_whole_job(demonstrated: tuple[Path, Said]) -> None:
    _, shown = demonstrated
    assert shown.code == 0
    assert set(shown.value) == {"home", "seal", "sealed", "trust", "trust_signer", "verify"}
    assert shown.value["verify"]["conclusion"] == "PASSED"
    assert Path(shown.value["sealed"]).read_bytes().startswith(b"%PDF")
    assert shown.value["trust_signer"] is None


@pytest.mark.slow
def test_to_demonstrate_twice_is_as_good_as_once(demonstrated: tuple[Path, Said]) -> None:
    home, shown = demonstrated
    again = _demo(home)
    impressions = [item.value["verify"]["signatures"][0]["impression"] for item in (shown, again)]
    assert impressions[0] == impressions[1]
    assert again.value["sealed"] == shown.value["sealed"]
    assert len(command("impressions", "list", "--json", home=home).value) == 1
    told = command("demo", home=home, SEALSERVICE_LANG="zh")
    assert "真实有效" in told.out
    assert "sealverify" in told.out


def test_the_doctor_finds_a_demonstrated_house_well(demonstrated: tuple[Path, Said]) -> None:
    home, _ = demonstrated
    healthy = command("doctor", home=home)
    assert healthy.code == 0
    assert "✗" not in healthy.out


@pytest.mark.slow
def test_a_production_house_gives_no_demonstration(tmp_path: Path) -> None:
    home = tmp_path / "var"
    assert command("init", "--production", home=home).code == 0
    said = _demo(home)
    assert (said.code, said.error) == (1, "DEMO_IN_PRODUCTION")


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    said = command("init", "--json", home=tmp_path / "file" / "var")
    assert (said.code, said.error) == (78, "HOME_UNWRITABLE")


def test_names_that_are_no_text_and_terminals_that_know_no_chinese_do_not_break_an_answer(
    pristine: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "\udcff.pdf"
    odd.write_bytes(b"no PDF")
    asked = ("press", odd, "--seal", "99012600012345", "-o", tmp_path / "out.pdf")
    assert command(*asked, "--json", home=pristine).value["results"][0]["file"] == str(odd)
    plain = command(*asked, home=pristine, SEALSERVICE_LANG="zh", PYTHONIOENCODING="ascii")
    assert plain.code == 1
    assert "sealservice seals list" in plain.out
