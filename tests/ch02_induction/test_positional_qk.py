"""Checks for positional_qk, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import HookedTransformer, HookedTransformerConfig


def tiny(with_bias=True):
    """Three layers, four heads, 7 positions; as in a folded model, position vectors have mean zero."""
    cfg = HookedTransformerConfig(
        n_layers=3, d_model=12, n_heads=4, d_head=5, n_ctx=7, d_vocab=11, init_range=0.7, seed=1, attn_only=True
    )
    model, generator = HookedTransformer(cfg), torch.Generator().manual_seed(2)
    for name, parameter in model.named_parameters():
        if with_bias and ".b_" in name:
            parameter.data = torch.randn(parameter.shape, generator=generator)
    model.pos_embed.W_pos.data -= model.W_pos.data.mean(dim=-1, keepdim=True)
    return model.requires_grad_(False)


def by_hand(model, layer, head, scale):
    """The same pattern, one query and one key at a time."""
    attn, W_pos = model.blocks[layer].attn, model.pos_embed.W_pos
    pattern = torch.zeros(7, 7)
    for query in range(7):
        q = (W_pos[query] / scale) @ attn.W_Q[head] + attn.b_Q[head]
        shares = [
            math.exp(float(q @ ((W_pos[key] / scale) @ attn.W_K[head])) / math.sqrt(5)) for key in range(query + 1)
        ]
        pattern[query, : query + 1] = torch.tensor(shares) / sum(shares)
    return pattern


def test_equal_scores_share_among_what_is_not_in_the_future(positional_qk):
    model = tiny()
    model.blocks[1].attn.W_Q.data[2] = 0
    model.blocks[1].attn.b_Q.data[2] = 0
    expected = torch.stack([torch.tensor([1 / (i + 1)] * (i + 1) + [0.0] * (6 - i)) for i in range(7)])
    says = "W_Q and b_Q of this head are 0, so all scores are. Query i has i + 1 visible keys: each gets 1 / (i + 1)."
    agree(positional_qk(model, 1, 2, 1.0), expected, says)


def test_queries_are_rows_and_keys_are_columns(positional_qk):
    model = tiny(with_bias=False)
    says = "Head 2 of layer 1, scale 1 and no bias: dot products of W_pos W_Q with W_pos W_K, divided by the root of 5."
    agree(positional_qk(model, 1, 2, 1.0), by_hand(model, 1, 2, 1.0), says)


def test_the_scale_divides_both_sides(positional_qk):
    model = tiny(with_bias=False)
    says = "Scale 0.5: position vectors are doubled, for the queries and for the keys. (No bias yet.)"
    agree(positional_qk(model, 0, 3, 0.5), by_hand(model, 0, 3, 0.5), says)


def test_the_query_bias_counts(positional_qk):
    model = tiny()
    says = "Now with biases. b_Q is added to every query as it is; the scale doesn't touch it."
    agree(positional_qk(model, 2, 0, 2.0), by_hand(model, 2, 0, 2.0), says)


Q = "positions @ model.W_Q[layer, head] + model.b_Q[layer, head]"
SCORES, ROOT = "q @ k.T / math.sqrt(q.shape[-1])", " / math.sqrt(q.shape[-1])"
END = "return scores.masked_fill(later, -torch.inf).softmax(dim=-1)"
EQUAL, ROWS = "test_equal_scores_share_among_what_is_not_in_the_future", "test_queries_are_rows_and_keys_are_columns"
SCALE, BIAS = "test_the_scale_divides_both_sides", "test_the_query_bias_counts"

MUTANTS = [
    Mutant("the future is not hidden", "scores.masked_fill(later, -torch.inf)", "scores", EQUAL),
    Mutant("scores of the future are 0, which is still a share of attention", "-torch.inf", "0.0", EQUAL),
    Mutant("the present position is hidden as well", "diagonal=1)", "diagonal=0) & (torch.arange(len(scores)) > 0)", EQUAL),
    Mutant("the past is hidden in place of the future", "triu(diagonal=1)", "tril(diagonal=-1)", EQUAL),
    Mutant("softmax is over the queries: columns sum to 1", "softmax(dim=-1)", "softmax(dim=0)", EQUAL),
    Mutant("the future is set to 0 after the softmax, so that rows don't sum to 1", END, "return scores.softmax(dim=-1).masked_fill(later, 0.0)", EQUAL),
    Mutant("the scores are returned, without softmax", END, "return scores.masked_fill(later, -torch.inf)", EQUAL),
    Mutant("queries and keys have changed places", "q @ k.T", "k @ q.T", ROWS),
    Mutant("scores are not divided by the root of d_head", ROOT, "", ROWS),
    Mutant("scores are divided by d_head", "math.sqrt(q.shape[-1])", "q.shape[-1]", ROWS),
    Mutant("scores are divided by the root of d_model", "math.sqrt(q.shape[-1])", "math.sqrt(model.cfg.d_model)", ROWS),
    Mutant("the queries are compared with each other", "q @ k.T", "q @ q.T", ROWS),
    Mutant("it is another head's pattern: layer and head have changed places", f"q = {Q}", "layer, head = head, layer\n    q = " + Q, EQUAL),
    Mutant("positions are normalised each by itself, on top of the scale", "model.W_pos / scale", "torch.nn.functional.layer_norm(model.W_pos, model.W_pos.shape[-1:]) / scale", ROWS),
    Mutant("each position's vector is divided by its own standard deviation", "model.W_pos / scale",
           "model.W_pos / model.W_pos.std(dim=-1, keepdim=True)", ROWS),
    Mutant("the position vectors are divided by their common standard deviation", "model.W_pos / scale",
           "model.W_pos / model.W_pos.std()", ROWS),
    Mutant("each position's vector is divided by its length", "model.W_pos / scale",
           "model.W_pos / model.W_pos.norm(dim=-1, keepdim=True)", ROWS),
    Mutant("the words' embeddings take the positions' place", "model.W_pos / scale", "model.W_E[: model.cfg.n_ctx] / scale", ROWS),
    Mutant("the scale is ignored", "model.W_pos / scale", "model.W_pos", SCALE),
    Mutant("the scores are divided by the scale once, where both sides have it", "model.W_pos / scale", "model.W_pos / math.sqrt(scale)", SCALE),
    Mutant("positions are multiplied by the scale", "model.W_pos / scale", "model.W_pos * scale", SCALE),
    Mutant("the query bias is left out", " + model.b_Q[layer, head]", "", BIAS),
    Mutant("the query bias is divided by the scale as well", "model.b_Q[layer, head]", "model.b_Q[layer, head] / scale", BIAS),
    Mutant("the key bias is added to the queries", "model.b_Q[layer", "model.b_K[layer", EQUAL),
]  # fmt: skip

ACCEPTED = [
    Accepted("with the key bias, which changes nothing", "k = positions @ model.W_K[layer, head]", "k = positions @ model.W_K[layer, head] + model.b_K[layer, head]"),
    Accepted("the config's own divisor", "math.sqrt(q.shape[-1])", "model.cfg.attn_scale"),
    Accepted("centred first, which a folded model's positions are already", "model.W_pos / scale", "(model.W_pos - model.W_pos.mean(-1, keepdim=True)) / scale"),
    Accepted("a large negative number for the future", "-torch.inf", "-1e9"),
]  # fmt: skip
