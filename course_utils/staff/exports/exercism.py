"""Exercism's `results.json`, version 3 (https://exercism.org/docs/building/tooling/test-runners/interface)."""

import json
from typing import Any

from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.plain import tidy
from course_utils.staff.exports.words import text_of, title_of
from course_utils.staff.results import ExerciseResult, Result

MOST_MESSAGE = 65_535  # characters
MOST_OUTPUT = 500  # characters of what a learner printed, where it is kept at all
_CUT = "\nOutput was truncated. Please limit to 500 chars"
_FAILED = (Outcome.WRONG, Outcome.NOT_ATTEMPTED)  # whatever else is no pass is an "error" of that test
_NOT_RUN = (Outcome.NOT_LOADABLE, Outcome.GRADER_ERROR)


def exercism(result: Result, values: bool = False) -> str:
    """The file's text: the tests in the order of the chapter; "error" with a message only when no exercise ran.

    values: show the inputs of hidden checks, and what the learner's code printed.
    """
    rows = result.graded.exercises
    data: dict[str, Any] = {"version": 3}
    if all(row.outcome in _NOT_RUN for row in rows):
        said = text_of(rows[0], values) if rows else "The chapter has no exercises."
        data |= {"status": "error", "message": tidy(said, MOST_MESSAGE), "tests": []}
    else:
        status = "pass" if all(row.verdict.ok for row in rows) else "fail"
        data |= {"status": status, "message": None, "tests": [_test(i, row, values) for i, row in enumerate(rows, 1)]}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _test(number: int, row: ExerciseResult, values: bool) -> dict[str, Any]:
    status = "pass" if row.verdict.ok else "fail" if row.outcome in _FAILED else "error"
    message = None if row.verdict.ok else tidy(text_of(row, values), MOST_MESSAGE)
    test = {"name": title_of(row), "status": status, "message": message, "task_id": number}
    if values and (printed := tidy(row.verdict.printed).strip()):
        test["output"] = printed if len(printed) <= MOST_OUTPUT else printed[: MOST_OUTPUT - len(_CUT)] + _CUT
    return test
