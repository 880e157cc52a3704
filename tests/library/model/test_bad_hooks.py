"""Hooks that are not there, do not fit or raise: one sentence, and nothing stays on."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.model import BadHook, UnknownHook


def on(model):
    return [name for name, point in model.hook_dict.items() if point.hooks]


@pytest.mark.parametrize(("wrong", "nearest"), [("blocks.0.attn.hook_patern", "blocks.0.attn.hook_pattern"),
                                                ("hook_z", "blocks.0.attn.hook_z"), ("blocks.9.*", None)])  # fmt: skip
def test_a_misspelt_name_lists_the_nearest(make, tokens, wrong, nearest):
    model = make("gpt2")
    with pytest.raises(UnknownHook, match=nearest):
        model.run_with_hooks(tokens, fwd_hooks=[("hook_embed", lambda x, hook: None), (wrong, lambda x, hook: None)])
    with pytest.raises(UnknownHook, match=nearest):
        model.run_with_cache(tokens, names_filter=wrong)
    assert not on(model)


def test_hooks_come_off_when_the_pass_raises(make, tokens):
    model = make("gpt2")

    def fail(x, hook):
        raise RuntimeError("on purpose")

    for run in (model.run_with_hooks, model.run_with_cache):
        with pytest.raises(RuntimeError, match="on purpose"), model.hooks([("blocks.1.hook_resid_mid", fail)]):
            run(tokens)
    assert not on(model)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (torch.zeros(3, 9), r"hook_embed returned shape \[3, 9\] in place of \[3, 9, 24\]"),
        (torch.zeros(3, 9, 24).double(), "hook_embed returned dtype torch.float64"),
        (torch.zeros(3, 9, 24, device="meta"), "hook_embed returned device meta"),
        ("text", "hook_embed returned a str"),
    ],
)
def test_what_cannot_take_the_place_is_named(make, tokens, result, words):
    model = make("gpt2")
    with pytest.raises(BadHook, match=words):
        model.run_with_hooks(tokens, fwd_hooks=[("hook_embed", lambda x, hook: result)])
    assert not on(model)


@pytest.mark.parametrize("wrong", [["hook_embed"], [("hook_embed", 3)], [("hook_embed",)], ("hook_embed", print)])
def test_what_is_no_hook_is_said(make, tokens, wrong):
    with pytest.raises(CourseError, match="is no hook: give a list of pairs"):
        make("gpt2").run_with_hooks(tokens, fwd_hooks=wrong)
