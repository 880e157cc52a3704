"""Hooks: they take effect everywhere, they compose, and they always come off."""

import pytest
import torch

from course_utils.catalog import CourseError


def on(model):
    return [name for name, point in model.hook_dict.items() if point.hooks]


def test_an_edit_at_any_hook_changes_what_follows(model, tokens):
    plain = model(tokens)
    noise = torch.Generator().manual_seed(0)

    def blur(x, hook):
        fired.append(hook.name)
        if hook.name.endswith("attn_scores") or hook.name.endswith("pattern"):
            return x.roll(1, dims=-1).where(x.isfinite(), x) if x.isfinite().all() else x * 0.3
        return x + torch.randn(x.shape, generator=noise)

    for name in model.hook_dict:
        fired: list[str] = []
        assert not torch.allclose(model.run_with_hooks(tokens, fwd_hooks=[(name, blur)]), plain, atol=1e-4), name
        assert fired == [name], name
        torch.testing.assert_close(model(tokens), plain, rtol=0, atol=0)


def test_watching_any_hook_changes_nothing(model, tokens):
    plain = model(tokens)
    for name in model.hook_dict:
        torch.testing.assert_close(model.run_with_hooks(tokens, fwd_hooks=[(name, lambda x, hook: None)]), plain)
    everything = [(list(model.hook_dict), lambda x, hook: None)]
    torch.testing.assert_close(model.run_with_hooks(tokens, fwd_hooks=everything), plain)


def test_every_hook_has_the_gradient_of_a_small_change(model, tokens):
    """The gradient that a backward hook sees predicts what a small edit there does."""
    model = model.double()
    generator = torch.Generator().manual_seed(0)

    def total(hooks):
        return model.run_with_hooks(tokens, fwd_hooks=hooks).square().mean()

    def nudged(name, change):
        with torch.no_grad():
            return total([(name, lambda x, hook: x + change)])

    gradients = {}
    ordinary = model.hook_names()
    for names in (
        ordinary,
        [name for name in model.hook_dict if name not in ordinary],
    ):  # ln1 is per head in the second
        with model.hooks(bwd=[(names, lambda grad, hook: gradients.update({hook.name: grad}))]):
            total([]).backward()
    assert set(gradients) == set(model.hook_dict)
    for name, gradient in gradients.items():
        direction = 1e-5 * torch.randn(gradient.shape, generator=generator, dtype=torch.double)
        change = (nudged(name, direction) - nudged(name, -direction)) / 2
        torch.testing.assert_close(change, (gradient * direction).sum(), rtol=1e-3, atol=1e-11, msg=name)


def test_an_edit_in_place_is_an_edit(make, tokens):
    model = make("gpt2")

    def replace(x, hook):
        return x.index_fill(2, torch.tensor([1]), 0.0)

    def in_place(x, hook):
        x[:, :, 1] = 0

    name = "blocks.0.attn.hook_z"
    expected = model.run_with_hooks(tokens, fwd_hooks=[(name, replace)])
    torch.testing.assert_close(model.run_with_hooks(tokens, fwd_hooks=[(name, in_place)]), expected)


def test_an_edit_in_place_leaves_earlier_activations_alone(make, tokens):
    """resid_post of a layer and resid_pre of the next share memory until a hook writes."""
    model = make("gpt2")
    _, plain = model.run_with_cache(tokens)
    with model.hooks([("blocks.1.hook_resid_pre", lambda x, hook: x.zero_())]):
        _, cache = model.run_with_cache(tokens)
    torch.testing.assert_close(cache["resid_post", 0], plain["resid_post", 0])
    assert not cache["resid_pre", 1].any()


@pytest.mark.parametrize("wanted", ["blocks.*.attn.hook_z", lambda name: name.endswith("hook_z"),
                                    ["blocks.0.attn.hook_z", "blocks.1.*_z"]])  # fmt: skip
