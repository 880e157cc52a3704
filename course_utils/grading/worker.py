"""The judging child: judges one submission under time and memory limits, and reports over a pipe.

What is left out: draining the child's output and killing it, which is the supervisor's work (`supervise.py`).
Run as `python -m course_utils.grading.worker` it judges a single request from stdin, without a server.
"""

import contextlib
import faulthandler
import io
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from course_utils.grading.judge import judge_file
from course_utils.grading.limits import time_limit
from course_utils.grading.printed import Printed
from course_utils.grading.request import Request
from course_utils.grading.verdict import Verdict, from_exception

LARGEST_FILE = 256 << 20  # bytes that a submission may write into one file
DUMP_AFTER = 0.5  # seconds past the time limit after which the running line is written down
FLUSH_UNTIL = 4096  # characters that reach the pipe line by line, so that a crash loses none of them


class Report:
    """The child's end of the report pipe: one JSON object a line, the name of a check or the verdict."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.check: str | None = None

    def starts(self, check: str) -> None:
        """Say which check comes next, so that a killed child's verdict can still name it."""
        self.check = check
        self._send({"check": check})

    def verdict(self, verdict: Verdict) -> None:
        self._send({"verdict": verdict.to_dict()})

    def _send(self, message: dict[str, Any]) -> None:
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            data = data[os.write(self.fd, data) :]


class Output(io.TextIOWrapper):
    """The learner's stdout: the first few kilobytes go out line by line, the rest in blocks."""

    seen = 0

    def write(self, text: str) -> int:
        self.seen += len(text)
        if self.line_buffering and self.seen > FLUSH_UNTIL:
            self.reconfigure(line_buffering=False)
        return super().write(text)


def judge_and_exit(request: Request, report_fd: int, output_fd: int, fault_fd: int) -> NoReturn:
    """The whole life of a judging child, right after the fork. Its last word is the verdict on `report_fd`."""
    status = 1
    try:
        os.setsid()
        _take_over(output_fd, keep=(report_fd, fault_fd))
        faulthandler.enable(fault_fd, all_threads=False)
        os.chdir(request.root)
        os.environ["GLASSBOX_ROOT"] = request.root
        report = Report(report_fd)
        verdict = _judge(request, report, fault_fd)
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        report.verdict(verdict)
        status = 0
    finally:
        os._exit(status)


def _judge(request: Request, report: Report, fault_fd: int) -> Verdict:
    exercise = request.exercise
    limit_resources(exercise.memory_mb << 20)
    # Names the line even when the alarm does not end the code: inside one long call into C, or swallowed.
    faulthandler.dump_traceback_later(exercise.time_limit + DUMP_AFTER, file=fault_fd)
    try:
        with time_limit(exercise.time_limit):
            return judge_file(exercise, Path(request.path), events=report.starts)
    except BaseException as error:
        lift_memory_limit()
        return from_exception(exercise, error, check=report.check)
    finally:
        lift_memory_limit()
        faulthandler.cancel_dump_traceback_later()


def _take_over(output_fd: int, keep: tuple[int, ...]) -> None:
    """Point stdin at nothing and stdout and stderr at the pipe; close every other descriptor that was inherited."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    wanted = sorted(keep)
    for low, high in zip([2, *wanted], [*wanted, 4096], strict=True):
        os.closerange(low + 1, high)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    raw = io.BufferedWriter(io.FileIO(1, "w", closefd=False))
    sys.stdout = sys.stderr = Output(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def limit_resources(extra_memory: int) -> None:
    """Allow `extra_memory` bytes of address space on top of what the process has now; no core dumps, no huge files."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard_file = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, hard_file))
    if not sys.platform.startswith("linux"):  # macOS refuses RLIMIT_AS
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra_memory, hard))
    with contextlib.suppress(OSError):  # if the machine itself runs out, this is the process to sacrifice
        Path("/proc/self/oom_score_adj").write_text("1000")


def lift_memory_limit() -> None:
    """Writing the verdict needs memory too, and the submission's objects may still be alive."""
    import resource

    if sys.platform.startswith("linux"):
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def main() -> None:
    """Judge the request on stdin and write the verdict to stdout, as JSON lines."""
    request = Request.from_json(sys.stdin.readline())
    if hasattr(os, "fork"):
        from course_utils.grading.supervise import supervise

        print(json.dumps(supervise(request).to_dict()))
        return
    # No fork here (Windows): judged in this very process. The client holds the stop-watch.
    os.environ["GLASSBOX_ROOT"] = request.root
    os.chdir(request.root)
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        verdict = judge_file(request.exercise, Path(request.path))
    print(json.dumps(verdict.with_(printed=printed.shown()).to_dict()))


if __name__ == "__main__":
    main()
