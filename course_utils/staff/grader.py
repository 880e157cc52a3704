"""One file graded: every exercise of its chapter judged by itself, and nobody charged twice for one mistake.

Knows references, checks and seeds, never the secret.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from course_utils.catalog import Chapter, CourseError, Exercise, load_catalog
from course_utils.grading.mutants import load_reference
from course_utils.grading.verdict import Outcome, Verdict, grader_error
from course_utils.staff.blame import exercises_used
from course_utils.staff.intake.files import suffix_of
from course_utils.staff.intake.text import code_lines
from course_utils.staff.judging import Judging
from course_utils.staff.provenance import provenance
from course_utils.staff.results import ExerciseResult, Graded, Result, Timing
from course_utils.staff.task import LIMIT, Task, row_of


def chapter_of(task: Task) -> Chapter:
    """The chapter of a task. Raises CourseError where this machine's course isn't the one that the task is for."""
    chapter = load_catalog().find_chapter(task.chapter)
    here = asdict(provenance(chapter))
    for key, wanted in asdict(task.provenance).items():
        if here[key] != wanted:
            raise CourseError(
                f"This machine would grade by another course: {key} is {here[key] or 'missing'} here and "
                f"{wanted or 'missing'} where the run was started. Bring both to one version."
            )
    return chapter


def grade(task: Task, chapter: Chapter, judging: Judging) -> Result:
    """Judge every exercise of the chapter in the task's file. Never raises for what the file does."""
    started, graded_at = time.monotonic(), datetime.now(UTC)
    used = exercises_used(
        code_lines(task.text, suffix_of(task.file)), {exercise.name for exercise in chapter.exercises}
    )
    rows: list[ExerciseResult] = []
    seconds: dict[str, float] = {}
    failed: list[str] = []
    for exercise in chapter.exercises:
        before = time.monotonic()
        if before - started > LIMIT:
            row = row_of(exercise, _no_time_left(exercise))
        else:
            blockers = tuple(name for name in failed if name in used[exercise.name])
            row = _judged(exercise, task, judging, blockers)
        seconds[exercise.name] = round(time.monotonic() - before, 3)
        if not row.verdict.ok and row.decided:
            failed.append(exercise.name)
        rows.append(row)
    graded = Graded(
        person=task.person, file=task.file, sha256=task.sha256, chapter=task.chapter, exercises=tuple(rows),
        provenance=task.provenance, jail=judging.jail, seed=task.seed,
    )  # fmt: skip
    timing = Timing(f"{graded_at:%Y-%m-%dT%H:%M:%SZ}", round(time.monotonic() - started, 3), seconds)
    return Result(graded, timing)


def _judged(exercise: Exercise, task: Task, judging: Judging, blockers: tuple[str, ...]) -> ExerciseResult:
    """One exercise; where it fails and builds on others that do, once more with the course's own in their place."""
    alone = _judge(exercise, task, judging, ())
    if alone.ok or not blockers or alone.outcome is Outcome.GRADER_ERROR:
        return row_of(exercise, alone)
    helped = _judge(exercise, task, judging, blockers)
    if _same(helped, alone):  # the others have no part in it: a name that was there, but not used
        return row_of(exercise, alone)
    if helped.ok or not _stays_outside(blockers, helped):
        return row_of(exercise, helped, with_reference_for=blockers)
    return row_of(exercise, alone, blocked_by=blockers)


def _stays_outside(blockers: tuple[str, ...], helped: Verdict) -> bool:
    """Whether a failure with the course's own may come from its not being there.

    A function of the course's can be called from inside the jail; what a class makes lives outside, and is of use
    there only as long as nobody looks into it.
    """
    things = [load_reference(load_catalog().find_exercise(name)).thing for name in blockers]
    return helped.outcome is Outcome.GRADER_ERROR or any(isinstance(thing, type) for thing in things)


def _judge(exercise: Exercise, task: Task, judging: Judging, references: tuple[str, ...]) -> Verdict:
    # The name handed in is anybody's, and may be changed without the content: the verdict speaks of a plain one.
    filename = f"{task.chapter}{suffix_of(task.file)}"
    try:
        return judging.judge(exercise, task.text, filename, task.seeds[exercise.name], references)
    except Exception as error:  # our own fault, and this exercise's alone
        return grader_error(exercise, error)


def _same(one: Verdict, other: Verdict) -> bool:
    return (one.outcome, one.check, one.says, one.details) == (other.outcome, other.check, other.says, other.details)


def _no_time_left(exercise: Exercise) -> Verdict:
    says = f"Not judged: the exercises before it used up the {LIMIT:g} s that one file may take."
    return Verdict(exercise.name, Outcome.TIMEOUT, says, next_step="mend the exercises that ran out of time first")


class Bench:
    """Grades tasks one after the other, and keeps the jail of the chapter at hand warm in between."""

    def __init__(self) -> None:
        self._open: tuple[tuple[str, str], Judging, contextlib.ExitStack] | None = None

    def grade(self, data: dict[str, Any]) -> str:
        """A task as plain data in, a result as JSON out. Raises CourseError when this machine can't grade it."""
        task = Task.from_dict(data)
        chapter = chapter_of(task)
        return grade(task, chapter, self._judging(chapter, task.required)).to_json()

    def _judging(self, chapter: Chapter, required: str) -> Judging:
        wanted = (chapter.key, required)
        if self._open and self._open[0] == wanted:
            return self._open[1]
        self.close()
        stack = contextlib.ExitStack()
        judging = stack.enter_context(Judging(chapter, required))
        self._open = (wanted, judging, stack)
        return judging

    def close(self) -> None:
        """End the jail that is open, if one is."""
        if self._open:
            self._open[2].close()
            self._open = None


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """A bench that is cleared at the end."""
    one = Bench()
    try:
        yield one
    finally:
        one.close()
