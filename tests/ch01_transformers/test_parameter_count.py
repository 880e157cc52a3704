"""Checks for parameter_count, coarse to fine."""

import math
from unittest.mock import patch

import torch
from torch import nn

from course_utils.grading import Accepted, Mutant, agree, require


def shapes(d_vocab, n_ctx, d_model, n_heads, d_head, d_mlp, n_layers):
    """The slow specification: every parameter's shape, one by one."""
    yield from [(d_vocab, d_model), (n_ctx, d_model)]
    for _ in range(n_layers):
        yield from [(d_model,), (d_model,)]
        for _ in "QKV":
            yield from [(n_heads, d_model, d_head), (n_heads, d_head)]
        yield from [(n_heads, d_head, d_model), (d_model,)]
        yield from [(d_model,), (d_model,)]
        yield from [(d_model, d_mlp), (d_mlp,), (d_mlp, d_model), (d_model,)]
    yield from [(d_model,), (d_model,), (d_model, d_vocab), (d_vocab,)]


def counted(**sizes):
    return sum(math.prod(shape) for shape in shapes(**sizes))


SMALL = {"d_vocab": 7, "n_ctx": 5, "d_model": 10, "n_heads": 3, "d_head": 4, "d_mlp": 6}


def test_outside_the_blocks(parameter_count):
    says = (
        "There is no block here, only what stands before and after the blocks: two embeddings, the final LayerNorm, and "
        "the unembedding, which is a matrix of its own and has a bias."
    )
    agree(parameter_count(**SMALL, n_layers=0), 217, says)


def test_a_block_without_heads(parameter_count):
    says = (
        "One block with n_heads = 0: no head has any weights here. The two LayerNorms are left, the MLP with its two "
        "weights and two biases, and the one b_O, which belongs to all heads together."
    )
    agree(parameter_count(**{**SMALL, "n_heads": 0}, n_layers=1), 217 + 40 + 10 + 120 + 16, says)


def test_the_heads_of_a_block(parameter_count):
    says = (
        "What is outside, LayerNorms, MLP and b_O are right. Each head has four weights, W_Q, W_K, W_V and W_O, and three "
        "biases, b_Q, b_K and b_V. Here are three heads of 4, and d_model is 10, not 3·4."
    )
    agree(parameter_count(**SMALL, n_layers=1), 217 + 40 + 480 + 36 + 10 + 120 + 16, says)


def test_the_sizes_are_enough(parameter_count):
    made, init = [], nn.Module.__init__

    def noticed(self, *args, **kwargs):
        made.append(type(self).__name__)
        init(self, *args, **kwargs)

    with patch.object(nn.Module, "__init__", noticed):
        parameter_count(**SMALL, n_layers=1)
    says = "So far every number is right, but it was counted on a model that was made for it. Work it out from the sizes: the point is to know where the weights are."
    require(not made, says, got=made[:3])


def test_every_block_counts(parameter_count):
    sizes = {"d_vocab": 11, "n_ctx": 3, "d_model": 5, "n_heads": 2, "d_head": 7, "d_mlp": 13}
    got = [parameter_count(**sizes, n_layers=n) for n in (1, 2, 4)]
    says = "For 1, 2 and 4 layers: each block adds the same number, and what is outside of the blocks is there once."
    agree(got, [counted(**sizes, n_layers=n) for n in (1, 2, 4)], says)
    got = parameter_count(d_vocab=50257, n_ctx=1024, d_model=768, n_heads=12, d_head=64, d_mlp=3072, n_layers=12)
    says = "GPT-2 small has 124,439,808, and an unembedding of its own adds 768·50257 + 50257."
    agree(got, 124_439_808 + 768 * 50257 + 50257, says)


def test_it_holds_for_numbers_drawn_at_random(parameter_count):
    names = ["d_vocab", "n_ctx", "d_model", "n_heads", "d_head", "d_mlp", "n_layers"]
    sizes = dict(zip(names, torch.randint(2, 30, (7,)).tolist(), strict=True))
    agree(parameter_count(**sizes), counted(**sizes), "A model of random sizes, counted parameter by parameter.")


