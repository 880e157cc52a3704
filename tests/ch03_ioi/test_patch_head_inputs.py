"""Checks for patch_head_inputs, coarse to fine, on a tiny random model with biases and LayerNorm."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 2, "d_model": 12, "n_heads": 3, "d_head": 6, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9], [0, 2, 6, 5, 3], [0, 7, 7, 8, 10], [0, 1, 10, 2, 6]])
OTHER = torch.tensor([[0, 8, 5, 4, 2], [0, 4, 6, 1, 2], [0, 9, 3, 8, 1], [0, 6, 2, 7, 5]])
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


def gathered(q, k, v, pattern=None):
    """One head's z from its own q, k, v [batch pos d_head], or from a pattern that is given."""
    if pattern is None:
        scores = q @ k.mT / math.sqrt(6)
        pattern = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -torch.inf).softmax(dim=-1)
    return pattern @ v


def slow(model, which):
    """A head's z worked out by hand, with one of its inputs exchanged; then the layers above."""
    own, theirs = model.run_with_cache(TOKENS)[1], model.run_with_cache(OTHER)[1]
    table = torch.zeros(2, 3)
    for layer in range(2):
        for head in range(3):
            inputs = {name: own[name, layer][:, :, head] for name in "qkv"}
            if which == "pattern":
                inputs["pattern"] = theirs["pattern", layer][:, head]
            else:
                inputs[which] = theirs[which, layer][:, :, head]
            change = gathered(**inputs) - own["z", layer][:, :, head]
            stream = own["resid_post", layer] + change @ model.blocks[layer].attn.W_O[head]
            rest = model(stream, start_at_layer=layer + 1) if layer < 1 else model.unembed(model.ln_final(stream))
            table[layer, head] = metric(rest)
    return table


def swept(patch_head_inputs, model):
    return patch_head_inputs(model, TOKENS, model.run_with_cache(OTHER)[1], metric)


def unchanged(cache, before):
    """Every entry of the cache is what it was."""
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and whoever uses it next is misled."
        require(torch.equal(cache[name], value), says, got=cache[name])


def test_nothing_is_left_behind(patch_head_inputs):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    before = {entry: value.clone() for entry, value in cache.items()}
    patch_head_inputs(model, TOKENS, cache, metric)
    unchanged(cache, before)
    says = "Afterwards the model, run as ever, must give what it gave before: a hook of yours is still on it."
    agree(model(TOKENS), tiny()(TOKENS), says)


def test_four_tables_of_layer_and_head(patch_head_inputs):
    got = swept(patch_head_inputs, tiny())
    agree(tuple(got.shape), (4, 2, 3), "Four inputs, 2 layers, 3 heads.")


def test_a_run_patched_into_itself_stays_as_it_is(patch_head_inputs):
    model = tiny()
    logits, cache = model.run_with_cache(TOKENS)
    says = (
        "The source is a run on the very same tokens: whatever is replaced, each entry is the metric of the plain run."
    )
    agree(patch_head_inputs(model, TOKENS, cache, metric), metric(logits).expand(4, 2, 3).clone(), says)


def test_values_come_third(patch_head_inputs):
    model = tiny()
    says = "Entry [2, layer, head]: this head's v is the source's at all positions, and its pattern is the run's own."
    agree(swept(patch_head_inputs, model)[2], slow(tiny(), "v"), says)


def test_queries_come_first(patch_head_inputs):
    model = tiny()
    says = "Entry [0, layer, head]: this head's q is the source's at all positions; the pattern follows from it and the run's own k."
    agree(swept(patch_head_inputs, model)[0], slow(tiny(), "q"), says)


def test_keys_come_second(patch_head_inputs):
    model = tiny()
    says = "Entry [1, layer, head]: this head's k is the source's at all positions; the pattern follows from it and the run's own q."
    agree(swept(patch_head_inputs, model)[1], slow(tiny(), "k"), says)


def test_the_pattern_comes_last(patch_head_inputs):
    model = tiny()
    says = "Entry [3, layer, head]: this head's whole pattern is the source's, [batch head query key]; the values are the run's own."
    agree(swept(patch_head_inputs, model)[3], slow(tiny(), "pattern"), says)


