"""Every exercise's reference passes through the wall; of every third, a wrong answer gets the verdict that it gets here.

All mutants of all exercises: `bench/jail_equality.py --all`.
"""

import dataclasses

import pytest

from course_utils.catalog import load_catalog
from course_utils.grading.checks import load_checks
from course_utils.grading.judge import judge_file
from course_utils.grading.mutants import load_reference

SAME = ("outcome", "check", "says", "diagnosis", "belief", "details", "where", "code", "next_step", "passed", "total")
BY_NAME = {exercise.name: exercise for exercise in load_catalog().exercises}


def solution_of(name):
    return load_catalog().chapter_of(BY_NAME[name]).solution.read_text(encoding="utf-8")


def with_source(name, source):
    """The solution with another text in the exercise's place."""
    return solution_of(name).replace(load_reference(BY_NAME[name]).source, source)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_reference_passes(name, judged):
    verdict = judged(name, solution_of(name))
    assert verdict.ok, verdict


@pytest.mark.parametrize("name", sorted(BY_NAME)[::3])
def test_a_wrong_answer_is_found_as_here(name, judged, tmp_path):
    exercise = dataclasses.replace(BY_NAME[name], time_limit=60.0)
    reference, checks = load_reference(exercise), load_checks(exercise)
    mutant = checks.mutants[len(name) % len(checks.mutants)]
    text = with_source(name, mutant.edit.apply(reference.source))
    path = tmp_path / "their.py"
    path.write_text(text, encoding="utf-8")
    local, got = judge_file(exercise, path), judged(name, text, filename=str(path), show_inputs=True)
    assert got.check == mutant.check
    assert {key: getattr(got, key) for key in SAME} == {key: getattr(local, key) for key in SAME}
