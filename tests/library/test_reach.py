"""A failure whose reason lies elsewhere: in another exercise that is called, or in a variable of the notebook."""

import shutil
from pathlib import Path

import pytest

from course_utils.catalog import load_catalog
from course_utils.grading.judge import judge, judge_file
from course_utils.grading.limits import time_limit
from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome

TOY = Path(__file__).parent.parent / "submissions" / "_course"

BROKEN = "def centre(x):\n    return x - x.mean()\n"
RIGHT = "def centre(x):\n    return x - x.mean(-1, keepdim=True)\n"
STUB = "def centre(x):\n    raise NotImplementedError('centre')\n"
HELPER = "def middle(x):\n    return centre(x)\n"
AFFINE = """
class Affine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return HOW
"""
BLAME = "Affine calls centre, which doesn't pass its own checks yet: mend centre first. "


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    shutil.copytree(TOY, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def affine(how: str, *before: str):
    path = Path("answer.py")
    text = "import torch\nfrom torch import Tensor, nn\n\n" + "\n\n".join([*before, AFFINE.replace("HOW", how)])
    path.write_text(text)
    return judge_file(load_catalog().find_exercise("Affine"), path)


def in_notebook(name: str, source: str, **variables):
    """Judge a live object, defined in a notebook with these variables."""
    namespace: dict = {"__name__": "__main__", **variables}
    exec(compile("import torch\nfrom torch import nn\n" + source, "/tmp/ipykernel_1/1.py", "exec"), namespace)
    return judge(load_catalog().find_exercise(name), namespace[name])


@pytest.mark.parametrize(
    ("how", "before"), [("centre(x) * self.w", [BROKEN]), ("middle(x) * self.w", [BROKEN, HELPER])]
)
def test_a_broken_exercise_that_is_called_comes_first(how, before):
    verdict = affine(how, *before)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.says.startswith(BLAME + "With w = 1")
    assert (verdict.belief, verdict.diagnosis) == (None, None)
    assert verdict.next_step == "course hint centre"
    assert len(as_text(verdict).splitlines()) <= 12


def test_a_crash_beneath_is_put_down_to_the_exercise_that_crashes():
    verdict = affine("centre(x)", "def centre(x):\n    return x @ x\n")
    assert verdict.outcome is Outcome.CRASHED
    assert verdict.says.startswith(BLAME + "RuntimeError")
    assert verdict.where.endswith("in centre")


def test_a_right_exercise_is_not_blamed_and_an_attribute_is_no_call():
    assert affine("centre(x) * self.w", RIGHT).next_step == "course hint Affine"
    assert "calls" not in affine("x.centre", BROKEN).says
    assert "calls" not in affine("x * 2", BROKEN).says
    assert affine("x * self.w + self.b", BROKEN).ok


def test_a_stub_that_is_called_is_the_next_thing_to_do():
    verdict = affine("centre(x)", STUB)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert verdict.next_step == "course hint centre"


def test_the_exercise_beneath_both_is_the_one_to_mend():
    both = BROKEN + AFFINE.replace("HOW", "centre(x)")
    verdict = in_notebook("count_up", both + "\ndef count_up(n):\n    return Affine(n)(torch.ones(1, n)).tolist()\n")
    assert verdict.says.startswith("count_up builds on centre, which doesn't pass its own checks yet: mend centre")


def test_an_exercise_that_never_ends_costs_no_verdict():
    with time_limit(0.5):
        verdict = affine("x * 2 if x is centre else x * 3", "def centre(x):\n    while True: pass\n")
    assert verdict.outcome is Outcome.WRONG


def test_a_live_object_in_a_notebook():
    verdict = in_notebook("Affine", BROKEN + AFFINE.replace("HOW", "centre(x)"))
    assert verdict.says.startswith(BLAME)


def test_a_variable_of_the_notebook_is_named():
    verdict = in_notebook("centre", "def centre(xs):\n    return xs - x0.mean()\n", x0=__import__("torch").ones(3))
    assert verdict.says.endswith(
        " `x0` comes from another cell of the notebook: take it as an argument, for a check knows no other cell."
    )
    verdict = in_notebook("centre", "def centre(tokens):\n    return tokens - token\n", token=3)
    assert verdict.says.endswith(" `token` comes from another cell of the notebook: did you mean tokens?")
    verdict = in_notebook("centre", "def centre(x):\n    return x[token]\n", token=300)
    assert verdict.outcome is Outcome.CRASHED
    assert "`token` comes from another cell" in verdict.says


@pytest.mark.parametrize(
    "source",
    [
        "def centre(x):\n    return x - EPS * helper(x)\n\ndef helper(x):\n    return torch.ones_like(x)\n",
        "def centre(x):\n    token = 3\n    return x - token\n",
    ],
)
def test_imports_helpers_and_constants_are_no_strangers(source):
    assert "another cell" not in in_notebook("centre", source, EPS=1e-5, token=4).says
