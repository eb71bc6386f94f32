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
from keystore.algorithms import MechanismProfile, SignerIdentity, TokenInput, TokenOutput
from keystore.pin import locked, pin_source_from_json, write_private
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
    with locked(settings.state_folder):
        write_private(record, json.dumps([*_read(record), fingerprint], indent=1))


def _fingerprint(module: Path) -> list[Any]:
    try:
        facts = module.stat()
    except OSError as problem:
        raise errors.KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_FOUND", module=module) from problem
    return [str(module.resolve()), facts.st_size, facts.st_mtime_ns]


def _read(record: Path) -> list[Any]:
    try:
        return list(json.loads(record.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return []


def _try_in_child(settings: TokenSettings) -> None:
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    try:
        child = subprocess.run(
            [sys.executable, "-m", "keystore.trial"],
            input=json.dumps(_as_json(settings)),
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


def _as_json(settings: TokenSettings) -> dict[str, Any]:
    return {
        "module": str(settings.module),
        "token_label": settings.token_label,
        "pin_source": settings.pin_source.as_json(),
        "state_folder": str(settings.state_folder),
        "softhsm_conf": None if settings.softhsm_conf is None else str(settings.softhsm_conf),
        "wrapping_allowed": settings.wrapping_allowed,
        "profiles": {
            oid: [row.mechanism, row.token_input, row.token_output, row.identity]
            for oid, row in settings.profiles.items()
        },
    }


def settings_from_json(data: dict[str, Any]) -> TokenSettings:
    profiles = {
        oid: MechanismProfile(
            mechanism=mechanism,
            token_input=TokenInput(given),
            token_output=TokenOutput(taken),
            identity=SignerIdentity(identity),
        )
        for oid, (mechanism, given, taken, identity) in data["profiles"].items()
    }
    return TokenSettings(
        module=Path(data["module"]),
        token_label=data["token_label"],
        pin_source=pin_source_from_json(data["pin_source"]),
        state_folder=Path(data["state_folder"]),
        softhsm_conf=None if data["softhsm_conf"] is None else Path(data["softhsm_conf"]),
        sessions=1,
        wrapping_allowed=data["wrapping_allowed"],
        profiles=profiles,
    )
