"""What a learner is told of a hidden run: as much as at home where it gives nothing away, and nothing that does."""

import subprocess
import sys

import pytest

from course_utils.catalog import load_catalog
from course_utils.grading.checks import load_checks
from course_utils.grading.frames import is_theirs
from course_utils.grading.hidden import label
from course_utils.grading.judge import judge_file
from course_utils.grading.mutants import load_reference
from course_utils.grading.verdict import Outcome

CATALOG = load_catalog()
SAME = ("outcome", "check", "says", "code", "passed", "total")
MISSING = "is made by code at the top level that a check does not run"


def with_source(name, source):
    """The solution with another text in the exercise's place."""
    exercise = CATALOG.find_exercise(name)
    whole = CATALOG.chapter_of(exercise).solution.read_text(encoding="utf-8")
    return whole.replace(load_reference(exercise).source, source)


def edited(name, before, after, above=""):
    source = load_reference(CATALOG.find_exercise(name)).source
    assert before in source
    return with_source(name, above + source.replace(before, after))


def gelu(body, above=""):
    return f"import torch\nfrom torch import nn\n{above}\ndef gelu_new(x):\n    {body}\n"


EMBED = """class Embed(nn.Module):
    def __init__(self, d_vocab, d_model):
        super().__init__()
        self.table = nn.Embedding(d_vocab, d_model)
    def forward(self, tokens):
        return self.table(tokens)
"""
MOVE = "def move_values(pattern, v):\n    return pattern @ v\n"
HONEST = {
    "a parameter of another name": ("Embed", with_source("Embed", EMBED), "'Embed' object has no attribute 'W_E'"),
    "a slip": ("Unembed", edited("Unembed", "+ self.b_U", "+ self.bU"), "'Unembed' object has no attribute 'bU'"),
    "a device": ("gelu_new", gelu("return x.to(device)", 'device = "cuda" if torch.cuda.is_available() else "cpu"'),
                 f"name 'device' is not defined. `device` {MISSING}"),
    "a condition": ("gelu_new", gelu("return x * HALF", "if True:\n    HALF = 0.5"), f"`HALF` {MISSING}"),
    "a constant": ("LayerNorm", edited("LayerNorm", "+ self.eps)", "+ EPS)", "EPS = torch.tensor(1e-5)\n"),
                   f"`EPS` {MISSING}"),
    "no import": ("gelu_new", "def gelu_new(x):\n    return np.tanh(x)\n", "`np` is not imported"),
    "prints": ("gelu_new", gelu("print(x)"), "None came back: is a `return` missing?"),
    "an array": ("gelu_new", gelu("return x.numpy()"), "a numpy array came back"),
    "a generator": ("gelu_new", gelu("yield x"), "a generator came back"),
    "one number": ("gelu_new", gelu("return x.item()"), "a Tensor with 3 elements cannot be converted to Scalar"),
    "sizes": ("move_values", with_source("move_values", MOVE), "The size of tensor a (3) must match the size of tensor"),
    "factors": ("k_composition_circuit", edited("k_composition_circuit", "key.mT", "key"), "don't multiply"),
}  # fmt: skip


@pytest.mark.parametrize("what", HONEST)
def test_a_mistake_is_told_as_it_is_at_home(what, judged, tmp_path):
    name, text, sentence = HONEST[what]
    path = tmp_path / "their.py"
    path.write_text(text, encoding="utf-8")
    local, got = judge_file(CATALOG.find_exercise(name), path), judged(name, text, seed=5)
    assert sentence in got.says
    assert {key: getattr(got, key) for key in SAME} == {key: getattr(local, key) for key in SAME}
    assert got.where == (local.where and local.where.replace(f"{tmp_path}/", ""))


