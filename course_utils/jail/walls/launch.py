"""Outside the jail: starts a zygote behind the wall, and asks it for workers.

    with Zygote(level, chapter) as zygote:
        worker = zygote.worker(Limits(memory_mb=512))
        ... talk over worker.sock, then worker.kill()

Threads may share a Zygote. It is started afresh after some thousand workers, or when it died.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from course_utils.catalog import Chapter
from course_utils.jail.walls.folder import Folder
from course_utils.jail.walls.levels import JailError, Level
from course_utils.jail.walls.process import Process, read_line
from course_utils.jail.walls.rlimits import Limits
from course_utils.jail.walls.stage import modules_of, stage
from course_utils.jail.walls.worker import Worker

DRIVER = "course_utils.jail.talk.driver"
WORKERS = 2000  # that one zygote forks before a fresh one takes over
_START_WITHIN = 120.0  # seconds for loading torch on a busy machine
_READY_WITHIN = 20.0  # seconds for one worker


class Zygote:
    """A process with torch loaded, in the jail, that forks confined workers. A context manager.

    level: how strong the jail is (`levels.strongest()`). chapter: whose given code the jail holds; None for none of
    it. driver: the module inside whose `main(sock)` a worker runs. extra: puts more files into the staged folder.
    Entering raises JailError when this machine can't hold such a jail.
    """

    def __init__(
        self,
        level: Level,
        chapter: Chapter | None,
        *,
        driver: str = DRIVER,
        workers: int = WORKERS,
        extra: Callable[[Path], None] | None = None,
        modules: tuple[str, ...] | None = None,
    ) -> None:
        self.level = level
        self._chapter, self._driver, self._most, self._extra = chapter, driver, workers, extra
        self._modules = modules
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._retired: list[Process] = []
        self._folder: Folder | None = None
        # bubblewrap dies with the *thread* that started it: this one lives as long as the zygotes do.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="zygote")

    def __enter__(self) -> "Zygote":
        self._folder = Folder()
        try:
            course = self._folder.path / "course"
            course.mkdir()
            stage(self._chapter, course)
            if self._extra:
                self._extra(course)
            with self._lock:
                self._current()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End every zygote and worker, and take the staged files away."""
        with self._lock:
            for process in (*self._retired, *([self._process] if self._process else [])):
                process.kill()
            self._process, self._retired = None, []
        self._starter.shutdown()
        if self._folder:
            self._folder.remove()

    def worker(self, limits: Limits | None = None) -> Worker:
        """A fresh worker, confined and waiting on its socket. Raises JailError when there can be none."""
        limits = limits or Limits()
        ours, theirs = socket.socketpair()
        leash, keeper = socket.socketpair()
        try:
            with theirs, keeper:
                self._ask(limits, theirs, keeper)
            leash.settimeout(_READY_WITHIN)
            answer = read_line(leash)
        except BaseException as error:
            ours.close()
            leash.close()
            if isinstance(error, OSError):
                raise JailError(f"The jail gave no worker within {_READY_WITHIN:.0f} s ({error}).") from None
            raise
        if "ready" not in answer:
            ours.close()
            leash.close()
            raise JailError(f"A worker could not be confined: {answer.get('failed', 'it ended')}.")
        return Worker(ours, leash, self.level, tuple(answer["ready"]), limits)

    def _ask(self, limits: Limits, theirs: socket.socket, keeper: socket.socket) -> None:
        """Hand the request over; once more to a fresh zygote if this one turns out to be dead."""
        request = json.dumps(limits.to_dict()).encode()
        with self._lock:
            for last in (False, True):
                process = self._current()
                with contextlib.suppress(OSError):
                    socket.send_fds(process.line, [request], [theirs.fileno(), keeper.fileno()])
                    process.workers += 1
                    return
                process.kill()
                if last:
                    raise JailError("The jail's server ends as soon as it is asked for a worker.")

    def _current(self) -> Process:
        """The zygote in service. Called with the lock held."""
        process = self._process
        if process and process.workers < self._most and process.runs():
            return process
        if process:
            process.retire()
            self._retired = [old for old in (*self._retired, process) if old.runs()]
        assert self._folder is not None, "a Zygote is used inside `with`"
        modules = self._modules if self._modules is not None else modules_of(self._chapter)
        process = Process(self.level, self._folder.path, self._driver, modules)
        self._starter.submit(process.start, _START_WITHIN).result()
        self._process = process
        return process
