"""`sealservice press` on many files: what becomes of one of them never decides about the others."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealservice.workers.pdf.refusals import CODES
from sealservice.workers.switches import Switch
from tests.cli.conftest import CODE
from tests.cli.terminal import COMMAND, Terminal, command
from tests.support.houses import SAMPLES

LETTER = SAMPLES / "approval-letter-1-page.pdf"
REPLY = SAMPLES / "approval-reply-3-page.pdf"


def _codes(results: list[dict[str, Any]]) -> list[str | None]:
    return [result.get("error", {}).get("code") for result in results]


def test_what_is_no_file_is_told_as_such_and_nobody_waits_for_it(office: Terminal, tmp_path: Path) -> None:
    folder, pipe, missing = tmp_path / "letters", tmp_path / "pipe.pdf", tmp_path / "missing.pdf"
    folder.mkdir()
    os.mkfifo(pipe)
    said = office.ask("press", LETTER, folder, pipe, missing, "/dev/full", "--seal", CODE, "-o", tmp_path / "out")
    assert _codes(said.value["results"]) == [
        *(None, "FILE_IS_FOLDER", "FILE_IS_NO_FILE", "DOCUMENT_FILE_UNREADABLE", "FILE_IS_NO_FILE"),
    ]
    assert said.code == 1
    for asked in (("--picture", pipe), ("--picture", "/dev/zero")):
        request = ("seals", "request", "--owner", "x", "--kind", "official", "--keeper", "x", *asked)
        assert (office.ask(*request).code, office.ask(*request).error) == (1, "FILE_IS_NO_FILE")
    assert office.ask("seals", "make", CODE, "--chain", pipe).error == "FILE_IS_NO_FILE"


@pytest.mark.parametrize("out", ["x.pdf", "X.PDF"])
def test_two_files_do_not_become_one(office: Terminal, tmp_path: Path, out: str) -> None:
    said = office.ask("press", LETTER, REPLY, "--seal", CODE, "-o", tmp_path / out)
    assert (said.code, said.error) == (64, "OUTPUT_FOR_MANY")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_may_be_called_as_it_likes(office: Terminal, tmp_path: Path) -> None:
    (tmp_path / "x.pdf").mkdir()
    office.do("press", LETTER, REPLY, "--seal", CODE, "-o", tmp_path / "x.pdf")
    assert sorted(path.name for path in (tmp_path / "x.pdf").iterdir()) == [LETTER.name, REPLY.name]


def test_a_device_or_a_pipe_is_never_replaced_by_a_file(office: Terminal, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    before = office.do("impressions", "list")
    said = office.ask("press", LETTER, "--seal", CODE, "-o", pipe)
    assert (said.code, said.error) == (1, "FILE_IS_NO_FILE")
    assert office.do("impressions", "list") == before
    for act in (("impressions", "fetch", before[0]["impression"]), ("seals", "export", CODE)):
        assert office.ask(*act, "-o", pipe).error == "FILE_IS_NO_FILE"
    assert pipe.is_fifo()


def test_a_name_that_no_file_can_have_is_told(office: Terminal, tmp_path: Path) -> None:
    said = office.ask("press", LETTER, "--seal", CODE, "-o", tmp_path / ("章" * 100))
    assert (said.code, said.error) == (1, "FILE_UNWRITABLE")
    long = office.ask("press", tmp_path / ("章" * 100), "--seal", CODE, "-o", tmp_path / "out.pdf")
    assert (long.code, _codes(long.value["results"])) == (1, ["FILE_UNREADABLE"])


def test_an_unknown_switch_is_refused_with_the_names_of_those_there_are(office: Terminal, tmp_path: Path) -> None:
    said = office.ask("press", LETTER, "--seal", CODE, "-o", tmp_path / "o.pdf", "--allow", "everything")
    assert (said.code, said.error) == (64, "USAGE_WRONG")
    for switch in CODES:
        assert f"'{switch}'" in said.value["error"]["zh"]
    assert set(Switch) == set(CODES)


def test_a_seal_whose_picture_went_missing_is_told_and_is_not_the_documents_fault(
    office: Terminal, tmp_path: Path
) -> None:
    digest = office.do("seals", "show", CODE)["picture"]["pdf_digest"].removeprefix("sha256:")
    stored = office.home / "documents" / digest[:2] / digest[2:]
    aside = tmp_path / "aside"
    shutil.move(stored, aside)
    try:
        said = office.ask("press", LETTER, REPLY, "--seal", CODE, "-o", tmp_path / "out")
        (first, second) = said.value["results"]
        assert first["error"] == second["error"]
        assert (said.code, first["error"]["code"]) == (78, "SEAL_PICTURE_MISSING")
        assert str(stored) in first["error"]["en"]
        assert str(stored) in first["error"]["zh"]
    finally:
        shutil.move(aside, stored)


def test_breaking_off_tells_what_was_pressed_so_far(office: Terminal, tmp_path: Path) -> None:
    """Ctrl-C after the first file: those that are done are told, and the next command finds the house in order."""
    files = []
    for number in range(200):
        files.append(tmp_path / f"{number:03}.pdf")
        shutil.copyfile(LETTER, files[-1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEALSERVICE_")}
    running = subprocess.Popen(
        [COMMAND, "press", *files, "--seal", CODE, "-o", tmp_path / "out", "--home", office.home],
        env={**kept, "SEALSERVICE_LANG": "en"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    first = running.stdout.readline()
    assert first.startswith("✓ ")
    running.send_signal(signal.SIGINT)
    told = running.communicate()[0]
    assert running.returncode == 130, told
    assert "Broken off" in told
    out = sorted((tmp_path / "out").glob("*.pdf"))
    assert 0 < len(out) < len(files)
    counted = len({line for line in (first + told).splitlines() if line.startswith("✓")})
    assert f"Pressed {counted}, refused or failed 0." in told
    assert len(out) - counted in (0, 1)  # one may have been handed out just before it was broken off
    after = command("impressions", "check", "--json", home=office.home)
    assert (after.code, after.value["even"], after.value["unsettled"]) == (0, True, 0)
