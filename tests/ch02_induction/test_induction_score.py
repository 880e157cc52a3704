"""Checks for induction_score, coarse to fine. Patterns are made by hand; position 0 holds the opening token."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def looking_back(distance, length, queries=None):
    """A pattern [query key] in which each query gives all its weight to the key `distance` before it (or to itself)."""
    pos = 1 + 2 * length
    pattern = torch.zeros(pos, pos)
    for query in range(pos):
        there = query >= distance and (queries is None or query in queries)
        pattern[query, query - distance if there else query] = 1.0
    return pattern


def test_the_stripe_is_at_the_token_after_the_earlier_occurrence(induction_score):
    length = 4
    shares = {0: 0.02, 1: 0.05, 2: 0.11, 3: 0.5, 4: 0.2, 5: 0.12}
    one = sum(share * looking_back(distance, length) for distance, share in shares.items())
    pattern = torch.stack([one, looking_back(3, length), looking_back(4, length)])[None]
    says = (
        "Texts (bos, a, b, c, d, a, b, c, d). What is wanted is 3 back: from the second a, at 5, to the b at 2, which came after "
        "the first a. Head 0 gives it 0.5 (and 0.02, 0.05, 0.11 to 0, 1, 2 back, 0.2 to 4 and 0.12 to 5 back), head 1 all, head 2, "
        "which looks 4 back, nothing."
    )
    agree(induction_score(pattern), torch.tensor([0.5, 1.0, 0.0]), says)


def test_only_queries_of_the_second_half_count(induction_score):
    length = 4
    pattern = torch.stack([looking_back(3, length, queries) for queries in ({3}, {4}, {5}, {6, 7, 8})])[None]
    says = (
        "Length 4: the second half is queries 5 to 8. Heads 0 and 1 look 3 back at query 3 and at query 4 only, in the first half "
        "(0 of 4). Head 2 does at query 5, the first of the second half (1 of 4), and head 3 at queries 6, 7 and 8 (3 of 4)."
    )
    agree(induction_score(pattern), torch.tensor([0.0, 0.0, 0.25, 0.75]), says)


def test_the_mean_is_over_queries_and_texts(induction_score):
    rng = torch.Generator().manual_seed(0)
    batch, heads = 3, 2
    pattern = torch.randn(batch, heads, 9, 9, generator=rng).exp().tril()
    pattern = pattern / pattern.sum(dim=-1, keepdim=True)
    expected = torch.zeros(heads)
    for head in range(heads):
        weights = [float(pattern[text, head, query, query - 3]) for text in range(batch) for query in (5, 6, 7, 8)]
        expected[head] = sum(weights) / len(weights)
    says = "3 texts, 2 heads, length 4, random patterns: for each head the mean of twelve weights."
    agree(induction_score(pattern), expected, says)


STRIPE, SECOND = (
    "test_the_stripe_is_at_the_token_after_the_earlier_occurrence",
    "test_only_queries_of_the_second_half_count",
)
MEAN = "test_the_mean_is_over_queries_and_texts"
RETURN = 'return reduce(stripe[..., -length:], "batch head query -> head", "mean")'
MUTANTS = [
    Mutant("the head is asked for the earlier occurrence itself, and not for the token after it (or `length` counts the opening token)", "offset=1 - length", "offset=-length", check=STRIPE),
    Mutant("the token two after the earlier occurrence is asked for", "offset=1 - length", "offset=2 - length", check=STRIPE),
    Mutant("the token before the earlier occurrence is asked for", "offset=1 - length", "offset=-1 - length", check=STRIPE),
    Mutant("query and key are exchanged: the stripe above the diagonal, always 0", "offset=1 - length", "offset=length - 1", check=STRIPE),
    Mutant("two diagonals are added: the earlier occurrence and the token after it", RETURN,
           "earlier = pattern.diagonal(offset=-length, dim1=-2, dim2=-1)\n"
           '    return reduce(stripe[..., -length:] + earlier[..., -length:], "batch head query -> head", "mean")', check=STRIPE),
    Mutant("the weights are summed", '"mean"', '"sum"', check=STRIPE),
    Mutant("the heads are averaged too", RETURN, "return stripe[..., -length:].mean()", check=STRIPE),
    Mutant("one score for each text is returned", "query -> head", "query -> batch head", check=STRIPE),
    Mutant("the mean is over all queries, and not only those of the second half", RETURN,
           'return reduce(stripe[..., -length:].sum(dim=-1) / pattern.shape[-1], "batch head -> head", "mean")', check=STRIPE),
    Mutant("the whole diagonal is averaged, with two queries of the first half", "[..., -length:]", "", check=SECOND),
    Mutant("the opening token is forgotten, and the second half begins one too early", "[..., -length:]", "[..., 1:]", check=SECOND),
    Mutant("the last token is left out", "[..., -length:]", "[..., -length:-1]", check=SECOND),
    Mutant("the first query of the second half is left out", "[..., -length:]", "[..., 1 - length:]", check=SECOND),
    Mutant("the best query counts, and not the mean", '"mean"', '"max"', check=SECOND),
    Mutant("a score counts only where the head looks at the stripe most of all", RETURN,
           'hit = pattern.argmax(dim=-1) == torch.arange(pattern.shape[-1]) + 1 - length\n'
           '    return reduce(hit[..., -length:].float(), "batch head query -> head", "mean")', check=STRIPE),
    Mutant("only the first text counts", RETURN, "return stripe[0, :, -length:].mean(dim=-1)", check=MEAN),
]  # fmt: skip

ACCEPTED = [
    Accepted("two ranges as indices", RETURN,
             "queries = torch.arange(length + 1, 2 * length + 1)\n"
             "    return pattern[:, :, queries, queries - length + 1].mean(dim=(0, 2))"),
    Accepted("the diagonal of the second half", RETURN,
             "return pattern[..., length + 1 :, 2:].diagonal(dim1=-2, dim2=-1).mean(dim=(0, -1))"),
    Accepted("one query at a time", RETURN,
             "return torch.stack([pattern[:, :, i, i - length + 1] for i in range(length + 1, 2 * length + 1)]).mean(dim=(0, 1))"),
]  # fmt: skip
