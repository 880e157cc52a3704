"""The judge: order, evidence, whose fault it is, and nothing left behind."""

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from course_utils.catalog import load_catalog
from course_utils.grading.judge import judge, judge_file, run_check
from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome

TOY = Path(__file__).parent.parent / "submissions" / "_course"


@pytest.fixture
def root(tmp_path, monkeypatch):
    shutil.copytree(TOY, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def centre(root):
    return load_catalog().find_exercise("centre")


@pytest.fixture
def affine(root):
    return load_catalog().find_exercise("Affine")


@pytest.fixture
def answer(root):
    """Write a learner's file and give its path."""

    def written(body: str) -> Path:
        path = root / "answer.py"
        path.write_text("import torch\nfrom torch import Tensor, nn\n\n" + body)
        return path

    return written


def right(x):
    return x - x.mean(-1, keepdim=True)


def checks(root: Path, text: str, name: str = "centre") -> None:
    (root / f"tests/ch01_toy/test_{name}.py").write_text(
        "import torch\nfrom course_utils.grading import Mutant, agree, require\n" + text
    )


def test_checks_run_in_the_order_of_the_file(centre):
    seen = []
    verdict = judge(centre, right, events=seen.append)
    assert seen == ["test_keeps_the_shape", "test_each_row_loses_its_own_mean", "test_works_on_three_axes"]
    assert (verdict.outcome, verdict.passed, verdict.total) == (Outcome.PASSED, 3, 3)
    assert verdict.seconds > 0


def test_the_first_failure_ends_it(centre):
    seen = []
    verdict = judge(centre, lambda x: x, events=seen.append)
    assert seen == ["test_keeps_the_shape", "test_each_row_loses_its_own_mean"]
    assert (verdict.check, verdict.passed, verdict.total) == (seen[-1], 1, 3)


def test_evidence_of_a_wrong_answer(centre):
    verdict = judge(centre, lambda x: -right(x))
    assert verdict.outcome is Outcome.WRONG
    assert verdict.says == "Each row has mean zero afterwards."
    assert verdict.diagnosis == "the sign is flipped everywhere"
    assert verdict.belief is None
    assert verdict.details[:3] == (
        "with      x = [[1, 2, 6], [0, 4, 8]]",
        "expected  [[-2, -1, 3], [-4, 0, 4]]",
        "yours     [[2, 1, -3], [4, 0, -4]]",
    )
    assert verdict.next_step == "course hint centre"


def test_the_belief_of_the_mutant_that_answers_the_same(centre):
    assert judge(centre, lambda x: x - x.mean()).belief == "one mean is taken over all rows"
    assert judge(centre, lambda x: x - x.mean(0)).belief == "the mean of each column is taken away"
    assert judge(centre, lambda x: x - 1.23).belief is None


def test_a_mutant_that_fails_elsewhere_is_no_belief(root, centre):
    checks(
        root,
        """
def test_a(centre):
    agree(centre(torch.ones(1, 2)), torch.zeros(1, 2), "a")
    agree(centre(torch.zeros(1, 2)), torch.zeros(1, 2), "b")

MUTANTS = [Mutant("a is b", "x - x.mean(-1, keepdim=True)", "x * 0 + 7", check="test_a")]
""",
    )
    assert judge(centre, lambda x: x * 0 + 7).belief == "a is b"
    assert judge(centre, lambda x: x * 0 + 7 * (x.sum() == 0)).belief is None  # fails at the second comparison


def test_without_the_solutions_there_is_a_verdict_all_the_same(root, centre):
    shutil.rmtree(root / "solutions")
    verdict = judge(centre, lambda x: x - x.mean())
    assert (verdict.outcome, verdict.belief) == (Outcome.WRONG, None)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "None came back: is a `return` missing?"),
        (nn.Linear(2, 2), "call it on its input"),
        ("text", "What came back is 'text'"),
    ],
)
def test_what_a_check_cannot_use_is_the_learners(centre, result, words):
    verdict = judge(centre, lambda x: result)
    assert verdict.outcome is Outcome.WRONG
    assert words in verdict.says
    assert any("AttributeError" in detail for detail in verdict.details)


def test_a_check_that_fails_on_the_reference_too_is_ours(root, centre):
    checks(root, "def test_a(centre):\n    agree(centre(torch.ones(1, 2)).nosuch, 1, 'a')\n")
    verdict = judge(centre, lambda x: x)
    assert verdict.outcome is Outcome.GRADER_ERROR
    assert "not your mistake" in verdict.says
    assert "nosuch" in verdict.says


