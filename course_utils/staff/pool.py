"""Workbenches at work side by side: tasks in, results out as they are done, whatever becomes of a workbench.

One that dies or hangs is replaced and its task given to another, once; after that the task comes back undecided.
"""

import selectors
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator

from course_utils.staff.hired import HANGS, Lost, Workbench
from course_utils.staff.results import Result
from course_utils.staff.task import Task, undecided

TRIES = 2
Done = tuple[Task, Result]


class _Pool:
    """All workbenches, the task that each has in hand, and the tasks that wait for one."""

    def __init__(self, tasks: Iterable[Task], workers: int) -> None:
        self.waiting = deque((task, 1) for task in tasks)
        self.hands: dict[Workbench, tuple[Task, int]] = {}  # with the number of tries
        self.selector = selectors.DefaultSelector()
        for _ in range(min(workers, len(self.waiting))):
            self._open()

    def _open(self) -> None:
        bench = Workbench()
        self.selector.register(bench.stdout, selectors.EVENT_READ, bench)
        self._feed(bench)

    def _feed(self, bench: Workbench) -> None:
        """Give a workbench the next task; end it when there is none."""
        if self.waiting:
            self.hands[bench] = self.waiting.popleft()
            bench.give(self.hands[bench][0])
        else:
            self._close(bench)

    def _close(self, bench: Workbench) -> None:
        self.selector.unregister(bench.stdout)
        self.hands.pop(bench, None)
        bench.end()

    def results(self) -> Iterator[Done]:
        """Each as it is done."""
        while self.hands:
            nearest = min(bench.deadline for bench in self.hands)
            for key, _ in self.selector.select(max(nearest - time.monotonic(), 0)):
                yield from self._hear(key.data)
            for bench in [bench for bench in self.hands if bench.deadline < time.monotonic()]:
                yield from self._lose(bench, HANGS)

    def _hear(self, bench: Workbench) -> Iterator[Done]:
        try:
            result = bench.read()
        except Lost as why:
            yield from self._lose(bench, str(why))
            return
        if result is not None:
            task, _ = self.hands.pop(bench)
            self._feed(bench)  # first, so that it works while the result is put away
            yield task, result

    def _lose(self, bench: Workbench, why: str) -> Iterator[Done]:
        """A workbench is of no more use: its task goes to a fresh one, or comes back undecided."""
        task, tries = self.hands[bench]
        self._close(bench)
        if tries < TRIES:
            self.waiting.appendleft((task, tries + 1))
        if self.waiting:
            self._open()
        if tries >= TRIES:
            yield task, undecided(task, why)

    def close(self) -> None:
        """End everything."""
        for bench in [key.data for key in self.selector.get_map().values()]:
            self._close(bench)
        self.selector.close()


def graded_here(tasks: Iterable[Task], workers: int) -> Generator[Done]:
    """Grade tasks in `workers` processes of this machine; each as it is done.

    Raises CourseError when this machine can't grade at all (no jail of the level asked for, another course).
    """
    pool = _Pool(tasks, workers)
    try:
        yield from pool.results()
    finally:
        pool.close()
