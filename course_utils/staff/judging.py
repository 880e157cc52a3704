"""The one place where a class meets the jail: a chapter's exercises judged, each in a fresh worker."""

import math
import os
from collections.abc import Collection
from dataclasses import replace
from types import TracebackType

from course_utils.catalog import Chapter, Exercise
from course_utils.grading.verdict import Outcome, Verdict, grader_error
from course_utils.jail.talk.session import judge_in_jail
from course_utils.jail.walls.launch import Zygote
from course_utils.jail.walls.levels import JailError
from course_utils.jail.walls.rlimits import Limits
from course_utils.staff.required import level_for
from course_utils.staff.results import Jail

MORE_TIME = 3.0  # times the limit, for what ran out of time on a busy machine
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
        """The verdict on one exercise of a file. What a busy machine gave too little time is tried again, with more.

        seed: the hidden one. references: exercises whose place the course's own takes while this one is judged.
        """
        verdict = self._judge(exercise, text, filename, seed, references)
        if verdict.outcome is Outcome.TIMEOUT and _busy():
            patient = replace(exercise, time_limit=MORE_TIME * exercise.time_limit)
            again = self._judge(patient, text, filename, seed, references)
            return verdict if again.outcome is Outcome.TIMEOUT else again
        return verdict

    def _judge(self, exercise: Exercise, text: str, filename: str, seed: int, references: Collection[str]) -> Verdict:
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


def _busy() -> bool:
    """Whether more wants to run than there are processors: then a limit on the clock says little about an answer."""
    try:
        return os.getloadavg()[0] > 1.25 * (os.cpu_count() or 1)
    except OSError:  # this system doesn't say
        return False
