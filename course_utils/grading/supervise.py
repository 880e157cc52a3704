"""The supervisor: forks the judging child, drains what it prints, kills what overstays, and always has a verdict.

It runs in a process of its own (a fork of the server, or the one-shot worker), so that nothing a submission does
can reach another check.
"""

import contextlib
import ctypes
import json
import os
import re
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from course_utils.grading.frames import Place, place
from course_utils.grading.printed import Kept
from course_utils.grading.request import Request
from course_utils.grading.verdict import Verdict, died, timed_out
from course_utils.grading.worker import judge_and_exit

KILL_AFTER = 1.0  # seconds past the time limit before the whole process group is killed
MOST_REPORT = 1 << 20  # bytes that we read of the child's report or of the fault handler's
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>\S+)')


class ClientGone(Exception):
    """The one who asked has hung up: nobody waits for this verdict."""


def supervise(request: Request, client: socket.socket | None = None) -> Verdict:
    """Judge `request` in a child under its limits. Raises ClientGone when `client` hangs up meanwhile."""
    os.chdir(request.root)
    _adopt_orphans()
    started = time.monotonic()
    pipes = {name: os.pipe() for name in ("report", "output", "fault")}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler must exist for the wake-up descriptor to be written
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        judge_and_exit(request, *(write for _, write in pipes.values()))
    streams = {}
    for name, (read, write) in pipes.items():
        os.close(write)
        os.set_blocking(read, False)
        streams[name] = (read, Kept() if name == "output" else Kept(MOST_REPORT))
    try:
        status = _watch(child, streams, woken, client, started + request.exercise.time_limit + KILL_AFTER)
    finally:
        _kill_all(child)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for read, kept in streams.values():
        _drain(read, kept)
        os.close(read)
    os.close(woken)
    os.close(wake)
    heads = {name: kept for name, (_, kept) in streams.items()}
    verdict = _verdict(request, heads["report"], heads["fault"], status, time.monotonic() - started)
    return verdict.with_(printed=heads["output"].shown())


def _watch(
    child: int,
    streams: dict[str, tuple[int, Kept]],
    woken: int,
    client: socket.socket | None,
    deadline: float,
) -> int | None:
    """Drain the streams until the child has ended. Returns its wait status, None when it overstays."""
    with selectors.DefaultSelector() as selector:
        for stream in streams.values():
            selector.register(stream[0], selectors.EVENT_READ, stream)
        selector.register(woken, selectors.EVENT_READ)
        if client is not None:
            selector.register(client, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if key.fileobj is client:
                    raise ClientGone
                if key.fileobj == woken:
                    os.read(woken, 4096)
                elif not _drain(key.data[0], key.data[1], rounds=64):
                    selector.unregister(key.fileobj)
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return status
    return None


def _drain(read: int, kept: Kept, rounds: int = 1024) -> bool:
    """Read what is there. False once the stream has ended."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(rounds):
            data = os.read(read, 1 << 16)
            if not data:
                return False
            kept.add(data)
    return True


def _kill_all(child: int) -> None:
    """Kill the child's process group, then whatever it left behind under another group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)  # it may not be the leader of its group yet
        os.waitpid(child, 0)
    while orphans := _children():
        for orphan in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError, ChildProcessError):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)


def _children() -> list[int]:
    """Our children, adopted ones included. Where /proc doesn't list them nothing is adopted either."""
    with contextlib.suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return []


def _adopt_orphans() -> None:
    """Make processes that a submission leaves behind our children, so that we can end them (Linux)."""
    if sys.platform.startswith("linux"):
        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _verdict(request: Request, report: Kept, fault: Kept, status: int | None, seconds: float) -> Verdict:
    """The child's own verdict; or, when it had no chance to give one, what its end says."""
    exercise = request.exercise
    check = None
    for line in report.head.splitlines():
        with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError):
            message: dict[str, Any] = json.loads(line)
            if "verdict" in message:
                return Verdict.from_dict(message["verdict"])
            check = message["check"]
    here = _line_of(request, fault.text())
    where, code = (here.text, here.code) if here else (None, None)
    if status is None:
        verdict = timed_out(exercise, check, where, code)
    else:
        verdict = died(exercise, check, os.waitstatus_to_exitcode(status), where, code)
    return verdict.with_(seconds=seconds)


def _line_of(request: Request, dump: str) -> Place | None:
    """The learner's innermost line in a dump of the fault handler."""
    for frame in _FRAME.finditer(dump):
        if frame["file"].startswith(request.path):
            return place(frame["file"], int(frame["line"]), frame["name"])
    return None
