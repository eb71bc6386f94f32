"""A document that takes its reader over gets nothing: no network, no program, no other process, no file, no time."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sealservice.kernel.errors import DocumentRefused, SealServiceError, Unavailable
from sealservice.workers import Automatic, Limits, WorkerPool
from tests.support.pressing import SAMPLES, make_order, press

HOSTILE = [sys.executable, str(Path(__file__).with_name("hostile_child.py"))]
TIGHT = Limits(memory_bytes=64 << 20, cpu_seconds=1, wall_seconds=30)


@pytest.fixture(scope="module")
def hostile() -> Iterator[WorkerPool]:
    with WorkerPool(1, TIGHT, program=HOSTILE) as pool:
        yield pool


def test_both_walls_stand_on_this_machine(pool: WorkerPool) -> None:
    assert pool.sandbox() == {"seccomp": None, "landlock": None}


@pytest.mark.parametrize(
    ("what", "refusals"),
    [
        ("socket", {errno.EPERM}),
        ("program", {errno.EPERM}),
        ("fork", {errno.EPERM}),
        ("kill", {errno.EPERM}),
        ("write", {errno.EPERM}),
        ("read", {errno.EACCES}),
        ("remove", {errno.EPERM}),
    ],
)
def test_the_kernel_refuses(what: str, refusals: set[int], hostile: WorkerPool, tmp_path: Path) -> None:
    secret = tmp_path / "pin"
    secret.write_text("123456")
    path = tmp_path / "new" if what == "write" else secret
    answer = hostile.run("attempt", {"what": what, "path": str(path)})
    assert answer.get("errno") in refusals, answer
    assert secret.read_text() == "123456"
    assert sorted(tmp_path.iterdir()) == [secret]


def test_it_reads_the_file_that_was_handed_over(hostile: WorkerPool) -> None:
    with (SAMPLES / "approval-letter-1-page.pdf").open("rb") as file:
        assert hostile.run("attempt", {"what": "given"}, [file.fileno()]) == {"done": "%PDF-"}


def test_it_knows_no_keys_no_database_and_no_settings(hostile: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = hostile.run("attempt", {"what": "imported"})["done"].split()
    assert "pikepdf" in modules
    assert not {"pkcs11", "sqlalchemy", "httpx2", "sealservice.kernel.database"} & set(modules)
    assert not [name for name in modules if name.split(".")[0] == "keystore"]
    monkeypatch.setenv("SEALSERVICE_PIN", "123456")
    with WorkerPool(1, program=HOSTILE) as fresh:
        names = fresh.run("attempt", {"what": "environment"})["done"].split()
    assert set(names) <= {"PYTHONPATH", "PYTHONSAFEPATH", "LC_ALL", "PATH", "LC_CTYPE"}


@pytest.mark.parametrize(
    ("what", "kind", "code"),
    [
        ("memory", DocumentRefused, "DOCUMENT_TAKES_MEMORY"),
        ("loop", DocumentRefused, "DOCUMENT_TAKES_TIME"),
        ("crash", DocumentRefused, "DOCUMENT_BREAKS_READER"),
        ("exit", Unavailable, "WORKER_LOST"),
        ("raise", Unavailable, "WORKER_FAILED"),
    ],
)
def test_what_goes_wrong_is_named_and_the_next_job_works(
    what: str, kind: type[SealServiceError], code: str, hostile: WorkerPool
) -> None:
    with pytest.raises(kind) as problem:
        hostile.run("attempt", {"what": what})
    assert problem.value.code == code
    assert "{" not in problem.value.text.zh
    assert "done" in hostile.run("attempt", {"what": "imported"})


def test_a_worker_that_hangs_is_given_up(hostile: WorkerPool) -> None:
    with pytest.raises(Unavailable) as problem:
        hostile.run("attempt", {"what": "hang"}, limits=replace(TIGHT, wall_seconds=0.2))
    assert problem.value.code == "WORKER_TOO_SLOW"
    assert "done" in hostile.run("attempt", {"what": "imported"})


def test_a_worker_killed_in_the_middle_of_a_job_is_replaced(hostile: WorkerPool) -> None:
    before = child_processes(os.getpid())
    with ThreadPoolExecutor(1) as other:
        job = other.submit(hostile.run, "attempt", {"what": "hang"})
        victim = wait_for(lambda: next((one for one in child_processes(os.getpid()) if is_hostile(one)), None))
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(Unavailable) as problem:
            job.result()
    assert problem.value.code == "WORKER_LOST"
    assert "done" in hostile.run("attempt", {"what": "imported"})
    assert len(child_processes(os.getpid())) <= len(before) + 1


def test_a_document_is_pressed_after_a_worker_died_idle(picture: Path, tmp_path: Path) -> None:
    with WorkerPool(1) as pool:
        before = set(child_processes(os.getpid()))
        pool.sandbox()
        (idle,) = set(child_processes(os.getpid())) - before
        os.kill(idle, signal.SIGKILL)
        os.waitid(os.P_PID, idle, os.WEXITED | os.WNOWAIT)
        press(pool, SAMPLES / "approval-letter-1-page.pdf", tmp_path / "out.pdf", make_order(Automatic(), picture))


def test_many_threads_share_few_workers(picture: Path, tmp_path: Path) -> None:
    document, order = SAMPLES / "approval-letter-1-page.pdf", make_order(Automatic(), picture)
    with WorkerPool(2) as pool, ThreadPoolExecutor(8) as callers:
        before = len(child_processes(os.getpid()))
        jobs = [callers.submit(pool.prepare, document, tmp_path / f"{number}.pdf", order) for number in range(24)]
        digests = {job.result().digest for job in jobs}
        assert len(child_processes(os.getpid())) <= before + 2
    assert len(digests) == 1


def test_who_waits_too_long_is_told(hostile: WorkerPool) -> None:
    with WorkerPool(1, TIGHT, program=HOSTILE, patience_seconds=0.05) as pool:
        started = threading.Event()
        with ThreadPoolExecutor(1) as other:
            brief = replace(TIGHT, wall_seconds=0.5)
            other.submit(lambda: (started.set(), pool.run("attempt", {"what": "hang"}, limits=brief)))
            started.wait()
            with pytest.raises(Unavailable) as problem:
                wait_for(lambda: pool.run("attempt", {"what": "given"}) and None)
    assert problem.value.code == "WORKERS_BUSY"


def test_a_closed_pool_takes_nothing_more() -> None:
    pool = WorkerPool(1)
    pool.close()
    with pytest.raises(Unavailable) as problem:
        pool.sandbox()
    assert problem.value.code == "WORKERS_CLOSED"


@pytest.mark.parametrize("busy", [False, True])
def test_no_worker_outlives_its_parent(busy: bool) -> None:
    """kill -9 the service: the kernel ends its workers, idle or not."""
    program = (
        "import sys, threading; from sealservice.workers import WorkerPool\n"
        f"pool = WorkerPool(1, program={HOSTILE!r})\n"
        "pool.sandbox(); print('ready', flush=True)\n"
        f"pool.run('attempt', {{'what': 'hang'}}) if {busy} else sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent.stdin, parent.stdout:
        assert parent.stdout.readline() == b"ready\n"
        (worker,) = child_processes(parent.pid)
        watched = os.pidfd_open(worker)
        parent.kill()
        parent.wait()
    try:
        wait_for_end(watched)
    finally:
        os.close(watched)


def child_processes(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def is_hostile(process: int) -> bool:
    return b"hostile_child" in Path(f"/proc/{process}/cmdline").read_bytes()


def wait_for(look):  # type: ignore[no-untyped-def]
    """Asks until there is an answer; the suite's own time limit ends it otherwise."""
    while (answer := look()) is None:
        os.sched_yield()
    return answer


def wait_for_end(watched: int) -> None:
    import select

    assert select.select([watched], [], [], 30)[0], "the worker still lives"
