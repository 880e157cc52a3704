"""A worker without a wall, for tests of the conversation: a process that has the driver loaded forks one for each socket.

It has `launch.Worker`'s shape. Nothing here keeps anybody in.
"""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import threading

import pytest
import torch

from course_utils.catalog import load_catalog
from course_utils.jail.talk import wire
from course_utils.jail.talk.firewall import Open
from course_utils.jail.talk.proxy import Gone, OutsidePeer
from course_utils.jail.talk.session import judge_in_jail
from course_utils.jail.walls import inside

LOOP = """
import json, os, socket, sys
from course_utils.jail.talk import driver
import torch
import torch._dynamo  # an optimizer loads it when made: once here, not once a worker
torch.set_num_threads(1)
control = socket.socket(fileno=int(sys.argv[1]))
while True:
    told, fds, _, _ = socket.recv_fds(control, 64, 1)
    if not told:
        os._exit(0)
    asked = json.loads(told)
    if "wait" in asked:
        try:
            pid, status = os.waitpid(asked["wait"], 0)
            control.sendall(json.dumps(os.waitstatus_to_exitcode(status)).encode() + b"\\n")
        except ChildProcessError:
            control.sendall(b"null\\n")
        continue
    pid = os.fork()
    if pid == 0:
        control.close()
        driver.main(socket.socket(fileno=fds[0]))
    os.close(fds[0])
    control.sendall(json.dumps(pid).encode() + b"\\n")
"""


class PlainWorker:
    """One forked driver."""

    def __init__(self, zygote, sock, pid):
        self.zygote, self.sock, self.pid, self.status = zygote, sock, pid, None

    def kill(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout=None):
        if self.status is None:
            self.status = self.zygote.ask({"wait": self.pid})
        return self.status

    def close(self):
        self.sock.close()
        self.kill()
        self.wait()


class PlainZygote:
    """Forks workers. folder: where `course_utils` is imported from."""

    def __init__(self, folder):
        self.control, theirs = socket.socketpair()
        env = {**os.environ, "PYTHONPATH": f"{folder}:{sysconfig.get_path('purelib')}"}
        # -S: no .pth file, and so no checkout of the course, is found on the way.
        command = [sys.executable, "-S", "-c", LOOP, str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=folder, env=env)
        theirs.close()
        self.lock, self.answers = threading.Lock(), self.control.makefile("r")

    def ask(self, message, fds=()):
        with self.lock:
            socket.send_fds(self.control, [json.dumps(message).encode()], list(fds))
            return json.loads(self.answers.readline())

    def worker(self):
        ours, theirs = socket.socketpair()
        pid = self.ask({}, [theirs.fileno()])
        theirs.close()
        return PlainWorker(self, ours, pid)

    def close(self):
        self.answers.close()
        self.control.close()
        self.process.wait(10)


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """The models are small: a second thread would only wait for the first, and use up a processor with it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def zygotes(tmp_path_factory):
    """One for each chapter, with only its own files to import."""
    started = {}

    def get(chapter):
        if chapter.key not in started:
            folder = tmp_path_factory.mktemp(chapter.key)
            inside.stage(chapter, folder)
            started[chapter.key] = PlainZygote(folder)
        return started[chapter.key]

    yield get
    for zygote in started.values():
        zygote.close()


@pytest.fixture
def judged(zygotes):
    """Judges a text as an exercise."""

    def judge(name, text, limit=60.0, **options):
        exercise = dataclasses.replace(load_catalog().find_exercise(name), time_limit=limit)
        chapter = load_catalog().chapter_of(exercise)
        worker = zygotes(chapter).worker()
        try:
            return judge_in_jail(exercise, text, options.pop("filename", "their.py"), worker, **options)
        finally:
            worker.close()

    return judge


@pytest.fixture
def outside():
    """A peer, and the other end of its socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        peer = OutsidePeer(ours, {}, lambda state: 0, Open())
        peer.left = 60.0
        yield peer, theirs


@pytest.fixture
def answered(outside):
    """What the outside makes of this answer."""
    peer, theirs = outside

    def answer(value, tensors=(), **more):
        frame = wire.pack({"k": "return", "v": value, "u": [], **more}, tensors)
        threading.Thread(target=theirs.sendall, args=[frame], daemon=True).start()
        return peer.ask("uses", None)

    answer.peer = peer
    return answer


@pytest.fixture
def refused(answered):
    """Checks that the outside takes this answer for no message."""

    def refuse(value, tensors=(), **more):
        with pytest.raises(Gone):
            answered(value, tensors, **more)
        assert isinstance(answered.peer.fate, wire.Malformed)
        return str(answered.peer.fate)

    return refuse
