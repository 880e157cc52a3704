"""A course of two small chapters, and a class that hands in answers to it."""

from pathlib import Path

import pytest

from course_utils.catalog import Catalog, load_catalog
from course_utils.staff.intake import take_in
from course_utils.staff.run import _tasks
from course_utils.staff.task import Task

RECORDS = {
    "ch01_transformers": """\
title = "A tiny chapter"
summary = "Three exercises, to grade a class on."

[[exercise]]
name = "double"
title = "Twice as much"
minutes = 5
difficulty = 1
needs = []
hints = ["What is two times x?", "x + x"]
time_limit = 2

[[exercise]]
name = "quadruple"
title = "Four times as much"
minutes = 5
difficulty = 2
needs = ["double"]
hints = ["Twice, twice.", "4 * x"]
time_limit = 2

[[exercise]]
name = "Scale"
title = "Scale by a factor"
minutes = 15
difficulty = 2
needs = ["double"]
hints = ["Keep the factor.", "Multiply by it."]
points = 5
time_limit = 2
""",
    "ch02_induction": """\
title = "More"
summary = "One exercise."

[[exercise]]
name = "half"
title = "Half as much"
minutes = 5
difficulty = 1
needs = []
hints = ["What is x over two?", "x / 2"]
""",
}

RIGHT = {
    "ch01_transformers": """\
import torch


# %%
def double(x):
    return x + x


# %%
def quadruple(x):
    return 4 * x


# %%
class Scale(torch.nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor
""",
    "ch02_induction": """\
def half(x):
    return x / 2
""",
}

CHECKS = {
    "ch01_transformers/test_double.py": """\
import torch

from course_utils.grading import Mutant, agree


def test_ones_give_twos(double):
    agree(double(torch.ones(3)), torch.full((3,), 2.0), "Twice one is two.")


def test_anything_is_doubled(double):
    x = torch.randn(4, 2)
    agree(double(x), 2 * x, "Every number is doubled.")


MUTANTS = [
    Mutant("x is squared and one is added", "x + x", "x * x + 1", check="test_anything_is_doubled"),
]
""",
    "ch01_transformers/test_quadruple.py": """\
import torch

from course_utils.grading import agree


def test_anything_is_quadrupled(quadruple):
    x = torch.randn(5)
    agree(quadruple(x), 4 * x, "Every number is taken four times.")
""",
    "ch01_transformers/test_scale.py": """\
import torch

from course_utils.grading import agree


def test_multiplies_by_the_factor(Scale):
    x = torch.randn(3)
    agree(Scale(2.5)(x), 2.5 * x, "The factor multiplies.")
""",
    "ch02_induction/test_half.py": """\
import torch

from course_utils.grading import agree


def test_half(half):
    agree(half(torch.ones(2)), torch.full((2,), 0.5), "Half of one is a half.")
""",
}


def make_course(root: Path) -> Path:
    """Write the small course into a folder."""
    for chapter, records in RECORDS.items():
        for folder in (root / "chapters" / chapter, root / "tests" / chapter, root / "solutions"):
            folder.mkdir(parents=True, exist_ok=True)
        (root / "chapters" / chapter / "exercises.toml").write_text(records)
        (root / "solutions" / f"{chapter}.py").write_text(RIGHT[chapter])
    for path, text in CHECKS.items():
        (root / "tests" / path).write_text(text)
    return root


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """The catalog of the small course; GLASSBOX_ROOT points to it."""
    root = make_course(tmp_path / "course")
    monkeypatch.setenv("GLASSBOX_ROOT", str(root))
    return load_catalog(root)


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """An empty folder for what a class hands in."""
    folder = tmp_path / "handed_in"
    folder.mkdir()
    return folder


def tasks_for(folder: Path, catalog: Catalog, secret: bytes = b"0123456789abcdef") -> list[Task]:
    """What was handed in as tasks, as a run would make them."""
    return [task for _, task in _tasks(take_in(folder, catalog).submissions, secret, "landlock")]
