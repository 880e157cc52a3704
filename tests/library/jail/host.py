"""A trusted side of its own for the tests, so that it may be another user: `python host.py LEVEL root|ordinary`.

Reads a JSON object a line from stdin and answers with one. As root, and for a level or user that needs Python to be
readable by all, it first gives itself (in a private mount namespace) a view of this machine in which it is.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import packaging.requirements  # noqa: E402, F401 - while the machine's own files are still in sight

from course_utils.jail.walls import launch, levels, syscalls, trial  # noqa: E402
from course_utils.jail.walls.rlimits import Limits  # noqa: E402

HERE = Path(__file__).resolve().parent
NOBODY = 65534


def make_readable(paths):
    """Cover the folders on the way to `paths` that are their owner's alone by ones that all may pass."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    inside = {}
    for path in paths:
        closed = next((p for p in (*reversed(path.parents), path) if not p.stat().st_mode & 1), None)
        if closed:
            inside.setdefault(closed, []).append(path)
    for closed, wanted in inside.items():
        held = tempfile.mkdtemp(prefix="gb-held-")
        syscalls.mount(str(closed), held, flags=syscalls.MS_BIND | syscalls.MS_REC)
        syscalls.mount("tmpfs", str(closed), "tmpfs", 0, "mode=0755")
        for path in wanted:
            path.mkdir(parents=True, exist_ok=True)
            syscalls.mount(f"{held}/{path.relative_to(closed)}", str(path), flags=syscalls.MS_BIND | syscalls.MS_REC)
        syscalls.unmount(held)
        os.rmdir(held)


class Host:
    def __init__(self, level, **options):
        def stage(folder):
            shutil.copyfile(HERE / "attacker.py", folder / "attacker.py")

        self.zygote = launch.Zygote(level, None, driver="attacker", extra=stage, **options).__enter__()
        self.workers = {}

    def start(self, name, **limits):
        began = time.monotonic()
        worker = self.zygote.worker(Limits(**limits))
        self.workers[name] = worker, worker.sock.makefile("r", encoding="utf-8")
        return {"parts": worker.parts, "level": worker.level.name, "seconds": time.monotonic() - began}

    def run(self, name, code, wait=20.0):
        worker, lines = self.workers[name]
        worker.sock.settimeout(wait)
        try:
            worker.sock.sendall(json.dumps(code).encode() + b"\n")
            line = lines.readline()
        except TimeoutError:
            return {"silent": True}
        except OSError:
            line = ""
        return json.loads(line) if line else {"closed": True}

    def kill(self, name):
        self.workers[name][0].kill()
        return {}

    def wait(self, name, timeout=20.0):
        began = time.monotonic()
        worker = self.workers[name][0]
        status = worker.wait(timeout)
        end = worker.end.name if worker.end else None
        return {"status": status, "end": end, "seconds": time.monotonic() - began}

    def alone(self, name, timeout=10.0):
        """Whether nobody holds the other end of the worker's socket any more."""
        sock = self.workers[name][0].sock
        sock.settimeout(timeout)
        try:
            while sock.recv(1 << 16):
                pass
        except TimeoutError:
            return {"alone": False}
        except ConnectionResetError:
            pass
        return {"alone": True}

    def close_worker(self, name):
        self.workers.pop(name)[0].close()
        return {}

    def zygote_pid(self):
        return {"pid": self.zygote._process._popen.pid, "workers": self.zygote._process.workers}


def main():
    level, user, options = levels.Level[sys.argv[1]], sys.argv[2], json.loads(sys.argv[3])
    if os.geteuid() == 0:
        if user == "ordinary" or level < levels.Level.NAMESPACES:
            make_readable([Path(sys.base_prefix).resolve(), ROOT, Path(sys.prefix).resolve()])
        if user == "ordinary":
            syscalls.become(NOBODY)
    found = trial.attempt(level)
    if not found.works:
        print(json.dumps({"missing": f"{found.says} {found.remedy}"}), flush=True)
        return
    host = Host(level, **{**options, "modules": tuple(options.get("modules", ()))})
    print(json.dumps({"parts": found.parts, "uid": os.geteuid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(host, request.pop("do"))(**request)
        except Exception as error:
            reply = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)
    for name in list(host.workers):
        host.close_worker(name)
    host.zygote.close()


if __name__ == "__main__":
    sys.exit(main())
