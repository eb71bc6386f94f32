"""Who lives and who is dead is told by a lock that the kernel lets go, however a process ends."""

from __future__ import annotations

import signal
from pathlib import Path

from sealservice.kernel.instance import Instance, is_alive, sweep
from tests.impressions.processes import Line, elsewhere


def live(line: Line, folder: str) -> None:
    instance = Instance(Path(folder))
    line.say(instance.name)
    line.hear()
    instance.close()
    line.say("closed")
    line.hear()


def test_a_process_lives_until_it_is_killed(tmp_path: Path) -> None:
    with elsewhere(live, str(tmp_path)) as other:
        name = other.hear()
        assert is_alive(tmp_path, name)
        other.kill()
        assert other.ended() == -signal.SIGKILL
        assert not is_alive(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_closed_its_house_is_at_work_on_nothing(tmp_path: Path) -> None:
    with elsewhere(live, str(tmp_path)) as other:
        name = other.hear()
        other.say("close")
        assert other.hear() == "closed"
        assert not is_alive(tmp_path, name)
        other.say("end")
        assert other.ended() == 0


def test_asking_about_the_living_harms_nobody(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    assert [is_alive(tmp_path, instance.name) for _ in range(3)] == [True] * 3
    assert [path.name for path in tmp_path.iterdir()] == [instance.name]
    instance.close()
    assert not is_alive(tmp_path, instance.name)


def test_what_the_dead_leave_is_swept_up_and_the_living_stay(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    with elsewhere(live, str(tmp_path)) as other:
        other.hear()
        other.kill()
        other.ended()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [instance.name]
    instance.close()
    sweep(tmp_path / "no such folder")


def test_whoever_was_never_here_is_not_alive(tmp_path: Path) -> None:
    assert not is_alive(tmp_path, "0b9f0b1c-68f5-4a9c-9f3e-0a4b6d1f2c3d")


def test_no_two_processes_have_one_name(tmp_path: Path) -> None:
    one, other = Instance(tmp_path), Instance(tmp_path)
    assert one.name != other.name
    one.close()
    assert not is_alive(tmp_path, one.name)
    assert is_alive(tmp_path, other.name)
    other.close()
