"""A module that is new here is tried in a process of its own before it is loaded into ours.

A PKCS#11 module is foreign code: a wrong one crashes or hangs, and takes the process with it. Which file was tried
(path, size, time of change) is kept in the state folder, so that this happens once for each new file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from keystore import errors
from keystore.pin import locked, write_private
from keystore.settings import TokenSettings

_RECORD = "tested-modules.json"
_SECONDS = 60


def vet(settings: TokenSettings) -> None:
    """Tries the module in a child process if this file was not tried before. Raises what the child met.

    The child reads the PIN from its source itself; no PIN crosses the border."""
    fingerprint = _fingerprint(settings.module)
    record = settings.state_folder / _RECORD
    if fingerprint in _read(record):
        return
    _try_in_child(settings)
    with locked(settings.state_folder, "modules"):
        write_private(record, json.dumps([*_read(record), fingerprint], indent=1))


def _fingerprint(module: Path) -> list[Any]:
    try:
        facts = module.stat()
    except OSError as problem:
        raise errors.KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_FOUND", module=module) from problem
    return [str(module.resolve()), facts.st_size, facts.st_mtime_ns]


def _read(record: Path) -> list[Any]:
    """Nothing where it cannot be read: the module is tried once more then, and the record is written anew."""
    try:
        tested = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return tested if isinstance(tested, list) else []


def _try_in_child(settings: TokenSettings) -> None:
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    try:
        child = subprocess.run(
            [sys.executable, "-m", "keystore.trial"],
            input=json.dumps(settings.as_json()),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired as problem:
        raise _crashed(settings, f"no answer within {_SECONDS} seconds") from problem
    if child.returncode == 0:
        return
    try:
        answer = json.loads(child.stdout)
    except ValueError as problem:
        raise _crashed(settings, f"exit status {child.returncode}") from problem
    raise getattr(errors, answer["error"])(answer["code"], **answer["details"])


def _crashed(settings: TokenSettings, reason: str) -> errors.SelfTestFailed:
    return errors.SelfTestFailed("KEYSTORE_MODULE_CRASHED", module=settings.module, reason=reason)
