"""Checks for patch_residual_stream, coarse to fine, on a tiny random model with biases and LayerNorm."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 2, "d_head": 5, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9], [0, 2, 6, 5, 3], [0, 7, 7, 8, 10], [0, 1, 10, 2, 6]])
OTHER = torch.tensor([[0, 8, 5, 4, 9], [0, 4, 6, 1, 2], [0, 9, 3, 8, 1], [0, 6, 2, 7, 5]])
WEIGHTS = torch.randn(4, 11, generator=torch.Generator().manual_seed(9))


def metric(logits):
    """Each prompt and token counts with a weight of its own."""
    return (logits[:, -1] * WEIGHTS).sum() / 4


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LN"))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator))
    return model.requires_grad_(False)


def slow(model, tokens, other, layer, position):
    """The upper layers, run on a stream that was put together by hand."""
    stream = model(tokens, stop_at_layer=layer).clone()
    stream[:, position] = model(other, stop_at_layer=layer)[:, position]
    return metric(model(stream, start_at_layer=layer))


def unchanged(cache, before):
    """Every entry of the cache is what it was."""
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and whoever uses it next is misled."
        require(torch.equal(cache[name], value), says, got=cache[name])


def test_nothing_is_left_behind(patch_residual_stream):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    before = {entry: value.clone() for entry, value in cache.items()}
    patch_residual_stream(model, TOKENS, cache, metric)
    unchanged(cache, before)
    says = "Afterwards the model, run as ever, must give what it gave before: a hook of yours is still on it."
    agree(model(TOKENS), tiny()(TOKENS), says)


def test_one_number_for_each_layer_and_position(patch_residual_stream):
    model = tiny()
    got = patch_residual_stream(model, TOKENS, model.run_with_cache(OTHER)[1], metric)
    agree(
        tuple(got.shape),
        (3, 5),
        "3 layers and texts of 5 tokens: one row for each layer, one column for each position.",
    )


def test_a_run_patched_into_itself_stays_as_it_is(patch_residual_stream):
    model = tiny()
    logits, cache = model.run_with_cache(TOKENS)
    says = (
        "The source is a run on the very same tokens: whatever is replaced, each entry is the metric of the plain run."
    )
    agree(patch_residual_stream(model, TOKENS, cache, metric), metric(logits).expand(3, 5).clone(), says)


def test_before_layer_0_only_the_word_that_differs_counts(patch_residual_stream):
    model = tiny()
    other = TOKENS.clone()
    other[:, 2] = torch.tensor([8, 9, 1, 5])
    plain, (logits, cache) = metric(model(TOKENS)), model.run_with_cache(other)
    expected = torch.stack([plain, plain, metric(logits), plain, plain])
    says = (
        "The source differs from the tokens at position 2 only. Before layer 0 its stream there is all that differs: "
        "column 2 of row 0 is the metric of the source's run, the rest of row 0 that of the plain run."
    )
    agree(patch_residual_stream(model, TOKENS, cache, metric)[0], expected, says)


def test_one_place_at_a_time(patch_residual_stream):
    model = tiny()
    got = patch_residual_stream(model, TOKENS, model.run_with_cache(OTHER)[1], metric)
    expected = torch.stack([torch.stack([slow(tiny(), TOKENS, OTHER, i, p) for p in range(5)]) for i in range(3)])
    says = (
        "Entry [layer, position]: the run on `tokens`, where the stream before this layer is the source's at this "
        "position, in each prompt that of the same prompt, and its own everywhere else."
    )
    agree(got, expected, says)


SHAPE, SELF = "test_one_number_for_each_layer_and_position", "test_a_run_patched_into_itself_stays_as_it_is"
FIRST, ONE, LEFT = (
    "test_before_layer_0_only_the_word_that_differs_counts",
    "test_one_place_at_a_time",
    "test_nothing_is_left_behind",
)
SET = "resid[:, position] = source[hook.name][:, position]"
RUN = "metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))"
LOOP = "product(range(model.cfg.n_layers), range(tokens.shape[1]))"
MUTANTS = [
    Mutant("the table is [pos layer]", "return result", "return result.T", SHAPE),
    Mutant("the start of the text has no column", "return result", "return result[:, 1:]", SHAPE),
    Mutant("the position is emptied, and nothing is put in", SET, "resid[:, position] = 0.0", SELF),
    Mutant("the source's activation is added to the run's own", SET, "resid[:, position] += source[hook.name][:, position]", SELF),
    Mutant("the change is returned, and not the metric", RUN, RUN + " - metric(model(tokens))", SELF),
    Mutant("the source's mean over prompts is put in", SET, "resid[:, position] = source[hook.name][:, position].mean(dim=0)", SELF),
    Mutant("all prompts get the source of the first prompt", SET, "resid[:, position] = source[hook.name][0, position]", SELF),
    Mutant("the stream after the layer is put in before it", SET, 'resid[:, position] = source["resid_post", hook.layer()][:, position]', SELF),
    Mutant("the stream before layer 0 is put in before every layer", SET, 'resid[:, position] = source["resid_pre", 0][:, position]', SELF),
    Mutant("the neighbouring position of the source is put in", "source[hook.name][:, position]", "source[hook.name][:, position - 1]", SELF),
    Mutant("the last entry is never filled", LOOP, LOOP.replace("tokens.shape[1]", "tokens.shape[1] - 1"), SELF),
    Mutant("all positions are patched at once", SET, "resid[:] = source[hook.name]", FIRST),
    Mutant("the position and all that follow are patched", SET, "resid[:, position:] = source[hook.name][:, position:]", FIRST),
    Mutant("the position and all before it are patched", SET, "resid[:, : position + 1] = source[hook.name][:, : position + 1]", FIRST),
    Mutant("all positions but this one are patched", SET,
           "own = resid[:, position].clone()\n        resid[:] = source[hook.name]\n        resid[:, position] = own", FIRST),
    Mutant("only the first prompt is patched", SET, "resid[0, position] = source[hook.name][0, position]", FIRST),
    Mutant("the stream after the layer is patched", "hook_resid_pre", "hook_resid_post", FIRST),
    Mutant("what the layer writes is patched, and not the stream", "hook_resid_pre", "hook_attn_out", FIRST),
    Mutant("hooks stay on, so that each run has all the patches of the runs before it", RUN,
           "(model.add_hook(*hooked), metric(model(tokens)))[1]", LEFT),
    Mutant("every layer is patched at this position", 'f"blocks.{layer}.hook_resid_pre"', '"*hook_resid_pre"', FIRST),
    Mutant("the rows are filled from the last layer to the first", "return result", "return torch.cat([result[:1], result[1:].flip(0)])", ONE),
    Mutant("the last hook is left on the model", "return result", 'model.add_hook("blocks.0.hook_resid_pre", partial(patch, position=1))\n    return result', LEFT),
    Mutant("the source's activations are written to", SET, SET + "\n        source[hook.name][:, position] = 0.0", LEFT),
    Mutant("the run's own stream is written into the last layer's source", SET + "\n        return resid",
           "if hook.layer() < 2:\n            " + SET + "\n            return resid\n        own = resid.clone()\n"
           "        own[:, position] = source[hook.name][:, position]\n        source[hook.name][:] = own\n        return source[hook.name]", LEFT),
]  # fmt: skip

ACCEPTED = [
    Accepted("the copy is edited and nothing returned", SET + "\n        return resid", SET),
    Accepted("a new tensor", SET + "\n        return resid",
             "chosen = torch.arange(resid.shape[1]) == position\n        return torch.where(chosen[:, None], source[hook.name], resid)"),
    Accepted("the last position only", RUN, "metric(model.run_with_hooks(tokens, fwd_hooks=[hooked], last_only=True))"),
]  # fmt: skip