NUMBERS = "n = int(x.flatten()[0].abs() * 1e4) + 10_000; word = 'v' + str(n)"
ATTACKS = {
    "RuntimeError(f'The size of tensor a ({n}) must match the size of tensor b ({n}) at non-singleton dimension 9')":
        "RuntimeError: The size of tensor a (…) must match the size of tensor b (…) at non-singleton dimension …",
    "RuntimeError(f\"shape '[{n}, {n}]' is invalid for input of size {n}\")":
        "RuntimeError: shape '[…]' is invalid for input of size …",
    "IndexError(f'index {n} is out of bounds for dimension 0 with size 3')":
        "IndexError: index … is out of bounds for dimension … with size …",
    "RuntimeError(f'expected scalar type {word} but found Long')": None,
    "RuntimeError(f'The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1 {n}')":
        None,
    "AttributeError(f\"'gelu_new' object has no attribute '{word}'\")": None,
    "AttributeError(f\"module 'torch.{word}' has no attribute 'n'\")": None,
    "TypeError(f\"'{word}' object is not callable\")": None,
    "NameError(f\"name '{word}' is not defined\", name=word)": None,
    "UnboundLocalError(f\"cannot access local variable '{word}' where it is not associated with a value\")": None,
}  # fmt: skip


@pytest.mark.parametrize("raised", ATTACKS)
def test_a_message_of_that_form_carries_nothing_out(raised, judged):
    verdict = judged("gelu_new", gelu(f"{NUMBERS}; raise {raised}"), seed=5)
    kind = raised.partition("(")[0]
    assert verdict.outcome is Outcome.CRASHED
    generic = f"{kind} was raised here: run this line on an example of your own to see what it says."
    assert verdict.says == (ATTACKS[raised] or generic)


@pytest.mark.parametrize(
    "made", ["torch.zeros(n) + torch.zeros(7777)", "torch.zeros(2, 3) @ torch.zeros(n, 2)", "torch.zeros(n).item()"]
)
def test_nor_does_one_of_torchs_own_on_tensors_of_their_making(made, judged):
    verdict = judged("gelu_new", gelu(f"{NUMBERS}; return {made}"), seed=5)
    assert verdict.outcome is Outcome.CRASHED
    assert "…" in verdict.says
    assert not any(letter.isdigit() for letter in verdict.says.replace("mat1", "").replace("mat2", ""))


def test_sizes_of_parameters_that_they_made_are_not_told(judged):
    body = "raise RuntimeError('a Tensor with 617 elements cannot be converted to Scalar')"
    text = f"""
import torch
from torch import nn
class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.ones(617)), nn.Parameter(torch.zeros(617))
    def forward(self, x):
        {body}
"""
    assert judged("LayerNorm", text).says == "RuntimeError: a Tensor with … elements cannot be converted to Scalar"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return type('v' + str(n), (), {})()", "something of another kind came back"),
        ("return type('v' + str(n), (nn.Module,), {})()", "a module came back: call it on its input"),
        ("f = lambda: 1; f.__name__ = word; return f", "something to call came back: call it"),
        ("return x.as_subclass(type(word, (torch.Tensor,), {}))", "a subclass of Tensor came back"),
    ],
)
def test_the_kind_of_an_answer_is_told_without_a_name_of_its_making(body, kind, judged):
    verdict = judged("gelu_new", gelu(f"{NUMBERS}; {body}"), seed=5)
    assert verdict.outcome is Outcome.WRONG
    assert kind in verdict.says
    assert "v1" not in verdict.says


def test_a_belief_stands_alone(judged):
    told = judged("gelu_new", with_source("gelu_new", _first_mutant("gelu_new")), seed=5)
    assert told.belief
    assert told.diagnosis is None


def _first_mutant(name):
    exercise = CATALOG.find_exercise(name)
    return load_checks(exercise).mutants[0].edit.apply(load_reference(exercise).source)


def test_torch_is_not_theirs_wherever_it_is_installed(tmp_path):
    (tmp_path / "torch").mkdir()
    code = (
        "import sys\nfrom course_utils.grading.frames import is_theirs\n"
        f"sys.exit(is_theirs({str(tmp_path / 'torch' / 'module.py')!r}))"
    )
    assert is_theirs(str(tmp_path / "torch" / "module.py"))
    paths = f"{CATALOG.chapters[0].root}:{tmp_path}"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": paths}, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("diagnosis", "said"),
    [
        ("1 value is infinite and should not be", "some values are infinite and should not be"),
        ("3 values are infinite and should not be", "some values are infinite and should not be"),
        ("1 value should be infinite and is not", "some values should be infinite and are not"),
        ("2 values should be infinite and are not", "some values should be infinite and are not"),
    ],
)
def test_how_many_values_is_not_told(diagnosis, said):
    assert label(diagnosis) == said
