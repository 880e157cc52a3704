"""The schema: totals, what a grader error costs (nothing), and what a reader of another schema is told."""

import json

import pytest

from course_utils.grading.verdict import Outcome
from course_utils.staff.results import NotAResult, Result

from .examples import result, row


def test_points_are_granted_for_what_passes_and_nothing_else():
    every = [row(f"e{i}", outcome, 3) for i, outcome in enumerate(Outcome)]
    totals = result("jane", *every).graded.totals
    assert (totals.points, totals.max_points, totals.passed) == (3, 3 * len(Outcome), 1)


def test_what_the_grader_fails_at_is_undecided():
    totals = result("jane", row("a"), row("b", Outcome.GRADER_ERROR, 4)).graded.totals
    assert not totals.decided
    assert (totals.points, totals.undecided) == (2, 4)
    assert result().graded.totals.decided


def test_there_and_back():
    one = result("Zoë", row("a", blocked_by=("x",)), row("b", with_reference_for=("y", "z")))
    assert Result.from_json(one.to_json()) == one
    assert Result.from_json(one.to_json()).to_json() == one.to_json()


def test_the_sums_in_a_file_are_not_believed():
    data = json.loads(result().to_json())
    data["graded"]["totals"]["points"] = 1000
    data["graded"]["exercises"][1]["points"] = 1000
    assert Result.from_json(json.dumps(data)).graded.totals.points == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"schema": 99}', '{"schema": 1}', "[" * 100_000])
def test_what_is_no_result(text: str):
    with pytest.raises(NotAResult):
        Result.from_json(text)
