"""Checks for path_patch_to_heads, on a tiny random model with biases; what receivers hear is computed without hooks."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 4, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 8, "d_vocab": 11, "attn_only": True}
CLEAN = torch.tensor([[0, 3, 1, 4, 9, 6], [0, 2, 6, 5, 3, 3], [0, 7, 7, 8, 10, 1]])
OTHER = torch.tensor([[0, 5, 1, 8, 9, 6], [0, 9, 6, 4, 3, 3], [0, 2, 7, 3, 10, 1]])


def tiny():
    model = HookedTransformer(HookedTransformerConfig(**SIZES, normalization_type="LN"))
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.8 * torch.randn(parameter.shape, generator=generator) + 0.1)
    return model.requires_grad_(False)


def metric(logits):
    return (logits[:, -1, 3] - logits[:, -1, 7]).mean()


def asked(path_patch_to_heads, receivers, part, model=None):
    model = model or tiny()
    clean, other = model.run_with_cache(CLEAN)[1], model.run_with_cache(OTHER)[1]
    expected = by_hand(model, clean, other, receivers, part)
    return path_patch_to_heads(model, CLEAN, clean, other, receivers, part, metric), expected


def by_hand(model, clean, other, receivers, part):
    """What each receiver hears: its clean stream and the sender's news. This is then put in, and the model goes on."""
    effects = torch.zeros(4, 3)
    for layer in range(max(layer for layer, _ in receivers)):
        for head in range(3):
            news = (other["z", layer] - clean["z", layer])[:, :, head] @ model.blocks[layer].attn.W_O[head]
            hooks = []
            for at, receiver in receivers:
                if layer < at:
                    block, W, b = model.blocks[at], f"W_{part.upper()}", f"b_{part.upper()}"
                    normal = block.ln1(clean["resid_pre", at] + news)
                    heard = normal @ getattr(block.attn, W)[receiver] + getattr(block.attn, b)[receiver]

                    def put(x, hook, receiver=receiver, heard=heard):
                        x[:, :, receiver] = heard

                    hooks.append((f"blocks.{at}.attn.hook_{part}", put))
            effects[layer, head] = metric(model.run_with_hooks(CLEAN, fwd_hooks=hooks)) - metric(model(CLEAN))
    return effects


def test_one_number_for_each_head(path_patch_to_heads):
    got, _ = asked(path_patch_to_heads, [(2, 1)], "q")
    agree(tuple(got.shape), (4, 3), "4 layers of 3 heads: a row for each layer, also for those that nobody can hear.")


def test_who_speaks_too_late_isnt_heard(path_patch_to_heads):
    got, _ = asked(path_patch_to_heads, [(1, 0)], "q")
    agree(
        got[1:],
        torch.zeros(3, 3),
        "The receiver is 1.0: heads of its own layer and of later ones have no effect on it.",
    )


def test_only_the_receivers_queries_hear_it(path_patch_to_heads):
    got, expected = asked(path_patch_to_heads, [(3, 0)], "q")
    says = (
        "Receiver 3.0, part q. It hears its clean stream with the sender's words exchanged: the heads between are held. "
        "Nobody else hears it. The entry is the metric when it acts on this, minus the clean one."
    )
    agree(got, expected, says)


def test_behind_the_receiver_everybody_may_react(path_patch_to_heads):
    got, expected = asked(path_patch_to_heads, [(1, 1)], "q")
    says = "Receiver 1.1, part q: the heads of layers 2 and 3 read what it then writes, and react, up to the logits."
    agree(got, expected, says)


def test_several_receivers_act_at_once(path_patch_to_heads):
    got, expected = asked(path_patch_to_heads, [(2, 1), (3, 0), (2, 0)], "q")
    says = (
        "Receivers 2.1, 3.0 and 2.0: each hears the sender itself (none of them hears it by another one), and all act."
    )
    agree(got, expected, says)


def test_keys_and_values(path_patch_to_heads):
    for part, receivers in [("k", [(3, 1)]), ("v", [(2, 0), (3, 1)])]:
        got, expected = asked(path_patch_to_heads, receivers, part)
        agree(
            got, expected, f"Part {part!r}, receivers {receivers}: at all positions, as keys and values stand at all."
        )


