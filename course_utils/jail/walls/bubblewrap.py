"""The command line that puts a zygote behind bubblewrap.

As root bubblewrap must not make a user namespace: `--uid` would only rename root. The zygote gets the right to become
another user instead, and does so before anything else (`syscalls.become`). Everybody else gets a user namespace.
It stays possible to nest further ones: each worker has its own, and can't make more because of its filter of calls.
"""

import os
import shutil
from pathlib import Path

from course_utils.jail.walls.confine import DEVICES, NOBODY, SCRATCH, SHARED
from course_utils.jail.walls.view import COURSE_AT, PACKAGES_AT, View

ZYGOTE_SCRATCH = 16 << 20  # bytes; workers have their own


def command(view: View, course: Path, environment: dict[str, str]) -> list[str]:
    """`bwrap … --`: what comes behind it runs in the jail, in nothing but `environment`."""
    parts = [shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session"]
    parts += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    parts += ["--hostname", "jail", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            parts += ["--cap-add", capability]
    else:
        parts += ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    parts += _files(view, course)
    parts += ["--clearenv"]
    for name, value in environment.items():
        parts += ["--setenv", name, value]
    return [*parts, "--"]


def _files(view: View, course: Path) -> list[str]:
    parts: list[str] = []
    # bubblewrap would give a folder on the way the rights of the original, such as a home that is its owner's alone.
    ways = {parent for path in view.shared for parent in path.parents if parent != Path("/")}
    for folder in sorted(ways | {Path("/dev"), Path(PACKAGES_AT)}):
        if not any(folder == path or path in folder.parents for path in view.shared):
            parts += ["--perms", "0755", "--dir", str(folder)]
    for path in view.shared:
        parts += ["--ro-bind", str(path), str(path)]
    for path in view.hidden:
        parts += ["--tmpfs", str(path), "--remount-ro", str(path)]
    for path, to in view.links:
        parts += ["--symlink", to, str(path)]
    for name, path in view.packages:
        parts += ["--ro-bind", str(path), f"{PACKAGES_AT}/{name}"]
    parts += ["--ro-bind", str(course), COURSE_AT, "--proc", "/proc"]
    for device in DEVICES:
        parts += ["--dev-bind", device, device]
    parts += ["--size", str(1 << 20), "--tmpfs", SHARED]
    parts += ["--perms", "1777", "--size", str(ZYGOTE_SCRATCH), "--tmpfs", SCRATCH]
    return [*parts, "--chdir", SCRATCH, "--remount-ro", "/"]
