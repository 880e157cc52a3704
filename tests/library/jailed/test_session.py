"""Exercises judged over the wire, with no wall around the worker: verdicts, forging, leaking, restoring."""

import re

import pytest
import torch

from course_utils.catalog import load_catalog
from course_utils.grading.checks import load_checks
from course_utils.grading.mutants import load_reference
from course_utils.grading.verdict import Outcome

CATALOG = load_catalog()
BY_NAME = {exercise.name: exercise for exercise in CATALOG.exercises}


def solution_of(name):
    return CATALOG.chapter_of(BY_NAME[name]).solution.read_text(encoding="utf-8")


def with_source(name, source):
    """The solution with another text in the exercise's place."""
    return solution_of(name).replace(load_reference(BY_NAME[name]).source, source)


MERGE = "def merge_pair(ids, pair, new_id):\n"
NORM = """
import os, sys, torch
from torch import nn
class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.eps, self.w, self.b = eps, nn.Parameter(torch.ones(d_model)), nn.Parameter(torch.zeros(d_model))
    def forward(self, x):
        {body}
"""


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("import os; os._exit(0)", Outcome.CRASHED),
        ("raise SystemExit", Outcome.CRASHED),
        ("raise KeyboardInterrupt", Outcome.CRASHED),
        ("raise type('T', (BaseException,), {})", Outcome.CRASHED),
        ("import os, signal; os.kill(os.getpid(), 11)", Outcome.CRASHED),
        ("import os, signal; os.kill(os.getpid(), 9)", Outcome.OUT_OF_MEMORY),
        ("raise MemoryError", Outcome.OUT_OF_MEMORY),
        ("raise NotImplementedError('merge_pair')", Outcome.NOT_ATTEMPTED),
        ("return merge_pair(ids, pair, new_id)", Outcome.CRASHED),
        ("import os\n    for fd in range(3, 50):\n        try: os.write(fd, b'x' * 99)\n        except OSError: pass", Outcome.CRASHED),
        ("import os\n    os.closerange(3, 99)", Outcome.CRASHED),
        ("yield 1", Outcome.WRONG),
        ("return b'x'", Outcome.WRONG),
        ("return [[]] * 3", Outcome.WRONG),
        ("a = []; a.append(a); return a", Outcome.WRONG),
        ("return 10 ** 9999", Outcome.WRONG),
        ("return [0] * 3_000_000", Outcome.WRONG),
        ("return type('X', (list,), {'__eq__': lambda *_: True})([0])", Outcome.WRONG),
        ("return lambda: 1", Outcome.WRONG),
        ("ids.append(1); return ids", Outcome.WRONG),
    ],
)  # fmt: skip
def test_hostile_answers(line, outcome, judged):
    verdict = judged("merge_pair", f"{MERGE}    {line}\n")
    assert verdict.outcome is outcome, verdict
    assert not verdict.ok


def test_a_loop_without_end(judged):
    verdict = judged("merge_pair", f"{MERGE}    while True: pass\n", limit=1.0)
    assert verdict.outcome is Outcome.TIMEOUT
    assert verdict.where == "line 2 of their.py, in merge_pair"


def test_a_loop_that_nothing_stops_but_the_clock_outside(judged):
    text = f"import signal\n{MERGE}    signal.setitimer(signal.ITIMER_REAL, 0)\n    while True: pass\n"
    assert judged("merge_pair", text, limit=1.0).outcome is Outcome.TIMEOUT


@pytest.mark.parametrize("name", ["LayerNorm", "merge_pair"])
@pytest.mark.parametrize("text", ["", "x = (", "\0", "LayerNorm = merge_pair = 3", "import nothing_of_this_name"])
def test_files_that_define_nothing_of_use(name, text, judged):
    assert judged(name, text).outcome in (Outcome.NOT_LOADABLE, Outcome.WRONG)


def test_a_file_that_ends_the_process_while_it_is_loaded(judged):
    text = "import os\n@(lambda function: os._exit(0))\ndef merge_pair(ids, pair, new_id): pass\n"
    assert judged("merge_pair", text).outcome is Outcome.CRASHED


SPY = """
class Driver:
    pass
def merge_pair(ids, pair, new_id):
    import gc, sys
    from course_utils.jail.talk.driver import InsidePeer
    peer = next(o for o in gc.get_objects() if isinstance(o, InsidePeer))
    {attack}
"""


@pytest.mark.parametrize(
    "attack",
    [
        "peer.write = lambda *_: None; return []",
        "from course_utils.jail.talk import wire; peer.sock.sendall(wire.pack({'k': 'passed'})); return []",
        "from course_utils.jail.talk import wire\n    peer.sock.sendall(wire.pack({'k': 'return', 'v': None, 'u': []}) * 9); return []",
        "from course_utils.jail.talk import wire; peer.sock.sendall(wire.pack({'k': 'call', 'f': [False, 1], 'a': [], 'w': {}, 'u': []}))",
        "from course_utils.jail.talk import wire; peer.sock.sendall(wire.pack({'k': 'return', 'v': ['zz'], 'u': []}))",
        "from course_utils.jail.talk import wire; peer.sock.sendall(wire.pack({'k': 'return', 'v': 1, 'u': [[True, 9, 9]]}))",
        "from course_utils.jail.talk import wire; peer.sock.sendall(wire.pack({'k': 'raise', 'e': {'kind': 'os.system'}, 'u': []}))",
        "from course_utils.jail.talk import wire; peer.sock.sendall(wire.pack([])); return []",
        "peer.ask('get', (False, 1), ['__globals__'])",
        "peer.ask('grad', None, [], t=5)",
    ],
)  # fmt: skip
def test_a_driver_that_was_tampered_with_gains_nothing(attack, judged):
    verdict = judged("merge_pair", SPY.format(attack=attack), limit=3.0)
    assert verdict.outcome in (Outcome.CRASHED, Outcome.WRONG, Outcome.TIMEOUT)


