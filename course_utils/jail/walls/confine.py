"""A worker sets itself apart, before it has read a byte of what it will run.

Namespaces and mounts of its own where the level has them, then Landlock, limits and the filter of system calls, and
only then the driver. Who starts it and waits for it is its keeper (`keeper.py`).
"""

import contextlib
import importlib
import json
import os
import signal
import socket
from dataclasses import dataclass
from typing import Any, NoReturn

from course_utils.jail.walls import landlock, rlimits, seccomp, syscalls
from course_utils.jail.walls.rlimits import Limits

NOBODY = 65534  # user and group in the jail
SCRATCH, SHARED, PROC = "/scratch", "/dev/shm", "/proc"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
CONNECTION = 3  # the descriptor of the worker's one socket
_NAMESPACES = {
    "pid": syscalls.CLONE_NEWPID,
    "mount": syscalls.CLONE_NEWNS,
    "net": syscalls.CLONE_NEWNET,
    "ipc": syscalls.CLONE_NEWIPC,
    "uts": syscalls.CLONE_NEWUTS,
}


@dataclass(frozen=True)
class Orders:
    """What the trusted side tells a zygote about its workers; nothing in it is secret.

    namespaces: each worker in its own. filtered: no_new_privs and the filter of system calls are a must.
    landlock: Landlock is a must (elsewhere it is used where it is there). readable: what Landlock lets workers read;
    listable: folders of which it shows the names.
    uid: whom to become first of all, where the zygote starts as root. modules: what to load before the first worker.
    """

    namespaces: bool
    filtered: bool
    landlock: bool
    readable: tuple[str, ...]
    listable: tuple[str, ...]
    uid: int | None
    modules: tuple[str, ...]
    driver: str

    @staticmethod
    def from_dict(data: dict[str, Any]) -> "Orders":
        """From JSON data."""
        fields: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in data.items()}
        return Orders(**fields)


def tell(line: socket.socket, message: dict[str, Any]) -> None:
    """One line of JSON to the trusted side; nobody there is nobody to tell."""
    with contextlib.suppress(OSError):
        line.sendall(json.dumps(message).encode() + b"\n")


def new_namespaces() -> list[str]:
    """Enter them, all but the pid namespace, which the next fork enters. Returns their names. Raises OSError."""
    syscalls.write_id_maps(NOBODY)
    for flag in _NAMESPACES.values():
        syscalls.unshare(flag)
    return ["user", *_NAMESPACES]


def own_mounts(limits: Limits) -> None:
    """Scratch and /dev/shm of this worker alone, of bounded size; and no /proc, so nobody else is in sight."""
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    for place in (SCRATCH, SHARED):
        options = f"size={limits.scratch_mb}m,nr_inodes=4096,mode=0700"
        syscalls.mount("tmpfs", place, "tmpfs", flags, options)
    syscalls.mount("tmpfs", PROC, "tmpfs", flags | syscalls.MS_RDONLY, "size=4k,nr_inodes=2,mode=0555")
    syscalls.sethostname("jail")
    os.chdir(SCRATCH)


def work(
    connection: int,
    line: socket.socket,
    orders: Orders,
    limits: Limits,
    parts: list[str],
    memory: int,
    tasks: int,
) -> NoReturn:
    """The worker: give up all rights, say which, then serve. Does not return."""
    status = 1
    try:
        os.setsid()
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        _give_up_rights(orders, limits, parts, memory, tasks)
        driver = importlib.import_module(orders.driver)
        tell(line, {"ready": parts})
    except BaseException as error:
        tell(line, {"failed": f"{type(error).__name__}: {error}"})
        os._exit(1)
    try:
        line.detach()
        _one_socket(connection)
        driver.main(socket.socket(fileno=CONNECTION))
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    finally:
        os._exit(status & 0xFF)


def _give_up_rights(orders: Orders, limits: Limits, parts: list[str], memory: int, tasks: int) -> None:
    """In the order in which each step still leaves the right to take the next one."""
    syscalls.prctl_if_any(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if orders.filtered:
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        syscalls.drop_capabilities()
        parts.append("no_new_privs")
    if orders.landlock or (orders.filtered and landlock.version()):
        writable = (SCRATCH, SHARED) if orders.namespaces else ()
        parts.append(f"landlock {landlock.restrict(orders.readable, writable, DEVICES, orders.listable)}")
    rlimits.apply(limits, memory, tasks)
    if orders.filtered:
        may_fork = orders.namespaces and limits.processes > 1
        seccomp.install(may_fork=may_fork, only_signal=None if orders.namespaces else os.getpid())
        parts.append("seccomp")


def _one_socket(connection: int) -> None:
    """Nothing but the connection stays open, at one known number; the standard streams lead nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    if connection != CONNECTION:
        os.dup2(connection, CONNECTION, inheritable=False)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.closerange(CONNECTION + 1, 1 << 16)
