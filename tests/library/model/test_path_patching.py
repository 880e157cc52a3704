"""Path patching and attribution patching, held to what they stand for by hand."""

import pytest
import torch

from course_utils.model.patching import Node, attribution_patch, heads, path_patch, sweep


def metric(logits):
    return logits[:, -1, 3].mean() - 0.5 * logits[:, 2, 5].sum()


@pytest.fixture
def other():
    return torch.randint(0, 40, (3, 9), generator=torch.Generator().manual_seed(8))


def test_the_direct_path_to_the_logits_is_the_direct_effect(make, tokens, other):
    """With MLPs frozen, a head reaches the logits through the last normalisation alone."""
    model = make("gpt2")
    _, cache = model.run_with_cache(other)
    _, own = model.run_with_cache(tokens)
    end = [Node("resid_post", 1)]
    got = path_patch(model, tokens, cache, heads(model), end, metric, freeze_mlps=True, progress=False)
    for value, node in zip(got, heads(model), strict=True):
        change = (cache["z", node.layer] - own["z", node.layer])[:, :, node.head] @ model.W_O[node.layer, node.head]
        logits = model.unembed(model.ln_final(own["resid_post", 1] + change))
        torch.testing.assert_close(value, metric(logits), atol=1e-5, rtol=1e-4)


def test_a_path_through_mlps_and_receivers(make, tokens, other):
    """From head 0.1 to the queries and values of two heads of layer 1, by hand."""
    model = make("gpt2")
    _, cache = model.run_with_cache(other)

    def send(z, hook):
        z[:, :, 1] = cache["z", 0][:, :, 1]

    with model.hooks([("blocks.0.attn.hook_z", send)]):
        _, sent = model.run_with_cache(tokens)

    def receive(head):
        def put(x, hook):
            x[:, :, head] = sent[hook.name][:, :, head]

        return put

    hooks = [("blocks.1.attn.hook_q", receive(2)), ("blocks.1.attn.hook_v", receive(3))]
    expected = metric(model.run_with_hooks(tokens, fwd_hooks=hooks))
    receivers = [Node("q", 1, 2), Node("v", 1, 3)]
    got = path_patch(model, tokens, cache, [Node("z", 0, 1)], receivers, metric, progress=False)
    torch.testing.assert_close(got[0], expected, atol=1e-5, rtol=1e-4)
    every = path_patch(model, tokens, cache, heads(model, before=1), receivers, metric, copies=3, progress=False)
    torch.testing.assert_close(every[1], got[0], atol=1e-5, rtol=1e-4)


def test_other_heads_are_held(make, tokens, other):
    """A path to layer 2 does not go through layer 1's heads."""
    model = make("attn_only", n_layers=3)
    _, cache = model.run_with_cache(other)
    _, own = model.run_with_cache(tokens)
    change = (cache["z", 0] - own["z", 0])[:, :, 2] @ model.W_O[0, 2]
    value = torch.einsum("bpm,md->bpd", own["resid_pre", 2] + change, model.W_V[2, 1]) + model.b_V[2, 1]

    def put(v, hook):
        v[:, :, 1] = value

    expected = metric(model.run_with_hooks(tokens, fwd_hooks=[("blocks.2.attn.hook_v", put)]))
    got = path_patch(model, tokens, cache, [Node("z", 0, 2)], [Node("v", 2, 1)], metric)
    torch.testing.assert_close(got[0], expected, atol=1e-5, rtol=1e-4)


def test_attribution_is_exact_where_the_model_is_linear(make, tokens, other):
    """The last residual stream without a normalisation."""
    model = make("attn_only")
    _, cache = model.run_with_cache(other)
    guess = attribution_patch(model, tokens, cache, metric, "resid_post")[1]
    truth = sweep(model, tokens, cache, metric, "resid_post", progress=False)[1] - metric(model(tokens))
    torch.testing.assert_close(guess, truth, atol=1e-4, rtol=1e-3)
    assert model.W_E.grad is None


@pytest.mark.parametrize("activation", ["z", "pattern", "resid_pre", "mlp_out"])
def test_attribution_guesses_small_patches(make, tokens, activation):
    model = make("gpt2").double()
    axes = ("layer", "pos") if activation in ("resid_pre", "mlp_out") else ("layer", "head")
    _, own = model.run_with_cache(tokens)
    generator = torch.Generator().manual_seed(0)
    near = {n: x + 1e-5 * torch.randn(x.shape, generator=generator, dtype=x.dtype) for n, x in own.items()}
    guess = attribution_patch(model.requires_grad_(False), tokens, near, metric, activation, axes)
    truth = sweep(model, tokens, near, metric, activation, axes, progress=False).double() - metric(model(tokens))
    torch.testing.assert_close(guess, truth, atol=2e-6, rtol=1e-2)
