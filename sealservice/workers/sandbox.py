"""What a worker gives up before it reads its first document.

It dies with its parent, leaves no core dump, gains no rights, and the kernel refuses it (seccomp, EPERM) to open a
socket, to start a program or a process, to touch another process, and to create, change or remove any file; Landlock
refuses it to read anything but the programs it is made of and fonts. So it works on the files that were handed to it.
Where the machine lacks one of the two, the worker still runs under its limits and says so in `Sandbox`, which
`sealservice doctor` shows. Refuses to know what a PDF is.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sealverify
from sealservice.workers import landlock

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

_ALLOW = 0x7FFF0000
_EPERM = 0x00050000 | 1
_ENOSYS = 0x00050000 | 38
_NE, _MASKED_EQ = 1, 7
_CLONE_THREAD = 0x00010000

_DENIED = """
    socket socketpair connect bind listen accept accept4
    execve execveat fork vfork ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal kcmp
    kill tkill rt_sigqueueinfo rt_tgsigqueueinfo
    creat unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat mkdir mkdirat rmdir mknod mknodat
    chmod fchmod fchmodat chown fchown fchownat lchown truncate utime utimes utimensat setxattr lsetxattr fsetxattr
    mount umount2 move_mount fsopen fsmount open_tree pivot_root chroot setns unshare open_by_handle_at
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset personality
    bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key
    init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct settimeofday
    clock_settime adjtimex syslog quotactl ioperm iopl shmget shmat msgget semget mq_open
    inotify_init inotify_init1 fanotify_init
"""
_FOR_WRITING = (os.O_WRONLY, os.O_RDWR, os.O_CREAT)


class _Argument(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


@dataclass(frozen=True)
class Sandbox:
    """What holds this worker. None where the wall stands, else why it does not."""

    seccomp: str | None
    landlock: str | None


def enter(parent: int, readable: Iterable[Path] = ()) -> Sandbox:
    """Gives up everything at once, for good. `parent` is the process that this one dies with, `readable` are folders
    that it may read besides its own programs."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    wall = landlock.restrict((*_programs(), *readable))
    return Sandbox(seccomp=_seccomp(), landlock=wall)


def _programs() -> tuple[Path, ...]:
    packages = [Path(package).parent for package in (__file__, str(sealverify.__file__))]
    ours = (packages[0].parent, packages[1])
    system = map(Path, ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/dev/urandom"))
    return (*ours, Path(sys.prefix), Path(sys.base_prefix), *system)


def _seccomp() -> str | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError:
        return "libseccomp.so.2 is not on this machine"
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Argument)
    ]  # fmt: skip
    context = library.seccomp_init(_ALLOW)
    if not context:
        return "libseccomp could not begin a filter"
    _deny(library, context)
    error = library.seccomp_load(context)
    return f"the kernel took no filter (error {-error})" if error else None


def _deny(library: ctypes.CDLL, context: int) -> None:
    for name in _DENIED.split():
        _rule(library, context, _EPERM, name)
    for flag in _FOR_WRITING:
        _rule(library, context, _EPERM, "open", _Argument(1, _MASKED_EQ, flag, flag))
        _rule(library, context, _EPERM, "openat", _Argument(2, _MASKED_EQ, flag, flag))
    _rule(library, context, _ENOSYS, "openat2")  # its flags lie where no filter looks; callers fall back to openat
    _rule(library, context, _ENOSYS, "clone3")  # likewise; glibc falls back to clone
    _rule(library, context, _EPERM, "clone", _Argument(0, _MASKED_EQ, _CLONE_THREAD, 0))
    _rule(library, context, _EPERM, "tgkill", _Argument(0, _NE, os.getpid(), 0))
    _rule(library, context, _EPERM, "prlimit64", _Argument(0, _NE, 0, 0))


def _rule(library: ctypes.CDLL, context: int, action: int, name: str, *arguments: _Argument) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:  # a negative one does not exist on this machine
        array = (_Argument * max(len(arguments), 1))(*arguments)
        library.seccomp_rule_add_array(context, action, number, len(arguments), array)
