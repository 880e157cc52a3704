"""The gate on a course with a flaw of each kind: it must name the flaw, and be silent where there is none."""

import contextlib
import re

import pytest

from course_utils.authoring.build import build
from course_utils.authoring.gate import run_gate
from course_utils.catalog import CourseError, load_catalog

RECORDS = """
title = "Toy"
summary = "A course of one exercise."

[[exercise]]
name = "halve"
title = "Halve a tensor"
minutes = 5
difficulty = 1
needs = []
hints = ["Divide.", "By two."]
"""

SOLUTION = '''
# %% [markdown]
# # Toy

# %%
import torch
from jaxtyping import Float
from torch import Tensor

SCALE = 2.0

# %% [markdown]
# ### Halve a tensor

# %%
def halve(x: Float[Tensor, "batch pos"]) -> Float[Tensor, "batch pos"]:
    """Half of x."""
    half = x / 2  # a comment of the body
    return half
'''

CHECKS = """
import torch

from course_utils.grading import Accepted, Mutant, agree


def test_halves_each_number(halve):
    agree(halve(torch.tensor([[2.0, 4.0, 8.0]])), torch.tensor([[1.0, 2.0, 4.0]]), "each number is divided by two.")


def test_negative_numbers_stay_negative(halve):
    agree(halve(torch.tensor([[-2.0], [6.0]])), torch.tensor([[-1.0], [3.0]]), "the sign is kept.")


def test_it_holds_for_numbers_drawn_at_random(halve):
    x = torch.randn(2, 3)
    agree(halve(x), torch.tensor([[value / 2 for value in row] for row in x.tolist()]), "half of each.")


MUTANTS = [
    Mutant("it is doubled", "x / 2", "x * 2", check="test_halves_each_number"),
    Mutant("it is divided by three", "x / 2", "x / 3", check="test_halves_each_number"),
    Mutant("two is subtracted", "x / 2", "x - 2", check="test_halves_each_number"),
    Mutant("the sign is dropped", "x / 2", "x.abs() / 2", check="test_negative_numbers_stay_negative"),
]
ACCEPTED = [Accepted("times one half", "x / 2", "x * 0.5")]
"""


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """A function that writes the toy course with one text replaced; gives whether the gate holds, and what it said."""

    def run(file: str = "", old: str = "", new: str = "", stray: str = ""):
        texts = {
            "chapters/ch01_toy/exercises.toml": RECORDS,
            "solutions/ch01_toy.py": SOLUTION,
            "tests/ch01_toy/test_halve.py": CHECKS,
            "pyproject.toml": '[project.urls]\nRepository = "https://example.org/toy"\n',
        }
        if file:
            assert texts[file].count(old) >= 1
            texts[file] = texts[file].replace(old, new)
        if stray:
            texts[stray] = "what is this?\n"
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip("\n"))
        monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path))
        said: list[str] = []
        with contextlib.suppress(CourseError):  # a flaw may keep the chapter from being built; the gate says so too
            build(load_catalog())
        return run_gate(load_catalog(), say=said.append, workers=1), "\n".join(said)

    return run


def test_a_sound_course_is_green(gate):
    holds, said = gate()
    assert holds, said
    assert re.search(r"✓ halve +3 checks, 4 mutants, 1 other right answers", said)
    assert "1 exercises, 0 with problems; 0 problems of the course as a whole" in said


TESTS, SOURCE, TOML = "tests/ch01_toy/test_halve.py", "solutions/ch01_toy.py", "chapters/ch01_toy/exercises.toml"
FLAWS = {
    "reference wrong": (SOURCE, "return half", "return half + 1", "the reference does not pass"),
    "mutant passes": (TESTS, '"x * 2"', '"x * 0.5"', "the mutant 'it is doubled' passes"),
    "mutant caught by another check": (
        TESTS,
        '"x.abs() / 2", check="test_negative_numbers_stay_negative"',
        '"x.abs() / 2", check="test_halves_each_number"',
        "should be caught by test_halves_each_number",
    ),
    "mutant whose text is not there": (TESTS, '"x / 2", "x * 2"', '"x // 2", "x * 2"', "occurs 0 times"),
    "accepted answer fails": (TESTS, "x * 0.5", "x * 0.6", "accepted answer 'times one half' does not pass"),
    "check that catches nothing": (
        TESTS,
        "MUTANTS = [",
        "def test_idle(halve):\n    pass\n\n\nMUTANTS = [",
        "test_idle",
    ),
    "heading differs": (SOURCE, "### Halve a tensor", "### Halve it", "the heading above it is 'Halve it'"),
    "reads a notebook global": (SOURCE, "return half", "return half * SCALE / 2", "reads SCALE from the notebook"),
    "nothing drawn": (
        TESTS,
        "torch.randn(2, 3)",
        "torch.ones(2, 3)",
        "halve: its checks ask the same under every seed",
    ),
    "drawn, but no answer hangs on it": (
        TESTS,
        "agree(halve(x), torch.tensor([[value / 2 for value in row] for row in x.tolist()]),",
        "agree(list(halve(x).shape), [2, 3],",
        "halve: the answers under one seed, in their order, pass under another",
    ),
    "a sentence tells what was drawn": (
        TESTS,
        '"half of each.")',
        'f"half of each of {x.tolist()}.")',
        "test_it_holds_for_numbers_drawn_at_random tells in `says` what was drawn",
    ),
    "reference fails under another seed": (
        TESTS,
        '"half of each.")',
        '"half of each.")\n    assert x.sum() < 0',
        "the reference does not pass under another hidden seed",
    ),
    "one hint": (TOML, '"Divide.", "By two."', '"Divide."', "1 hints"),
    "too few mutants": (TESTS, '    Mutant("it is divided by three"', '    # Mutant("', "3 mutants: at least 4"),
    "exercise not in the solutions": (TOML, 'name = "halve"', 'name = "third"', "does not define third"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_names_the_flaw(gate, flaw):
    file, old, new, words = FLAWS[flaw]
    holds, said = gate(file, old, new)
    assert not holds
    assert words in said


def test_a_check_that_a_constant_passes_is_refused(gate):
    one_input = CHECKS.replace("def test_negative", "def _test_negative").replace("def test_it", "def _test_it")
    one_input = one_input.replace(
        '"x.abs() / 2", check="test_negative_numbers_stay_negative"', '"x / 4", check="test_halves_each_number"'
    )
    holds, said = gate(TESTS, CHECKS, one_input)
    assert not holds
    assert "an answer that returns its first answer every time passes" in said


def test_names_a_stray_file(gate):
    holds, said = gate(stray="chapters/ch01_toy/notes.txt")
    assert not holds
    assert "notes.txt" in said
