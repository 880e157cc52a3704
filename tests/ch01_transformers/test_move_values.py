"""Checks for move_values, coarse to fine."""

import itertools

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def test_every_query_receives_a_vector_for_every_head(move_values):
    got = move_values(torch.ones(2, 3, 4, 4), torch.ones(2, 4, 3, 5))
    says = (
        "2 texts, 4 positions, 3 heads, d_head = 5: the shape is [batch query head d_head], and keys are summed over."
    )
    require(tuple(got.shape) == (2, 4, 3, 5), says, expected=[2, 4, 3, 5], got=list(got.shape))


def test_values_are_added_with_their_weights(move_values):
    pattern = torch.tensor([[0.25, 0.75], [0.75, 0.25]]).reshape(1, 1, 2, 2)
    v = torch.tensor([[8.0, 0.0], [4.0, 1.0]]).reshape(1, 2, 1, 2)
    says = "Query 0 receives a quarter of the first value and three quarters of the second: 2 + 3 = 5, and 0 + 0.75."
    expected = torch.tensor([[5.0, 0.75], [7.0, 0.25]]).reshape(1, 2, 1, 2)
    agree(move_values(pattern, v), expected, says)


def test_a_row_of_the_pattern_belongs_to_a_query(move_values):
    pattern = torch.tensor([[1.0, 0.0], [0.5, 0.5]]).reshape(1, 1, 2, 2)
    v = torch.tensor([8.0, 4.0]).reshape(1, 2, 1, 1)
    says = "Rows are queries: query 0 takes the first value whole (8), query 1 half of each (6)."
    agree(move_values(pattern, v), torch.tensor([8.0, 6.0]).reshape(1, 2, 1, 1), says)


def test_each_head_moves_its_own_values(move_values):
    heads = [[[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]]
    pattern = torch.tensor(heads)[None]  # three queries and two keys: no two axes that could be confused are alike
    v = torch.tensor([[1.0, 10.0], [2.0, 20.0]]).reshape(1, 2, 2, 1)
    says = (
        "Three queries, two keys. Head 0 has the values 1, 2: its queries take the first, the second, half of each. "
        "Head 1 has 10, 20: its queries take the second, the first, half of each. Heads never mix."
    )
    expected = torch.tensor([[1.0, 20.0], [2.0, 10.0], [1.5, 15.0]]).reshape(1, 3, 2, 1)
    agree(move_values(pattern, v), expected, says)


def test_each_text_moves_its_own_values(move_values):
    pattern = torch.tensor([[0.5, 0.5], [0.0, 1.0]]).reshape(2, 1, 1, 2)
    v = torch.tensor([[2.0, 4.0], [100.0, 200.0]]).reshape(2, 2, 1, 1)
    says = "Text 0 averages its values 2 and 4; text 1 takes its second value, 200. Texts never mix."
    agree(move_values(pattern, v), torch.tensor([3.0, 200.0]).reshape(2, 1, 1, 1), says)


def test_it_holds_for_numbers_drawn_at_random(move_values):
    pattern, v = torch.rand(2, 3, 4, 5), torch.randn(2, 5, 3, 2)
    expected = torch.zeros(2, 4, 3, 2)
    for b, h, i, j in itertools.product(range(2), range(3), range(4), range(5)):
        expected[b, i, h] += pattern[b, h, i, j] * v[b, j, h]
    agree(move_values(pattern, v), expected, "Random weights and values, added up one key at a time.")


EINSUM = '"batch head query key, batch key head d_head -> batch query head d_head"'
CALL = f"return einops.einsum(pattern, v, {EINSUM})"
MUTANTS = [
    Mutant(
        "the head axis comes before the query axis",
        EINSUM,
        '"batch head query key, batch key head d_head -> batch head query d_head"',
        check="test_every_query_receives_a_vector_for_every_head",
    ),
    Mutant(
        "the heads are summed",
        EINSUM,
        '"batch head query key, batch key head d_head -> batch query d_head"',
        check="test_every_query_receives_a_vector_for_every_head",
    ),
    Mutant(
        "the keys are not summed over",
        EINSUM,
        '"batch head query key, batch key head d_head -> batch query key head d_head"',
        check="test_every_query_receives_a_vector_for_every_head",
    ),
    Mutant(
        "only the key with the largest weight is taken",
        "einsum(pattern, v,",
        "einsum(nn.functional.one_hot(pattern.argmax(-1), pattern.shape[-1]).float(), v,",
        check="test_values_are_added_with_their_weights",
    ),
    Mutant(
        "the weighted values are averaged and not added, which divides them once more",
        CALL,
        CALL + " / pattern.shape[-1]",
        check="test_values_are_added_with_their_weights",
    ),
    Mutant(
        "the weights are sent through a second softmax",
        "einsum(pattern, v,",
        "einsum(pattern.softmax(-1), v,",
        check="test_values_are_added_with_their_weights",
    ),
    Mutant(
        "the values' own position is used, and not the key's",
        EINSUM,
        '"batch head query key, batch query head d_head -> batch query head d_head"',
        check="test_values_are_added_with_their_weights",
    ),
    Mutant(
        "queries and keys of the pattern have changed places",
        EINSUM,
        '"batch head key query, batch key head d_head -> batch query head d_head"',
        check="test_a_row_of_the_pattern_belongs_to_a_query",
    ),
    Mutant.whole(
        "reshape is used to bring the head axis forward, which mixes positions with heads",
        """def move_values(pattern, v):
    batch, key, head, d_head = v.shape
    return (pattern @ v.reshape(batch, head, key, d_head)).transpose(1, 2)
""",
        check="test_each_head_moves_its_own_values",
    ),
    Mutant(
        "reshape is used to put the query axis before the head axis, which mixes the two (permute swaps them)",
        CALL,
        "z = pattern @ v.permute(0, 2, 1, 3)\n    return z.reshape(z.shape[0], z.shape[2], z.shape[1], z.shape[3])",
        check="test_each_head_moves_its_own_values",
    ),
    Mutant(
        "v's heads are summed over: its head axis has to have the same name as the pattern's in the einsum",
        EINSUM,
        '"batch head query key, batch key other d_head -> batch query head d_head"',
        check="test_each_head_moves_its_own_values",
    ),
    Mutant(
        "the pattern's heads are summed over: its head axis has to have the same name as v's in the einsum",
        EINSUM,
        '"batch other query key, batch key head d_head -> batch query head d_head"',
        check="test_each_head_moves_its_own_values",
    ),
    Mutant(
        "every head moves the values of head 0",
        "einsum(pattern, v,",
        "einsum(pattern, v[:, :, :1].expand_as(v),",
        check="test_each_head_moves_its_own_values",
    ),
    Mutant(
        "every head uses the pattern of head 0",
        "einsum(pattern, v,",
        "einsum(pattern[:, :1].expand_as(pattern), v,",
        check="test_each_head_moves_its_own_values",
    ),
    Mutant(
        "every text uses the values of text 0",
        "einsum(pattern, v,",
        "einsum(pattern, v[:1].expand_as(v),",
        check="test_each_text_moves_its_own_values",
    ),
]

ACCEPTED = [
    Accepted("torch.einsum with letters", CALL, 'return torch.einsum("bhqk,bkhd->bqhd", pattern, v)'),
    Accepted("transposing and a matrix product", CALL, "return (pattern @ v.transpose(1, 2)).transpose(1, 2)"),
]
