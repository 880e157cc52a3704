"""Checks for mean_ablate, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import HookedTransformer, HookedTransformerConfig


def tiny():
    """A small model, always the same one: three layers, four heads, no weight and no bias zero."""
    cfg = HookedTransformerConfig(n_layers=3, d_model=12, n_heads=4, d_head=5, d_mlp=8, n_ctx=9, d_vocab=11, seed=1)
    model, generator = HookedTransformer(cfg), torch.Generator().manual_seed(2)
    for name, parameter in model.named_parameters():
        last = name.rpartition(".")[2]
        if not last.startswith("W"):
            parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator) + (last == "w")
    return model


TOKENS = torch.tensor([[0, 3, 7, 3, 10, 2], [0, 5, 1, 8, 8, 4]])
ALIKE = torch.tensor([[0, 9, 9, 1, 6, 2], [0, 2, 4, 7, 10, 1]])
OTHERWISE = torch.tensor([[0, 9, 6, 1, 6, 2, 2, 5], [0, 2, 4, 7, 10, 1, 3, 3], [0, 8, 8, 2, 7, 4, 5, 9]])


def expected(reference, layer, head):
    """The logits when the head's W_O writes nothing, and b_O writes the mean of the head's z instead."""
    model = tiny()
    z = reference["z", layer][:, :, head].flatten(0, 1)
    attn = model.blocks[layer].attn
    attn.b_O.data += (z.sum(dim=0) / len(z)) @ attn.W_O.data[head]
    attn.W_O.data[head] = 0
    return model(TOKENS)


def test_the_mean_of_the_reference_takes_the_head_s_place(mean_ablate):
    model = tiny()
    _, reference = model.run_with_cache(ALIKE)
    says = (
        "The reference holds 2 texts of 6 tokens: the one vector of d_head numbers that goes in everywhere is the mean "
        "of the 12 vectors that head 2 of layer 1 has there."
    )
    wanted = expected(reference, 1, 2)
    agree(mean_ablate(model, TOKENS, 1, 2, reference), wanted, says)


def test_the_reference_may_have_another_shape(mean_ablate):
    model = tiny()
    _, reference = model.run_with_cache(OTHERWISE)
    says = "The reference holds 3 texts of 8 tokens, the model runs on 2 of 6: all 24 vectors count for the mean."
    wanted = expected(reference, 2, 3)
    agree(mean_ablate(model, TOKENS, 2, 3, reference), wanted, says)


def test_model_and_cache_are_left_as_they_were(mean_ablate):
    model = tiny()
    _, reference = model.run_with_cache(ALIKE)
    before = {name: value.clone() for name, value in reference.items()}
    mean_ablate(model, TOKENS, 1, 2, reference)
    says = "The model, run once more without ablation, must give what it gave before."
    agree(model(TOKENS), tiny()(TOKENS), says)
    says = "The reference's z of layer 1 must be what it was: whoever uses the cache next relies on it. Don't write into it (`/=`, `div_`)."
    agree(reference["z", 1], before["blocks.1.attn.hook_z"], says)


MEAN = 'reference["z", layer][:, :, head].mean(dim=(0, 1))'
RETURN = 'return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", hold)])'
FIRST = "test_the_mean_of_the_reference_takes_the_head_s_place"
SHAPE, KEPT = "test_the_reference_may_have_another_shape", "test_model_and_cache_are_left_as_they_were"

MUTANTS = [
    Mutant("zero is put in place of the mean", MEAN, "0.0", FIRST),
    Mutant("the mean is over the texts only, so that every position has one of its own", MEAN, MEAN.replace("(0, 1)", "0"), FIRST),
    Mutant("the mean is over the positions only, so that every text has one of its own", MEAN, MEAN.replace("dim=(0, 1)", "dim=1, keepdim=True"), FIRST),
    Mutant("the mean is one number, over the head's dimensions too", MEAN, MEAN.replace("dim=(0, 1)", ""), FIRST),
    Mutant("the mean is over all heads", MEAN, "reference[\"z\", layer].mean(dim=(0, 1, 2))", FIRST),
    Mutant("the mean is over texts and heads: of axes 0 and 2", MEAN, "reference[\"z\", layer].mean(dim=(0, 2))", FIRST),
    Mutant("the mean is that of the run itself, not of the reference", "= mean\n", "= z[:, :, head].mean(dim=(0, 1))\n", FIRST),
    Mutant("all heads of the layer are averaged", "z[:, :, head] = mean", "z[:] = reference[\"z\", layer].mean(dim=(0, 1))", FIRST),
    Mutant("all heads of the layer get the mean of this one", "z[:, :, head] = mean", "z[:] = mean", FIRST),
    Mutant("the mean is added to the head's z", "z[:, :, head] = mean", "z[:, :, head] += mean", FIRST),
    Mutant("the mean is subtracted from the head's z", "z[:, :, head] = mean", "z[:, :, head] -= mean", FIRST),
    Mutant("only the last position is ablated", "z[:, :, head] = mean", "z[:, -1, head] = mean", FIRST),
    Mutant("the reference's mean is taken from layer 0", MEAN, MEAN.replace("layer", "0"), FIRST),
    Mutant("the opening token is left out of the mean", "[:, :, head].mean", "[:, 1:, head].mean", FIRST),
    Mutant("head and position have changed places in the reference", MEAN, MEAN.replace("[:, :, head]", "[:, head]"), FIRST),
    Mutant("the reference is cut to the shape of the tokens first", "[:, :, head].mean", "[: tokens.shape[0], : tokens.shape[1], head].mean", SHAPE),
    Mutant("the hook is never taken off", RETURN, 'model.add_hook(f"blocks.{layer}.attn.hook_z", hold)\n    return model(tokens)', KEPT),
    Mutant(
        "the mean is written into the cached tensor itself",
        f"    mean = {MEAN}  # [d_head]",
        f"    mean = {MEAN}\n    reference[\"z\", layer][:, :, head] = mean",
        KEPT,
    ),
    Mutant("the cached tensor itself is divided by the number of vectors", MEAN,
           'reference["z", layer].div_(reference["z", layer][:, :, 0, 0].numel())[:, :, head].sum(dim=(0, 1))', KEPT),
]  # fmt: skip

ACCEPTED = [
    Accepted("one mean after the other: all texts have one length", MEAN, "reference[\"z\", layer].mean(dim=0).mean(dim=0)[head]"),
    Accepted("the full name", MEAN, MEAN.replace('"z", layer', 'f"blocks.{layer}.attn.hook_z"')),
    Accepted("through the heads' own outputs", RETURN,
             "def result(x, hook):\n        x[:, :, head] = mean @ model.W_O[layer, head]\n        return x\n\n"
             '    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_result", result)])'),
]  # fmt: skip
