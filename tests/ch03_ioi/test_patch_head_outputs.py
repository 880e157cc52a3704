"""Checks for patch_head_outputs, coarse to fine, on a tiny random model with biases and LayerNorm."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 2, "d_head": 7, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9], [0, 2, 6, 5, 3], [0, 7, 7, 8, 10], [0, 1, 10, 2, 6]])
OTHER = torch.tensor([[1, 8, 5, 4, 2], [2, 4, 6, 1, 2], [3, 9, 3, 8, 1], [4, 6, 2, 7, 5]])
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


def slow(model, end_only):
    """Add to the stream after the layer how what the head writes differs between the two runs; then the layers above."""
    own, theirs = model.run_with_cache(TOKENS)[1], model.run_with_cache(OTHER)[1]
    table = torch.zeros(3, 2)
    for layer in range(3):
        for head in range(2):
            change = (theirs["z", layer] - own["z", layer])[:, :, head] @ model.blocks[layer].attn.W_O[head]
            if end_only:
                change[:, :-1] = 0
            stream = own["resid_post", layer] + change
            rest = model(stream, start_at_layer=layer + 1) if layer < 2 else model.unembed(model.ln_final(stream))
            table[layer, head] = metric(rest)
    return table


def unchanged(cache, before):
    """Every entry of the cache is what it was."""
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and whoever uses it next is misled."
        require(torch.equal(cache[name], value), says, got=cache[name])


def test_nothing_is_left_behind(patch_head_outputs):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    before = {entry: value.clone() for entry, value in cache.items()}
    for end_only in (False, True):
        patch_head_outputs(model, TOKENS, cache, metric, end_only=end_only)
    unchanged(cache, before)
    says = "Afterwards the model, run as ever, must give what it gave before: a hook of yours is still on it."
    agree(model(TOKENS), tiny()(TOKENS), says)


def test_one_number_for_each_head(patch_head_outputs):
    model = tiny()
    got = patch_head_outputs(model, TOKENS, model.run_with_cache(OTHER)[1], metric)
    agree(tuple(got.shape), (3, 2), "3 layers of 2 heads: one row for each layer, one column for each head.")


def test_a_run_patched_into_itself_stays_as_it_is(patch_head_outputs):
    model = tiny()
    logits, cache = model.run_with_cache(TOKENS)
    says = (
        "The source is a run on the very same tokens: whatever is replaced, each entry is the metric of the plain run."
    )
    agree(patch_head_outputs(model, TOKENS, cache, metric), metric(logits).expand(3, 2).clone(), says)


def test_a_head_that_writes_nothing_changes_nothing(patch_head_outputs):
    model = tiny()
    model.blocks[1].attn.W_O[0] = 0
    got = patch_head_outputs(model, TOKENS, model.run_with_cache(OTHER)[1], metric)
    says = (
        "W_O of head 1.0 was set to 0: nothing of its z reaches the stream, and entry [1, 0] is the plain run's metric."
    )
    agree(got[1, 0], metric(model(TOKENS)), says)


def test_one_head_at_every_position(patch_head_outputs):
    model = tiny()
    got = patch_head_outputs(model, TOKENS, model.run_with_cache(OTHER)[1], metric)
    says = "Entry [layer, head]: the run on `tokens` in which this head, and no other, has the source's z at every position."
    agree(got, slow(tiny(), end_only=False), says)


def test_at_the_end_only(patch_head_outputs):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    got = patch_head_outputs(model, TOKENS, cache, metric, end_only=True)
    says = "With end_only=True the head's z is the source's at the last position, and its own at all the others."
    agree(got, slow(tiny(), end_only=True), says)


SHAPE, SELF = "test_one_number_for_each_head", "test_a_run_patched_into_itself_stays_as_it_is"
SILENT, ONE, END = (
    "test_a_head_that_writes_nothing_changes_nothing",
    "test_one_head_at_every_position",
    "test_at_the_end_only",
)
LEFT = "test_nothing_is_left_behind"
SET, WHERE = "z[:, where, head] = source[hook.name][:, where, head]", "where = -1 if end_only else slice(None)"
RUN = "metric(model.run_with_hooks(tokens, fwd_hooks=[hooked]))"
MUTANTS = [
    Mutant("the table is [head layer]", "return result", "return result.T", SHAPE),
    Mutant("the table is flat", "return result", "return result.flatten()", SHAPE),
    Mutant("the head is emptied, and nothing is put in", SET, "z[:, where, head] = 0.0", SELF),
    Mutant("the source's mean over prompts is put in", "source[hook.name][:, where, head]", "source[hook.name][:, where, head].mean(dim=0)", SELF),
    Mutant("the end's z is put in at every position", SET, "z[:, :, head] = source[hook.name][:, -1:, head]", SELF),
    Mutant("the head gets the z of its neighbour", "source[hook.name][:, where, head]", "source[hook.name][:, where, head - 1]", SELF),
    Mutant("the head gets the z of the layer before", "source[hook.name]", 'source["z", max(0, hook.layer() - 1)]', SELF),
    Mutant("the source's z is added to the run's own", SET, "z[:, where, head] += source[hook.name][:, where, head]", SELF),
    Mutant("the values are put in place of what was gathered of them", "source[hook.name]", 'source["v", hook.layer()]', SELF),
    Mutant("the change is returned, and not the metric", RUN, RUN + " - metric(model(tokens))", SELF),
    Mutant("the run's z goes into the cache, and the cache's tensor into the run", SET + "\n        return z",
           "patched = source[hook.name]\n        own = z.clone()\n        own[:, where, head] = patched[:, where, head]\n"
           "        patched[:] = own\n        return patched", LEFT),
    Mutant("all heads of the layer are patched", SET, "z[:, where] = source[hook.name][:, where]", SILENT),
    Mutant("all heads but this one are patched", SET,
           "chosen = torch.arange(z.shape[2]) != head\n        z[:, :, chosen] = source[hook.name][:, :, chosen]", SILENT),
    Mutant("the head's number is taken for a position", SET, "z[:, head] = source[hook.name][:, head]", SILENT),
    Mutant("the head is patched in every layer", 'f"blocks.{layer}.attn.hook_z"', '"*hook_z"', SILENT),
    Mutant("hooks stay on, so that each run has all the patches of the runs before it", RUN,
           "(model.add_hook(*hooked), metric(model(tokens)))[1]", LEFT),
    Mutant("only the first prompt is patched", SET, "z[0, where, head] = source[hook.name][0, where, head]", ONE),
    Mutant("the values are patched, and the pattern stays the run's own", "attn.hook_z", "attn.hook_v", ONE),
    Mutant("the first position, of the opening token, is left out", "slice(None)", "slice(1, None)", ONE),
    Mutant("it's always the end only", WHERE, "where = -1", ONE),
    Mutant("layers come from the last to the first", "return result", "return result.flip(0)", ONE),
    Mutant("end_only is the other way round", WHERE, "where = slice(None) if end_only else -1", ONE),
    Mutant("end_only is not looked at", WHERE, "where = slice(None)", END),
    Mutant("with end_only the first position is patched", WHERE, "where = 0 if end_only else slice(None)", END),
    Mutant("with end_only the position before the last is patched", WHERE, "where = -2 if end_only else slice(None)", END),
    Mutant("with end_only the end's z is put in at every position", SET,
           "z[:, :, head] = source[hook.name][:, -1:, head] if end_only else source[hook.name][:, :, head]", END),
    Mutant("with end_only everything but the end is patched", WHERE, "where = slice(-1) if end_only else slice(None)", END),
    Mutant("a hook is left on the model", "return result",
           'if end_only:\n        model.add_hook("blocks.0.attn.hook_z", partial(patch, head=0))\n    return result', LEFT),
]  # fmt: skip

ACCEPTED = [
    Accepted("two cases", SET, "if end_only:\n            z[:, -1, head] = source[hook.name][:, -1, head]\n        else:\n            z[:, :, head] = source[hook.name][:, :, head]"),
    Accepted("the copy is edited and nothing returned", SET + "\n        return z", SET),
    Accepted("through the heads' own outputs", RUN,
             "metric(model.run_with_hooks(tokens, fwd_hooks=[(hooked[0].replace('hook_z', 'hook_result'), lambda x, hook, layer=layer, head=head: "
             "x.index_copy(2, torch.tensor([head]), torch.cat([x[:, :-1, head], (source['z', layer][:, :, head] @ model.W_O[layer, head])[:, -1:]], 1)[:, :, None] if end_only "
             "else (source['z', layer][:, :, head] @ model.W_O[layer, head])[:, :, None]))]))"),
]  # fmt: skip