@pytest.mark.parametrize(
    "text",
    ["def test_a(centre:\n", "import nosuch_module\n", "raise SystemError('broken')\n"],
)
def test_a_check_file_that_does_not_load_is_ours(root, centre, text):
    checks(root, text)
    assert judge(centre, right).outcome is Outcome.GRADER_ERROR


def test_a_missing_check_file_is_ours(root, centre):
    (root / "tests/ch01_toy/test_centre.py").unlink()
    verdict = judge(centre, right)
    assert verdict.outcome is Outcome.GRADER_ERROR
    assert "tests/ch01_toy/test_centre.py is missing" in verdict.says


def test_a_check_file_without_checks_is_no_pass(root, centre):
    checks(root, "MUTANTS = []\n")
    assert judge(centre, right).outcome is Outcome.GRADER_ERROR


def spoil_torch(x):
    torch.manual_seed(7)
    torch.rand(3)
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    return right(x)


@pytest.mark.parametrize("ending", [right, lambda x: x, lambda x: 1 / 0])
def test_generator_dtype_and_grad_mode_are_put_back(centre, ending):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    with torch.no_grad():
        judge(centre, lambda x: ending(spoil_torch(x)))
        assert not torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() is torch.float32


def test_each_check_starts_from_the_same_state(root, centre):
    checks(
        root,
        """
def test_a(centre):
    agree(torch.rand(1).item(), 0.4962566, "seeded")
    agree(torch.zeros(1).dtype == torch.float32, True, "float32")
    agree(torch.is_grad_enabled(), True, "grad")
    centre(torch.ones(1, 2))

def test_b(centre):
    test_a(centre)
""",
    )
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            verdict = judge(centre, spoil_torch)
    finally:
        torch.set_default_dtype(torch.float32)
    assert verdict.ok, verdict


def test_an_exception_names_the_learners_line(centre, answer):
    verdict = judge_file(centre, answer("def centre(x):\n    return x @ torch.ones(7)\n"))
    assert verdict.outcome is Outcome.CRASHED
    assert verdict.says.startswith("RuntimeError: ")
    assert verdict.where == "line 5 of answer.py, in centre"
    assert verdict.code == "return x @ torch.ones(7)"


def test_a_stub_and_a_stub_that_is_called(centre, answer):
    verdict = judge_file(centre, answer("def centre(x):\n    raise NotImplementedError('centre')\n"))
    assert (verdict.outcome, verdict.next_step) == (Outcome.NOT_ATTEMPTED, "course hint centre")
    body = "def helper(x):\n    raise NotImplementedError('helper')\n\ndef centre(x):\n    return helper(x)\n"
    verdict = judge_file(centre, answer(body))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert "calls helper, which is still to be written" in verdict.says


def test_other_not_implemented_errors_are_crashes(centre, answer):
    verdict = judge_file(centre, answer("def centre(x):\n    raise NotImplementedError('sparse tensors, say')\n"))
    assert verdict.outcome is Outcome.CRASHED


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(0),
        KeyboardInterrupt(),
        GeneratorExit(),
        BaseException("odd"),
        MemoryError(),
        RecursionError(),
        StopIteration(),
        ExceptionGroup("several", [ValueError()]),
    ],
)
def test_whatever_is_raised_there_is_a_verdict(centre, error):
    def raises(x):
        raise error

    verdict = judge(centre, raises)
    assert verdict.outcome in (Outcome.CRASHED, Outcome.OUT_OF_MEMORY)
    assert len(as_text(verdict).splitlines()) <= 12


def test_out_of_memory_in_torch_is_told_from_other_runtime_errors(centre):
    assert judge(centre, lambda x: torch.empty(2**62)).outcome in (Outcome.OUT_OF_MEMORY, Outcome.CRASHED)

    def full(x):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes.")

    assert judge(centre, full).outcome is Outcome.OUT_OF_MEMORY


