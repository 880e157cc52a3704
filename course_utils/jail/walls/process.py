"""Outside the jail: one zygote's process, from its command line to its end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import IO, Any

from course_utils.grading.request import ONE_THREAD
from course_utils.jail.walls import bubblewrap, namespaces
from course_utils.jail.walls.confine import NOBODY, SCRATCH, Orders
from course_utils.jail.walls.levels import JailError, Level
from course_utils.jail.walls.readable import ensure_readable
from course_utils.jail.walls.view import COURSE_AT, PACKAGES_AT, View, view

# A fixed hash seed: the same submission meets sets in the same order, whichever zygote it comes from.
ENVIRONMENT = {**ONE_THREAD, "PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "2", "LANG": "C.UTF-8", "HOME": SCRATCH}
_MOST_STDERR = 4000  # characters kept of what a zygote that doesn't start says


def read_line(line: socket.socket) -> dict[str, Any]:
    """One JSON object up to its line's end; {} when the other side is gone. Raises OSError (TimeoutError too)."""
    data = b""
    while not data.endswith(b"\n"):
        got = line.recv(1)
        if not got:
            return {}
        data += got
    message = json.loads(data)
    return message if isinstance(message, dict) else {}


class Process:
    """A zygote that runs, or did. `line` is the trusted end of its control line."""

    def __init__(self, level: Level, folder: Path, driver: str, modules: tuple[str, ...]) -> None:
        self.level, self.folder = level, folder
        self.workers = 0
        self._view = view(packages=bool(modules))
        self._orders = self._make_orders(driver, modules)
        self.line, self._theirs = socket.socketpair()
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def _apart(self) -> bool:
        return self.level >= Level.NAMESPACES

    def _make_orders(self, driver: str, modules: tuple[str, ...]) -> Orders:
        root = os.geteuid() == 0
        seen: View = self._view
        staged = (self.folder / "course", self._packages)
        places = ["/"] if self._apart else [str(path) for path in (*seen.readable(), *staged)]
        return Orders(
            namespaces=self._apart,
            filtered=self.level >= Level.LANDLOCK,
            landlock=self.level == Level.LANDLOCK,
            readable=tuple(places),
            listable=() if self._apart else tuple(map(str, seen.listable())),
            uid=NOBODY if root and self.level != Level.NAMESPACES else None,
            modules=modules,
            driver=driver,
        )

    def start(self, within: float) -> None:
        """Start it, and return once it has loaded everything. Raises JailError with what it said if it doesn't."""
        errors = (self.folder / "stderr").open("w+b")
        with errors, self._theirs:
            self._popen = self._open(errors)
            self._theirs.close()
            answer: dict[str, Any] = {}
            with contextlib.suppress(OSError, ValueError):
                self.line.settimeout(within)
                self.line.sendall(json.dumps(vars(self._orders)).encode() + b"\n")
                answer = read_line(self.line)
                self.line.settimeout(None)
            if "ready" in answer:
                return
            self.kill()
            errors.seek(0)
            last = errors.read(_MOST_STDERR).decode(errors="replace").strip().rpartition("\n")[2]
            said = str(answer.get("failed") or last or f"nothing was heard for {within:.0f} s").rstrip(".")
        raise JailError(f"The jail ({self.level.name.lower()}) does not start: {said}.")

    def _open(self, errors: IO[bytes]) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[self._theirs.fileno()],
                env={"PATH": "/usr/bin:/bin"} if self._apart else ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise JailError(f"The jail ({self.level.name.lower()}) does not start: {error}.") from None

    def _command(self) -> list[str]:
        if self.level == Level.BUBBLEWRAP:
            wall = bubblewrap.command(self._view, self.folder / "course", {**ENVIRONMENT, "TMPDIR": SCRATCH})
        elif self.level == Level.NAMESPACES:
            wall = namespaces.command(self._view, self.folder, {**ENVIRONMENT, "TMPDIR": SCRATCH})
        else:
            wall = []
            self._link_packages()
            if os.geteuid() == 0:
                ensure_readable((self._view.python, *self._view.readable(), self.folder), NOBODY)
        course, packages = (COURSE_AT, PACKAGES_AT) if self._apart else (self.folder / "course", self._packages)
        code = (
            f"import sys; sys.path.insert(0, {str(course)!r}); sys.path.append({str(packages)!r}); "
            f"from course_utils.jail.walls.zygote import main; main({self._theirs.fileno()})"
        )
        return [*wall, str(self._view.python), "-s", "-P", "-S", "-B", "-c", code]

    @property
    def _packages(self) -> Path:
        return self.folder / "packages"

    def _link_packages(self) -> None:
        """Without mounts: a folder of links, so that nothing else that is installed can be imported by its name."""
        self._packages.mkdir(exist_ok=True)
        for name, path in self._view.packages:
            with contextlib.suppress(FileExistsError):
                (self._packages / name).symlink_to(path)

    def runs(self) -> bool:
        """Whether the process is alive."""
        return self._popen is not None and self._popen.poll() is None

    def retire(self) -> None:
        """Ask for no more workers: it ends when its last worker has."""
        self.line.close()

    def kill(self) -> None:
        """End it and all its workers."""
        self.line.close()
        self._theirs.close()
        if self._popen is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.kill()
            self._popen.wait()
