"""Files made to hurt their reader: the child dies, the answer comes, and the next file is judged as ever."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import mmap
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

import pytest

from sealverify import Policy, Trust
from sealverify.guard import Limits, examine_guarded, run_guarded
from tests.support.pki import DemoPki
from tests.support.sealing import sample
from tests.support.tampering import append_revision, number_of, root, size, spelled, stream

SHORT = Limits(cpu_seconds=1, wall_seconds=5, memory_bytes=512 * 1024 * 1024)


def hang() -> NoReturn:
    while True:
        pass


def wait() -> NoReturn:
    while True:
        signal.pause()


def fill_the_memory() -> dict[str, Any]:
    return {"hoard": [bytes(50_000_000) for _ in range(1000)]}


def crash() -> dict[str, Any]:
    faulthandler.disable()
    ctypes.string_at(0)
    return {}


def leave_silently() -> NoReturn:
    os._exit(0)


def babble() -> dict[str, Any]:
    raise RuntimeError("nobody catches me")


@pytest.mark.parametrize("deed", [hang, fill_the_memory, crash, leave_silently, babble])
def test_whatever_the_child_does_there_is_an_answer(deed: Any) -> None:
    answer = run_guarded(deed, SHORT)
    assert answer["conclusion"] == "UNREADABLE"
    assert answer["summary"]["zh"].startswith("无法检验该文件")


def test_one_that_only_waits_is_given_up_on() -> None:
    answer = run_guarded(wait, Limits(wall_seconds=0.3))
    assert "0.3 seconds" in answer["summary"]["en"]


def test_a_large_program_examines_what_a_small_one_can(pki: DemoPki, sealed: bytes, tmp_path: Path) -> None:
    """Memory is counted from what the program has already, here more than all that the child may take."""
    (tmp_path / "sealed.pdf").write_bytes(sealed)
    with mmap.mmap(-1, 2 * Limits().memory_bytes):
        answer = examine_guarded(tmp_path / "sealed.pdf", Policy(trust=Trust.from_pem(pki.anchors)))
    assert answer["conclusion"] == "PASSED"


def test_a_program_that_is_limited_itself_examines_within_its_limits(sealed: bytes, tmp_path: Path) -> None:
    (tmp_path / "sealed.pdf").write_bytes(sealed)
    limits = "ulimit -t 9; ulimit -f 0; ulimit -v 900000"
    command = [sys.executable, "-m", "sealverify", str(tmp_path / "sealed.pdf"), "--json"]
    done = subprocess.run(["bash", "-c", f"{limits}; exec {shlex.join(command)}"], capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["conclusion"]) == (2, "INDETERMINATE")


def test_the_child_has_no_file_and_no_connection_of_the_programs() -> None:
    def names() -> dict[str, Any]:
        numbers = (Path(f"/proc/self/fd/{number}") for number in range(1024))
        return {"open": [str(number.readlink()) for number in numbers if number.is_symlink()]}

    ours, theirs = socket.socketpair()
    with ours, theirs, tempfile.TemporaryFile():
        found = run_guarded(names, SHORT)["open"]
    assert sorted(name.split(":")[0] for name in found) == ["/dev/null"] * 3 + ["pipe"]


def test_the_next_file_is_judged_as_ever(pki: DemoPki, sealed: bytes, tmp_path: Path) -> None:
    run_guarded(crash, SHORT)
    (tmp_path / "sealed.pdf").write_bytes(sealed)
    answer = examine_guarded(tmp_path / "sealed.pdf", Policy(trust=Trust.from_pem(pki.anchors)))
    assert answer["conclusion"] == "PASSED"


def page_tree_in_circles(data: bytes) -> bytes:
    pages = number_of(data, "/Pages")
    return append_revision(data, {pages: spelled(data, pages, Kids=b"[%d 0 R %d 0 R]" % (pages, pages))})


def deeply_nested_array(data: bytes) -> bytes:
    return append_revision(data, {size(data): b"[" * 100_000 + b"]" * 100_000})


def parents_in_circles(data: bytes) -> bytes:
    catalog, field = int(root(data).split()[0]), size(data)
    form = b"<< /Fields [%d 0 R] >>" % field
    return append_revision(
        data, {catalog: spelled(data, catalog, AcroForm=form), field: b"<< /T (x) /Parent %d 0 R >>" % field}
    )


def packed_object_stream(data: bytes) -> bytes:
    packed = zlib.compress(b"1 0 " + b" " * 300_000_000, 9)
    return append_revision(data, {size(data): stream(packed, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")})


def packed_cross_reference(data: bytes) -> bytes:
    packed = zlib.compress(bytes(300_000_000), 9)
    entries = b"/Type /XRef /W [1 4 2] /Size 40000000 /Filter /FlateDecode /Root %s" % root(data)
    start = len(data)
    body = b"%d 0 obj\n%s\nendobj\n" % (size(data), stream(packed, entries))
    return data + body + b"startxref\n%d\n%%%%EOF\n" % start


@pytest.mark.parametrize(
    "make",
    [page_tree_in_circles, deeply_nested_array, parents_in_circles, packed_object_stream, packed_cross_reference],
    ids=lambda item: item.__name__,
)
@pytest.mark.parametrize("signed", [False, True])
def test_files_made_to_hurt(sealed: bytes, tmp_path: Path, make: Any, signed: bool) -> None:
    (tmp_path / "hostile.pdf").write_bytes(make(sealed if signed else sample("approval-letter-1-page.pdf")))
    answer = examine_guarded(tmp_path / "hostile.pdf", Policy(), Limits(cpu_seconds=8, wall_seconds=20))
    assert answer["conclusion"] in ({"FAILED", "UNREADABLE"} if signed else {"NO_SIGNATURE", "UNREADABLE"})
