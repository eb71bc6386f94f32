"""Whose the files are: what the house keeps is for its owner alone, what it hands out is as the caller's shell says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sealservice.demo import SEAL_CODE as CODE
from tests.cli.terminal import COMMAND, command
from tests.support.houses import SAMPLES

LETTER = SAMPLES / "approval-letter-1-page.pdf"


def _with_umask(umask: int, *arguments: object, home: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEALSERVICE_", "SOFTHSM2_"))}
    subprocess.run(
        [COMMAND, *map(str, arguments)],
        env={**kept, "LC_ALL": "C.UTF-8", "SEALSERVICE_HOME": str(home)},
        umask=umask,
        check=True,
        capture_output=True,
    )


def _modes(home: Path) -> dict[str, set[str]]:
    """The rights of all folders and of all files in `home`, itself included."""
    found: dict[str, set[str]] = {"folders": set(), "files": set()}
    for path in (home, *home.rglob("*")):
        found["folders" if path.is_dir() else "files"].add(f"{path.stat().st_mode & 0o777:o}")
    return found


@pytest.fixture(scope="module")
def carefree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house that was shown from a shell that keeps nothing to itself."""
    home = tmp_path_factory.mktemp("carefree") / "var"
    _with_umask(0o000, "demo", "--once", home=home)
    return home


def test_whatever_the_umask_nobody_else_gets_at_the_data_folder(carefree: Path) -> None:
    assert _modes(carefree) == {"folders": {"700"}, "files": {"600"}}
    report = {finding["part"]: finding for finding in command("doctor", "--json", home=carefree).value}
    assert report["HOME"]["verdict"] == "WELL"


@pytest.mark.parametrize("settings", [None, "production = true\n"])
def test_a_folder_that_was_there_to_be_founded_is_closed_too(tmp_path: Path, settings: str | None) -> None:
    (tmp_path / "var").mkdir(mode=0o755)
    if settings is not None:
        (tmp_path / "var" / "sealservice.toml").write_text(settings)
        (tmp_path / "var" / "sealservice.toml").chmod(0o600)
    _with_umask(0o022, "init", home=tmp_path / "var")
    assert _modes(tmp_path / "var") == {"folders": {"700"}, "files": {"600"}}


def test_what_is_handed_out_has_the_rights_that_the_caller_gives(carefree: Path, tmp_path: Path) -> None:
    for umask, mode, inside in ((0o022, 0o644, 0o755), (0o077, 0o600, 0o700)):
        out = tmp_path / f"{umask:o}"
        _with_umask(umask, "press", LETTER, "--seal", CODE, "-o", out / "sealed.pdf", home=carefree)
        _with_umask(umask, "seals", "export", CODE, "-o", out / "record.zip", home=carefree)
        assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {mode}
        assert out.stat().st_mode & 0o777 == inside


@pytest.mark.parametrize(("opened", "verdict"), [("", "ILL"), ("sealservice.sqlite3", "WARNING")])
def test_the_doctor_says_what_stands_open_and_how_to_close_it(
    carefree: Path, tmp_path: Path, opened: str, verdict: str
) -> None:
    home = tmp_path / "var"
    shutil.copytree(carefree, home)
    (home / opened).chmod(0o755)
    finding = next(item for item in command("doctor", "--json", home=home).value if item["part"] == "HOME")
    assert finding["verdict"] == verdict
    for language in ("en", "zh"):
        assert f"chmod -R go= {home}" in finding["message"][language]
        assert str(home / opened) in finding["message"][language]
    subprocess.run(["chmod", "-R", "go=", home], check=True)
    finding = next(item for item in command("doctor", "--json", home=home).value if item["part"] == "HOME")
    assert finding["verdict"] == "WELL"


def test_keys_that_others_could_read_are_not_used(carefree: Path, tmp_path: Path) -> None:
    home = tmp_path / "var"
    shutil.copytree(carefree, home)
    exposed = next((home / "tokens").rglob("*.object"))
    exposed.chmod(0o640)
    said = command("press", LETTER, "--seal", CODE, "-o", tmp_path / "o.pdf", "--json", home=home)
    assert (said.code, said.value["results"][0]["error"]["code"]) == (78, "KEY_FILES_OPEN")
    assert str(exposed) in said.value["results"][0]["error"]["en"]
    assert not (tmp_path / "o.pdf").exists()
