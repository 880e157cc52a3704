"""Checks for backup_effect, coarse to fine, on a tiny random model with MLPs and biases."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 12, "n_heads": 4, "d_head": 5, "n_ctx": 9, "d_vocab": 11}
TOKENS = torch.tensor([[0, 3, 7, 3, 10, 2], [0, 5, 1, 8, 8, 4]])
ABC = torch.tensor([[0, 9, 6, 1, 4, 2], [0, 2, 4, 7, 10, 1], [0, 8, 8, 2, 7, 4]])


def tiny(seed=1):
    """A small model, always the same one, with no weight and no bias zero, and its run on three ABC texts."""
    model, generator = HookedTransformer(HookedTransformerConfig(**SIZES)), torch.Generator().manual_seed(seed)
    for name, parameter in model.requires_grad_(False).named_parameters():
        scale = name.rpartition(".")[2] == "w"
        parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator) + scale)
    return model, model.run_with_cache(ABC)[1]


def attribution(cache):
    """A stand-in: one number for each head that depends on what it gathers at the last position."""
    return torch.stack([cache["z", layer][:, -1].pow(2).sum(dim=-1).mean(dim=0) for layer in range(3)])


def by_hand(model, reference, layer, head):
    """The head's output exchanged in the residual stream, where later layers are run from, with no hook."""
    _, before = model.run_with_cache(TOKENS)
    z = before["z", layer].clone()
    of_texts = reference["z", layer][:, :, head]
    z[:, :, head] = (of_texts[0] + of_texts[1] + of_texts[2]) / 3
    block = model.blocks[layer]
    stream = before["resid_pre", layer] + torch.einsum("bphd,hdm->bpm", z, block.attn.W_O) + block.attn.b_O
    stream = stream + block.mlp(block.ln2(stream))
    after = {("z", earlier): before["z", earlier] for earlier in range(layer)} | {("z", layer): z}
    if layer < 2:
        _, cache = model.run_with_cache(stream, start_at_layer=layer + 1)
        after |= {("z", later): cache["z", later] for later in range(layer + 1, 3)}
    return attribution(after) - attribution(before)


def test_one_number_for_each_head(backup_effect):
    model, reference = tiny()
    got = backup_effect(model, TOKENS, reference, (1, 2), attribution)
    agree(tuple(got.shape), (3, 4), "3 layers of 4 heads, as `attribution` gives them.")


def test_heads_before_and_beside_do_not_notice(backup_effect):
    model, reference = tiny()
    got = backup_effect(model, TOKENS, reference, (1, 2), attribution)
    says = "Head 1.2 is knocked out. Layer 0 runs before it and can't notice."
    agree(got[0], torch.zeros(4), says)
    says = "Head 1.2 is knocked out. Heads 1.0, 1.1 and 1.3 read the same stream as before."
    agree(got[1, [0, 1, 3]], torch.zeros(3), says)


def test_later_heads_react(backup_effect):
    for layer, head in [(1, 2), (0, 3)]:
        model, reference = tiny()
        says = (
            f"Head {layer}.{head} has, at each position, its mean over the 3 texts of the reference there. What comes "
            "back is `attribution` of that run, minus `attribution` of the ordinary run: who gains has a plus."
        )
        expected = by_hand(model, reference, layer, head)
        agree(backup_effect(model, TOKENS, reference, (layer, head), attribution), expected, says, atol=1e-3)


def test_model_and_cache_are_left_as_they_were(backup_effect):
    model, reference = tiny()
    before = reference["z", 1].clone()
    backup_effect(model, TOKENS, reference, (1, 2), attribution)
    left = [name for name, point in model.hook_dict.items() if point.hooks]
    require(not left, "After the call no hook is on the model.", expected=[], got=left)
    agree(reference["z", 1], before, "The reference's z must be what it was: it will be used again.")


MEAN = 'reference["z", layer][:, :, gone].mean(dim=0)'
PUT = f"z[:, :, gone] = {MEAN}"
RETURN = "return attribution(after) - attribution(before)"
WITH = '    with model.hooks([(f"blocks.{layer}.attn.hook_z", hold)]):\n        _, after = model.run_with_cache(tokens)'
SHAPE, BESIDE = "test_one_number_for_each_head", "test_heads_before_and_beside_do_not_notice"
LATER, LEFT = "test_later_heads_react", "test_model_and_cache_are_left_as_they_were"
MUTANTS = [
    Mutant("the sum over all heads is returned", RETURN, "return (attribution(after) - attribution(before)).sum()", SHAPE),
    Mutant("the contributions without the head are returned, and not how they change", RETURN, "return attribution(after)", BESIDE),
    Mutant("the ordinary run is the ABC run", "attribution(before)", "attribution(reference)", BESIDE),
    Mutant("all heads of the layer are knocked out", PUT, 'z[:] = reference["z", layer].mean(dim=0)', BESIDE),
    Mutant("all heads of the layer get the mean of this one", PUT, f"z[:] = {MEAN}[:, None]", BESIDE),
    Mutant("the ordinary run is subtracted the wrong way round", RETURN, "return attribution(before) - attribution(after)", LATER),
    Mutant("both runs have the hook", "    _, before = model.run_with_cache(tokens)\n" + WITH,
           WITH + "\n        _, before = model.run_with_cache(tokens)", LATER),
    Mutant("zero is put in, and not the mean", MEAN, "0.0", LATER),
    Mutant("the mean is over texts and positions", "mean(dim=0)", "mean(dim=(0, 1))", LATER),
    Mutant("the mean of the run itself is put in", MEAN, "z[:, :, gone].mean(dim=0)", LATER),
    Mutant("every head gets the mean over all heads", MEAN, 'reference["z", layer].mean(dim=(0, 2))', LATER),
    Mutant("the head's own entry is set to 0", RETURN,
           "change = attribution(after) - attribution(before)\n    change[head] = 0\n    return change", LATER),
    Mutant("later heads are frozen at what they were", WITH,
           '    keep = [(f"blocks.{i}.attn.hook_z", lambda z, hook: before[hook.name]) for i in range(layer + 1, model.cfg.n_layers)]\n'
           '    with model.hooks([(f"blocks.{layer}.attn.hook_z", hold), *keep]):\n        _, after = model.run_with_cache(tokens)', LATER),
    Mutant("the change is taken without its sign", RETURN, "return (attribution(after) - attribution(before)).abs()", LATER),
    Mutant("the head is knocked out at the last position only", PUT, PUT.replace("[:, :, gone]", "[:, -1, gone]"), LATER),
    Mutant("the hook is never taken off", WITH,
           '    model.add_hook(f"blocks.{layer}.attn.hook_z", hold)\n    _, after = model.run_with_cache(tokens)', LEFT),
    Mutant("the mean is written into the cache", PUT,
           f'reference["z", layer][:, :, gone] = {MEAN}\n        z[:, :, gone] = reference["z", layer][0, :, gone]', LEFT),
]  # fmt: skip

ACCEPTED = [
    Accepted("by the hook's own name", 'reference["z", layer]', "reference[hook.name]"),
    Accepted("the mean is taken beforehand", "def hold(z:", f"    mean = {MEAN}\n\n    def hold(z:".strip()),
]
