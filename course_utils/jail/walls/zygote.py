"""Inside the jail: a process that has torch loaded and forks a worker for each connection it is handed.

It holds no secret and never reads a byte of a submission. Its command line names one descriptor, the control line to
the trusted side: first a line of orders comes in, and a line that says ready goes out; then each line, with two
descriptors along (the worker's connection, its keeper's leash), asks for one worker. When the line ends, so do we.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys

from course_utils.jail.walls import syscalls
from course_utils.jail.walls.confine import Orders, tell
from course_utils.jail.walls.keeper import keep_worker
from course_utils.jail.walls.rlimits import Limits

LONGEST_LINE = 1 << 20  # bytes


def main(control: int) -> None:
    """Serve until the control line ends, then wait until no worker is left."""
    line = socket.socket(fileno=control)
    try:
        with line.makefile("r", encoding="utf-8", buffering=1) as lines:
            orders = Orders.from_dict(json.loads(lines.readline(LONGEST_LINE)))
        if orders.uid is not None:
            syscalls.become(orders.uid)
            syscalls.drop_capabilities()
        for name in orders.modules:
            with contextlib.suppress(ImportError):  # whoever needs what isn't here is told so when they import it
                importlib.import_module(name)
        importlib.import_module(orders.driver)
        _settle()
    except BaseException as error:
        tell(line, {"failed": f"{type(error).__name__}: {error}"})
        raise SystemExit(1) from None
    tell(line, {"ready": os.getuid()})
    _serve(line, orders)


def _settle() -> None:
    """One thread for torch, and no garbage to collect in every child."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        torch.ones(64, 64) @ torch.ones(64, 64)  # what the first product sets up, every worker has
    gc.collect()
    gc.freeze()


def _serve(line: socket.socket, orders: Orders) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    with contextlib.suppress(OSError):
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)  # keepers are our grandchildren: so that we outlive them
    while True:
        data, handles, _, _ = socket.recv_fds(line, LONGEST_LINE, 2)
        if not data:
            break
        if len(handles) == 2 and os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            line.close()
            keep_worker(handles[0], handles[1], orders, Limits(**json.loads(data)))
        for handle in handles:
            os.close(handle)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, 0)  # with SIG_IGN this returns when the last child has ended
