"""A short-lived jail, to see whether this machine can hold one: the real way to a worker, without torch.

It is also the driver of that worker (`main`), which looks around from inside and says whether the wall holds.
"""

import contextlib
import json
import os
import platform
import shutil
import socket
import sys
from pathlib import Path

from course_utils.jail.walls.levels import Found, JailError, Level
from course_utils.records import CourseError

_THIS = "course_utils.jail.walls.trial"
_INSTALL = "Install bubblewrap: `sudo apt-get install bubblewrap` (Fedora: `sudo dnf install bubblewrap`)."
_CONTAINER = (
    "In Docker, start the container with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined`."
)
_SYSCTLS = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
    ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
)


def main(sock: socket.socket) -> None:
    """Inside: what a worker must not be able to do, tried. Sends a JSON list of what it could do after all."""
    holes = []
    with contextlib.suppress(OSError):
        Path("/etc/passwd").read_bytes()
        holes.append("read /etc/passwd")
    with contextlib.suppress(OSError):
        socket.socket(socket.AF_INET).close()
        holes.append("open a network socket")
    with contextlib.suppress(OSError):
        trace = Path("/tmp", f"gb-jail-trial-{os.getpid()}")
        trace.touch()
        trace.unlink()
        holes.append("write outside its folder")
    sock.sendall(json.dumps(holes).encode() + b"\n")


def attempt(level: Level) -> Found:
    """Have one worker at this level, and let it look around."""
    if sys.platform == "win32" or (level > Level.RLIMITS and not sys.platform.startswith("linux")):
        return Found(level, (), f"{platform.system()} has no such jail.", _other_system())
    if level == Level.BUBBLEWRAP and not shutil.which("bwrap"):
        return Found(level, (), "bubblewrap is not installed.", _INSTALL)
    from course_utils.jail.walls.launch import Zygote

    try:
        with Zygote(level, None, driver=_THIS, modules=()) as zygote, zygote.worker() as worker:
            worker.sock.settimeout(10)
            holes = _heard(worker.sock)
            parts = worker.parts
    except (CourseError, OSError, ValueError) as error:
        said = error if isinstance(error, JailError) else JailError(str(error))
        return Found(level, (), said.says, said.remedy or remedy(level))
    if holes and level > Level.RLIMITS:
        return Found(level, (), f"A worker could {' and '.join(holes)}.", remedy(level))
    return Found(level, parts)


def _heard(sock: socket.socket) -> list[str]:
    with sock.makefile("r", encoding="utf-8") as lines:
        return [str(hole) for hole in json.loads(lines.readline(4096))]


def remedy(level: Level) -> str:
    """What may be in the way of this level on this machine, and the command against it."""
    if level == Level.LANDLOCK:
        return "Landlock needs Linux 5.13 or newer with `landlock` in the kernel's `lsm=` list."
    if level == Level.RLIMITS:
        return "Start Python from a place that every user may read, such as /usr or /opt."
    for name, bad, command in _SYSCTLS:
        with contextlib.suppress(OSError):
            if Path("/proc/sys", name).read_text().strip() == bad:
                return f"This kernel keeps user namespaces from ordinary programs: `{command}`."
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return _CONTAINER
    return "This machine lets programs make no user, pid or mount namespaces; a Linux virtual machine of your own does."


def _other_system() -> str:
    return f"On {platform.system()} only limits hold: grade strangers' code in a Linux virtual machine or container."