LEAKS = [
    "raise ValueError(str(x.tolist()))",
    "raise type('v' + ''.join(c for c in str(x.tolist()) if c.isdigit()), (ValueError,), {})",
    "return type('v' + ''.join(c for c in str(x.tolist()) if c.isdigit()), (), {})()",
    "raise NotImplementedError('v' + ''.join(c for c in str(x.tolist()) if c.isdigit()))",
    "exec('v' + ''.join(c for c in str(x.tolist()) if c.isdigit()))",
    "print(x.tolist()); sys.stderr.write(str(x.tolist())); return x",
    "return {str(x.tolist()): 1}",
    "return torch.zeros(int(x.flatten()[0].abs()) + 4321)",
    "return x * 0 + 4321.5",
]


@pytest.mark.parametrize("body", LEAKS)
def test_nothing_of_a_hidden_input_is_told(body, judged):
    text = NORM.format(body=body)
    shown = judged("LayerNorm", text, seed=5)
    assert not shown.ok
    told = " ".join(str(shown.to_dict()[key]) for key in ("says", "details", "diagnosis", "belief", "where", "printed"))
    sentence = " ".join(re.findall(r'"([^"]*)"', load_checks(BY_NAME["LayerNorm"]).checks[shown.check].__doc__ or ""))
    for digits in re.findall(r"v\d+|4321|4325|\d\.\d", told.replace(sentence, "")):
        assert digits in str(load_checks.__doc__) or digits in _constants(shown.check), told


def _constants(check):
    from pathlib import Path

    return Path(load_checks(BY_NAME["LayerNorm"]).checks[check].__code__.co_filename).read_text(encoding="utf-8")


def test_the_line_is_told_and_read_from_the_file_itself(judged):
    verdict = judged("LayerNorm", NORM.format(body="raise ValueError(str(x))"))
    assert verdict.code == "raise ValueError(str(x))"
    assert verdict.where.endswith("of their.py, in forward")
    assert verdict.says.startswith("ValueError was raised here")


def test_changed_models_and_hooks_left_on_them(judged):
    source = load_reference(BY_NAME["ov_circuit"]).source
    changed = re.sub(r"\n    return ", "\n    model.embed.W_E.data.zero_()\n    return ", source, count=1)
    verdict = judged("ov_circuit", with_source("ov_circuit", changed))
    assert verdict.outcome is Outcome.WRONG
    source = load_reference(BY_NAME["residual_parts"]).source
    hooked = source.replace("    parts = ", "    model.add_hook('hook_embed', lambda x, hook: x)\n    parts = ", 1)
    assert hooked != source
    verdict = judged("residual_parts", with_source("residual_parts", hooked))
    assert verdict.outcome is Outcome.WRONG
    assert "changed a model" in verdict.says


def test_the_checks_own_things_are_put_back(judged):
    checks = load_checks(BY_NAME["exchange_people"])
    tokens = checks.checks["test_a_copy_comes_back"].__globals__["MENTIONS"]
    before = tokens.clone()
    text = "def exchange_people(tokens, mentions, opening, giver):\n    mentions.zero_()\n    return tokens\n"
    verdict = judged("exchange_people", text)
    assert "changed its argument `mentions`" in verdict.says
    assert torch.equal(tokens, before)


def test_the_same_seed_gives_the_same_verdict_and_another_one_other_inputs(judged):
    text = "import torch\ndef decompose_scores(parts, W_Q, b_Q, W_K, b_K):\n    return parts\n"
    source = load_reference(BY_NAME["random_composition_baseline"]).source
    seeds = [
        judged("decompose_scores", text, seed=seed, show_inputs=True).with_(seconds=0.0) for seed in (None, 1, 1, 2)
    ]
    assert seeds[1] == seeds[2]
    assert judged("random_composition_baseline", with_source("random_composition_baseline", source), seed=7).ok


def test_an_earlier_function_that_fails_can_be_lent(judged):
    source = load_reference(BY_NAME["MLP"]).source
    calling = re.sub(r"nn\.functional\.gelu\((.*), approximate=\"tanh\"\)", r"gelu_new(\1)", source)
    assert calling != source
    broken = solution_of("MLP").replace(source, calling)
    broken = broken.replace(load_reference(BY_NAME["gelu_new"]).source, "def gelu_new(x):\n    return -x\n")
    verdict = judged("MLP", broken)
    assert verdict.outcome is Outcome.WRONG
    assert "mend gelu_new first" in verdict.says
    assert judged("MLP", broken, references=["gelu_new"]).ok


def test_an_earlier_class_can_be_lent_and_only_for_small_things(judged):
    text = """
import torch
def merge_pair(ids, pair, new_id):
    layer = LayerNorm(4)
    assert [name for name, _ in layer.named_parameters()] == ["w", "b"]
    x = torch.randn(2, 3, 4, requires_grad=True)
    layer(x).square().sum().backward()
    assert x.grad is not None and layer.w.grad is not None
    try:
        LayerNorm(10**8)
    except ValueError:
        pass
    i, out = 0, []
    while i < len(ids):
        if tuple(ids[i : i + 2]) == tuple(pair):
            out.append(new_id)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out
"""
    verdict = judged("merge_pair", text, references=["LayerNorm"], show_inputs=True)
    assert verdict.ok, verdict


def test_a_notebook(judged):
    import json

    source = load_reference(BY_NAME["merge_pair"]).source
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []}]
    assert judged("merge_pair", json.dumps({"cells": cells}), filename="their.ipynb").ok
