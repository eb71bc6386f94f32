"""The command as a stranger runs it: exit codes, JSON, both languages, folders, and no traceback whatever comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealverify.__main__ import run
from tests.support.pki import DemoPki
from tests.support.sealing import SAMPLES, press, sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, sealed: bytes) -> Path:
    """One file of each verdict, and the anchors beside them."""
    here = tmp_path_factory.mktemp("files")
    (here / "passed.pdf").write_bytes(sealed)
    (here / "failed.pdf").write_bytes(sealed + b" ")
    (here / "unknown.pdf").write_bytes(press(sample("approval-letter-1-page.pdf"), pki.stranger))
    (here / "plain.pdf").write_bytes(sample("approval-letter-1-page.pdf"))
    (here / "unreadable.pdf").write_bytes((SAMPLES / "refuse" / "truncated.pdf").read_bytes())
    (here / "trust.pem").write_bytes(pki.anchors)
    return here


def sealverify(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealverify", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "LANG": "C", "LC_ALL": "", "LC_MESSAGES": "", "SEALSERVICE_LANG": "", **environment},
    )


EXITS = [("passed", 0), ("failed", 1), ("unknown", 2), ("plain", 3), ("unreadable", 4)]


@pytest.mark.parametrize(("name", "code"), EXITS)
def test_the_exit_code_says_the_verdict(folder: Path, capfdbinary: object, name: str, code: int) -> None:
    assert run([str(folder / f"{name}.pdf"), "--trust", str(folder / "trust.pem")]) == code


def test_as_a_program_with_json(folder: Path) -> None:
    done = sealverify(folder / "passed.pdf", "--trust", folder / "trust.pem", "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    answer = json.loads(done.stdout)
    assert (answer["file"], answer["conclusion"]) == ("passed.pdf", "PASSED")
    assert answer["signatures"][0]["signer"]["name"] == "行政审批专用章"


def test_for_people_in_both_languages(folder: Path) -> None:
    english = sealverify(folder / "passed.pdf", "--trust", folder / "trust.pem").stdout
    assert english.startswith("✔ PASSED  passed.pdf\n")
    assert "Genuine: sealed by 云岭市青禾区行政审批局（演示）" in english
    for chinese in (
        sealverify(folder / "passed.pdf", "--trust", folder / "trust.pem", LANG="zh_CN.UTF-8").stdout,
        sealverify(folder / "passed.pdf", "--trust", folder / "trust.pem", SEALSERVICE_LANG="zh").stdout,
        sealverify(folder / "passed.pdf", "--trust", folder / "trust.pem", "--lang", "zh").stdout,
        sealverify(folder / "passed.pdf", "--trust", folder / "trust.pem", "--lang=zh", SEALSERVICE_LANG="en").stdout,
    ):
        assert "真实有效" in chinese
        assert "与盖章时一致" in chinese
    assert "\x1b" not in english, "colours are for terminals"


def test_a_folder_has_the_worst_verdict_in_the_order_of_the_design(folder: Path, tmp_path: Path) -> None:
    done = sealverify(folder, "--trust", folder / "trust.pem", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["conclusion"], done.stdout.count("\n")) == (1, "FAILED", 1)
    assert {item["file"]: item["conclusion"] for item in answer["reports"]} == {
        "failed.pdf": "FAILED",
        "passed.pdf": "PASSED",
        "plain.pdf": "NO_SIGNATURE",
        "unknown.pdf": "INDETERMINATE",
        "unreadable.pdf": "UNREADABLE",
    }
    assert answer["faces"] == []
    for name, code in (("passed", 0), ("plain", 3), ("unreadable", 4), ("unknown", 2), ("failed", 1)):
        (tmp_path / f"{name}.pdf").write_bytes((folder / f"{name}.pdf").read_bytes())
        assert run([str(tmp_path), "--trust", str(folder / "trust.pem")]) == code
    (tmp_path / "empty").mkdir()
    assert run([str(tmp_path / "empty")]) == 3


def test_asked_for_another_time(folder: Path) -> None:
    arguments = [str(folder / "passed.pdf"), "--trust", str(folder / "trust.pem"), "--at"]
    assert run([*arguments, "2027-01-01"]) == 0
    assert run([*arguments, "2045-01-01T00:00:00+08:00"]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--no-such-option"],
        ["passed.pdf", "second.pdf"],
        ["no-such-file.pdf"],
        ["passed.pdf", "--at", "yesterday"],
        ["passed.pdf", "--trust", "no-such-file.pem"],
        ["passed.pdf", "--trust", "plain.pdf"],
        ["passed.pdf", "--trust", "plain.pdf", "--trust-signer", "trust.pem"],
        ["passed.pdf", "--trust-signer", "trust.pem"],
        ["passed.pdf", "--trust", "trust.pem", "--trust-signer", "trust.pem"],
        ["passed.pdf", "--trus", "trust.pem"],
        ["passed.pdf", "--lang", "fr"],
    ],
)
def test_wrong_usage_is_64_and_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as leaving:
        run(arguments)
    assert leaving.value.code == 64
    assert "sealverify: " in capsys.readouterr().err


def test_authorities_of_two_files_are_trusted_together(folder: Path, pki: DemoPki) -> None:
    (folder / "strangers.pem").write_bytes(pki.outside_root.identity.pem)
    for order in (("strangers.pem", "trust.pem"), ("trust.pem", "strangers.pem")):
        assert run([str(folder / "passed.pdf"), *(f"--trust={folder / name}" for name in order)]) == 0


def test_a_signer_of_trust_that_nobody_signed_is_told_and_not_passed_over(folder: Path) -> None:
    arguments = (folder / "passed.pdf", "--trust", folder / "trust.pem", "--trust-signer", folder / "trust.pem")
    for language, word in (("en", "nobody has signed"), ("zh", "没有签名者")):
        done = sealverify(*arguments, SEALSERVICE_LANG=language)
        assert (done.returncode, done.stdout) == (64, "")
        assert word in done.stderr


def test_a_name_cannot_command_the_terminal(pki: DemoPki, tmp_path: Path) -> None:
    from tests.support.pki import Wish

    evil = pki.issuing.issue(Wish(name="\x1b[2J\x1b]0;owned\x07章"))
    (tmp_path / "evil.pdf").write_bytes(press(sample("approval-letter-1-page.pdf"), evil))
    told = sealverify(tmp_path / "evil.pdf").stdout
    assert "\x1b" not in told
    assert "\x07" not in told


def test_help_in_chinese() -> None:
    done = sealverify("--help", LANG="zh_CN.UTF-8")
    assert done.returncode == 0
    assert "退出码" in done.stdout
