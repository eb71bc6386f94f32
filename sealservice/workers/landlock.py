"""Which folders a worker may read: the programs it is made of, fonts, and nothing else of this machine (landlock(7)).

A worker that a hostile document has taken over must not be able to carry a PIN file or a database out inside the
document it writes. Files that were handed over open stay usable. Kernels before 5.13 have no Landlock; the worker says
so in `Sandbox.landlock`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_HANDLED_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_SINCE, _ALL_TCP = 4, 3
_SCOPE_SINCE, _ALL_SCOPES = 6, 3


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict(readable: Iterable[Path]) -> str | None:
    """Closes the file system but for reading beneath `readable`. None when in force, else why it is not.

    Wants `PR_SET_NO_NEW_PRIVS` set before."""
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if abi < 1:
        return f"the kernel has no Landlock ({os.strerror(ctypes.get_errno())})"
    ruleset = _ruleset(libc, abi)
    if ruleset < 0:
        return f"the kernel took no rules ({os.strerror(ctypes.get_errno())})"
    try:
        for folder in readable:
            _allow(libc, ruleset, folder)
        failed = libc.syscall(_RESTRICT_SELF, ruleset, 0)
        return f"the kernel took no rules ({os.strerror(ctypes.get_errno())})" if failed else None
    finally:
        os.close(ruleset)


def _ruleset(libc: ctypes.CDLL, abi: int) -> int:
    files = _HANDLED_BY_ABI[min(abi, max(_HANDLED_BY_ABI))]
    wanted = _Ruleset(files, _ALL_TCP, _ALL_SCOPES)
    size = 24 if abi >= _SCOPE_SINCE else 16 if abi >= _NETWORK_SINCE else 8
    return int(libc.syscall(_CREATE_RULESET, ctypes.byref(wanted), size, 0))


def _allow(libc: ctypes.CDLL, ruleset: int, folder: Path) -> None:
    try:
        parent = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine: nothing to allow
    try:
        allowed = _READ_FILE | (_READ_FOLDER if folder.is_dir() else 0)
        rule = _PathBeneath(allowed, parent)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
