"""Checks for decompose_scores, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def inputs():
    """Four parts of 2 texts, 7 positions, width 6, and a head of width 3."""
    return {
        "parts": torch.randn(4, 2, 7, 6),
        "W_Q": torch.randn(6, 3),
        "b_Q": torch.randn(3),
        "W_K": torch.randn(6, 3),
        "b_K": torch.randn(3),
    }


def test_a_table_by_hand(decompose_scores):
    parts = torch.tensor([2.0, 3.0]).reshape(2, 1, 1, 1)
    one = torch.ones(1, 1)
    got = decompose_scores(parts, one, torch.tensor([4.0]), 10 * one, torch.tensor([50.0]))
    says = "One text of one position: query parts 2, 3 and the bias 4 stand in the rows, key parts 20, 30 and the bias "
    says += "50 in the columns, one more part on each side than came in."
    expected = torch.tensor([[40.0, 60, 100], [60, 90, 150], [80, 120, 200]])
    agree(got, expected.reshape(3, 3, 1, 1, 1), says)


def test_the_query_position_stands_before_the_key_position(decompose_scores):
    parts = torch.tensor([1.0, 10.0, 100.0]).reshape(1, 1, 3, 1)
    one, none = torch.ones(1, 1), torch.zeros(1)
    got = decompose_scores(parts, one, none, 2 * one, torch.ones(1))
    says = (
        "One part with 1, 10, 100 at three positions, keys twice as large, b_K = 1. Here the part meets the key bias: "
    )
    says += "the score depends on the query's position only."
    agree(got[0, 1, 0], torch.tensor([[1.0] * 3, [10.0] * 3, [100.0] * 3]), says)


def test_the_parts_add_up_to_the_score(decompose_scores):
    given = inputs()
    x = given["parts"].sum(dim=0)
    q, k = x @ given["W_Q"] + given["b_Q"], x @ given["W_K"] + given["b_K"]
    score = torch.stack([torch.stack([q[:, i] @ k[text, j] / 3**0.5 for j in range(7)], -1)[text] for text in (0, 1)
                         for i in range(7)]).reshape(2, 7, 7)  # fmt: skip
    says = (
        "Summed over both part axes it is the head's score, q · k / sqrt(3), of each query with each key of its text."
    )
    agree(decompose_scores(**given).sum(dim=(0, 1)), score, says)


CAT = """[parts @ W_Q, b_Q.expand(1, batch, pos, -1)])
    k = torch.cat([parts @ W_K, b_K.expand(1, batch, pos, -1)])"""
MUTANTS = [
    Mutant.whole(
        "the biases are left out",
        """
def decompose_scores(parts, W_Q, b_Q, W_K, b_K):
    pairs = "a batch query d_head, c batch key d_head -> a c batch query key"
    return einsum(parts @ W_Q, parts @ W_K, pairs) / math.sqrt(W_Q.shape[-1])
""",
        "test_a_table_by_hand",
    ),
    Mutant.whole(
        "the biases are added to every part, and have no row and no column of their own",
        """
def decompose_scores(parts, W_Q, b_Q, W_K, b_K):
    pairs = "a batch query d_head, c batch key d_head -> a c batch query key"
    return einsum(parts @ W_Q + b_Q, parts @ W_K + b_K, pairs) / math.sqrt(W_Q.shape[-1])
""",
        "test_a_table_by_hand",
    ),
    Mutant("the biases are added to every part, besides having their own", "[parts @ W_Q, b_Q.expand(1, batch, pos, -1)]",
           "[parts @ W_Q + b_Q, b_Q.expand(1, batch, pos, -1)]", "test_a_table_by_hand"),
    Mutant(
        "the query's bias comes first, and the key's last",
        "[parts @ W_Q, b_Q.expand(1, batch, pos, -1)]",
        "[b_Q.expand(1, batch, pos, -1), parts @ W_Q]",
        "test_a_table_by_hand",
    ),
    Mutant("the biases come first, before the parts", CAT,
           "[b_Q.expand(1, batch, pos, -1), parts @ W_Q])\n    k = torch.cat([b_K.expand(1, batch, pos, -1), parts @ W_K])",
           "test_a_table_by_hand"),
    Mutant(
        "key parts are in the rows",
        "-> query_part key_part batch",
        "-> key_part query_part batch",
        "test_a_table_by_hand",
    ),
    Mutant("W_K makes the queries too", "torch.cat([parts @ W_Q,", "torch.cat([parts @ W_K,", "test_a_table_by_hand"),
    Mutant("W_Q makes the keys too", "torch.cat([parts @ W_K,", "torch.cat([parts @ W_Q,", "test_a_table_by_hand"),
    Mutant("W_Q and W_K have changed places", CAT,
           "[parts @ W_K, b_Q.expand(1, batch, pos, -1)])\n    k = torch.cat([parts @ W_Q, b_K.expand(1, batch, pos, -1)])",
           "test_a_table_by_hand"),
    Mutant("the same bias is used on both sides", "b_K.expand", "b_Q.expand", "test_a_table_by_hand"),
    Mutant(
        "the key's position stands before the query's",
        "-> query_part key_part batch query key\"",
        "-> query_part key_part batch key query\"",
        "test_the_query_position_stands_before_the_key_position",
    ),
    Mutant(
        "scores are not divided by the root of d_head",
        " / math.sqrt(W_Q.shape[-1])",
        "",
        "test_the_parts_add_up_to_the_score",
    ),
    Mutant(
        "the root of d_model is divided by",
        "math.sqrt(W_Q.shape[-1])",
        "math.sqrt(W_Q.shape[0])",
        "test_the_parts_add_up_to_the_score",
    ),
    Mutant("d_head is divided by, and not its root", "math.sqrt(W_Q.shape[-1])", "W_Q.shape[-1]",
           "test_the_parts_add_up_to_the_score"),
    Mutant(
        "later keys are hidden, with zeros",
        "return einsum(q, k, pairs)",
        "return einsum(q, k, pairs).tril()",
        "test_the_query_position_stands_before_the_key_position",
    ),
    Mutant(
        "the whole key is put into every cell, shared out equally among the parts",
        "return einsum(q, k, pairs)",
        "k = k.mean(dim=0, keepdim=True).expand_as(k)\n    return einsum(q, k, pairs)",
        "test_a_table_by_hand",
    ),
]  # fmt: skip

ACCEPTED = [
    Accepted("by matrix products", "return einsum(q, k, pairs)", "return q[:, None] @ k[None].mT"),
    Accepted(
        "the keys are divided",
        "return einsum(q, k, pairs) / math.sqrt(W_Q.shape[-1])",
        "return einsum(q, k / W_K.shape[1] ** 0.5, pairs)",
    ),
]
