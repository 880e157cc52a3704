"""Patching maps: their ends, single entries by hand, and what is refused."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.explore.patching import PatchMap, Places, patch_map
from course_utils.explore.prompt import read_prompt
from course_utils.explore.question import ask
from course_utils.model import get_act_name

GIVER = 10  # where the two prompts differ, and nowhere else


def found(model, base, source, places):
    question = ask(model, source, "Ada", "Boris")
    return question, patch_map(model, base, source, question, places)


def test_the_one_place_that_differs_is_the_whole_prompt(model, giving, other):
    _, patched = found(model, other, giving, Places.STREAM)
    assert patched.leads.shape == (model.cfg.n_layers, len(giving))
    assert abs(patched.leads[0, GIVER].item() - patched.source) < 1e-3
    assert abs(patched.recovered[0, GIVER].item() - 1) < 1e-3


def test_before_layer_0_no_other_place_changes_anything(model, giving, other):
    _, patched = found(model, other, giving, Places.STREAM)
    rest = [i for i in range(len(giving)) if i != GIVER]
    torch.testing.assert_close(patched.leads[0, rest], torch.full((len(rest),), patched.base), atol=1e-3, rtol=0)


@pytest.mark.parametrize("places", list(Places))
def test_entries_are_what_a_hook_by_hand_gives(model, giving, other, places):
    if places is Places.MLPS and model.cfg.attn_only:
        pytest.skip("this specimen has no MLPs")
    question, patched = found(model, other, giving, places)
    _, cache = model.run_with_cache(giving.batch(model))
    for layer in range(model.cfg.n_layers):
        name = get_act_name(places.activation, layer)
        for place in (1, 4):
            at = (slice(None), slice(None), place) if places is Places.HEADS else (slice(None), place)

            def put(x, hook, at=at):
                x[at] = cache[hook.name][at]

            logits = model.run_with_hooks(other.batch(model), fwd_hooks=[(name, put)])
            assert abs(patched.leads[layer, place].item() - question.lead(logits[0, -1]).item()) < 1e-3


def test_the_leads_are_those_of_the_plain_runs(model, giving, other):
    question, patched = found(model, other, giving, Places.HEADS)
    assert abs(patched.source - question.lead(model(giving.batch(model))[0, -1]).item()) < 1e-4
    assert abs(patched.base - question.lead(model(other.batch(model))[0, -1]).item()) < 1e-4


def test_without_a_gap_there_is_no_scale():
    assert PatchMap(torch.zeros(2, 2), source=1.0, base=1.0).recovered is None
    assert PatchMap(torch.full((1, 1), 2.0), source=3.0, base=1.0).recovered.item() == 0.5


def test_prompts_of_different_lengths_are_refused_in_a_sentence(model, giving):
    short = read_prompt(model, "Ada gave a lamp to")
    with pytest.raises(CourseError, match="6 and 15 tokens"):
        found(model, giving, short, Places.STREAM)


def test_a_prompt_with_itself_is_refused(model, giving):
    with pytest.raises(CourseError, match="are the same"):
        found(model, giving, giving, Places.STREAM)


def test_mlps_that_are_not_there_are_refused(model, giving, other):
    if not model.cfg.attn_only:
        pytest.skip("this specimen has MLPs")
    with pytest.raises(CourseError, match="has no MLPs"):
        found(model, other, giving, Places.MLPS)
