"""What an exception says, and that it keeps the evidence: the call, the line, the next step."""

import shutil
from pathlib import Path

import pytest

from course_utils.catalog import load_catalog
from course_utils.grading.judge import judge_file
from course_utils.grading.names import nearest
from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome

TOY = Path(__file__).parent.parent / "submissions" / "_course"


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    shutil.copytree(TOY, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def centre(body: str, around: str = "", argument: str = "x"):
    source = f"import torch\nfrom torch import nn\n\n{around}\n\ndef centre({argument}):\n    {body}\n"
    path = Path("answer.py")
    path.write_text(source)
    return judge_file(load_catalog().find_exercise("centre"), path)


def test_a_crash_keeps_the_call_the_line_and_the_next_step():
    verdict = centre("return x @ x")
    assert verdict.outcome is Outcome.CRASHED
    assert verdict.details == ("with      x = [[1, 2, 6], [0, 4, 8]]",)
    assert (verdict.code, verdict.next_step) == ("return x @ x", "course hint centre")
    assert as_text(verdict).splitlines()[-1] == "  Next: course hint centre"


def test_time_and_memory_keep_them_too():
    full = centre("raise MemoryError")
    assert full.outcome is Outcome.OUT_OF_MEMORY
    assert full.details and full.next_step == "course hint centre"


def test_a_file_that_ends_python_while_it_is_loaded():
    assert centre("return x", around="class C:\n    exit()").next_step == "mend that line, then check again"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("assert x.sum() > 100", "AssertionError: your own `assert` does not hold for these values."),
        ("assert x.sum() > 100, 'large'", "AssertionError: large"),
        ("import bdb; raise bdb.BdbQuit", "BdbQuit: a check can't be paused: take breakpoint() and input() out."),
        ("raise EOFError('EOF when reading a line')", "EOFError: a check can't be paused: take breakpoint()"),
        ("raise EOFError('no more rows')", "EOFError: no more rows"),
        ("y = z; z = 3", "UnboundLocalError: cannot access local variable 'z'"),
    ],
)
def test_the_sentence(body, says):
    assert centre(body).says.startswith(says)


def made(name):
    return (
        f". `{name}` is made by code at the top level that a check does not run: take it as an argument, "
        "or compute it inside centre."
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return wordz", ": did you mean words?"),
        ("return [wordz for _ in range(3)]", ": did you mean words?"),
        ("return (lambda: wordz)()", ": did you mean words?"),
        ("return word", made("word") + " Or did you mean words?"),
        ("totals = total + 1", ": did you mean totals?"),
        ("return gelu(words)", ": did you mean gelu_new?"),
        ("return np.array(words)", ": `np` is not imported (`import numpy as np`)."),
        ("return F.relu(words)", ": `F` is not imported (`import torch.nn.functional as F`)."),
        ("return rnage(3)", ": did you mean range?"),
        ("return zzz", ""),
        ("return data", made("data")),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there(body, says):
    around = "def gelu_new(x):\n    return x\n\nword = make()\ndata = make()"
    verdict = centre(body, around, argument="words")
    name = verdict.says.split("'")[1]
    assert verdict.says == f"NameError: name '{name}' is not defined{says}"


def test_a_name_that_is_an_attribute():
    source = """
import torch
from torch import nn

class Affine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w, self.width = nn.Parameter(torch.ones(width)), width

    def forward(self, x):
        return NAME
"""
    exercise, path = load_catalog().find_exercise("Affine"), Path("answer.py")
    for name, meant in (("w", "w"), ("W", "w"), ("width", "width"), ("widht", "width"), ("scaled()", "scale")):
        path.write_text(source.replace("NAME", name) + "\n    def scale(self):\n        return 1\n")
        assert judge_file(exercise, path).says.endswith(f"is not defined: did you mean self.{meant}?"), name
    path.write_text("WIDHT = torch.tensor(3)\n" + source.replace("NAME", "WIDHT"))
    says = judge_file(exercise, path).says
    assert says.endswith("that a check does not run: take it as an argument, or compute it inside Affine.")


def test_a_module_that_a_definition_needs():
    verdict = centre("return x", argument="x: np.ndarray")
    assert verdict.says == "NameError: name 'np' is not defined: `np` is not imported (`import numpy as np`)"


def test_nearest_is_never_the_name_itself():
    assert nearest("x", ["x"]) is None
    assert nearest("Words", ["words"]) == "words"
