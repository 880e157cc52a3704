"""The same wall as bubblewrap's, built by hand where bubblewrap is missing.

`command` is what the trusted side runs; `enter` is what it runs first: new namespaces, a root folder of our own with
nothing but the view in it, then the zygote's command in place of this one.
"""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from course_utils.jail.walls import syscalls as linux
from course_utils.jail.walls.confine import DEVICES, NOBODY, PROC, SCRATCH, SHARED
from course_utils.jail.walls.view import COURSE_AT, PACKAGES_AT, View

_HERE = Path(__file__).resolve().parents[3]
_QUIET = linux.MS_NOSUID | linux.MS_NODEV
_KEPT = {os.ST_NOEXEC: linux.MS_NOEXEC, os.ST_NOATIME: 1 << 10, os.ST_NODIRATIME: 1 << 11, os.ST_RELATIME: 1 << 21}


def command(view: View, folder: Path, environment: dict[str, str]) -> list[str]:
    """`python … enter`: what comes behind it runs in the jail, in nothing but `environment`.

    folder: ours alone, with the staged files in `course`; `root` in it becomes the root folder.
    """
    root = folder / "root"
    root.mkdir(exist_ok=True)
    plan = {
        "root": str(root),
        "binds": [
            *((str(path), str(path)) for path in view.shared),
            *((str(path), f"{PACKAGES_AT}/{name}") for name, path in view.packages),
            (str(folder / "course"), COURSE_AT),
        ],
        "hidden": [str(path) for path in view.hidden],
        "links": [(str(path), to) for path, to in view.links],
        "environment": environment,
    }
    code = (
        f"import sys; sys.path.insert(0, {str(_HERE)!r}); from course_utils.jail.walls.namespaces import enter; enter()"
    )
    return [str(view.python), "-I", "-S", "-B", "-c", code, json.dumps(plan)]


def enter() -> None:
    """In a process of its own: become process 1 of the jail and run the command behind the plan. Does not return."""
    plan, rest = json.loads(sys.argv[1]), sys.argv[2:]
    root_user = os.geteuid() == 0
    if not root_user:
        linux.write_id_maps(NOBODY)
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS)
    first = os.fork()
    if first:
        _, status = os.waitpid(first, 0)
        os._exit(min(os.waitstatus_to_exitcode(status) % 256, 255))
    _build(plan)
    linux.sethostname("jail")
    if root_user:
        linux.become(NOBODY)
        linux.drop_capabilities()
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # only now: a change of user takes it back
    os.execve(rest[0], rest, plan["environment"])


def _build(plan: dict[str, Any]) -> None:
    """Lay out the new root in a small tmpfs, and make it the root."""
    root = plan["root"]
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", root, "tmpfs", _QUIET, "size=1m,mode=0755")
    os.umask(0o022)
    for source, target in plan["binds"]:
        _show(source, root + target, _QUIET | linux.MS_RDONLY)
    for folder in plan["hidden"]:
        linux.mount("tmpfs", f"{root}{folder}", "tmpfs", _QUIET | linux.MS_RDONLY, "size=4k,nr_inodes=2,mode=0755")
    for place, to in plan["links"]:
        os.symlink(to, root + place)
    for device in DEVICES:
        _show(device, root + device, linux.MS_NOSUID | linux.MS_NOEXEC)
    for place, size in ((SHARED, "1m"), (SCRATCH, "16m")):
        os.makedirs(root + place)
        linux.mount("tmpfs", root + place, "tmpfs", _QUIET | linux.MS_NOEXEC, f"size={size},mode=1777")
    _show_processes(root + PROC)
    os.chdir(root)
    linux.pivot_root(".", ".")
    linux.unmount(".")
    os.chdir(SCRATCH)
    linux.mount("none", "/", flags=linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | _QUIET)


def _show(source: str, target: str, flags: int) -> None:
    """A bind mount. A new user namespace may add to a mount's flags, not take any away."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    try:
        linux.mount(source, target, flags=linux.MS_BIND)
    except OSError:  # a tree with mounts below that must not be looked under
        linux.mount(source, target, flags=linux.MS_BIND | linux.MS_REC)
    present = os.statvfs(target).f_flag
    kept = sum(flag for seen, flag in _KEPT.items() if present & seen)
    linux.mount("none", target, flags=linux.MS_REMOUNT | linux.MS_BIND | flags | kept)


def _show_processes(target: str) -> None:
    """/proc of the new pid namespace; the old one, read-only, in a container that lets nobody mount a new one."""
    os.makedirs(target)
    with contextlib.suppress(PermissionError):
        linux.mount("proc", target, "proc", _QUIET | linux.MS_NOEXEC)
        return
    linux.mount("/proc", target, flags=linux.MS_BIND | linux.MS_REC)
