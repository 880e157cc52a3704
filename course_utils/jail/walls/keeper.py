"""A worker's keeper: a small process that holds the leash, reaps, reports the end, and takes everything along.

Three processes, each a fork of the one before: one that enters new namespaces and ends; the keeper, process 1 of the
new pid namespace, whose end is everybody's there; and the worker (`confine.py`). Where there are no namespaces, keeper
and worker are all there is, and the keeper adopts and ends what the worker leaves behind.
"""

import contextlib
import os
import resource
import select
import signal
import socket
from typing import NoReturn

from course_utils.jail.walls import rlimits, syscalls
from course_utils.jail.walls.confine import Orders, new_namespaces, own_mounts, tell, work
from course_utils.jail.walls.rlimits import Limits


def keep_worker(connection: int, leash: int, orders: Orders, limits: Limits) -> NoReturn:
    """Right after the zygote's fork: be the worker's keeper until its end. Does not return."""
    line = socket.socket(fileno=leash)
    try:
        _close_but(connection, leash)
        parts = ["rlimits"]
        if orders.namespaces:
            parts += new_namespaces()
            if os.fork():
                os._exit(0)
            if os.getpid() != 1:
                raise OSError("the pid namespace is not new")  # `_empty_namespace` kills all that it sees
        else:
            # `_wait` hears it, so that we still clean up.
            syscalls.prctl_if_any(syscalls.PR_SET_PDEATHSIG, signal.SIGTERM)
            syscalls.prctl_if_any(syscalls.PR_SET_CHILD_SUBREAPER, 1)
        _keep(connection, line, orders, limits, parts)
    except BaseException as error:
        tell(line, {"failed": f"{type(error).__name__}: {error}"})
    os._exit(1)


def _keep(connection: int, line: socket.socket, orders: Orders, limits: Limits, parts: list[str]) -> NoReturn:
    """Start the worker, wait for its end or for the leash's, report, and take everything along."""
    os.setsid()
    memory = rlimits.memory_in_use()
    tasks = 0 if orders.namespaces else rlimits.tasks_of(os.getuid())
    score = _open_score()
    if orders.namespaces:
        own_mounts(limits)
        parts.append("tmpfs")
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # a handler must exist for the wake-up descriptor to be written
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _write_score(score, "1000")  # if the machine runs out of memory, the worker is the one to sacrifice
    worker = os.fork()
    if worker == 0:
        signal.set_wakeup_fd(-1)
        work(connection, line, orders, limits, parts, memory, tasks)
    _write_score(score, "0")
    os.close(connection)
    status = _wait(worker, line, woken)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    if orders.namespaces:
        _empty_namespace()  # the kernel would do so when we end, but only after the leash has told that we did
    else:
        _kill_children()
    if status is not None:
        tell(line, {"status": status, "cpu": used.ru_utime + used.ru_stime})
    os._exit(0)


def _wait(worker: int, line: socket.socket, woken: int) -> int | None:
    """The worker's exit status, or None once the trusted side has let go of the leash or the zygote is gone."""
    poll = select.poll()
    poll.register(line, select.POLLIN | select.POLLHUP)
    poll.register(woken, select.POLLIN)
    while True:
        for handle, _ in poll.poll():
            if handle == line.fileno():
                return None
            if signal.SIGTERM in os.read(woken, 4096):
                return None
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == worker:
                    return os.waitstatus_to_exitcode(ended[1])


def _empty_namespace() -> None:
    """As process 1 of a pid namespace, whose orphans are all ours: kill and reap until there is nobody else."""
    with contextlib.suppress(ChildProcessError):
        while True:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            os.waitpid(-1, 0)


def _kill_children() -> None:
    """Where no pid namespace ends them: kill our children until there are none, adopted ones included."""
    path = f"/proc/self/task/{os.getpid()}/children"
    while True:
        try:
            with open(path) as file:
                children = [int(pid) for pid in file.read().split()]
        except OSError:
            return
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _open_score() -> int | None:
    with contextlib.suppress(OSError):
        return os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    return None


def _write_score(score: int | None, value: str) -> None:
    if score is not None:
        with contextlib.suppress(OSError):
            os.pwrite(score, value.encode(), 0)


def _close_but(*wanted: int) -> None:
    """Close every descriptor above the standard three but these."""
    kept = sorted(wanted)
    for low, high in zip([2, *kept], [*kept, 1 << 16], strict=True):
        os.closerange(low + 1, high)