def test_nothing_is_left_behind(path_patch_to_heads):
    model = tiny()
    clean, other = model.run_with_cache(CLEAN)[1], model.run_with_cache(OTHER)[1]
    before = {name: value.clone() for name, value in clean.items()}
    path_patch_to_heads(model, CLEAN, clean, other, [(2, 1)], "k", metric)
    left = [name for name, point in model.hook_dict.items() if point.hooks]
    require(not left, "After the call the model has no hooks.", expected=[], got=left)
    changed = [name for name, value in clean.items() if not torch.equal(value, before[name])]
    require(not changed, "The clean cache stays as it was: write into a clone.", expected=[], got=changed)


HOLD, PUT = "held = clean_cache[hook.name].clone()", "held[:, :, head] = corrupted_cache[hook.name][:, :, head]"
ACT, WHO = "x[:, :, receiver] = heard[hook.name][:, :, receiver]", "if receiver_layer == hook.layer():"
RUN = "metric(model.run_with_hooks(tokens, fwd_hooks=[(inputs, act)])) - clean"
LISTEN, PART = "model.run_with_cache(tokens, names_filter=inputs)", 'f"blocks.{layer}.attn.hook_{part}"'
CALL, LATE = "effects[layer, head] = effect(layer, head)", "test_who_speaks_too_late_isnt_heard"
QUERIES, MANY, KV = (
    "test_only_the_receivers_queries_hear_it",
    "test_several_receivers_act_at_once",
    "test_keys_and_values",
)
NOTHING = (
    "the sender isn't taken from the corrupted run, or the receivers' own z is held in the second run, so that nothing "
    "can change"
)
EXCHANGED = """
def path_patch_to_heads(model, tokens, clean_cache, corrupted_cache, receivers, part, metric):
    clean, effects = metric(model(tokens)), torch.zeros(model.cfg.n_layers, model.cfg.n_heads)

    def hold(z, hook):
        z[:] = clean_cache[hook.name]
        for layer, head in receivers:
            if layer == hook.layer():
                z[:, :, head] = corrupted_cache[hook.name][:, :, head]

    with model.hooks([("blocks.*.attn.hook_z", hold)]):
        _, heard = model.run_with_cache(tokens)
    for layer, head in product(range(max(layer for layer, _ in receivers)), range(model.cfg.n_heads)):
        def act(x, hook):
            x[:, :, head] = heard[hook.name][:, :, head]
        effects[layer, head] = metric(model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_{part}", act)])) - clean
    return effects
"""
MUTANTS = [
    Mutant("only layers before the last receiver are listed", "return effects", "return effects[:last]".replace(
        "last", "max(layer for layer, _ in receivers)"), "test_one_number_for_each_head"),
    Mutant("the metric is returned, and not its change", "torch.zeros(model.cfg", "clean + torch.zeros(model.cfg", LATE),
    Mutant("the metric is read in the listening run, where the sender speaks to all", "return " + RUN,
           'return metric(model.run_with_hooks(tokens, fwd_hooks=[("blocks.*.attn.hook_z", hold)])) - clean', QUERIES),
    Mutant("the heads between aren't held, and pass on what they've heard", HOLD, "held = z.clone()", QUERIES),
    Mutant("receivers hear the corrupted run itself, and not the sender alone", "heard[hook.name]", "corrupted_cache[hook.name]",
           QUERIES),
    Mutant("the sender is silenced, and not replaced", PUT, "held[:, :, head] = 0", QUERIES),
    Mutant("all heads of the sender's layer are replaced", PUT, "held[:] = corrupted_cache[hook.name]", QUERIES),
    Mutant("all heads of the receiver's layer hear it", ACT, "x[:] = heard[hook.name]", QUERIES),
    Mutant("the sign is turned: clean minus patched", RUN, "clean - " + RUN.removesuffix(" - clean"), QUERIES),
    Mutant(NOTHING, PUT, "pass", QUERIES),
    Mutant(NOTHING, "fwd_hooks=[(inputs, act)]",
           'fwd_hooks=[(inputs, act), ("blocks.*.attn.hook_z", lambda z, hook: clean_cache[hook.name])]', QUERIES),
    Mutant("the final scale is held in the second run, where nothing is", "fwd_hooks=[(inputs, act)]",
           'fwd_hooks=[(inputs, act), ("ln_final.hook_scale", lambda s, hook: clean_cache[hook.name])]', QUERIES),
    Mutant("the heads behind the receivers are held in the second run too", "return " + RUN,
           'still = ("blocks.*.attn.hook_z", lambda z, hook: z if hook.layer() <= max(l for l, _ in receivers) '
           "else clean_cache[hook.name])\n"
           "        return metric(model.run_with_hooks(tokens, fwd_hooks=[(inputs, act), still])) - clean",
           "test_behind_the_receiver_everybody_may_react"),
    Mutant("receivers act one after the other, and their effects are added up", CALL,
           "group = receivers\n        for receivers in [[one] for one in group]:\n"
           "            effects[layer, head] += effect(layer, head)\n        receivers = group", MANY),
    Mutant("heads are matched by their number, whatever their layer", WHO, "if True:", MANY),
    Mutant("only the first receiver acts", "in receivers:\n                if rec", "in receivers[:1]:\n                if rec", MANY),
    Mutant("the receivers' LayerNorm divides by the clean run's scale", 'with model.hooks([("blocks.*.attn.hook_z", hold)])',
           'with model.hooks([("blocks.*.attn.hook_z", hold), ("blocks.*.ln1.hook_scale", lambda s, hook: clean_cache[hook.name])])',
           QUERIES),
    Mutant("keys are listened to for queries, and queries for keys", PART,
           "f\"blocks.{layer}.attn.hook_{dict(q='k', k='q', v='v')[part]}\"", QUERIES),
    Mutant.whole("sender and receivers are exchanged: the receivers speak, and each head hears them", EXCHANGED, QUERIES),
    Mutant("queries are listened to, whatever part was asked for", PART, 'f"blocks.{layer}.attn.hook_q"', KV),
    Mutant("only the last position of what is heard is put in", ACT,
           "x[:, -1, receiver] = heard[hook.name][:, -1, receiver]", "test_behind_the_receiver_everybody_may_react"),
    Mutant("the clean cache itself is written into", HOLD, "held = clean_cache[hook.name]", QUERIES),
    Mutant("hooks stay on the model after the last run", "return " + RUN,
           "model.reset_hooks()\n        model.add_hook(inputs, act)\n        after = metric(model(tokens))\n"
           "        if (layer, head) != (max(l for l, _ in receivers) - 1, model.cfg.n_heads - 1):\n"
           "            model.reset_hooks()\n        return after - clean",
           "test_nothing_is_left_behind"),
]  # fmt: skip

