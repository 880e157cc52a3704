"""Whether someone who wrote down what the checks ask, and what they expect, would pass.

The checks are public, so a table of their inputs and answers is easily made; it must not pass when the numbers are
drawn anew, nor may a verdict tell what was drawn. Left out are questions about a specimen (their only arguments are
names): they have one answer.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from course_utils.authoring.record import Record
from course_utils.grading.checks import Checks
from course_utils.grading.compare import agree, refuses, require
from course_utils.grading.hidden import hidden
from course_utils.grading.mutants import Reference
from course_utils.grading.verdict import Verdict


def table_problems(reference: Reference, checks: Checks, judge: Callable[..., Verdict]) -> tuple[list[str], set[str]]:
    """What lets a table of answers pass, and the checks that are there to make it fail.

    judge: judges an exercise and a thing, and tells `events` the name of each check before it runs.
    """
    exercise, records = reference.exercise, [Record(reference.thing), Record(reference.thing)]
    for seed, record in enumerate(records, start=1):
        with hidden(seed, private=False), overheard(checks, record.hear):
            verdict = judge(exercise, record.noting(), events=record.begin)
        if not verdict.ok:
            return [f"the reference does not pass under another hidden seed: {verdict.check}: {verdict.says}"], set()
    drawn, problems = drawn_checks(*records), _telling(*records)
    caught = set(drawn[:1])
    if not drawn and not records[0].is_about_names:
        says = "its checks ask the same under every seed, so a table of answers passes"
        problems.append(f"{exercise.name}: {says}: add one with numbers drawn at random.")
    elif not isinstance(reference.thing, type):
        with hidden(2, private=False):
            verdict = judge(exercise, records[0].recalling())
        if verdict.ok and not records[0].is_about_names:
            says = "the answers under one seed, in their order, pass under another"
            problems.append(
                f"{exercise.name}: {says}: add a check whose right answer hangs on numbers drawn at random."
            )
        caught |= set(drawn) & {verdict.check}
    return problems, caught


def drawn_checks(one: Record, other: Record) -> list[str]:
    """The checks that ask under the other seed what none asks under the one."""
    known = {data for asked in one.asked.values() for data in asked}
    return [check for check, asked in other.asked.items() if not known.issuperset(asked)]


def _telling(one: Record, other: Record) -> list[str]:
    return [
        f"{check} tells in `says` what was drawn: leave out what differs from seed to seed."
        for check, said in one.said.items()
        if said != other.said.get(check)
    ]


@contextmanager
def overheard(checks: Checks, hear: Callable[[str], None]) -> Iterator[None]:
    """In this block `hear` is told every sentence that the checks have ready, whether or not anything is wrong."""

    def telling(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def told(*args: Any, **kwargs: Any) -> Any:
            hear(inspect.signature(function).bind(*args, **kwargs).arguments["says"])
            return function(*args, **kwargs)

        return told

    names = inspect.unwrap(next(iter(checks.checks.values()))).__globals__  # those of the one file that they stand in
    own = {
        key: value for key, value in names.items() if any(value is function for function in (agree, refuses, require))
    }
    names.update({key: telling(value) for key, value in own.items()})
    try:
        yield
    finally:
        names.update(own)
