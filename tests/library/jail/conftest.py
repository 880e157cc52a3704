"""A jail at each level that this machine has, held by root (where the tests are root's) and by an ordinary user."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from course_utils.jail.walls.levels import Level

HOST = Path(__file__).parent / "host.py"
SECRET = "a-token-of-the-machine"
USERS = ("root", "ordinary") if os.name == "posix" and os.geteuid() == 0 else ("ordinary",)


class Prisoner:
    """One worker, as a test sees it."""

    def __init__(self, jail, name, started):
        self.jail, self.name, self.parts = jail, name, started["parts"]

    def run(self, code, wait=20.0):
        """What the code left in `value`; or its exception's name, with the error number behind it if it has one."""
        reply = self.jail.ask("run", name=self.name, code=code, wait=wait)
        if "raised" in reply:
            return reply["raised"]
        return reply.get("value") if "value" in reply else next(iter(reply))

    def kill(self):
        self.jail.ask("kill", name=self.name)

    def wait(self, timeout=20.0):
        return self.jail.ask("wait", name=self.name, timeout=timeout)

    def alone(self):
        return self.jail.ask("alone", name=self.name)["alone"]

    def close(self):
        self.jail.ask("close_worker", name=self.name)


class Jail:
    """A trusted side in a process of its own (`host.py`)."""

    def __init__(self, level, user, **options):
        self.level, self.user = level, user
        command = [sys.executable, "-B", str(HOST), level.name, user, json.dumps(options)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "GLASSBOX_SECRET": SECRET},
        )
        self.hello = json.loads(self.process.stdout.readline() or '{"missing": "host.py died"}')

    def ask(self, do, **arguments):
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        assert "failed" not in reply, reply["failed"]
        return reply

    def worker(self, **limits):
        name = uuid.uuid4().hex
        return Prisoner(self, name, self.ask("start", name=name, **limits))

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture(scope="session")
def jails():
    """Jails by level and user, started when first asked for."""
    started = {}

    def get(level, user):
        if (level, user) not in started:
            started[level, user] = Jail(level, user)
        jail = started[level, user]
        if "missing" in jail.hello:
            pytest.skip(f"no {level.name.lower()} for {user} here: {jail.hello['missing']}")
        return jail

    yield get
    for jail in started.values():
        jail.close()


ALL = [pytest.param((level, user), id=f"{level.name.lower()}-{user}") for level in reversed(Level) for user in USERS]
WALLS = [case for case in ALL if case.values[0][0].certified]
APART = [case for case in ALL if case.values[0][0] >= Level.NAMESPACES]


CASES = {"jail": WALLS, "apart_jail": APART, "every_jail": ALL}


@pytest.fixture
def jail(request, jails):
    """Every level that is a wall, each held by root and by an ordinary user."""
    return jails(*request.param)


@pytest.fixture
def apart_jail(request, jails):
    """The levels at which each worker has namespaces of its own."""
    return jails(*request.param)


@pytest.fixture
def every_jail(request, jails):
    """All levels, with the one that only limits."""
    return jails(*request.param)


@pytest.fixture
def worker(jail):
    """A fresh worker under the usual limits, of `jail`."""
    worker = jail.worker()
    yield worker
    worker.close()


def pytest_generate_tests(metafunc):
    for name, cases in CASES.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, cases, indirect=True)
