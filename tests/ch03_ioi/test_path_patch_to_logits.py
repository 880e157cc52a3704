"""Checks for path_patch_to_logits, on a tiny random model with biases; the expected values need no hooks."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 2, "d_head": 5, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
CLEAN = torch.tensor([[0, 3, 1, 4, 9, 6], [0, 2, 6, 5, 3, 3], [0, 7, 7, 8, 10, 1], [0, 1, 10, 2, 6, 6]])
OTHER = torch.tensor([[0, 5, 1, 8, 9, 6], [0, 9, 6, 4, 3, 3], [0, 2, 7, 3, 10, 1], [0, 8, 10, 4, 6, 6]])


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LN"))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator) + 0.1)
    return model.requires_grad_(False)


def metric(logits):
    """Some number that the logits of several positions take part in."""
    return (logits[:, -1, 3] - logits[:, -1, 7] + 0.3 * logits[:, 2, 5].square()).mean()


def caches(model):
    return model.run_with_cache(CLEAN)[1], model.run_with_cache(OTHER)[1]


def by_hand(model, clean, other, freeze):
    """Nobody reacts, so the last stream only lacks what the head wrote, and has what it writes in the other run."""
    effects, ln = torch.zeros(3, 2), model.ln_final
    for layer in range(3):
        for head in range(2):
            W_O = model.blocks[layer].attn.W_O[head]
            more = other["z", layer][:, :, head] @ W_O - clean["z", layer][:, :, head] @ W_O
            stream = clean["resid_post", 2] + more
            centred = stream - stream.mean(dim=-1, keepdim=True)
            own = (centred.square().mean(dim=-1, keepdim=True) + model.cfg.eps).sqrt()
            normal = centred / (clean["scale"] if freeze else own) * ln.w + ln.b
            effects[layer, head] = metric(normal @ model.W_U + model.b_U) - metric(model(CLEAN))
    return effects


def test_one_number_for_each_head(path_patch_to_logits):
    model = tiny()
    got = path_patch_to_logits(model, CLEAN, *caches(model), metric)
    agree(tuple(got.shape), (3, 2), "3 layers of 2 heads: one row for each layer, one column for each head.")


def test_nothing_changes_when_both_runs_are_the_same(path_patch_to_logits):
    model = tiny()
    clean, _ = caches(model)
    got = path_patch_to_logits(model, CLEAN, clean, clean, metric)
    agree(got, torch.zeros(3, 2), "The second cache is the clean one again: no head's words change, and no metric.")


def test_the_other_heads_are_held_and_the_scale_too(path_patch_to_logits):
    model = tiny()
    clean, other = caches(model)
    says = (
        "The sender's z comes from the corrupted run, all other heads' z and the final scale from the clean run. Entries "
        "are the metric then, minus the metric of the clean run."
    )
    expected = by_hand(model, clean, other, True)
    agree(path_patch_to_logits(model, CLEAN, clean, other, metric), expected, says)


def test_the_scale_can_be_left_free(path_patch_to_logits):
    model = tiny()
    clean, other = caches(model)
    says = "With freeze_scale=False the final LayerNorm divides by the scale of the stream that it's given."
    expected = by_hand(model, clean, other, False)
    agree(path_patch_to_logits(model, CLEAN, clean, other, metric, freeze_scale=False), expected, says)


def test_nothing_is_left_behind(path_patch_to_logits):
    model = tiny()
    clean, other = caches(model)
    before = {name: value.clone() for name, value in clean.items()}
    path_patch_to_logits(model, CLEAN, clean, other, metric)
    left = [name for name, point in model.hook_dict.items() if point.hooks]
    require(
        not left, "After the call the model has no hooks: `run_with_hooks` takes its own off.", expected=[], got=left
    )
    changed = [name for name, value in clean.items() if not torch.equal(value, before[name])]
    require(not changed, "The clean cache stays as it was: write into a clone.", expected=[], got=changed)


HOLD = "held = clean_cache[hook.name].clone()"
PUT = "held[:, :, head] = corrupted_cache[hook.name][:, :, head]"
IF = "if hook.layer() == layer:"
RUN = "metric(model.run_with_hooks(tokens, fwd_hooks=hooks)) - clean"
RETURN = "torch.stack([torch.stack([effect(layer, head) for head in heads]) for layer in layers])"
HELD = "test_the_other_heads_are_held_and_the_scale_too"
SAME = "test_nothing_changes_when_both_runs_are_the_same"
MUTANTS = [
    Mutant("all heads stand in one row", RETURN, RETURN + ".flatten()", "test_one_number_for_each_head"),
    Mutant("heads are rows and layers columns", RETURN, RETURN + ".T", "test_one_number_for_each_head"),
    Mutant("the metric is returned, and not its change", RUN, RUN.removesuffix(" - clean"), SAME),
    Mutant("the change is relative to the corrupted run, which has another scale and other words", "clean = metric(model(tokens))",
           "clean = metric(model.unembed(model.ln_final(corrupted_cache['resid_post', model.cfg.n_layers - 1])))", HELD),
    Mutant("the sender is silenced, and not replaced", PUT, "held[:, :, head] = 0", SAME),
    Mutant("the other heads aren't held, so that they react to the sender", HOLD, "held = z.clone()", HELD),
    Mutant("the other heads speak of the corrupted prompts, and the sender of the clean ones", HOLD + "\n            " + IF
           + "\n                " + PUT,
           "held = corrupted_cache[hook.name].clone()\n            " + IF
           + "\n                held[:, :, head] = clean_cache[hook.name][:, :, head]", HELD),
    Mutant("all heads of the layer are replaced", PUT, "held[:] = corrupted_cache[hook.name]", HELD),
    Mutant("the head of this number is replaced in every layer", IF, "if True:", HELD),
    Mutant("only the last position is replaced", PUT, "held[:, -1, head] = corrupted_cache[hook.name][:, -1, head]", HELD),
    Mutant("the sign is turned: clean minus patched", RUN, "clean - " + RUN.removesuffix(" - clean"), HELD),
    Mutant("the scale is the corrupted run's", "return clean_cache[hook.name]", "return corrupted_cache[hook.name]", HELD),
    Mutant("the scale isn't held by default: never, or only where it should be free", "if freeze_scale:", "if not freeze_scale:",
           HELD),
    Mutant("the scale isn't held by default: never, or only where it should be free", "if freeze_scale:", "if False:", HELD),
    Mutant("the sender too is the clean run's, so that nothing is exchanged", PUT, PUT.replace("corrupted", "clean"), HELD),
    Mutant("the scale is always held", "if freeze_scale:", "if True:", "test_the_scale_can_be_left_free"),
    Mutant("the clean cache itself is written into", HOLD, "held = clean_cache[hook.name]", HELD),
    Mutant("hooks are added for good, and taken off only before the next run", "return metric(model.run_with_hooks(tokens, fwd_hooks=hooks)) - clean",
           "model.reset_hooks()\n        for name, fn in hooks:\n            model.add_hook(name, fn)\n"
           "        return metric(model(tokens)) - clean", "test_nothing_is_left_behind"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "loops that fill a matrix, the hook made by a lambda; layers before the sender aren't held, as nothing reaches them",
        """
def path_patch_to_logits(model, tokens, clean_cache, corrupted_cache, metric, freeze_scale=True):
    def hold(z, hook, layer, head):
        if hook.layer() < layer:
            return None
        z[:] = clean_cache["z", hook.layer()]
        if hook.layer() == layer:
            z[:, :, head] = corrupted_cache["z", layer][:, :, head]

    effects = torch.empty(model.cfg.n_layers, model.cfg.n_heads)
    scale = [("ln_final.hook_scale", lambda s, hook: clean_cache["scale"])] if freeze_scale else []
    for layer in range(model.cfg.n_layers):
        for head in range(model.cfg.n_heads):
            with model.hooks([("blocks.*.attn.hook_z", lambda z, hook: hold(z, hook, layer, head)), *scale]):
                effects[layer, head] = metric(model(tokens))
    return effects - metric(model(tokens))
""",
    ),
]
