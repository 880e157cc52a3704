"""A workbench process (`workbench.py`) as the one who hired it sees it: given tasks, waited for, ended."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import IO

from course_utils.catalog import CourseError
from course_utils.grading.request import ONE_THREAD
from course_utils.staff.results import NotAResult, Result
from course_utils.staff.task import LIMIT, Task

PATIENCE = LIMIT + 180.0  # seconds: what a file may take, one exercise more, and starting torch twice
_BLOCK = 1 << 16
_CLEARS_UP = 3.0  # seconds for ending a jail and taking its folder away


class Lost(Exception):
    """The workbench ended, hangs or broke; the message says which. What is left of it must be ended."""


class Workbench:
    """A process that grades one task at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "course_utils.staff.workbench"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | ONE_THREAD,
            start_new_session=True,
        )
        self.deadline = 0.0  # when to give up on the task in hand
        self._reply = bytearray()

    @property
    def stdout(self) -> IO[bytes]:
        """What to wait for until `read` has something to read."""
        assert self.process.stdout
        return self.process.stdout

    def give(self, task: Task) -> None:
        """Hand a task over: the workbench reads before it does anything else, so the pipe is long enough."""
        self.deadline = time.monotonic() + PATIENCE
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # it is dead, and `read` will say so
            self.process.stdin.write(json.dumps(task.to_dict()).encode() + b"\n")
            self.process.stdin.flush()

    def read(self) -> Result | None:
        """The result; None while it isn't whole. Raises Lost, and CourseError when this machine can't grade at all."""
        block = os.read(self.stdout.fileno(), _BLOCK)
        if not block:
            raise Lost("the grader's process ended before it was done")
        self._reply += block
        if not self._reply.endswith(b"\n"):
            return None
        reply: dict[str, str] = json.loads(self._reply)
        self._reply.clear()
        if "problem" in reply:
            raise CourseError(reply["problem"])
        if "broken" in reply:
            raise Lost(reply["broken"])
        try:
            return Result.from_json(reply["result"])
        except NotAResult as error:
            raise Lost(f"the grader gave no result: {error}") from None

    def grade(self, task: Task) -> Result:
        """Hand a task over and wait for the result. Raises what `read` raises."""
        self.give(task)
        with selectors.DefaultSelector() as selector:
            selector.register(self.stdout, selectors.EVENT_READ)
            while (left := self.deadline - time.monotonic()) > 0:
                if selector.select(left) and (result := self.read()) is not None:
                    return result
        raise Lost(HANGS)

    def end(self) -> None:
        """End it: between two tasks it clears up behind itself first, in the midst of one it is killed."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_CLEARS_UP)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.stdout.close()


HANGS = f"the grader did not come back within {PATIENCE:g} s"
