"""A PKCS#11 module by its function list: start it, stop it, tell it that we have threads, initialise a token.

python-pkcs11 starts a module with C_Initialize(NULL), which promises that there is one thread only; SoftHSM then runs
without locks and two threads crash it. Here the module is stopped and started again with CKF_OS_LOCKING_OK (PKCS#11
v2.40 section 5.4), before any session is open. All functions are reached through C_GetFunctionList, the one symbol
that every module must export. This room knows ctypes and no python-pkcs11.
"""

from __future__ import annotations

import ctypes
import os
from enum import StrEnum
from pathlib import Path

from keystore.errors import KeyStoreMisconfigured

CKR_OK = 0x0
CKR_CANT_LOCK = 0xA
CKR_CRYPTOKI_NOT_INITIALIZED = 0x190
_OS_LOCKING_OK = 0x2

# places in CK_FUNCTION_LIST, after its version
_INITIALIZE, _FINALIZE, _INIT_TOKEN = 0, 1, 9
_FUNCTIONS = _INIT_TOKEN + 1


class Locking(StrEnum):
    """How threads may use the module."""

    OS = "OS"  # any number of sessions, one thread each
    ONE_AT_A_TIME = "ONE_AT_A_TIME"  # the module cannot lock: one session behind one lock


class _InitializeArguments(ctypes.Structure):
    _fields_ = (
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _FunctionList(ctypes.Structure):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * _FUNCTIONS))


class NativeModule:
    """The same shared object that python-pkcs11 holds (dlopen gives one object a file), seen through ctypes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            library = ctypes.CDLL(os.fspath(path))
            get_function_list = library.C_GetFunctionList
        except (OSError, AttributeError) as problem:
            raise KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_LOADED", module=path, reason=problem) from problem
        pointer = ctypes.POINTER(_FunctionList)()
        if get_function_list(ctypes.byref(pointer)) != CKR_OK:
            raise KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_LOADED", module=path, reason="no function list")
        functions = pointer.contents.functions
        pointer_argument = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)
        self._initialize = pointer_argument(functions[_INITIALIZE])
        self._finalize = pointer_argument(functions[_FINALIZE])
        self._init_token = ctypes.CFUNCTYPE(
            ctypes.c_ulong, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p
        )(functions[_INIT_TOKEN])

    def restart(self) -> Locking:
        """Stop the module and start it with the operating system's locks, or, if it cannot lock, without.

        Every session, login and handle is gone afterwards, so nobody may be inside the module."""
        stopped = self._finalize(None)
        if stopped not in (CKR_OK, CKR_CRYPTOKI_NOT_INITIALIZED):
            raise self._not_loaded("C_Finalize", stopped)
        answer = self._initialize(ctypes.byref(_InitializeArguments(flags=_OS_LOCKING_OK)))
        if answer == CKR_OK:
            return Locking.OS
        if answer != CKR_CANT_LOCK:
            raise self._not_loaded("C_Initialize", answer)
        answer = self._initialize(None)
        if answer != CKR_OK:
            raise self._not_loaded("C_Initialize", answer)
        return Locking.ONE_AT_A_TIME

    def init_token(self, slot: int, label: str, so_pin: str) -> None:
        """C_InitToken (v2.40 section 5.5) on an empty slot. The PIN goes through memory, never a command line."""
        pin = so_pin.encode()
        answer = self._init_token(slot, pin, len(pin), label.encode().ljust(32))
        if answer != CKR_OK:
            raise KeyStoreMisconfigured("KEYSTORE_TOKEN_NOT_MADE", token=label, answer=hex(answer))

    def _not_loaded(self, function: str, answer: int) -> KeyStoreMisconfigured:
        reason = f"{function} answered {answer:#x}"
        return KeyStoreMisconfigured("KEYSTORE_MODULE_NOT_LOADED", module=self._path, reason=reason)