def test_filters(make, tokens, wanted):
    model, fired = make("gpt2"), []
    model.run_with_hooks(tokens, fwd_hooks=[(wanted, lambda x, hook: fired.append((hook.name, hook.layer())))])
    assert fired == [("blocks.0.attn.hook_z", 0), ("blocks.1.attn.hook_z", 1)]


def test_nested_contexts_add_up_and_take_off_their_own(make, tokens):
    model, order = make("gpt2"), []

    def note(label):
        return lambda x, hook: order.append(label)

    with model.hooks([("hook_embed", note("outer"))]):
        with model.hooks(fwd=[("hook_embed", note("inner"))]) as same:
            assert same is model
            model(tokens)
        model.run_with_hooks(tokens, fwd_hooks=[("hook_embed", note("run"))])
    model(tokens)
    assert order == ["outer", "inner", "outer", "run"]


def test_the_same_function_twice_is_two_hooks(make, tokens):
    model = make("gpt2")

    def double(x, hook):
        return 2 * x

    with model.hooks([("hook_embed", double)]):
        with model.hooks([("hook_embed", double)]):
            pass
        _, cache = model.run_with_cache(tokens)
    torch.testing.assert_close(cache["embed"], 2 * model.W_E[tokens])


def test_a_permanent_hook_stays_until_reset(make, tokens):
    model = make("gpt2")
    plain = model(tokens)
    model.add_hook("hook_embed", lambda x, hook: 2 * x)
    assert not torch.allclose(model(tokens), plain)
    model.reset_hooks()
    torch.testing.assert_close(model(tokens), plain)


def test_backward_hooks_may_replace_gradients(make, tokens):
    model = make("gpt2")
    with model.hooks(bwd=[("blocks.1.hook_resid_pre", lambda grad, hook: (0 * grad,))]):
        model(tokens, return_type="loss").backward()
    assert not model.blocks[0].mlp.W_in.grad.any()
    assert model.blocks[1].mlp.W_in.grad.any()
    with pytest.raises(CourseError, match="gradients are off"), torch.no_grad():
        model.run_with_hooks(tokens, bwd_hooks=[("hook_embed", lambda grad, hook: None)])


def test_gradients_reach_activations_of_a_frozen_model(make, tokens):
    model, seen = make("gpt2").requires_grad_(False), {}
    with model.hooks(bwd=[("blocks.0.attn.hook_z", lambda grad, hook: seen.update(grad=grad))]):
        model(tokens, return_type="loss").backward()
    assert seen["grad"].any()


def test_watched_and_fused_attention_agree(model, tokens):
    watch = [("blocks.*.attn.hook_pattern", lambda x, hook: None)]
    torch.testing.assert_close(model.run_with_hooks(tokens, fwd_hooks=watch), model(tokens), atol=1e-5, rtol=1e-5)
    mask = torch.ones_like(tokens)
    mask[0, :4] = 0
    watched = model.run_with_hooks(tokens, attention_mask=mask, fwd_hooks=watch)
    torch.testing.assert_close(watched, model(tokens, attention_mask=mask), atol=1e-5, rtol=1e-5)


def test_filters_may_be_mixed_and_must_be_filters(make):
    model = make("gpt2")
    assert model.hook_names(["hook_embed", lambda name: name.endswith("1.attn.hook_z")]) == [
        "hook_embed", "blocks.1.attn.hook_z"
    ]  # fmt: skip
    with pytest.raises(CourseError, match="A int picks no hooks"):
        model.hook_names(3)


def test_reset_may_clear_what_hooks_keep(make, tokens):
    model = make("gpt2")
    model.run_with_hooks(tokens, fwd_hooks=[("hook_embed", lambda x, hook: hook.ctx.update(kept=x))])
    model.reset_hooks()
    assert "kept" in model.hook_dict["hook_embed"].ctx
    model.reset_hooks(clear_contexts=True, including_permanent=True)
    assert not model.hook_dict["hook_embed"].ctx
