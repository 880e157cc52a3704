"""The few calls of Linux that Python 3.11 has no name for: unshare, mount, prctl, capabilities.

What is left out: any decision. Who calls what, and in which order, is in `confine.py` and `namespaces.py`.
"""

import contextlib
import ctypes
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leave these namespaces for new ones. Raises OSError where the kernel or a container's profile refuses."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """`mount(2)`; "" stands for a null pointer. Raises OSError that names the target."""
    arguments = (source.encode() or None, target.encode(), kind.encode() or None)
    _checked(_libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make the mount at `new` the root, and hang the old root at `old`. Raises OSError."""
    _checked(_libc.pivot_root(new.encode(), old.encode()), "pivot_root")


def unmount(target: str) -> None:
    """Take a mount out of the tree at once, whoever still uses it. Raises OSError."""
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def sethostname(name: str) -> None:
    """The machine's name as this UTS namespace sees it. Raises OSError without the right to."""
    _checked(_libc.sethostname(name.encode(), ctypes.c_size_t(len(name))), "sethostname")


def prctl(option: int, value: int | ctypes.c_void_p = 0) -> None:
    """`prctl(2)` with one argument. Raises OSError."""
    wide = value if isinstance(value, ctypes.c_void_p) else ctypes.c_ulong(value)
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(ctypes.c_int(option), wide, zero, zero, zero), f"prctl {option}")


def prctl_if_any(option: int, value: int) -> None:
    """`prctl` where there is one: nothing happens where it is refused, and on other systems than Linux."""
    with contextlib.suppress(OSError, AttributeError):
        prctl(option, value)


def set_seccomp_filter(program: ctypes.Structure) -> None:
    """Install a filter for this thread and what it starts. Needs no_new_privs. Raises OSError."""
    mode = ctypes.c_ulong(2)
    _checked(_libc.prctl(PR_SET_SECCOMP, mode, ctypes.byref(program), 0, 0), "seccomp")


def syscall(number: int, *arguments: object) -> int:
    """A call that the C library has no function for. Raises OSError."""
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments), f"syscall {number}")


def drop_capabilities() -> None:
    """Give up every capability of this thread, for itself and for what it may run. Raises OSError."""
    for capability in range(_LAST_CAPABILITY + 1):
        # EINVAL beyond the kernel's last one; EPERM when there was none to give up.
        _libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION_3, 0), 8)
    nothing = ctypes.create_string_buffer(24)
    _checked(_libc.capset(header, nothing), "capset")


def become(uid: int) -> None:
    """Root only: really be user and group `uid`, with no other group. Raises OSError."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    prctl(PR_SET_DUMPABLE, 1)  # else /proc/self stays root's, and the worker couldn't write its uid_map


def write_id_maps(inside: int) -> None:
    """In a new user namespace: be `inside`, whoever we were outside. Raises OSError.

    The real ids have to be read before the namespace is entered, so this does both.
    """
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{inside} {uid} 1"), ("gid_map", f"{inside} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
