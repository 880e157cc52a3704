"""A filter of system calls, put together by hand and handed to the kernel: what a submission has no business with.

What is refused gets EPERM, so that Python raises PermissionError and the submission goes on; a call made in another
machine's convention (32-bit code on 64-bit) ends the process. What is left out: a list of what is *allowed*, which
would have to follow each release of torch; so calls newer than this file are answered as an old kernel would.
"""

import ctypes
import errno
import platform
import struct
from dataclasses import dataclass

from course_utils.jail.walls.refused import REFUSED
from course_utils.jail.walls.syscalls import set_seccomp_filter

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16  # where seccomp_data holds them; an argument's low half comes first
_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020000  # every CLONE_NEW* flag that clone takes
_X32 = 0x40000000

_FORKS = {"fork": (57, None), "vfork": (58, None)}
_SIGNALS = {"kill": (62, 129), "tgkill": (234, 131)}
_TKILL, _CLONE, _PRLIMIT, _PRCTL = (200, 130), (56, 220), (302, 261), (157, 167)
_FCNTL, _IOCTL = (72, 25), (16, 29)
_REFUSED_FCNTL = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: another process gets a signal of our choice
_REFUSED_IOCTL = (0x8901, 0x8902, 0x5412, 0x541C)  # FIOSETOWN and SIOCSPGRP: the same; TIOCSTI and TIOCLINUX: typing
_FIRST_COMMON = 424  # from here on every machine has the same numbers
_COMMON_ALLOWED = (436, 437, 439, 441, 449)  # close_range, openat2, faccessat2, epoll_pwait2, futex_waitv
_REFUSED_PRCTL = (1,)  # PR_SET_PDEATHSIG: a worker ends with its keeper


@dataclass(frozen=True)
class Machine:
    """How one processor's calls are told apart."""

    column: int
    arch: int  # AUDIT_ARCH_*


MACHINES = {"x86_64": Machine(0, 0xC000003E), "aarch64": Machine(1, 0xC00000B7)}


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _give(verdict: int) -> bytes:
    return _op(_RETURN, verdict)


def _refuse(number: int | None, error: int = errno.EPERM) -> bytes:
    return b"" if number is None else _op(_EQUAL, number, 0, 1) + _give(_ERRNO | error)


def _on(number: int | None, body: bytes) -> bytes:
    """`body` for one call. It may load arguments: the call's number is loaded again behind it."""
    if number is None:
        return b""
    body += _op(_LOAD, _NUMBER)
    return _op(_EQUAL, number, 0, len(body) // 8) + body


def _unless_argument(which: int, value: int) -> bytes:
    """Refuse unless the low half of argument `which` is `value`."""
    return _op(_LOAD, _ARGUMENT + 8 * which) + _op(_EQUAL, value, 1, 0) + _give(_ERRNO | errno.EPERM)


def _if_argument(which: int, values: tuple[int, ...]) -> bytes:
    """Refuse if the low half of argument `which` is one of `values`."""
    tests = (_op(_EQUAL, value, 0, 1) + _give(_ERRNO | errno.EPERM) for value in values)
    return _op(_LOAD, _ARGUMENT + 8 * which) + b"".join(tests)


def program(machine: Machine, *, may_fork: bool, only_signal: int | None = None) -> bytes:
    """The filter, eight bytes an instruction.

    may_fork: whether new processes (not only threads) may be started. only_signal: the one process that may be sent
    signals; None where a pid namespace sees to that.
    """
    column = machine.column
    code = [
        _op(_LOAD, _ARCH) + _op(_EQUAL, machine.arch, 1, 0) + _give(_KILL),
        _op(_LOAD, _NUMBER),
        _op(_AT_LEAST, _X32, 0, 1) + _give(_KILL) if machine.arch == MACHINES["x86_64"].arch else b"",
        *(_refuse(row[column]) for row in REFUSED.values()),
    ]
    if not may_fork:
        code += [_refuse(row[column]) for row in _FORKS.values()]
    flags = _op(_LOAD, _ARGUMENT) + _op(_ANY_BIT, _CLONE_NEW, 0, 1) + _give(_ERRNO | errno.EPERM)
    if not may_fork:
        flags += _op(_ANY_BIT, _CLONE_THREAD, 1, 0) + _give(_ERRNO | errno.EPERM)
    code.append(_on(_CLONE[column], flags))
    if only_signal is not None:
        code += [_on(row[column], _unless_argument(0, only_signal)) for row in _SIGNALS.values()]
        code.append(_refuse(_TKILL[column]))
    code.append(_on(_PRLIMIT[column], _unless_argument(0, 0)))  # one's own limits only
    code.append(_on(_PRCTL[column], _if_argument(0, _REFUSED_PRCTL)))
    code.append(_on(_FCNTL[column], _if_argument(1, _REFUSED_FCNTL)))
    code.append(_on(_IOCTL[column], _if_argument(1, _REFUSED_IOCTL)))
    allowed = b"".join(_op(_EQUAL, number, 0, 1) + _give(_ALLOW) for number in _COMMON_ALLOWED)
    # clone3's flags lie in memory, out of a filter's reach; the C library falls back to clone when it is told ENOSYS.
    newer = allowed + _give(_ERRNO | errno.ENOSYS)
    code.append(_op(_AT_LEAST, _FIRST_COMMON, 0, len(newer) // 8) + newer)
    code.append(_give(_ALLOW))
    return b"".join(code)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def available() -> bool:
    """Whether there is a filter for this kind of machine."""
    return platform.system() == "Linux" and platform.machine() in MACHINES


def install(*, may_fork: bool, only_signal: int | None = None) -> None:
    """Filter this thread's calls from now on, and those of all it starts. Needs no_new_privs. Raises OSError."""
    if not available():
        raise OSError(errno.ENOSYS, f"no filter of system calls for {platform.machine()}")
    code = program(MACHINES[platform.machine()], may_fork=may_fork, only_signal=only_signal)
    set_seccomp_filter(_Program(len(code) // 8, code))
