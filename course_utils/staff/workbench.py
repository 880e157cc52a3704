"""A process that grades tasks one after the other: one JSON line in, one JSON line out.

Checks use torch's one generator and one grad mode, so two at a time need two processes. This one is trusted: it
holds references and seeds, though never the secret; the jails are its children.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.catalog import CourseError
from course_utils.jail.walls import syscalls

if TYPE_CHECKING:
    from course_utils.staff.grader import Bench

ROOM = 4 << 30  # bytes of memory beside what a workbench holds before its first task; honest chapters need a tenth


def answer(one: "Bench", task: dict[str, Any]) -> dict[str, str]:
    """The reply to a task: a result; or a problem of this machine; or what broke in the grader."""
    try:
        return {"result": one.grade(task)}
    except CourseError as error:
        return {"problem": str(error)}
    except Exception as error:
        return {"broken": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Serve until stdin ends."""
    _die_with_parent()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not look like a reply
    with contextlib.ExitStack() as stack:
        one = None
        for line in sys.stdin:  # whoever writes a long one waits for us to read it, so torch is loaded after the first
            one = one or stack.enter_context(_bench())
            reply = answer(one, json.loads(line))
            with contextlib.suppress(BrokenPipeError):
                replies.write(json.dumps(reply) + "\n")
                replies.flush()


def _bench() -> "contextlib.AbstractContextManager[Bench]":
    from course_utils.staff.grader import bench

    importlib.import_module("torch._dynamo")  # an optimizer loads it when made: not within somebody's time limit
    limit_memory(ROOM)
    return bench()


def limit_memory(room: int) -> None:
    """Let this process take so many bytes more (Linux): what a jail talks it into costs one verdict, not the machine.

    Only the soft limit: a jail's worker inherits it, and sets a lower one for good.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[5])  # data and stack: what RLIMIT_DATA counts
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _die_with_parent() -> None:
    """So that a run that is killed leaves nothing behind (Linux; elsewhere the end of stdin ends us)."""
    if sys.platform.startswith("linux"):
        syscalls.prctl_if_any(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # it was gone before we asked
            sys.exit(0)


if __name__ == "__main__":
    main()
