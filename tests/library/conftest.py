"""A course of one small chapter, on which the library is tried without torch."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_utils.authoring.build import build
from course_utils.authoring.cells import read_text
from course_utils.authoring.stub import replace_source
from course_utils.catalog import Catalog, Chapter, load_catalog

RECORDS = """\
title = "A tiny chapter"
summary = "Two exercises, to try the course's machinery on."

# Comments of the author stay.
[[exercise]]
name = "double"
title = "Twice as much"
minutes = 5
difficulty = 1
needs = []
hints = ["What is two times x?", "x + x"]

[[exercise]]
name = "Scale"
title = "Scale by a factor"
minutes = 15
difficulty = 2
needs = ["double"]
given = ["__init__"]
hints = ["Keep the factor.", "Multiply by it."]
"""

SOLUTIONS = '''\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A tiny chapter
#
# You'll be able to double and to scale, with $x \\\\cdot 2$.

# %%
import json
import math
import os
from pathlib import Path

# %% [markdown]
# ## Numbers
#
# ### Twice as much
#
# Say what `double(3)` gives before you write it.


# %%
def double(x: int) -> int:
    """Two times x.

    >>> double(3)
    6
    """
    # the secret is a shift
    shifted = x << 1  # secret
    return shifted


# %%
folder = os.environ.get("GLASSBOX_FIGURES")
if folder:
    Path(folder, "numbers.json").write_text(json.dumps({"ratio": double(21) / 21}))
    Path(folder, "line.json").write_text(json.dumps({"data": [{"type": "scatter", "y": [0.0, 1.0, 2.0]}]}))
double(21)

# %% [markdown]
# The ratio is {{ratio:.1f}}.
#
# ### Scale by a factor


# %%
class Scale:
    """Multiplies by a factor.

    >>> Scale(2.0).forward(3.0)
    6.0
    """

    factor: float

    def __init__(self, factor: float) -> None:
        self.factor = factor  # given, with its comment

    def forward(self, x: float) -> float:
        """x times the factor."""
        product = self._multiply(x)
        return product

    def _multiply(self, x: float) -> float:
        return math.prod((x, self.factor))


# %%
Scale(2.0).forward(4.0)
'''


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """The catalog of a course in `tmp_path`, not built yet; GLASSBOX_ROOT points to it."""
    monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path))
    folder = tmp_path / "chapters" / "ch01_tiny"
    (folder / "figures").mkdir(parents=True)
    (folder / "exercises.toml").write_text(RECORDS)
    (folder / "figures" / "numbers.json").write_text('{"ratio": 2.0}')
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "ch01_tiny.py").write_text(SOLUTIONS)
    (tmp_path / "tests" / "ch01_tiny").mkdir(parents=True)
    (tmp_path / "tests" / "ch01_tiny" / "test_double.py").write_text('"""Checks for double."""\n')
    (tmp_path / "tests" / "ch01_tiny" / "test_scale.py").write_text('"""Checks for Scale."""\n')
    return load_catalog(tmp_path)


CHECKS = {
    "double": """\
from course_utils.grading import Mutant, agree


def test_two_gives_four(double):
    agree(double(2), 4, "Twice two is four.")


def test_nought_stays_nought(double):
    agree(double(0), 0, "Nothing doubled is nothing.")


MUTANTS = [Mutant("x is squared", "x << 1", "x * x + 1", check="test_two_gives_four")]
""",
    "scale": """\
from course_utils.grading import agree


def test_multiplies_by_the_factor(scale):
    agree(scale(2.0).forward(3.0), 6.0, "The factor multiplies.")
""",
}
RIGHT = "def double(x: int) -> int:\n    return x + x"


@dataclass
class Course:
    """A built course in a folder of its own, and a learner who writes answers into it."""

    catalog: Catalog

    @property
    def chapter(self) -> Chapter:
        return self.catalog.chapters[0]

    @property
    def root(self) -> Path:
        return self.chapter.root

    def answer(self, name: str, source: str) -> None:
        """Put `source` in the place of the learner's exercise, in their `.py`."""
        text = replace_source(read_text(self.chapter.script), name, source)
        assert text is not None
        self.chapter.script.write_text(text)


@pytest.fixture
def course(tiny: Catalog, sockets: Path) -> Course:
    """The tiny course, built, with checks that judge it; its grading server is shared by all tests."""
    for slug, text in CHECKS.items():
        (tiny.chapters[0].tests / f"test_{slug}.py").write_text(text)
    build(tiny)
    return Course(tiny)


@pytest.fixture(scope="session")
def socket_folder() -> Iterator[Path]:
    """Short, as a socket's path must be. A server ends soon after its folder is gone."""
    folder = Path(tempfile.mkdtemp(prefix="gb"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def sockets(socket_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Grading servers of this test listen here."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(socket_folder))
    return socket_folder / "glassbox"
