"""Checks for decompose_qk_input, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import ActivationCache, HookedTransformer, HookedTransformerConfig


def run(seed=0):
    """The cache of a tiny random model on two texts: three heads, every bias at work, nothing centred beforehand."""
    sizes = {"n_layers": 3, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 9, "d_vocab": 11}
    model = HookedTransformer(HookedTransformerConfig(**sizes, attn_only=True, normalization_type="LNPre"))
    generator = torch.Generator().manual_seed(seed)
    for weight in model.requires_grad_(False).parameters():
        weight.copy_(0.5 * torch.randn(weight.shape, generator=generator) + 0.1)
    return model.run_with_cache(torch.randint(11, (2, 7), generator=generator))[1]


def by_hand(vector, text, position, cache):
    """One writer's vector at one place, centred and divided by the frozen scale."""
    return (vector - vector.sum() / 12) / cache["scale", 1, "ln1"][text, position]


def test_there_is_a_part_for_every_writer(decompose_qk_input):
    got = decompose_qk_input(run())
    says = "Two embeddings, three heads and a bias wrote into the stream of 2 texts of 7 positions and width 12."
    agree(torch.tensor(got.shape), torch.tensor([6, 2, 7, 12]), says)


def test_the_parts_add_up_to_what_layer_1_reads(decompose_qk_input):
    cache = run()
    says = "Summed over the first axis, the parts are the normalised stream that layer 1 reads."
    agree(decompose_qk_input(cache).sum(dim=0), cache["normalized", 1, "ln1"], says)


def test_token_comes_first_then_position(decompose_qk_input):
    cache = run(1)
    got = decompose_qk_input(cache)
    for i, name in enumerate(["hook_embed", "hook_pos_embed"]):
        says = f"Part {i} at text 1, position 4: from {name}, centred and divided by the scale there."
        agree(got[i, 1, 4], by_hand(cache[name][1, 4], 1, 4, cache), says)


def test_each_head_has_its_own_part(decompose_qk_input):
    cache = run(2)
    got = decompose_qk_input(cache)
    for head in range(3):
        written = sum(cache["z", 0][1, 5, head, d] * cache.model.blocks[0].attn.W_O[head, d] for d in range(5))
        says = (
            f"Part {2 + head} is what head {head} of layer 0 wrote: its z times its own W_O (here text 1, position 5)."
        )
        agree(got[2 + head, 1, 5], by_hand(written, 1, 5, cache), says)


def test_the_scale_is_the_one_in_the_cache(decompose_qk_input):
    cache = run(4)
    expected = decompose_qk_input(cache) / 3
    larger = {name: value * 3 if name == "blocks.1.ln1.hook_scale" else value for name, value in cache.items()}
    says = "In this cache layer 1's scale was made three times as large: frozen means that every part is a third."
    agree(decompose_qk_input(ActivationCache(larger, cache.model)), expected, says)


PARTS = "parts = torch.cat([embed[None], pos_embed[None], heads, b_O.expand_as(embed)[None]])"
RETURN = 'return (parts - parts.mean(dim=-1, keepdim=True)) / cache["scale", 1, "ln1"]'
SCALE = '/ cache["scale", 1, "ln1"]'
SUM = "test_the_parts_add_up_to_what_layer_1_reads"
MUTANTS = [
    Mutant("the bias is forgotten", ", b_O.expand_as(embed)[None]", "", "test_there_is_a_part_for_every_writer"),
    Mutant(
        "the heads are one part together",
        "heads, b_O",
        "heads.sum(dim=0, keepdim=True), b_O",
        "test_there_is_a_part_for_every_writer",
    ),
    Mutant("parts are not centred", "(parts - parts.mean(dim=-1, keepdim=True))", "parts", SUM),
    Mutant("parts are centred by the mean over positions", "parts.mean(dim=-1,", "parts.mean(dim=-2,", SUM),
    Mutant("parts are not divided by the scale", SCALE, "", SUM),
    Mutant("layer 0's scale is used", SCALE, '/ cache["scale", 0, "ln1"]', SUM),
    Mutant(
        "each part is divided by its own standard deviation, as if it were alone",
        SCALE,
        "/ parts.var(dim=-1, keepdim=True, correction=0).add(cache.model.cfg.eps).sqrt()",
        SUM,
    ),
    Mutant(
        "each part is divided by its own standard deviation (torch's, with n - 1), as if it were alone",
        SCALE,
        "/ parts.std(dim=-1, keepdim=True)",
        SUM,
    ),
    Mutant("each part is divided by its own standard deviation, without eps, as if it were alone", SCALE,
           "/ parts.std(dim=-1, keepdim=True, correction=0)", SUM),
    Mutant("the final LayerNorm's scale is used", SCALE, '/ cache["scale"]', SUM),
    Mutant("the biases of all layers are in, where layer 1 has read only layer 0's", "cache.model.b_O[0]",
           "cache.model.b_O.sum(dim=0)", SUM),
    Mutant(
        "the scale is computed anew from the parts, and not taken from the cache",
        SCALE,
        "/ parts.sum(dim=0).var(dim=-1, keepdim=True, correction=0).add(cache.model.cfg.eps).sqrt()",
        "test_the_scale_is_the_one_in_the_cache",
    ),
    Mutant("the heads' W_O is that of layer 1", "cache.model.W_O[0]", "cache.model.W_O[1]", SUM),
    Mutant("the heads are those of layer 1", 'einsum(cache["z", 0]', 'einsum(cache["z", 1]', SUM),
    Mutant("the bias is that of layer 1", "cache.model.b_O[0]", "cache.model.b_O[1]", SUM),
    Mutant(
        "every head gets a share of the bias, and the last part is nothing",
        PARTS,
        "heads = heads + b_O / len(heads)\n    parts = torch.cat([embed[None], pos_embed[None], heads, 0 * embed[None]])",
        "test_each_head_has_its_own_part",
    ),
    Mutant(
        "position stands before token",
        "[embed[None], pos_embed[None],",
        "[pos_embed[None], embed[None],",
        "test_token_comes_first_then_position",
    ),
    Mutant("the heads are in reverse order", "heads, b_O", "heads.flip(0), b_O", "test_each_head_has_its_own_part"),
    Mutant(
        "the bias stands before the heads",
        "heads, b_O.expand_as(embed)[None]",
        "b_O.expand_as(embed)[None], heads",
        "test_each_head_has_its_own_part",
    ),
]  # fmt: skip

ACCEPTED = [
    Accepted(
        "with the cache's own method for heads",
        'einsum(cache["z", 0], W_O, "batch pos head d_head, head d_head d_model -> head batch pos d_model")',
        "cache.stack_head_results(layer=1)",
    ),
    Accepted(
        "with the library's frozen LayerNorm",
        RETURN,
        "return cache.apply_ln_to_stack(parts, layer=1)",
    ),
]
