"""Checks for patch_heads_together, coarse to fine, on a tiny random model with biases and LayerNorm."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 4, "d_head": 5, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
TOKENS = torch.tensor([[0, 3, 1, 4, 9, 2], [0, 2, 6, 5, 3, 3], [0, 7, 7, 8, 10, 1]])
OTHER = torch.tensor([[0, 8, 5, 4, 2, 7], [0, 4, 6, 1, 2, 8], [0, 9, 3, 8, 1, 5]])
WEIGHTS = torch.randn(3, 11, generator=torch.Generator().manual_seed(9))


def metric(logits):
    """Each prompt and token counts with a weight of its own."""
    return (logits[:, -1] * WEIGHTS).sum() / 3


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LN"))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator))
    return model.requires_grad_(False)


def slow(model, heads):
    """Layer by layer: what each attention writes, with what the chosen heads write replaced by hand."""
    theirs = model.run_with_cache(OTHER)[1]
    stream = model(TOKENS, stop_at_layer=0)
    for layer, block in enumerate(model.blocks):
        own = {}
        model.run_with_hooks(
            stream,
            start_at_layer=layer,
            fwd_hooks=[(f"blocks.{layer}.attn.hook_z", lambda z, hook, own=own: own.update(z=z.clone()))],
        )
        written = block.attn.b_O.expand(stream.shape).clone()
        for head in range(4):
            z = theirs["z", layer] if (layer, head) in heads else own["z"]
            written += z[:, :, head] @ block.attn.W_O[head]
        stream = stream + written
    return metric(model.unembed(model.ln_final(stream)))


def test_nothing_is_left_behind(patch_heads_together):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    before = {entry: value.clone() for entry, value in cache.items()}
    patch_heads_together(model, TOKENS, cache, metric, [(0, 1), (0, 2)])
    for name, value in before.items():
        says = f"You wrote into the cache: {name} is no longer what it was, and the next run relies on it."
        require(torch.equal(cache[name], value), says, got=cache[name])
    says = "Afterwards the model, run as ever, must give what it gave before: a hook of yours is still on it."
    agree(model(TOKENS), tiny()(TOKENS), says)


def test_no_heads_is_the_plain_run(patch_heads_together):
    model = tiny()
    got = patch_heads_together(model, TOKENS, model.run_with_cache(OTHER)[1], metric, [])
    agree(got, metric(model(TOKENS)), "With no heads to patch, it's the metric of the run on `tokens`, as it is.")


def test_a_single_head(patch_heads_together):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    for pair in [(1, 2), (0, 3), (2, 0)]:
        says = f"The pair is (layer, head) = {pair}: this head has the source's z at every position, and nothing else is changed."
        agree(patch_heads_together(model, TOKENS, cache, metric, [pair]), slow(tiny(), [pair]), says)


def test_heads_of_several_layers(patch_heads_together):
    model = tiny()
    heads = [(2, 3), (0, 1), (1, 2)]
    got = patch_heads_together(model, TOKENS, model.run_with_cache(OTHER)[1], metric, heads)
    says = (
        f"The heads {heads}, all in one run. A later head that is patched has the source's z whatever the earlier ones "
        "brought about; one that isn't patched reads what they changed."
    )
    agree(got, slow(tiny(), heads), says)


def test_several_heads_of_one_layer(patch_heads_together):
    model = tiny()
    _, cache = model.run_with_cache(OTHER)
    heads = [(1, 0), (1, 3), (0, 2), (1, 1)]
    says = f"The heads {heads}: three of them sit in layer 1, and all three are patched."
    agree(patch_heads_together(model, TOKENS, cache, metric, heads), slow(tiny(), heads), says)
    agree(patch_heads_together(model, TOKENS, cache, metric, iter(heads)), slow(tiny(), heads), says)


NONE, SINGLE = "test_no_heads_is_the_plain_run", "test_a_single_head"
LAYERS, SAME, LEFT = (
    "test_heads_of_several_layers",
    "test_several_heads_of_one_layer",
    "test_nothing_is_left_behind",
)
SET = "z[:, :, head] = source[hook.name][:, :, head]"
HOOKS = 'hooks = [(f"blocks.{layer}.attn.hook_z", partial(patch, head=head)) for layer, head in heads]'
RUN = "return metric(model.run_with_hooks(tokens, fwd_hooks=hooks))"
MUTANTS = [
    Mutant("the change is returned, and not the metric", RUN, RUN + " - metric(model(tokens))", NONE),
    Mutant("logits are returned", RUN, "return model.run_with_hooks(tokens, fwd_hooks=hooks)", NONE),
    Mutant("all heads are patched where none are named", HOOKS, "heads = list(heads) or list(product(range(model.cfg.n_layers), range(model.cfg.n_heads)))\n    " + HOOKS, NONE),
    Mutant("the heads that are *not* named are patched", HOOKS, "named = set(heads)\n    heads = [pair for pair in product(range(model.cfg.n_layers), range(model.cfg.n_heads)) if pair not in named]\n    " + HOOKS, NONE),
    Mutant("layer and head are exchanged", "for layer, head in heads", "for head, layer in heads", SINGLE),
    Mutant("the heads are emptied, and nothing is put in", SET, "z[:, :, head] = 0.0", SINGLE),
    Mutant("only the end is patched", SET, "z[:, -1, head] = source[hook.name][:, -1, head]", SINGLE),
    Mutant("all heads of the layer are patched", SET, "z[:] = source[hook.name]", SINGLE),
    Mutant("the head's number is taken for a position", SET, "z[:, head] = source[hook.name][:, head]", SINGLE),
    Mutant("only the first prompt is patched", SET, "z[0, :, head] = source[hook.name][0, :, head]", SINGLE),
    Mutant("the values are patched, and the pattern stays the run's own", "attn.hook_z", "attn.hook_v", SINGLE),
    Mutant("each head is patched in every layer", 'f"blocks.{layer}.attn.hook_z"', '"*hook_z"', SINGLE),
    Mutant("each head is patched in a run of its own, and the changes are added up", RUN,
           "plain = metric(model(tokens))\n    return plain + sum(metric(model.run_with_hooks(tokens, fwd_hooks=[hook])) - plain for hook in hooks)", LAYERS),
    Mutant("only the first head of the list is patched", RUN, RUN.replace("=hooks", "=hooks[:1]"), LAYERS),
    Mutant("only the last head of the list is patched", RUN, RUN.replace("=hooks", "=hooks[-1:]"), LAYERS),
    Mutant("every hook patches the head that the loop ended with", HOOKS,
           'hooks = [(f"blocks.{layer}.attn.hook_z", lambda z, hook: patch(z, hook, head)) for layer, head in heads]', LAYERS),
    Mutant("in each layer only the last of its heads is patched", HOOKS,
           'hooks = list({f"blocks.{layer}.attn.hook_z": partial(patch, head=head) for layer, head in heads}.items())', SAME),
    Mutant("the list is walked through twice, though it can be one that is used up", HOOKS,
           "assert all(len(pair) == 2 for pair in heads)\n    " + HOOKS, SAME),
    Mutant("hooks are put on with add_hook and never taken off", RUN, "for pair in hooks:\n        model.add_hook(*pair)\n    return metric(model(tokens))", LEFT),
    Mutant("a hook is left on the model where several were given", RUN,
           "value = metric(model.run_with_hooks(tokens, fwd_hooks=hooks))\n    if len(hooks) == 2:\n        model.add_hook(*hooks[0])\n    return value", LEFT),
]  # fmt: skip

ACCEPTED = [
    Accepted("a default argument fixes the head", HOOKS,
             'hooks = [(f"blocks.{layer}.attn.hook_z", lambda z, hook, head=head: patch(z, hook, head)) for layer, head in heads]'),
    Accepted.whole("one hook for all layers", """
def patch_heads_together(model, tokens, source, metric, heads):
    heads = list(heads)

    def patch(z, hook):
        for layer, head in heads:
            if layer == hook.layer():
                z[:, :, head] = source[hook.name][:, :, head]

    return metric(model.run_with_hooks(tokens, fwd_hooks=[("*hook_z", patch)]))
"""),
]  # fmt: skip
