"""Outside the jail: one worker, as the trusted side holds it: a socket to talk over, a leash, and how it ended."""

import contextlib
import json
import signal
import socket
import threading
import time
from enum import Enum

from course_utils.jail.walls.levels import Level
from course_utils.jail.walls.rlimits import Limits

KILLED = -signal.SIGKILL
_CHUNK = 4096


class End(Enum):
    """Why a worker is no more."""

    RETURNED = "it ended by itself"
    KILLED = "we ended it"
    CPU = "it used up its processor time"
    MEMORY = "the machine ran out of memory"
    FORBIDDEN = "it made a call of another kind of machine"
    SIGNAL = "it crashed"
    LOST = "the jail around it ended"


class Worker:
    """A confined process that serves one exercise.

    sock: the connected socket. level: the jail's. parts: what holds it, by name ("pid", "seccomp", "landlock 7", …).
    end: why it ended, once `wait` has said that it did; cpu: seconds of processor time it used, unless we killed it.
    """

    def __init__(
        self, sock: socket.socket, leash: socket.socket, level: Level, parts: tuple[str, ...], limits: Limits
    ) -> None:
        self.sock, self.level, self.parts, self.limits = sock, level, parts, limits
        self.end: End | None = None
        self.cpu: float | None = None
        self._leash = leash
        self._status: int | None = None
        self._heard = b""
        self._lock = threading.Lock()
        self._killed = False

    def kill(self) -> None:
        """End the worker and everything it started, at once; `wait` tells when it is so. May be called again."""
        self._killed = True
        with contextlib.suppress(OSError):
            self._leash.shutdown(socket.SHUT_WR)  # its keeper sees the end of the line

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit status as in `subprocess` (-9: killed), or None while it still runs after `timeout` seconds."""
        with self._lock:
            if self._status is None and self._listen(timeout):
                self._conclude()
            return self._status

    def close(self) -> None:
        """Kill, and give back both descriptors."""
        self.kill()
        self.wait(5)
        self.sock.close()
        self._leash.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self, timeout: float | None) -> bool:
        """Whether the keeper's end of the leash is closed: then nothing of the worker is left."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                self._leash.settimeout(None if until is None else max(until - time.monotonic(), 0.0))
                data = self._leash.recv(_CHUNK)
            except (TimeoutError, BlockingIOError):
                return False
            except OSError:
                return True
            if not data:
                return True
            self._heard += data

    def _conclude(self) -> None:
        try:
            report = json.loads(self._heard)
            self._status, self.cpu = int(report["status"]), float(report["cpu"])
        except (ValueError, KeyError, TypeError):
            self._status, self.end = KILLED, End.KILLED if self._killed else End.LOST
            return
        ends = {KILLED: End.MEMORY, -signal.SIGXCPU: End.CPU, -signal.SIGSYS: End.FORBIDDEN}
        self.end = End.RETURNED if self._status >= 0 else ends.get(self._status, End.SIGNAL)
        if self._status == KILLED and self.cpu >= self.limits.cpu_seconds:
            self.end = End.CPU
