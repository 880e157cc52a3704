"""Checks for apply_frequency_penalty, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_a_token_that_came_once_pays_once(apply_frequency_penalty):
    logits = torch.tensor([-4.0, 1.0, 0.0, 2.0, 5.0])
    says = "Only the logit at index 3 changes: the token with that id came once, so the penalty is subtracted once."
    expected = torch.tensor([-4.0, 1.0, 0.0, 1.5, 5.0])
    agree(apply_frequency_penalty(logits, torch.tensor([3]), 0.5), expected, says)


def test_a_low_logit_is_lowered_like_a_high_one(apply_frequency_penalty):
    logits = torch.tensor([-4.0, 2.0, 1.0])
    says = "The penalty is subtracted, whatever the logit was: -4 becomes -6."
    agree(apply_frequency_penalty(logits, torch.tensor([0]), 2.0), torch.tensor([-6.0, 2.0, 1.0]), says)


def test_before_anything_was_said_nothing_is_charged(apply_frequency_penalty):
    logits = torch.tensor([-4.0, 2.0, 1.0])
    nothing = torch.tensor([], dtype=torch.int64)
    agree(apply_frequency_penalty(logits, nothing, 2.0), logits, "No token has come yet, so no logit changes.")


def test_every_occurrence_counts(apply_frequency_penalty):
    logits = torch.tensor([2.0, 1.0, 0.0, 3.0])
    says = "Token 1 comes three times in this text and pays three times; token 3 comes once."
    expected = torch.tensor([2.0, -0.5, 0.0, 2.5])
    agree(apply_frequency_penalty(logits, torch.tensor([1, 3, 1, 1]), 0.5), expected, says)


def test_a_negative_penalty_rewards_repetition(apply_frequency_penalty):
    logits = torch.tensor([2.0, 1.0, 0.0])
    says = "A negative penalty is a reward: the same formula, with the sign that it comes with."
    agree(apply_frequency_penalty(logits, torch.tensor([2, 2]), -1.0), torch.tensor([2.0, 1.0, 2.0]), says)


def test_it_holds_for_numbers_drawn_at_random(apply_frequency_penalty):
    logits, tokens, penalty = torch.randn(6), torch.randint(6, (10,)), float(torch.rand(()))
    expected = [logit - penalty * tokens.tolist().count(token) for token, logit in enumerate(logits.tolist())]
    agree(apply_frequency_penalty(logits, tokens, penalty), torch.tensor(expected), "Random logits and a random text.")


SEEN = "logits - penalty * torch.bincount(tokens, minlength=len(logits))"

MUTANTS = [
    Mutant(
        "the penalty is added instead of subtracted",
        "logits - penalty",
        "logits + penalty",
        "test_a_token_that_came_once_pays_once",
    ),
    Mutant(
        "as many logits are charged as there are tokens, from index 0 on: places in the text taken for ids",
        SEEN,
        "logits - penalty * (torch.arange(len(logits)) < len(tokens))",
        "test_a_token_that_came_once_pays_once",
    ),
    Mutant(
        "all tokens that did not come are charged, and those that came are not",
        SEEN,
        "logits - penalty * (torch.bincount(tokens, minlength=len(logits)) == 0)",
        "test_a_token_that_came_once_pays_once",
    ),
    Mutant(
        "the caller's own tensor is written to",
        "return " + SEEN,
        "logits -= penalty * torch.bincount(tokens, minlength=len(logits))\n    return logits",
        "test_a_token_that_came_once_pays_once",
    ),
    Mutant(
        "the penalty takes away a share of the logit, which moves a negative one upwards",
        SEEN,
        "logits - penalty * logits / 2 * torch.bincount(tokens, minlength=len(logits))",
        "test_a_low_logit_is_lowered_like_a_high_one",
    ),
    Mutant(
        "counts are turned into shares of the text",
        SEEN,
        "logits - penalty * torch.bincount(tokens, minlength=len(logits)) / len(tokens)",
        "test_before_anything_was_said_nothing_is_charged",
    ),
    Mutant(
        "a token is charged once however often it came: an indexed -= does that, and so does a presence penalty",
        SEEN,
        "logits - penalty * (torch.bincount(tokens, minlength=len(logits)) > 0)",
        "test_every_occurrence_counts",
    ),
    Mutant.whole(
        "a token is charged once however often it came: an indexed -= does that, and so does a presence penalty",
        """def apply_frequency_penalty(logits, tokens, penalty):
    lowered = logits.clone()
    lowered[tokens] -= penalty
    return lowered""",
        "test_every_occurrence_counts",
    ),
    Mutant(
        "a penalty below zero is treated as none",
        SEEN,
        "logits - max(penalty, 0.0) * torch.bincount(tokens, minlength=len(logits))",
        "test_a_negative_penalty_rewards_repetition",
    ),
]

ACCEPTED = [
    Accepted.whole(
        "a loop over the text",
        """def apply_frequency_penalty(logits, tokens, penalty):
    lowered = logits.clone()
    for token in tokens:
        lowered[token] -= penalty
    return lowered""",
    ),
    Accepted(
        "index_add adds once for each occurrence",
        SEEN,
        "logits.index_add(0, tokens, torch.full(tokens.shape, -penalty, dtype=logits.dtype))",
    ),
    Accepted("one-hot rows, summed", SEEN, "logits - penalty * nn.functional.one_hot(tokens, len(logits)).sum(dim=0)"),
]
