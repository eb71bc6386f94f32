"""What the scripts say on a machine that lacks something, and what they leave behind when they break off."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.architecture.source import ROOT


def _program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def _bash(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/bash", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_a_python_that_is_too_old_is_told_in_both_languages(tmp_path: Path) -> None:
    _program(tmp_path, "python3", 'case "$1" in --version) echo Python 3.9.18;; *) exit 1;; esac')
    done = _bash("set -euo pipefail; . scripts/prepare; need_python", PATH=str(tmp_path))
    assert done.returncode == 78
    assert "needs Python 3.11 or newer; here is Python 3.9.18" in done.stderr
    assert "需要 Python 3.11 或更高版本" in done.stderr


def test_a_newer_python_beside_an_old_one_is_found(tmp_path: Path) -> None:
    _program(tmp_path, "python3", "exit 1")
    _program(tmp_path, "python3.12", "exit 0")
    done = _bash('set -euo pipefail; . scripts/prepare; need_python; echo "$python"', PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "python3.12\n")


def test_a_database_server_that_does_not_start_leaves_nothing_behind(tmp_path: Path) -> None:
    """It breaks off once its folder is made: here because that cannot be given to the server's account."""
    _program(tmp_path, "id", "echo 0")
    _program(tmp_path, "chown", 'echo "$2" > "$0.given"; exit 1')
    lines = (ROOT / "scripts" / "test").read_text(encoding="utf-8").splitlines()
    first = lines.index(". scripts/postgresql")
    start = "\n".join(lines[first : first + 3])
    assert "start_postgresql" in start
    done = _bash(f"set -euo pipefail\n{start}", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode != 0
    given = tmp_path / "chown.given"
    assert given.exists()
    assert not Path(given.read_text().strip()).exists()
