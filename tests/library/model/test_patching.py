"""Sweeps equal the plain loop that patches one place at a time; and transformer_lens.patching."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.model import get_act_name, patching
from course_utils.model.patching import Node, attribution_patch, path_patch, sweep


def metric(logits):
    return logits[:, -1, 3].mean() - 0.5 * logits[:, 2, 5].sum()


@pytest.fixture
def other():
    return torch.randint(0, 40, (3, 9), generator=torch.Generator().manual_seed(8))


def one_by_one(model, tokens, cache, activation, indices):
    """The specification: a whole pass for every patch."""
    values = []
    for layer, index in indices:
        name = get_act_name(activation, layer)

        def put(x, hook, at=(slice(None), *index)):
            x[at] = cache[hook.name][at]

        values.append(metric(model.run_with_hooks(tokens, fwd_hooks=[(name, put)])).item())
    return torch.tensor(values)


ALL = slice(None)
SWEEPS = [
    ("resid_pre", ("layer", "pos"), [(layer, (pos,)) for layer in range(2) for pos in range(9)]),
    ("mlp_out", ("layer",), [(layer, ()) for layer in range(2)]),
    ("z", ("layer", "head"), [(layer, (ALL, head)) for layer in range(2) for head in range(4)]),
    ("q", ("layer", "head_index"), [(layer, (ALL, head)) for layer in range(2) for head in range(4)]),
    ("z", ("layer", "head", "pos"), [(la, (pos, head)) for la in range(2) for head in range(4) for pos in range(9)]),
    ("attn_scores", ("layer", "head"), [(layer, (head,)) for layer in range(2) for head in range(4)]),
    ("pattern", ("layer", "dest_pos"), [(layer, (ALL, pos)) for layer in range(2) for pos in range(9)]),
    ("q_input", ("layer", "head"), [(layer, (ALL, head)) for layer in range(2) for head in range(4)]),
]


@pytest.mark.parametrize(("activation", "axes", "indices"), SWEEPS, ids=lambda x: str(x)[:20])
@pytest.mark.parametrize("name", ["gpt2", "neox", "llama"])
def test_a_sweep_is_the_plain_loop(make, name, tokens, other, activation, axes, indices):
    model = make(name)
    _, cache = model.run_with_cache(other, names_filter=list(model.hook_dict))
    expected = one_by_one(model, tokens, cache, activation, indices)
    for copies in (None, 1, 5):
        got = sweep(model, tokens, cache, metric, activation, axes, copies=copies, progress=False)
        torch.testing.assert_close(got.flatten(), expected, atol=1e-5, rtol=1e-4)
    assert got.shape[0] == 2


@pytest.mark.parametrize("activation", ["resid_pre", "z", "k", "pattern", "mlp_out"])
def test_a_sweep_of_the_last_position_is_the_same(make, tokens, other, activation):
    axes = ("layer", "head") if activation in ("z", "k", "pattern") else ("layer", "pos")
    for name in ("gpt2", "neox", "llama"):
        model = make(name)
        _, cache = model.run_with_cache(other)
        expected = sweep(model, tokens, cache, lambda x: x[:, -1, 3].mean(), activation, axes, progress=False)
        got = sweep(
            model, tokens, cache, lambda x: x[:, -1, 3].mean(), activation, axes, last_only=True, progress=False
        )
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def test_key_value_heads_are_fewer(make, tokens, other):
    model = make("llama")
    _, cache = model.run_with_cache(other)
    assert sweep(model, tokens, cache, metric, "v", ("layer", "head"), progress=False).shape == (2, 2)


def test_an_edit_of_ones_own_ablates(make, tokens):
    model = make("gpt2")
    _, cache = model.run_with_cache(tokens)
    got = sweep(model, tokens, cache, metric, "z", ("layer", "head"), edit=lambda own, source: 0 * own, progress=False)
    zero = {name: torch.zeros_like(value) for name, value in cache.items()}
    torch.testing.assert_close(got, sweep(model, tokens, zero, metric, "z", ("layer", "head"), progress=True))


def test_last_only_sees_the_last_position(make, tokens, other):
    model = make("gpt2")
    _, cache = model.run_with_cache(other)
    full = sweep(model, tokens, cache, lambda logits: logits[:, -1, 3].sum(), "resid_mid", progress=False)
    short = sweep(
        model, tokens, cache, lambda logits: logits[:, -1, 3].sum(), "resid_mid", last_only=True, progress=False
    )
    torch.testing.assert_close(full, short)


NAMED = [name for name in patching.__all__ if name.startswith("get_act_patch")]


@pytest.mark.parametrize("name", NAMED)
def test_named_sweeps_equal_transformer_lens(as_theirs, quietly, make, tokens, other, name):
    from transformer_lens import patching as theirs

    model, tokens, other = make("gpt2"), tokens[:2, :4], other[:2, :4]
    same = as_theirs(model).requires_grad_(False)
    _, cache = model.run_with_cache(other)
    _, their_cache = same.run_with_cache(other)
    expected = quietly(getattr(theirs, name), same, tokens, their_cache, metric)
    got = getattr(patching, name)(model, tokens, cache, metric, progress=False)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda m, t, c: sweep(m, t, c, metric, "z", ("layer", "src_pos")),
            "z can be swept over layer, then any of pos, head",
        ),
        (lambda m, t, c: sweep(m, t, c, metric, "resid_pre", ("pos",)), "swept over layer, then any of pos"),
        (
            lambda m, t, c: sweep(m, t[:2], c, metric, "resid_pre"),
            "cached for 3 texts of 9 tokens and is to go into 2 of 9",
        ),
        (
            lambda m, t, c: sweep(m, t[:, :5], c, metric, "pattern", ("layer", "head")),
            "texts of 9 tokens and is to go into 3 of 5",
        ),
        (lambda m, t, c: sweep(m, t, c, lambda x: x[:, -1], "z", ("layer", "head")), r"The metric returned \[3, 40\]"),
        (lambda m, t, c: sweep(m, t, c, metric, "zz"), "Nearest"),
        (lambda m, t, c: path_patch(m, t, c, [Node("z", 1, 0)], [Node("q", 0, 0)], metric), "can't reach any receiver"),
        (lambda m, t, c: path_patch(m, t, c, [Node("z", 1)], [Node("q", 1)], metric), "none of them reads after it"),
        (lambda m, t, c: path_patch(m, t, c, [Node("z", 0, 4)], [Node("q", 1)], metric), "z has 4 heads"),
        (lambda m, t, c: path_patch(m, t, c, [Node("z", 0, pos=9)], [Node("q", 1)], metric), "the text has 9 tokens"),
        (lambda m, t, c: sweep(m, t, {}, metric, "z", ("layer", "head")), "The source has no blocks.0.attn.hook_z"),
        (lambda m, t, c: sweep(m, t, c, metric, "resid_pre", last_only=True), "with last_only there is one position"),
        (
            lambda m, t, c: sweep(m, t, c, metric, "z", ("layer", "head"), edit=lambda own, new: new[..., :2]),
            "edit and source must keep the shape",
        ),
        (lambda m, t, c: attribution_patch(m, t, c, lambda x: 3.0, "z"), "The metric has no gradient"),
    ],
)
def test_bad_input(make, tokens, call, words):
    model = make("gpt2")
    _, cache = model.run_with_cache(tokens)
    with pytest.raises(CourseError, match=words):
        call(model, tokens, cache)
