"""The one place where a class meets the jail: a chapter's exercises judged, each in a fresh worker."""

import math
from collections.abc import Collection
from types import TracebackType

from course_utils.catalog import Chapter, Exercise
from course_utils.grading.verdict import Verdict, grader_error
from course_utils.jail.launch import Zygote
from course_utils.jail.levels import JailError
from course_utils.jail.rlimits import Limits
from course_utils.jail.session import judge_in_jail
from course_utils.staff.required import level_for
from course_utils.staff.results import Jail

TRIES = 2  # at a worker: the second comes from a zygote that was started afresh, if that was the trouble


class Judging:
    """A chapter's jail, warm; a context manager. Entering raises CourseError where there is none of that strength."""

    def __init__(self, chapter: Chapter, required: str) -> None:
        self._zygote = Zygote(level_for(required), chapter)
        self.jail = Jail("none", ())  # what held the last worker

    def __enter__(self) -> "Judging":
        self._zygote.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zygote.__exit__(kind, error, at)

    def judge(
        self, exercise: Exercise, text: str, filename: str, seed: int, references: Collection[str] = ()
    ) -> Verdict:
        """The verdict on one exercise of a file.

        seed: the hidden one. references: exercises whose place the course's own takes while this one is judged.
        """
        seconds = math.ceil(2 * exercise.time_limit) + 5  # of processor time: the clock outside is what ends it
        limits = Limits(memory_mb=exercise.memory_mb, cpu_seconds=seconds)
        why = ""
        for _ in range(TRIES):
            try:
                worker = self._zygote.worker(limits)
            except JailError as error:
                why = str(error)
                continue
            with worker:
                self.jail = Jail(worker.level.name.lower(), tuple(worker.parts))
                return judge_in_jail(exercise, text, filename, worker, seed=seed, references=references)
        return grader_error(exercise, why)
