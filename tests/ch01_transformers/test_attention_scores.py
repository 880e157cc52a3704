"""Checks for attention_scores, coarse to fine."""

import itertools

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def test_rows_are_queries_and_columns_are_keys(attention_scores):
    got = attention_scores(torch.ones(2, 3, 4, 5), torch.ones(2, 6, 4, 5))
    says = "2 texts, 4 heads, 3 queries and 6 keys: the shape is [batch head query key], and d_head is summed over."
    require(tuple(got.shape) == (2, 4, 3, 6), says, expected=[2, 4, 3, 6], got=list(got.shape))


def test_a_score_is_the_dot_product_over_the_root_of_d_head(attention_scores):
    q = torch.tensor([[[[1.0, 2.0, 0.0, 1.0], [0.0, 1.0, 0.0, 3.0]]]])
    k = torch.tensor([[[[3.0, 1.0, 5.0, 1.0], [2.0, -4.0, 9.0, -2.0]]]])
    says = (
        "Two heads with one query and one key each. Head 0: (1, 2, 0, 1) times (3, 1, 5, 1) is 6, and 6 / sqrt(4) = 3. "
        "Head 1: (0, 1, 0, 3) times (2, -4, 9, -2) is -10, and -10 / 2 = -5."
    )
    agree(attention_scores(q, k), torch.tensor([[[[3.0]], [[-5.0]]]]), says)


def test_the_root_is_that_of_d_head_alone(attention_scores):
    q, k = torch.ones(2, 2, 3, 1), torch.full((2, 5, 3, 1), 7.0)
    says = "With d_head = 1 nothing is divided, however many heads, positions or texts there are: 1 times 7 is 7."
    agree(attention_scores(q, k), torch.full((2, 3, 2, 5), 7.0), says)


def test_each_head_has_its_own_scores(attention_scores):
    q = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    k = torch.tensor([[1.0, 10.0], [5.0, 100.0]]).reshape(1, 2, 2, 1)
    says = "Head 0 has the queries 1, 3 and the keys 1, 5; head 1 has 2, 4 and 10, 100. A query meets keys of its own head only."
    expected = torch.tensor([[[[1.0, 5.0], [3.0, 15.0]], [[20.0, 200.0], [40.0, 400.0]]]])
    agree(attention_scores(q, k), expected, says)


def test_each_text_has_its_own_scores(attention_scores):
    q = torch.tensor([2.0, 3.0]).reshape(2, 1, 1, 1)
    k = torch.tensor([[5.0, 1.0], [7.0, 10.0]]).reshape(2, 2, 1, 1)
    says = "Text 0 has the query 2 and the keys 5, 1; text 1 has the query 3 and the keys 7, 10. Texts never meet."
    agree(attention_scores(q, k), torch.tensor([[[[10.0, 2.0]]], [[[21.0, 30.0]]]]), says)


def test_it_holds_for_numbers_drawn_at_random(attention_scores):
    q, k = torch.randn(2, 3, 2, 5), torch.randn(2, 4, 2, 5)
    expected = torch.zeros(2, 2, 3, 4)
    for b, h, i, j in itertools.product(range(2), range(2), range(3), range(4)):
        expected[b, h, i, j] = sum(float(q[b, i, h, d] * k[b, j, h, d]) for d in range(5)) / 5**0.5
    agree(attention_scores(q, k), expected, "Random queries and keys, each score worked out by itself.")


EINSUM = '"batch query head d_head, batch key head d_head -> batch head query key"'
RETURN = "return products / math.sqrt(d_head)"
MUTANTS = [
    Mutant(
        "queries and keys have changed places in the result",
        EINSUM,
        '"batch query head d_head, batch key head d_head -> batch head key query"',
        check="test_rows_are_queries_and_columns_are_keys",
    ),
    Mutant(
        "the head axis stands where the query axis should be",
        EINSUM,
        '"batch query head d_head, batch key head d_head -> batch query head key"',
        check="test_rows_are_queries_and_columns_are_keys",
    ),
    Mutant(
        "the heads are summed over as well",
        EINSUM,
        '"batch query head d_head, batch key head d_head -> batch query key"',
        check="test_rows_are_queries_and_columns_are_keys",
    ),
    Mutant(
        "the division by the root of d_head is missing, or it takes the size of another axis (1 here)",
        RETURN,
        "return products",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "d_head itself is divided by, and not its root",
        RETURN,
        "return products / d_head",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "the root of d_head is multiplied by",
        RETURN,
        "return products * math.sqrt(d_head)",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "the softmax has been taken already",
        RETURN,
        "return (products / math.sqrt(d_head)).softmax(dim=-1)",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "queries and keys are brought to length 1 first, so that the scores are cosines",
        RETURN,
        "return products / q.norm(dim=-1).permute(0, 2, 1)[..., None] / k.norm(dim=-1).permute(0, 2, 1)[:, :, None]",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "negative scores are cut off at 0",
        RETURN,
        "return (products / math.sqrt(d_head)).relu()",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "the root is taken of d_head times the number of heads",
        RETURN,
        "return products / math.sqrt(d_head * q.shape[2])",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "the root is taken of the number of heads, and not of d_head",
        RETURN,
        "return products / math.sqrt(q.shape[2])",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "k's heads are summed over: its head axis has to have the same name as q's in the einsum",
        EINSUM,
        '"batch query head d_head, batch key other d_head -> batch head query key"',
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "q's heads are summed over: its head axis has to have the same name as k's in the einsum",
        EINSUM,
        '"batch query other d_head, batch key head d_head -> batch head query key"',
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "all entries of q are multiplied with all of k: both have to call their last axis d_head",
        EINSUM,
        '"batch query head d_q, batch key head d_k -> batch head query key"',
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "the root is taken of d_head times the number of texts",
        RETURN,
        "return products / math.sqrt(d_head * q.shape[0])",
        check="test_the_root_is_that_of_d_head_alone",
    ),
    Mutant.whole(
        "reshape is used to bring the head axis forward, which mixes positions with heads",
        """def attention_scores(q, k):
    batch, query, head, d_head = q.shape
    q = q.reshape(batch, head, query, d_head)
    k = k.reshape(batch, head, k.shape[1], d_head)
    return q @ k.mT / math.sqrt(d_head)
""",
        check="test_each_head_has_its_own_scores",
    ),
    Mutant(
        "every head uses the keys of head 0",
        "einops.einsum(q, k, ",
        "einops.einsum(q, k[:, :, :1].expand_as(k), ",
        check="test_a_score_is_the_dot_product_over_the_root_of_d_head",
    ),
    Mutant(
        "every text uses the keys of text 0",
        "einops.einsum(q, k, ",
        "einops.einsum(q, k[:1].expand_as(k), ",
        check="test_each_text_has_its_own_scores",
    ),
]

ACCEPTED = [
    Accepted(
        "torch.einsum with letters",
        "einops.einsum(q, k, " + EINSUM + ")",
        'torch.einsum("bqhd,bkhd->bhqk", q, k)',
    ),
    Accepted.whole(
        "transposing and a matrix product, with the queries divided first",
        """def attention_scores(q, k):
    return (q / q.shape[-1] ** 0.5).transpose(1, 2) @ k.permute(0, 2, 3, 1)
""",
    ),
    Accepted.whole(
        "multiply with broadcasting, then sum",
        """def attention_scores(q, k):
    products = (q[:, :, None] * k[:, None]).sum(-1)
    return products.permute(0, 3, 1, 2) * q.shape[-1] ** -0.5
""",
    ),
]
