"""Asks the grading server for a verdict, and starts it when there is none. Imports no torch.

Whatever is wrong with the server, the check goes on: the fallback is a process for this one request.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from course_utils.catalog import CourseError, Exercise, course_root
from course_utils.grading.address import folder_for_sockets, server_address
from course_utils.grading.request import ONE_THREAD, PING, Request
from course_utils.grading.verdict import Verdict, died, timed_out

PATIENCE = 30.0  # seconds for everything around a check: starting the server, loading torch, killing what hangs
_PACKAGE_PARENT = Path(__file__).resolve().parent.parent.parent
_CAN_SERVE = hasattr(os, "fork") and hasattr(socket, "AF_UNIX")


class NoServer(Exception):
    """The server could not be reached or gave no answer."""


def check_in_child(exercise: Exercise, path: Path) -> Verdict:
    """Judge the submission at `path` in a process of its own, under the exercise's time and memory limits.

    Raises CourseError only when the grader itself cannot run; every submission gets a verdict.
    """
    request = Request(str(course_root()), exercise, str(Path(path).absolute()))
    for _ in range(2):  # a second time, for a server that was just leaving
        with contextlib.suppress(NoServer):
            reply = _ask(request.to_json(), request.exercise.time_limit + PATIENCE)
            return Verdict.from_dict(json.loads(reply))
    return judge_once(request)


def warm_up() -> None:
    """Start the server if there is none, and don't wait for it: the first check will be quicker."""
    with contextlib.suppress(NoServer), _connected():
        pass


def ping() -> float:
    """Wait until a server answers, torch loaded and all; return the seconds that took. Raises NoServer."""
    started = time.monotonic()
    _ask(PING, PATIENCE)
    return time.monotonic() - started


def _ask(message: str, patience: float) -> str:
    with _connected() as connection:
        connection.settimeout(patience)
        try:
            connection.sendall(message.encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as lines:
                reply = lines.readline()
        except OSError as error:
            raise NoServer(str(error)) from error
    if not reply.endswith("\n"):
        raise NoServer("the server hung up")
    return reply


@contextlib.contextmanager
def _connected() -> Iterator[socket.socket]:
    """A connection to the server, which is started if need be."""
    if not _CAN_SERVE:
        raise NoServer("this system cannot fork")
    address = server_address()
    try:
        folder_for_sockets(address.parent)
    except (OSError, CourseError) as error:
        raise NoServer(str(error)) from error
    connection = _try_to_connect(address)
    if connection is None:
        starting = _start(address)
        deadline = time.monotonic() + PATIENCE
        while (connection := _try_to_connect(address)) is None:
            # Status 0 means that another client's server was first: that one will answer.
            if starting.poll() or time.monotonic() > deadline:
                raise NoServer("the server did not start")
            time.sleep(0.01)
    with connection:
        yield connection


def _try_to_connect(address: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(address))
    except OSError:
        connection.close()
        return None
    return connection


def _start(address: Path) -> subprocess.Popen[bytes]:
    """A server that outlives us."""
    return subprocess.Popen(
        [sys.executable, "-m", "course_utils.grading.server", str(address)],
        cwd=_PACKAGE_PARENT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    return os.environ | ONE_THREAD


def judge_once(request: Request) -> Verdict:
    """Judge in a process that is made for this request and loads torch for it."""
    command = [sys.executable, "-m", "course_utils.grading.worker"]
    limit = request.exercise.time_limit
    try:
        done = subprocess.run(
            command, cwd=_PACKAGE_PARENT, env=_environment(), input=request.to_json() + "\n", capture_output=True,
            text=True, timeout=limit + PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return timed_out(request.exercise, None)
    with contextlib.suppress(IndexError, ValueError):
        return Verdict.from_dict(json.loads(done.stdout.splitlines()[-1]))
    if done.returncode < 0:  # killed, by the submission or for want of memory
        return died(request.exercise, None, done.returncode)
    last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    raise CourseError(f"The grader could not run: {last}. `course doctor` looks for the cause.")
