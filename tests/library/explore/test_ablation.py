"""Ablation in its three kinds, recomputed by hand, and what is refused."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.explore.ablation import Filling, Part, ablate, part_named, parts_of
from course_utils.explore.prompt import read_prompt


def test_nothing_switched_off_changes_nothing(model, giving):
    found = ablate(model, giving, [], Filling.ZERO, 14)
    assert torch.equal(found.before, found.after)
    torch.testing.assert_close(found.before, model(giving.batch(model))[0, 14])


def test_everything_at_zero_leaves_embeddings_and_biases(model, giving):
    found = ablate(model, giving, parts_of(model), Filling.ZERO, 14)
    _, cache = model.run_with_cache(giving.batch(model))
    stream = cache["embed"] + cache["pos_embed"] + model.b_O.sum(dim=0)
    torch.testing.assert_close(found.after, model.unembed(model.ln_final(stream))[0, 14], atol=1e-4, rtol=0)


@pytest.mark.parametrize("filling", list(Filling))
def test_two_heads_of_a_layer_by_hand(model, giving, other, filling):
    _, cache = model.run_with_cache(other.batch(model))
    z = cache["z", 1]
    values = {Filling.ZERO: z * 0, Filling.MEAN: z.mean(dim=(0, 1)).expand_as(z), Filling.RESAMPLE: z}[filling]

    def fill(x, hook):
        x[:, :, [1, 4]] = values[:, :, [1, 4]]

    expected = model.run_with_hooks(giving.batch(model), fwd_hooks=[("blocks.1.attn.hook_z", fill)])[0, 14]
    found = ablate(model, giving, [Part(1, 1), Part(1, 4)], filling, 14, other)
    torch.testing.assert_close(found.after, expected, atol=1e-4, rtol=0)
    assert not torch.allclose(found.after, found.before, atol=1e-3)


def test_the_mean_may_come_from_a_text_of_another_length(model, giving):
    short = read_prompt(model, "Ada gave a lamp to")
    found = ablate(model, giving, [Part(0, 0)], Filling.MEAN, 14, short)
    assert found.after.isfinite().all()


def test_an_mlp_is_a_part_where_there_are_any(model, giving, other):
    names = [str(part) for part in parts_of(model)]
    heads = model.cfg.n_layers * model.cfg.n_heads
    assert len(names) == len(set(names)) == heads + (0 if model.cfg.attn_only else model.cfg.n_layers)
    assert [str(part_named(name)) for name in names] == names
    if model.cfg.attn_only:
        with pytest.raises(CourseError, match="no part mlp0"):
            ablate(model, giving, [Part(0)], Filling.ZERO, 14)
        return
    found = ablate(model, giving, [Part(2)], Filling.RESAMPLE, 14, other)
    _, cache = model.run_with_cache(other.batch(model), names_filter="blocks.2.hook_mlp_out")
    put = [("blocks.2.hook_mlp_out", lambda x, hook: cache[hook.name])]
    torch.testing.assert_close(found.after, model.run_with_hooks(giving.batch(model), fwd_hooks=put)[0, 14])


def test_no_hook_stays_and_no_run_is_spoilt(model, giving, other):
    before = model(giving.batch(model))
    ablate(model, giving, parts_of(model), Filling.RESAMPLE, 14, other)
    assert torch.equal(model(giving.batch(model)), before)
    assert not any(point.hooks for point in model.hook_dict.values())


@pytest.mark.parametrize("name", ["", "1", "1.x", "mlp", "999.1", "1.1.1"])
def test_a_name_that_is_no_part(name):
    with pytest.raises(CourseError, match="no part of a model"):
        part_named(name)


def test_what_cannot_be_done_is_one_sentence(model, giving):
    short = read_prompt(model, "Ada gave a lamp to")
    with pytest.raises(CourseError, match="no part 9"):
        ablate(model, giving, [Part(9, 0)], Filling.ZERO, 14)
    with pytest.raises(CourseError, match="second text"):
        ablate(model, giving, [Part(0, 0)], Filling.MEAN, 14)
    with pytest.raises(CourseError, match="15 and 6 tokens"):
        ablate(model, giving, [Part(0, 0)], Filling.RESAMPLE, 14, short)
