"""Landlock: the kernel lets a process give up the file system, TCP and signals to others, for good, and without root.

What is left out: UDP and the other socket families (no network namespace or seccomp at hand, no `socket` call either),
and looking at a file's name, size and mode, which Landlock does not govern.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

from course_utils.jail.walls.syscalls import syscall

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION = 1  # flag of _CREATE: tell the version instead
_BENEATH = 1  # type of a rule: a folder or file

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
_LAST_RIGHT = {1: 12, 2: 13, 3: 14, 4: 14}  # version -> highest right of files it knows; 15 from version 5
_TCP_FROM, _SCOPE_FROM = 4, 6  # versions that know bind and connect; abstract sockets and signals


def version() -> int:
    """The kernel's version of Landlock, 0 where there is none or it is off."""
    try:
        return syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EINVAL):
            return 0
        raise


def _all_rights(number: int) -> int:
    return (1 << (_LAST_RIGHT.get(number, 15) + 1)) - 1


def restrict(
    readable: Iterable[str],
    writable: Iterable[str] = (),
    devices: Iterable[str] = (),
    listable: Iterable[str] = (),
) -> int:
    """Let this thread read beneath `readable`, write too beneath `writable`, and use `devices`, from now on.

    Beneath `listable` it sees the names in folders, without reading a file.
    Needs no_new_privs. Paths that aren't there are left out. Returns the version that was used.
    Raises OSError where there is no Landlock.
    """
    number = version()
    if not number:
        raise OSError(errno.ENOSYS, "the kernel has no Landlock")
    rights = _all_rights(number)
    ruleset = _ruleset(number, rights)
    try:
        for path in readable:
            _allow(ruleset, path, READ)
        for path in listable:
            _allow(ruleset, path, READ_DIR)
        for path in writable:
            _allow(ruleset, path, rights & ~(1 << 6 | 1 << 11 | EXECUTE))  # no character or block device is made
        for path in devices:
            _allow(ruleset, path, (READ_FILE | WRITE_FILE | TRUNCATE) & rights)
        syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return number


def _ruleset(number: int, rights: int) -> int:
    """A rule set that handles all that this version knows: what no rule allows is denied."""
    fields = struct.pack("<Q", rights)
    if number >= _TCP_FROM:
        fields += struct.pack("<Q", 3)
    if number >= _SCOPE_FROM:
        fields += struct.pack("<Q", 3)
    buffer = ctypes.create_string_buffer(fields, len(fields))
    return syscall(_CREATE, buffer, ctypes.c_size_t(len(fields)), ctypes.c_uint32(0))


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if os.path.isdir(path) else rights & _FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("<Qi", allowed, handle), 12)
        syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(handle)
