"""One file, graded in this process: what can't be judged alone, what the grader fails at, what ran out of time."""

from dataclasses import replace
from pathlib import Path

import pytest

from course_utils.catalog import CourseError, load_catalog
from course_utils.grading.verdict import Outcome
from course_utils.staff import grader
from course_utils.staff.grader import Bench, bench, chapter_of
from course_utils.staff.required import at_least, level_for
from course_utils.staff.results import Graded, Result
from course_utils.staff.task import Task, undecided

from .conftest import RIGHT, tasks_for
from .test_intake import put

RECORDS = """\
title = "Built on a class"
summary = "Two exercises."

[[exercise]]
name = "Shift"
title = "Shift"
minutes = 5
difficulty = 3
needs = []
hints = ["Add.", "x + by"]

[[exercise]]
name = "shifted"
title = "Shift with it"
minutes = 5
difficulty = 1
needs = ["Shift"]
hints = ["Make one and call it.", "Shift(1)(x)"]

[[exercise]]
name = "one_more"
title = "One more"
minutes = 5
difficulty = 1
needs = []
hints = ["Add.", "x + 1"]
"""
SOLUTION = """\
import torch


class Shift(torch.nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, x):
        return x + self.by


def shifted(x):
    return Shift(1.0)(x)


def one_more(x):
    return x + 1
"""
CHECK = """\
import torch

from course_utils.grading import agree


def test_it_is_shifted(thing):
    agree(thing({made}), torch.full((2,), 2.0), "One and one is two.")
"""


@pytest.fixture
def course(small) -> Path:
    """The small course with a chapter more."""
    root = small.chapters[0].root
    put(root, "chapters/ch03_ioi/exercises.toml", RECORDS)
    put(root, "solutions/ch03_ioi.py", SOLUTION)
    put(root, "tests/ch03_ioi/test_shift.py", CHECK.replace("thing({made})", "thing(1.0)(torch.ones(2))"))
    for name in ("shifted", "one_more"):
        put(root, f"tests/ch03_ioi/test_{name}.py", CHECK.format(made="torch.ones(2)"))
    load_catalog.__globals__["_load"].cache_clear()
    return root


@pytest.fixture(scope="module")
def one_bench():
    """A bench for all tests here: its jail is warm."""
    with bench() as one:
        yield one


def graded(one_bench: Bench, folder: Path, text: str) -> Graded:
    (task,) = tasks_for(put(folder, "ann_ch03_ioi.py", text).parent, load_catalog())
    return Result.from_json(one_bench.grade(task.to_dict())).graded


def notes(one: Graded) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(str(row.outcome), row.blocked_by, row.with_reference_for) for row in one.exercises]


def test_what_is_built_on_a_class_that_fails_passes_or_is_blocked(one_bench, course, handed_in):
    one = graded(one_bench, handed_in, SOLUTION.replace("x + self.by", "x"))
    assert notes(one)[0] == ("wrong", (), ())
    assert notes(one)[1] in [("wrong", ("Shift",), ()), ("passed", (), ("Shift",))]
    assert notes(one)[2] == ("passed", (), ())
    assert one.exercises[1].verdict.says.startswith("shifted calls Shift") or one.exercises[1].verdict.ok


def test_a_name_that_is_there_and_not_used_is_nobodys_excuse(one_bench, small, handed_in):
    text = RIGHT["ch01_transformers"].replace("x + x", "x").replace("4 * x", "x if True else double(x)")
    (task,) = tasks_for(put(handed_in, "ann_ch01_transformers.py", text).parent, small)
    one = Result.from_json(one_bench.grade(task.to_dict())).graded
    assert notes(one)[:2] == [("wrong", (), ()), ("wrong", (), ())]


def test_a_check_that_breaks_is_undecided_and_costs_nothing(one_bench, course, handed_in):
    put(course, "tests/ch03_ioi/test_one_more.py", "import nothing_of_this_name\n")
    one = graded(one_bench, handed_in, SOLUTION)
    assert [str(row.outcome) for row in one.exercises] == ["passed", "passed", "grader_error"]
    assert (one.totals.points, one.totals.undecided, one.totals.max_points) == (4, 1, 5)
    assert "nothing_of_this_name" in one.exercises[2].verdict.says


def test_a_file_whose_time_is_over(one_bench, course, handed_in, monkeypatch):
    monkeypatch.setattr(grader, "LIMIT", 0.0)
    one = graded(one_bench, handed_in, SOLUTION)
    assert {row.outcome for row in one.exercises} == {Outcome.TIMEOUT}
    assert "used up the 0 s" in one.exercises[0].verdict.says


def test_half_characters_reach_no_file(one_bench, course, handed_in):
    one = graded(one_bench, handed_in, SOLUTION.replace("x + 1\n", "int('\\ud800')\n"))
    assert one.exercises[2].outcome is Outcome.CRASHED
    Result.from_json(undecided(tasks_for(handed_in, load_catalog())[0], "?").to_json())
    assert str(one.to_dict()).encode()


def test_another_course_is_refused(course, handed_in):
    (task,) = tasks_for(put(handed_in, "ann_ch03_ioi.py", SOLUTION).parent, load_catalog())
    assert chapter_of(task).key == "ch03_ioi"
    other = replace(task, provenance=replace(task.provenance, torch="9.9"))
    with pytest.raises(CourseError, match=r"torch is .* here and 9.9 where the run was started"):
        chapter_of(other)


def test_a_task_is_plain_data_and_shows_no_seed(course, handed_in):
    (task,) = tasks_for(put(handed_in, "ann_ch03_ioi.py", SOLUTION).parent, load_catalog())
    assert Task.from_dict(task.to_dict()) == task
    assert not any(str(seed) in repr(task) for seed in task.seeds.values())


def test_a_jail_that_is_too_weak_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # where no bubblewrap is found
    with pytest.raises(CourseError, match=r"bubblewrap or stronger is asked for\..*--require-jail"):
        level_for("bubblewrap")


@pytest.mark.parametrize(
    ("level", "required", "enough"),
    [
        ("bubblewrap", "namespaces", True),
        ("landlock", "namespaces", False),
        ("rlimits", "rlimits", True),
        ("rlimits", "landlock", False),
        ("none", "rlimits", False),
    ],
)
def test_levels(level: str, required: str, enough: bool):
    assert at_least(level, required) is enough


def test_the_right_answers_are_right(one_bench, small, handed_in):
    (task,) = tasks_for(put(handed_in, "ann_ch02_induction.py", RIGHT["ch02_induction"]).parent, small)
    assert Result.from_json(one_bench.grade(task.to_dict())).graded.totals.points == 1