SHAPE, SELF = "test_four_tables_of_layer_and_head", "test_a_run_patched_into_itself_stays_as_it_is"
V, Q, K, PATTERN = (
    "test_values_come_third",
    "test_queries_come_first",
    "test_keys_come_second",
    "test_the_pattern_comes_last",
)
LEFT = "test_nothing_is_left_behind"
AT = 'at = (slice(None), head) if hook.name.endswith("pattern") else (slice(None), slice(None), head)'
SET, NAMES = "x[at] = source[hook.name][at]", '("q", "k", "v", "pattern")'
RUN = "metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))"
MUTANTS = [
    Mutant("the inputs are the last axis", "return result", "return result.permute(1, 2, 0)", SHAPE),
    Mutant("heads come before layers", "return result", "return result.mT", SHAPE),
    Mutant("the inputs are added up to one table", "return result", "return result.sum(dim=0)", SHAPE),
    Mutant("the input is emptied, and nothing is put in", SET, "x[at] = 0.0", SELF),
    Mutant("the source's input is added to the run's own", SET, "x[at] += source[hook.name][at]", SELF),
    Mutant("queries and keys are exchanged: each gets the other of the source", SET,
           'x[at] = source[hook.name[:-1] + {"q": "k", "k": "q"}[hook.name[-1]] if hook.name[-1] in "qk" else hook.name][at]', SELF),
    Mutant("the change is returned, and not the metric", RUN, RUN + " - metric(model(tokens))", SELF),
    Mutant("the source's mean over prompts is put in", SET, "x[at] = source[hook.name][at].mean(dim=0)", SELF),
    Mutant("all heads are patched", SET, "x[:] = source[hook.name]", V),
    Mutant("only the end is patched", 'else (slice(None), slice(None), head)', "else (slice(None), -1, head)", V),
    Mutant("only the first prompt is patched", SET, "x[(slice(1), *at[1:])] = source[hook.name][(slice(1), *at[1:])]", V),
    Mutant("the head is patched in every layer", 'f"blocks.{layer}.attn.hook_{name}"', 'f"*hook_{name}"', V),
    Mutant("z is patched for each of them", 'attn.hook_{name}', "attn.hook_z", V),
    Mutant("the order is v, k, q, pattern", NAMES, '("v", "k", "q", "pattern")', V),
    Mutant("the pattern comes first", NAMES, '("pattern", "q", "k", "v")', V),
    Mutant("the order is k, q, v, pattern", NAMES, '("k", "q", "v", "pattern")', Q),
    Mutant("the source's pattern is put in where the queries should be", NAMES, '("pattern", "k", "v", "pattern")', Q),
    Mutant("with the queries the keys are patched as well", 'result[i, layer, head] = ' + RUN,
           'hooks = [hooked] if name != "q" else [hooked, (hooked[0][:-1] + "k", hooked[1])]\n            result[i, layer, head] = metric(model.run_with_hooks(tokens, fwd_hooks=hooks))', Q),
    Mutant("the source's keys are put in where the queries were patched already", NAMES, '("q", "q", "v", "pattern")', K),
    Mutant("the pattern's first axis behind the batch is taken for the position", AT, "at = (slice(None), slice(None), head)", PATTERN),
    Mutant("the key at the head's number is patched in all patterns", AT, "at = (..., head) if hook.name.endswith(\"pattern\") else (slice(None), slice(None), head)", PATTERN),
    Mutant("only the end's row of the pattern is patched", "(slice(None), head) if", "(slice(None), head, -1) if", PATTERN),
    Mutant("all patterns of the layer are patched", "(slice(None), head) if", "(slice(None),) if", PATTERN),
    Mutant("the pattern is patched before the softmax", 'f"blocks.{layer}.attn.hook_{name}"', 'f"blocks.{layer}.attn.hook_{name}".replace("hook_pattern", "hook_attn_scores")', PATTERN),
    Mutant("query and key of the source's pattern are exchanged", SET, 'x[at] = source[hook.name][at].mT if hook.name.endswith("pattern") else source[hook.name][at]', SELF),
    Mutant("a hook is left on the model", "return result", 'model.add_hook("blocks.0.attn.hook_v", partial(patch, head=0))\n    return result', LEFT),
    Mutant("hooks stay on, so that each run has all the patches of the runs before it", RUN,
           "(model.add_hook(*hooked), metric(model(tokens)))[1]", LEFT),
    Mutant("the source's activations are written to", SET, SET + "\n        source[hook.name][at] = 0.0", LEFT),
]  # fmt: skip

ACCEPTED = [
    Accepted("by the number of the layer's axes", 'hook.name.endswith("pattern")', "x.shape[-1] == x.shape[-2] == tokens.shape[1]"),
    Accepted("the copy is edited and nothing returned", SET + "\n        return x", SET),
]  # fmt: skip