ACCEPTED = [
    Accepted(
        "every head is tried, also those that can't be heard",
        "range(max(layer for layer, _ in receivers))",
        "range(model.cfg.n_layers)",
    ),
    Accepted(
        "what is heard, noted by a hook of its own",
        'with model.hooks([("blocks.*.attn.hook_z", hold)]):\n            _, heard = ' + LISTEN,
        "heard = {}\n        def note(x, hook):\n            heard[hook.name] = x\n"
        '        model.run_with_hooks(tokens, fwd_hooks=[("blocks.*.attn.hook_z", hold), (inputs, note)])',
    ),
    Accepted.whole(
        "the news added to the clean stream by hand, through `resid_pre` and LayerNorm",
        """
def path_patch_to_heads(model, tokens, clean_cache, corrupted_cache, receivers, part, metric):
    effects = torch.zeros(model.cfg.n_layers, model.cfg.n_heads)
    weights, biases = getattr(model, "W_" + part.upper()), getattr(model, "b_" + part.upper())
    for layer, head in product(range(model.cfg.n_layers), range(model.cfg.n_heads)):
        news = (corrupted_cache["z", layer] - clean_cache["z", layer])[:, :, head] @ model.W_O[layer, head]

        def act(x, hook):
            for at, receiver in receivers:
                if at == hook.layer() and at > layer:
                    normal = model.blocks[at].ln1(clean_cache["resid_pre", at] + news)
                    x[:, :, receiver] = normal @ weights[at, receiver] + biases[at, receiver]

        logits = model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.*.attn.hook_{part}", act)])
        if layer < max(at for at, _ in receivers):
            effects[layer, head] = metric(logits) - metric(model(tokens))
    return effects
""",
    ),
]
