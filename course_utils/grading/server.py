"""The server that makes a second check quick: torch is loaded once, and each request is judged in a fork of it.

It holds no catalog, no check and no submission: everything about a request is read after the fork. It listens on a
socket in a folder that only its user can enter, and ends after fifteen idle minutes, or once the course's code changed.
"""

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

from course_utils.grading.address import folder_for_sockets, server_address
from course_utils.grading.request import PING, Request

IDLE_EXIT = 15 * 60.0  # seconds without a request
LOOK_AROUND = 5.0  # seconds between looks at whether this server is still wanted
LONGEST_REQUEST = 1 << 20  # bytes


def serve(address: Path, idle_exit: float = IDLE_EXIT) -> None:
    """Answer requests on `address` until idle. Returns at once when another server already holds the address."""
    folder_for_sockets(address.parent)
    lock = os.open(address.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    # Listen first, load torch after: a client that is waiting then needs no second try.
    listener = _listen(address)
    inode = address.stat().st_ino
    try:
        _load()
        _accept(listener, lock, address, inode, idle_exit)
    finally:
        with contextlib.suppress(OSError):
            if address.stat().st_ino == inode:
                address.unlink()
            address.with_suffix(".lock").unlink()


def _listen(address: Path) -> socket.socket:
    """A listening socket that appears at `address` in one step, in the place of a dead server's."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = address.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    listener.bind(str(fresh))
    listener.listen(64)
    fresh.rename(address)
    return listener


def _load() -> None:
    """Import what every check needs, so that the forks have it. Runs no submission and starts no thread."""
    import einops  # noqa: F401
    import jaxtyping  # noqa: F401
    import numpy  # noqa: F401
    import torch

    from course_utils.grading import supervise  # noqa: F401

    torch.set_num_threads(1)
    torch.ones(2, 2) @ torch.ones(2, 2)  # sets up the maths library once, before the forks
    gc.collect()
    gc.freeze()  # the forks share these pages for good


def _load_more() -> None:
    """What only some checks need, loaded while nobody waits: torch's optimizers pull in a second's worth of modules."""
    import torch._dynamo  # noqa: F401

    gc.collect()
    gc.freeze()


def _accept(listener: socket.socket, lock: int, address: Path, inode: int, idle_exit: float) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the supervisors
    last_used = time.monotonic()
    complete = False
    while time.monotonic() - last_used < idle_exit:
        if not select.select([listener], [], [], min(LOOK_AROUND, idle_exit))[0]:
            if not _still_wanted(address, inode):
                return
            if not complete and idle_exit > LOOK_AROUND:
                _load_more()
                complete = True
            continue
        client, _ = listener.accept()
        last_used = time.monotonic()
        if os.fork() == 0:
            listener.close()
            os.close(lock)  # else a process that outlives us would keep the address taken
            _answer(client)
        client.close()


def _still_wanted(address: Path, inode: int) -> bool:
    """Whether clients would still come to us: our socket is there, and the course's code is what we loaded."""
    try:
        return address.stat().st_ino == inode and server_address() == address
    except OSError:
        return False


def _answer(client: socket.socket) -> None:
    """Read one request, judge it and reply: the whole life of a supervisor process. Does not return."""
    from course_utils.grading.supervise import supervise

    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        client.settimeout(10)
        with client.makefile("r", encoding="utf-8") as lines:
            line = lines.readline(LONGEST_REQUEST).rstrip("\n")
        reply = PING if line == PING else json.dumps(supervise(Request.from_json(line), client).to_dict())
        client.sendall(reply.encode() + b"\n")
        status = 0
    finally:
        os._exit(status)  # a client that gets no reply judges in a process of its own, and sees what is the matter


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