class Odd:
    """Fails at whatever is asked of it."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise SystemExit

    def __eq__(self, other):
        return True

    __hash__ = None


class OddError(NotImplementedError):
    def __str__(self):
        raise ValueError


def raises_odd(x):
    raise OddError


@pytest.mark.parametrize(
    "thing",
    [
        lambda x: Odd(),
        raises_odd,
        lambda x: [Odd()],
        lambda x: {Odd: Odd()},
        lambda x: type("T", (), {"shape": (2, 3)})(),
        lambda x: x.to("meta"),
        lambda x: x.to_sparse(),
    ],
)
def test_odd_answers_get_a_verdict_and_no_pass(centre, thing):
    verdict = judge(centre, thing)
    assert verdict.outcome in (Outcome.WRONG, Outcome.CRASHED)
    as_text(verdict)


@pytest.mark.parametrize(
    ("thing", "kind"),
    [(3.5, "float"), ("text", "str"), (None, "NoneType"), (torch.ones(2), "Tensor"), ([right], "list")],
)
def test_something_that_cannot_be_called(centre, thing, kind):
    verdict = judge(centre, thing)
    assert verdict.outcome is Outcome.WRONG
    assert f"of type {kind}: write it as the function that the stub has" in verdict.says


def test_a_class_for_a_function_and_the_other_way_round(centre, affine):
    class Centre(nn.Module):
        def forward(self, x):
            return right(x)

    assert judge(centre, Centre).says == "centre is a class in your file: write it as the function that the stub has."
    assert judge(centre, Centre()).ok  # an object that does what the function does is fine
    assert "Affine is a function in your file" in judge(affine, lambda x, w, b: x * w + b).says


def test_a_module_that_is_right_and_one_that_is_not(affine):
    class Affine(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.w = nn.Parameter(torch.ones(width))
            self.b = nn.Parameter(torch.zeros(width))

        def forward(self, x):
            return torch.addcmul(self.b, x, self.w)

    class Swapped(Affine):
        def forward(self, x):
            return (x + self.b) * self.w

    assert judge(affine, Affine).ok
    verdict = judge(affine, Swapped)
    assert verdict.belief == "b is added before the scaling"
    assert verdict.details[0] == "with      width = 3, x = [[1, 2, 3], [4, 5, 6]]"


def test_a_change_of_the_input_comes_before_its_consequences(centre):
    verdict = judge(centre, lambda x: x.sub_(x.mean(-1, keepdim=True)))
    assert verdict.says == "centre changed its argument `x` in place: work on a copy of it."
    assert verdict.details[1].startswith("after")


def test_a_name_from_a_cell_that_did_not_run(centre, answer):
    verdict = judge_file(centre, answer("mean = torch.ones(3).mean()\n\ndef centre(x):\n    return x - mean\n"))
    assert "`mean` is made by code at the top level that a check does not run" in verdict.says
    verdict = judge_file(centre, answer("data = make()\nrate = data.rate\n\ndef centre(x):\n    return x - rate\n"))
    assert "`rate` is made by code at the top level that a check does not run" in verdict.says
    verdict = judge_file(centre, answer("data = make()\n\ndef centre(x, rate=data.rate):\n    return x - rate\n"))
    assert (
        verdict.says
        == "NameError: name 'data' is not defined (made by code at the top level that a check does not run)"
    )


def test_a_name_whose_definition_failed(centre, answer):
    verdict = judge_file(centre, answer("step = 1 / 0\n\ndef centre(x):\n    return x - step\n"))
    assert (verdict.outcome, verdict.says) == (Outcome.NOT_LOADABLE, "ZeroDivisionError: division by zero")
    assert verdict.where == "line 4 of answer.py"
    assert verdict.code == "step = 1 / 0"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("class C:\n    exit()\n", Outcome.CRASHED),
        ("class C:\n    raise KeyboardInterrupt\n", Outcome.CRASHED),
        ("class C:\n    x = [0] * 2**62\n\ndef centre(x):\n    return C\n", Outcome.NOT_LOADABLE),
    ],
)
def test_a_file_that_misbehaves_while_it_is_loaded(centre, answer, body, outcome):
    assert judge_file(centre, answer(body)).outcome is outcome


def test_one_check_alone(centre):
    assert run_check(centre, "test_works_on_three_axes", right).ok
    assert run_check(centre, "test_works_on_three_axes", lambda x: x).check == "test_works_on_three_axes"


@pytest.mark.parametrize(
    "cheat",
    [
        "def centre(x):\n    torch.allclose = torch.equal = lambda *a, **k: True\n    return x * 0",
        "def centre(x):\n    class Any(Tensor):\n        __eq__ = __le__ = lambda *a: True\n    return x.as_subclass(Any)",
        "def centre(x):\n    return x * torch.nan",
        "def centre(x):\n    return x * torch.inf",
        "def centre(x):\n    return (x - x.mean(-1, keepdim=True)).expand(2, 2, 3)[:1]",
        "def centre(x):\n    return nn.Parameter(x)",
        "def centre(*args, **kwargs):\n    return args[0]",
    ],
)
def test_what_is_not_right_does_not_pass(centre, answer, cheat, monkeypatch):
    for name in ("allclose", "equal"):
        monkeypatch.setattr(torch, name, getattr(torch, name))  # put back what the answer replaces
    verdict = judge_file(centre, answer(cheat + "\n"))
    assert verdict.outcome is Outcome.WRONG, verdict