NO_HEADS, HEADS = "test_a_block_without_heads", "test_the_heads_of_a_block"
BEFORE = "layer_norm = 2 * d_model"
TOTAL = "return d_vocab * d_model + n_ctx * d_model + n_layers * block + layer_norm + unembed"
MUTANTS = [
    Mutant("the unembedding is tied to the embedding", " + layer_norm + unembed", " + layer_norm + d_vocab",
           check="test_outside_the_blocks"),
    Mutant("the bias of the unembedding is left out", "d_model * d_vocab + d_vocab", "d_model * d_vocab",
           check="test_outside_the_blocks"),
    Mutant("the position embedding is left out", " + n_ctx * d_model", "", check="test_outside_the_blocks"),
    Mutant("the final LayerNorm is left out", " + layer_norm + unembed", " + unembed", check="test_outside_the_blocks"),
    Mutant("a LayerNorm has only w, no b", "layer_norm = 2 * d_model", "layer_norm = d_model",
           check="test_outside_the_blocks"),
    Mutant("all LayerNorms and all biases are left out", BEFORE, "return (2 * d_vocab + n_ctx) * d_model", check="test_outside_the_blocks"),
    Mutant("a block has only one LayerNorm, or neither b_O nor b_out", "2 * layer_norm + 3", "layer_norm + 3", check=NO_HEADS),
    Mutant("a block has no LayerNorm", "2 * layer_norm + 3", "3", check=NO_HEADS),
    Mutant("b_O or b_out is left out, or b_O is counted once for each head, of which there are none here",
           "n_heads * d_head * d_model + d_model", "n_heads * d_head * d_model", check=NO_HEADS),
    Mutant("b_O or b_out is left out, or b_O is counted once for each head, of which there are none here",
           "n_heads * d_head * d_model + d_model", "n_heads * (d_head * d_model + d_model)", check=NO_HEADS),
    Mutant("the biases of the MLP are left out", "d_model * d_mlp + d_mlp + d_mlp * d_model + d_model",
           "d_model * d_mlp + d_mlp * d_model", check=NO_HEADS),
    Mutant("the biases of the MLP and b_O are left out", "block = 2 * layer_norm + 3 * read + write + mlp",
           "block = 2 * layer_norm + 3 * read + write + mlp - d_mlp - 2 * d_model", check=NO_HEADS),
    Mutant("b_in is left out", "d_model * d_mlp + d_mlp + d_mlp", "d_model * d_mlp + d_mlp", check=NO_HEADS),
    Mutant("b_out is taken to have d_mlp numbers", "d_mlp * d_model + d_model", "d_mlp * d_model + d_mlp", check=NO_HEADS),
    Mutant("d_mlp is taken to be 4 d_model", "mlp = d_model", "d_mlp = 4 * d_model\n    mlp = d_model", check=NO_HEADS),
    Mutant("the MLP has only one matrix", "d_model * d_mlp + d_mlp + d_mlp * d_model + d_model",
           "d_model * d_mlp + d_mlp + d_model", check=NO_HEADS),
    Mutant("n_heads times d_head is taken to be d_model in W_Q, W_K, W_V and their biases",
           "read = n_heads * (d_model * d_head + d_head)", "read = d_model * d_model + d_model", check=NO_HEADS),
    Mutant("n_heads times d_head is taken to be d_model, in W_Q, W_K, W_V and W_O as in their biases",
           BEFORE, "n_heads, d_head = 1, d_model\n    " + BEFORE, check=NO_HEADS),
    Mutant("n_heads times d_head is taken to be d_model in the four weights of attention",
           "block = 2 * layer_norm + 3 * read + write + mlp",
           "block = 2 * layer_norm + 4 * d_model**2 + 3 * n_heads * d_head + d_model + mlp", check=NO_HEADS),
    Mutant("attention counts a single head", "n_heads * (d_model * d_head + d_head)", "d_model * d_head + d_head", check=NO_HEADS),
    Mutant("the heads share one b_Q, one b_K and one b_V", "n_heads * (d_model * d_head + d_head)",
           "n_heads * d_model * d_head + d_head", check=NO_HEADS),
    Mutant("b_Q, b_K and b_V are left out", "n_heads * (d_model * d_head + d_head)", "n_heads * d_model * d_head", check=HEADS),
    Mutant("one b_Q is counted in place of b_Q, b_K and b_V", "block = 2 * layer_norm + 3 * read + write + mlp",
           "block = 2 * layer_norm + 3 * n_heads * d_model * d_head + n_heads * d_head + write + mlp", check=HEADS),
    Mutant("one of the four weights is left out: W_Q, W_K, W_V or W_O", "n_heads * d_head * d_model + d_model", "d_model", check=HEADS),
    Mutant("only W_O and one of W_Q, W_K and W_V are counted, with its bias", "+ 3 * read", "+ read", check=HEADS),
    Mutant("every weight and bias of a single head is counted, as if there were one", BEFORE,
           "n_heads = min(n_heads, 1)\n    " + BEFORE, check=HEADS),
    Mutant("W_O has a bias for each head besides b_O", "write = n_heads * d_head * d_model + d_model",
           "write = n_heads * (d_head * d_model + d_head) + d_model", check=HEADS),
    Mutant("only one block is counted", "n_layers * block", "min(n_layers, 1) * block", check="test_every_block_counts"),
    Mutant("the final LayerNorm is counted once a layer", "n_layers * block + layer_norm + unembed",
           "n_layers * (block + layer_norm) + layer_norm * (n_layers == 0) + unembed", check="test_every_block_counts"),
    Mutant("the parameters of a model are counted, and nothing is worked out", BEFORE,
           "model = make_transformer(d_vocab, n_ctx, d_model, n_heads, d_head, d_mlp, n_layers)\n"
           "    return sum(weight.numel() for weight in model.parameters())", check="test_the_sizes_are_enough"),
    Mutant("the count is a float and not an integer", TOTAL, TOTAL + " / 1", check="test_outside_the_blocks"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "every shape written down and multiplied out",
        """
def parameter_count(d_vocab, n_ctx, d_model, n_heads, d_head, d_mlp, n_layers):
    inner = n_heads * d_head
    attention = 4 * inner * d_model + 3 * inner + d_model
    mlp = 2 * d_mlp * d_model + d_mlp + d_model
    outside = (d_vocab + n_ctx + 2 + d_vocab) * d_model + d_vocab
    return outside + sum(4 * d_model + attention + mlp for _ in range(n_layers))
""",
    ),
]
