"""Checks for attribution_patching, coarse to fine, on tiny random models whose weights ask for no gradient."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import ActivationCache, HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 2, "d_head": 7, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9], [0, 2, 6, 5, 3], [0, 7, 7, 8, 10], [0, 1, 10, 2, 6]])
OTHER = torch.tensor([[0, 8, 5, 4, 2], [0, 4, 6, 1, 2], [0, 9, 3, 8, 1], [0, 6, 2, 7, 5]])
WEIGHTS = torch.randn(4, 11, generator=torch.Generator().manual_seed(9))


def metric(logits):
    """Each prompt and token counts with a weight of its own."""
    return (logits[:, -1] * WEIGHTS.to(logits.dtype)).sum() / 4


def tiny(norm="LN", size=0.6, seed=5):
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type=norm))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(size * torch.randn(parameter.shape, generator=generator))
    return model.requires_grad_(False)


def moved_by(model, source, layer, head, share):
    """How far the metric moves when the head goes this share of the way to the source, by what it adds to the stream."""
    own = model.run_with_cache(TOKENS)[1]
    change = share * (source["z", layer] - own["z", layer])[:, :, head] @ model.blocks[layer].attn.W_O[head]
    stream = own["resid_post", layer] + change
    rest = model(stream, start_at_layer=layer + 1) if layer < 2 else model.unembed(model.ln_final(stream))
    return metric(rest) - metric(model(TOKENS))


def test_one_number_for_each_head(attribution_patching):
    model = tiny()
    got = attribution_patching(model, TOKENS, model.run_with_cache(OTHER)[1], metric)
    agree(tuple(got.shape), (3, 2), "3 layers of 2 heads: one row for each layer, one column for each head.")


def test_a_run_patched_into_itself_moves_nothing(attribution_patching):
    model = tiny()
    _, cache = model.run_with_cache(TOKENS)
    says = "The source is a run on the very same tokens. The estimate is of the *change*, and nothing changes: 0 for all heads."
    agree(attribution_patching(model, TOKENS, cache, metric), torch.zeros(3, 2), says)


def test_it_is_exact_where_all_is_linear(attribution_patching):
    model = tiny(norm=None, size=0.4, seed=6)  # one head moves the metric up, the other down
    _, source = model.run_with_cache(OTHER)
    expected = torch.stack([moved_by(model, source, 2, head, 1.0) for head in range(2)])
    says = (
        "A model without LayerNorm: from the last layer's z to this metric all is linear, and the estimate for the last "
        "layer's heads is exactly how far the metric moves with the source's z."
    )
    agree(attribution_patching(model, TOKENS, source, metric)[2], expected, says)


def test_it_is_the_slope_towards_the_source(attribution_patching):
    model = tiny()
    _, source = model.run_with_cache(OTHER)
    exact = tiny().double()
    _, source_exact = exact.run_with_cache(OTHER)
    slopes = torch.zeros(3, 2)
    for layer in range(3):
        for head in range(2):
            ahead, back = (moved_by(exact, source_exact, layer, head, share) for share in (1e-4, -1e-4))
            slopes[layer, head] = (ahead - back) / 2e-4
    says = (
        "Measured here by moving each head's z a ten-thousandth of the way from its own to the source's: how fast the "
        "metric changes at the start of that way, in the run on `tokens`, with all positions moving."
    )
    agree(attribution_patching(model, TOKENS, source, metric), slopes, says, atol=1e-4, rtol=1e-3)


def test_nothing_is_left_behind(attribution_patching):
    model = tiny()
    _, source = model.run_with_cache(OTHER)
    before = {entry: value.clone() for entry, value in source.items()}
    attribution_patching(model, TOKENS, source, metric)
    agree(
        model(TOKENS), tiny()(TOKENS), "Afterwards the model, run as ever, gives what it gave before: no hook stays on."
    )
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and whoever uses it next is misled."
        require(torch.equal(source[name], value), says, got=source[name])
    only_z = ActivationCache({name: value for name, value in source.items() if name.endswith("hook_z")}, model)
    says = "All that is needed of the source is each layer's z: a cache that holds nothing else will do."
    agree(
        attribution_patching(model, TOKENS, only_z, metric), attribution_patching(model, TOKENS, source, metric), says
    )


SHAPE, SELF = "test_one_number_for_each_head", "test_a_run_patched_into_itself_moves_nothing"
LINEAR, SLOPE, LEFT = (
    "test_it_is_exact_where_all_is_linear",
    "test_it_is_the_slope_towards_the_source",
    "test_nothing_is_left_behind",
)
MOVED = "moved = (source[name] - own[name]) * gradients[name]"
SUM = 'reduce(moved, "batch pos head d_head -> head", "sum")'
RUN = "metric(model(tokens)).backward()"
MUTANTS = [
    Mutant("the table is [head layer]", "torch.stack(rows)", "torch.stack(rows).T", SHAPE),
    Mutant("layers are joined to one row", "torch.stack(rows)", "torch.cat(rows)", SHAPE),
    Mutant("positions are kept", SUM, 'reduce(moved, "batch pos head d_head -> head pos", "sum")', SHAPE),
    Mutant("the source's z is multiplied with the gradient, and the run's own isn't subtracted", "(source[name] - own[name])", "source[name]", SELF),
    Mutant("the run's own z is multiplied with the gradient: an estimate of zero-ablation", "(source[name] - own[name])", "-own[name]", SELF),
    Mutant("the gradient is not multiplied by the difference", MOVED, "moved = gradients[name]", SELF),
    Mutant("the metric itself is added to the change", "return torch.stack(rows)", "return torch.stack(rows) + metric(model(tokens)).detach()", SELF),
    Mutant("own minus source: the way back", "(source[name] - own[name])", "(own[name] - source[name])", LINEAR),
    Mutant("prompts are averaged once more, though the metric's gradient has that in it", SUM,
           'reduce(moved, "batch pos head d_head -> pos head d_head", "mean").sum(dim=(0, 2))', LINEAR),
    Mutant("everything is averaged, and not summed", '"sum")', '"mean")', LINEAR),
    Mutant("the change has lost its sign", "return torch.stack(rows)", "return torch.stack(rows).abs()", LINEAR),
    Mutant("each product counts without its sign", "* gradients[name]\n", "* gradients[name]\n        moved = moved.abs()\n", LINEAR),
    Mutant("the difference is multiplied with the gradient's sign only", "* gradients[name]", "* gradients[name].sign()", LINEAR),
    Mutant("prompts are summed before the product", MOVED,
           "moved = (source[name] - own[name]).sum(dim=0, keepdim=True) * gradients[name].mean(dim=0, keepdim=True)", LINEAR),
    Mutant("prompts are averaged before the product", MOVED,
           "moved = (source[name] - own[name]).mean(dim=0, keepdim=True) * gradients[name].mean(dim=0, keepdim=True)", LINEAR),
    Mutant("only the end is summed over", SUM, 'reduce(moved[:, -1:], "batch pos head d_head -> head", "sum")', SLOPE),
    Mutant("layers are listed from the last to the first", "torch.stack(rows)", "torch.stack([*rows[1::-1], rows[2]])", SLOPE),
    Mutant("the gradient stops at the layer above", "own[hook.name] = z.detach()\n", "own[hook.name] = z.detach()\n        return z.detach()\n", SLOPE),
    Mutant("the values are looked at, and not z", 'bwd_hooks=[("*hook_z", keep_gradient)]', 'bwd_hooks=[("*hook_v", lambda g, hook: gradients.update({hook.name[:-1] + "z": g}))]', LINEAR),
    Mutant("the pattern is held fixed", RUN, '_, cache = model.run_with_cache(tokens, names_filter="*hook_pattern")\n        '
           'metric(model.run_with_hooks(tokens, fwd_hooks=[("*hook_pattern", lambda p, hook: cache[hook.name])])).backward()', SLOPE),
    Mutant("the scale of LayerNorm is held fixed", RUN, '_, cache = model.run_with_cache(tokens, names_filter=lambda name: "scale" in name)\n        '
           'metric(model.run_with_hooks(tokens, fwd_hooks=[(list(cache), lambda s, hook: cache[hook.name])])).backward()', SLOPE),
    Mutant("the gradient is taken halfway to the source", RUN,
           'metric(model.run_with_hooks(tokens, fwd_hooks=[("*hook_z", lambda z, hook: (z + source[hook.name]) / 2)])).backward()', LINEAR),
    Mutant("hooks are put on with add_hook and never taken off", "return torch.stack(rows)",
           'model.add_hook("*hook_z", lambda z, hook: z * 1.01)\n    return torch.stack(rows)', LEFT),
    Mutant("the differences are written into the source", MOVED, "moved = source[name].sub_(own[name]) * gradients[name]", LEFT),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole("torch.autograd.grad", """
def attribution_patching(model, tokens, source, metric):
    own = {}

    def keep(z, hook):
        own[hook.name] = z if z.requires_grad else z.requires_grad_()
        return own[hook.name]

    value = metric(model.run_with_hooks(tokens, fwd_hooks=[("*hook_z", keep)]))
    gradients = torch.autograd.grad(value, list(own.values()))
    rows = [((source[name] - own[name].detach()) * grad).sum(dim=(0, 1, 3)) for name, grad in zip(own, gradients)]
    return torch.stack(rows)
"""),
    Accepted("own values from a cache", "(source[name] - own[name])", '(source[name] - model.run_with_cache(tokens)[1][name])'),
    Accepted("the product by einsum", SUM, 'torch.einsum("bphd,bphd->h", source[name] - own[name], gradients[name])'),
]  # fmt: skip
