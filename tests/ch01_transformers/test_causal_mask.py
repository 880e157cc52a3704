"""Checks for causal_mask, coarse to fine. -inf and any number that is just as hopeless are both right, so what the
mask hides is compared after the softmax, and what it leaves alone directly.
"""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, require

SCORES = torch.tensor([[[[4.0, 7.0, 9.0], [-2.0, 3.0, 8.0], [0.0, -1.0, 6.0]]]])


def weights(masked):
    return masked.softmax(dim=-1)


def test_keeps_the_shape(causal_mask):
    says = "Every score keeps its place: the result has the shape of the scores."
    got = causal_mask(torch.ones(2, 3, 4, 4))
    require(tuple(got.shape) == (2, 3, 4, 4), says, expected=[2, 3, 4, 4], got=list(got.shape))


def test_no_entry_becomes_nan(causal_mask):
    got = causal_mask(SCORES)
    says = "NaN has appeared. Mind that 0 * -inf is NaN: choose between score and -inf, don't multiply."
    require(not bool(got.isnan().any()), says, got=got)


def test_a_query_may_look_at_itself_and_back(causal_mask):
    says = "Keys at or before the query keep their scores; shown here with everything after the query set to 0."
    agree(causal_mask(SCORES).tril(), SCORES.tril(), says)


def test_later_keys_get_no_attention(causal_mask):
    ln3 = math.log(3)  # e to this power is 3, so its share is three times that of a score of 0
    scores = torch.tensor([[[[0.0, ln3, ln3], [ln3, 0.0, ln3], [0.0, ln3, 0.0]]]])
    says = (
        "Shown is the softmax of what you return. Scores are 0 or ln 3, so the shares are as 1 to 3, among the keys that "
        "may be seen: query 0 has all on itself, query 1 has 3/4 and 1/4, query 2 has 1/5, 3/5, 1/5."
    )
    expected = torch.tensor([[1.0, 0.0, 0.0], [3 / 4, 1 / 4, 0.0], [1 / 5, 3 / 5, 1 / 5]])
    agree(weights(causal_mask(scores))[0, 0], expected, says)


def test_the_mask_outweighs_any_score(causal_mask):
    says = "The only key that query 0 may see has a score of -300, and still gets all its attention: use -inf."
    got = weights(causal_mask(torch.tensor([[[[-300.0, 60.0], [0.0, 0.0]]]])))
    agree(got[0, 0], torch.tensor([[1.0, 0.0], [0.5, 0.5]]), says)


def test_every_text_and_every_head_is_masked(causal_mask):
    says = (
        "Query 0 may not see key 1, in any of the 2 texts and 3 heads: the attention that key 1 gets is 0 everywhere."
    )
    got = weights(causal_mask(torch.zeros(2, 3, 2, 2)))
    agree(got[:, :, 0, 1], torch.zeros(2, 3), says)


def test_it_holds_for_numbers_drawn_at_random(causal_mask):
    scores, expected = torch.randn(2, 2, 5, 5), torch.zeros(2, 2, 5, 5)
    for query in range(5):
        expected[:, :, query, : query + 1] = scores[:, :, query, : query + 1].softmax(dim=-1)
    says = "The softmax of what you return for random scores: each query shares 1 among itself and what came before."
    agree(weights(causal_mask(scores)), expected, says)


LATER = "later = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)"
RETURN = "return scores.masked_fill(later, -torch.inf)"
MUTANTS = [
    Mutant(
        "a mask is returned, and not the masked scores",
        RETURN,
        "return torch.zeros(scores.shape[-2:]).masked_fill(later[0, 0], -torch.inf)",
        check="test_keeps_the_shape",
    ),
    Mutant(
        "the scores themselves are overwritten",
        "masked_fill(",
        "masked_fill_(",
        check="test_keeps_the_shape",
    ),
    Mutant(
        "the mask is multiplied by -inf, which makes NaN of its zeros",
        RETURN,
        "return scores + later * -torch.inf",
        check="test_no_entry_becomes_nan",
    ),
    Mutant(
        "the earlier keys are hidden, and not the later ones",
        ".triu(diagonal=1)",
        ".tril(diagonal=-1)",
        check="test_a_query_may_look_at_itself_and_back",
    ),
    Mutant(
        "a query may not see its own position",
        ".triu(diagonal=1)",
        ".triu()",
        check="test_a_query_may_look_at_itself_and_back",
    ),
    Mutant(
        "what may be seen is filled with -inf and the rest is kept",
        RETURN,
        "return scores.masked_fill(~later, -torch.inf)",
        check="test_a_query_may_look_at_itself_and_back",
    ),
    Mutant(
        "the softmax has been taken already",
        RETURN,
        "return scores.masked_fill(later, -torch.inf).softmax(dim=-1)",
        check="test_a_query_may_look_at_itself_and_back",
    ),
    Mutant(
        "a mask of 1 and -inf is returned, and not the masked scores",
        RETURN,
        "return torch.ones_like(scores).masked_fill(later, -torch.inf)",
        check="test_a_query_may_look_at_itself_and_back",
    ),
    Mutant(
        "the upper triangle is set to 0 and every 0 is hidden, those among the scores too",
        RETURN,
        "kept = scores.tril()\n    return kept.masked_fill(kept == 0, -torch.inf)",
        check="test_a_query_may_look_at_itself_and_back",
    ),
    Mutant(
        "hidden scores are set to 0, and e to the power 0 is still 1",
        "-torch.inf",
        "0.0",
        check="test_later_keys_get_no_attention",
    ),
    Mutant(
        "nothing is hidden: `scores.masked_fill(…)` makes a copy, which has to be returned",
        RETURN,
        "scores.masked_fill(later, -torch.inf)\n    return scores",
        check="test_later_keys_get_no_attention",
    ),
    Mutant(
        "hidden scores are set to plus infinity",
        "-torch.inf",
        "torch.inf",
        check="test_later_keys_get_no_attention",
    ),
    Mutant(
        "the next token can still be seen",
        "diagonal=1",
        "diagonal=2",
        check="test_later_keys_get_no_attention",
    ),
    Mutant(
        "hidden scores get the largest score, not the smallest",
        "-torch.inf",
        "1e9",
        check="test_later_keys_get_no_attention",
    ),
    Mutant(
        "hidden scores are set to -100, and a score can be smaller than that",
        "-torch.inf",
        "-100.0",
        check="test_the_mask_outweighs_any_score",
    ),
    Mutant(
        "only the first text and head are masked",
        LATER,
        "later = torch.zeros_like(scores, dtype=torch.bool)\n"
        "    later[0, 0] = torch.ones_like(later[0, 0]).triu(diagonal=1)",
        check="test_every_text_and_every_head_is_masked",
    ),
]

ACCEPTED = [
    Accepted("torch.where", RETURN, "return torch.where(later, -torch.inf, scores)"),
    Accepted("a large negative number", "-torch.inf", "-1e9"),
    Accepted("the smallest number there is", "-torch.inf", "torch.finfo(scores.dtype).min"),
    Accepted("not so large a negative number", "-torch.inf", "-1e4"),
    Accepted(
        "position numbers compared",
        LATER,
        "pos = torch.arange(scores.shape[-1])\n    later = pos[None, :] > pos[:, None]",
    ),
    Accepted(
        "a triangle of ones, and where it is 0",
        LATER,
        "later = torch.tril(torch.ones(scores.shape[-2:])) == 0",
    ),
    Accepted("a matrix of 0 and -inf, added", RETURN, "return scores + torch.full_like(scores, -torch.inf).triu(1)"),
]
