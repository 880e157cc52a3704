"""The one judge: runs an exercise's checks on a learner's function or class and says what came of it.

pytest, notebook, command line, site and gate all call `judge`, `judge_file` or `run_check`.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from course_utils.catalog import Exercise
from course_utils.grading.checks import load_checks, quiet_torch
from course_utils.grading.compare import Wrong
from course_utils.grading.explain import unusable, with_line, wrong_verdict
from course_utils.grading.frames import where_in_theirs
from course_utils.grading.mutants import load_reference
from course_utils.grading.reach import Used, with_reasons_elsewhere
from course_utils.grading.show import short
from course_utils.grading.subject import load_submission
from course_utils.grading.verdict import (
    NOTHING_SKIPPED,
    NotLoadable,
    Outcome,
    Skipped,
    TimeUp,
    Verdict,
    from_exception,
    grader_error,
    not_loadable,
)
from course_utils.grading.watched import Calls, watch

Events = Callable[[str], None]


def judge_file(exercise: Exercise, path: Path, *, events: Events | None = None) -> Verdict:
    """Judge the exercise as a learner's file (`.py` or `.ipynb`) defines it. Never raises for what the file does."""
    try:
        submission = load_submission(path)
        thing = submission.get(exercise.name)
    except NotLoadable as error:
        return not_loadable(exercise, error)
    except BaseException as error:  # a file may do anything while it is loaded, exit() included
        return from_exception(exercise, error)
    return judge(exercise, thing, events=events, skipped=submission.skipped)


def judge(
    exercise: Exercise,
    thing: Any,
    *,
    events: Events | None = None,
    skipped: Skipped = NOTHING_SKIPPED,
    explain: bool = True,
    used: Used | None = None,
) -> Verdict:
    """Run the checks on `thing`, coarse to fine; the first that does not pass ends the exercise.

    events: called with the name of each check before it runs.
    skipped: names that the learner's file only binds in cells that were not run, or failed to bind.
    explain: look for the belief behind a wrong answer by running the exercise's mutants, and for other exercises that
    are the reason; the gate has no use for it.
    used: says which exercises `thing` builds on, where it lives in another process.
    """
    start = time.perf_counter()
    try:
        checks = load_checks(exercise).checks
    except Exception as error:
        return grader_error(exercise, error)
    passed = 0
    for name in checks:
        if events:
            events(name)
        verdict = run_check(exercise, name, thing, skipped=skipped, explain=explain, used=used, events=events)
        if not verdict.ok:
            break
        passed += 1
    else:
        says = f"all {passed} checks passed" if passed > 1 else "the check passed"
        verdict = Verdict(exercise.name, Outcome.PASSED, says)
    return verdict.with_(passed=passed, total=len(checks), seconds=time.perf_counter() - start)


def run_check(
    exercise: Exercise,
    name: str,
    thing: Any,
    *,
    skipped: Skipped = NOTHING_SKIPPED,
    explain: bool = True,
    used: Used | None = None,
    events: Events | None = None,
) -> Verdict:
    """Run one check. The verdict's `passed` and `total` are left for the caller.

    used, events: as in `judge`, for the other exercises that this one builds on.
    """
    if not callable(thing):
        says = (
            f"{exercise.name} is {short(thing, 40)} in your file, of type {type(thing).__name__}: "
            f"write it as the {_kind_of_reference(exercise) or 'function or class'} that the stub has."
        )
        return Verdict(exercise.name, Outcome.WRONG, says, name, next_step=f"course reset {exercise.name}")
    try:
        verdict = _run_check(exercise, name, thing, skipped, explain)
    except BaseException as error:  # out of a __repr__, or the alarm while the verdict was being written
        verdict = from_exception(exercise, error, check=name, skipped=skipped)
    if verdict.outcome in (Outcome.WRONG, Outcome.CRASHED):
        has, wanted = "class" if isinstance(thing, type) else "function", _kind_of_reference(exercise)
        if wanted and wanted != has:
            says = f"{exercise.name} is a {has} in your file: write it as the {wanted} that the stub has."
            return Verdict(exercise.name, Outcome.WRONG, says, name, next_step=f"course reset {exercise.name}")
        if explain:
            again = partial(judge, explain=False, events=events if used else None)
            verdict = with_reasons_elsewhere(exercise, thing, verdict, again, used)
    return verdict


def _run_check(exercise: Exercise, name: str, thing: Any, skipped: Skipped, explain: bool) -> Verdict:
    check = load_checks(exercise).checks[name]
    calls = Calls(exercise.name)
    try:
        subject, calls = watch(thing, exercise.name, may_change_input=exercise.may_change_input)
        with quiet_torch():
            check(subject)
    except Wrong as wrong:
        return wrong_verdict(exercise, name, wrong, calls, explain=explain)
    except BaseException as error:
        theirs = TimeUp | SystemExit | KeyboardInterrupt | NotImplementedError
        if where_in_theirs(error) or isinstance(error, theirs):
            return from_exception(exercise, error, check=name, skipped=skipped, details=with_line(calls))
        return unusable(exercise, name, error, calls)
    return Verdict(exercise.name, Outcome.PASSED, "the check passed", name)


def _kind_of_reference(exercise: Exercise) -> str | None:
    """What the exercise is meant to be; None without the solutions at hand."""
    try:
        return "class" if isinstance(load_reference(exercise).thing, type) else "function"
    except Exception:
        return None
