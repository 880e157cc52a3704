"""Checks for draw_token, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_each_token_owns_a_stretch_as_long_as_its_probability(draw_token):
    probs = torch.tensor([0.5, 0.3, 0.2])
    says = (
        "Token 0 owns the stretch from 0 to 0.5, token 1 from 0.5 to 0.8, token 2 from 0.8 to 1. In whose does u fall?"
    )
    for u, token in ((0.25, 0), (0.4, 0), (0.6, 1), (0.9, 2)):
        agree(draw_token(probs, u), token, says)


def test_the_stretches_lie_in_the_order_of_the_ids(draw_token):
    probs = torch.tensor([0.2, 0.5, 0.3])
    says = "Lay the stretches in the order of the ids: token 0 owns 0 to 0.2, token 1 0.2 to 0.7, token 2 0.7 to 1."
    for u, token in ((0.1, 0), (0.6, 1), (0.8, 2)):
        agree(draw_token(probs, u), token, says)


def test_a_token_of_probability_zero_is_never_drawn(draw_token):
    probs = torch.tensor([0.0, 0.25, 0.0, 0.75])
    says = "A stretch holds its left end but not its right one, so a stretch of length zero holds nothing."
    for u, token in ((0.0, 1), (0.25, 3)):
        agree(draw_token(probs, u), token, says)


def test_u_beyond_the_last_stretch_goes_to_the_last_possible_token(draw_token):
    probs = torch.tensor([0.25, 0.5, 0.0])  # the sum is far below 1, so that no rounding is needed to show the point
    says = "Where the probabilities don't quite reach u, the token is the last one whose probability is above zero."
    agree(draw_token(probs, 0.9), 1, says)
    says = (
        "u is below 1, but by so little that a float32 can't tell it from 1, where the last stretch ends: that happens, and "
        "dividing the probabilities by their sum doesn't help. The token is the last one whose probability is above zero."
    )
    agree(draw_token(torch.tensor([0.25, 0.75, 0.0]), 1 - 1e-12), 1, says)


def test_it_holds_for_numbers_drawn_at_random(draw_token):
    probs = torch.randn(7).softmax(dim=-1)
    for token in torch.randperm(7)[:3].tolist():
        u = float(probs[:token].sum() + probs[token] * (0.25 + 0.5 * torch.rand(())))
        agree(draw_token(probs, u), token, "Random probabilities: u lies well inside the stretch of one token.")


MUTANTS = [
    Mutant.whole(
        "u is compared with each probability instead of with their running sums",
        "def draw_token(probs, u):\n    return min(int((probs <= u).sum()), len(probs) - 1)",
        "test_each_token_owns_a_stretch_as_long_as_its_probability",
    ),
    Mutant.whole(
        "the likeliest token is taken, whatever u is",
        "def draw_token(probs, u):\n    return int(probs.argmax())",
        "test_each_token_owns_a_stretch_as_long_as_its_probability",
    ),
    Mutant.whole(
        "all tokens get a stretch of the same length",
        "def draw_token(probs, u):\n    return int(u * len(probs))",
        "test_each_token_owns_a_stretch_as_long_as_its_probability",
    ),
    Mutant(
        "the token before the right one is taken",
        "int((ends <= u).sum())",
        "max(int((ends <= u).sum()) - 1, 0)",
        "test_each_token_owns_a_stretch_as_long_as_its_probability",
    ),
    Mutant.whole(
        "a new random number is drawn and u goes unused",
        "def draw_token(probs, u):\n    return int(torch.multinomial(probs, 1))",
        "test_each_token_owns_a_stretch_as_long_as_its_probability",
    ),
    Mutant.whole(
        "the stretches are laid from likeliest to least likely",
        """def draw_token(probs, u):
    values, order = probs.sort(descending=True, stable=True)
    return int(order[min(int((values.cumsum(dim=0) <= u).sum()), int(probs.count_nonzero()) - 1)])""",
        "test_the_stretches_lie_in_the_order_of_the_ids",
    ),
    Mutant(
        "a stretch holds its right end instead of its left one",
        "(ends <= u)",
        "(ends < u)",
        "test_a_token_of_probability_zero_is_never_drawn",
    ),
    Mutant(
        "a u beyond the last stretch gives an id outside the vocabulary",
        "return min(token, int(probs.nonzero().max()))",
        "return token",
        "test_u_beyond_the_last_stretch_goes_to_the_last_possible_token",
    ),
    Mutant.whole(
        "the probabilities are divided by their sum, but a u that is rounded up to 1 still gives an id outside the vocabulary",
        "def draw_token(probs, u):\n    return int(((probs / probs.sum()).cumsum(dim=0) <= u).sum())",
        "test_u_beyond_the_last_stretch_goes_to_the_last_possible_token",
    ),
    Mutant(
        "a u beyond the last stretch goes to the last id, though its probability is zero",
        "int(probs.nonzero().max())",
        "len(probs) - 1",
        "test_u_beyond_the_last_stretch_goes_to_the_last_possible_token",
    ),
]

ACCEPTED = [
    Accepted(
        "searchsorted to the right of equal ends",
        "int((ends <= u).sum())",
        "int(torch.searchsorted(ends, u, right=True))",
    ),
    Accepted.whole(
        "a plain loop that takes each stretch off u",
        """def draw_token(probs, u):
    last = 0
    for token, prob in enumerate(probs.tolist()):
        if prob > 0:
            last = token
            if u < prob:
                return token
            u -= prob
    return last""",
    ),
    Accepted(
        "u is scaled to the sum that the probabilities really have",
        "token = int((ends <= u).sum())",
        "token = int((ends <= u * float(ends[-1])).sum())",
    ),
]
