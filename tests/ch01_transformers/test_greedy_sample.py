"""Checks for greedy_sample, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_there_is_one_token_for_each_text(greedy_sample):
    logits = torch.tensor([[0.5, 2.0, -1.0, 1.5], [3.0, 0.0, 1.0, 2.0]])
    says = "Each row is one text: along its last axis, find the id with the highest logit. Two texts, two ids."
    agree(greedy_sample(logits), torch.tensor([1, 0]), says)


def test_the_highest_is_not_the_largest_in_size(greedy_sample):
    logits = torch.tensor([[-5.0, -1.0, -2.0]])
    says = "-1 is higher than -5: a logit far below zero belongs to a very unlikely token."
    agree(greedy_sample(logits), torch.tensor([1]), says)


def test_it_holds_for_numbers_drawn_at_random(greedy_sample):
    logits = torch.randn(5, 9)
    expected = [row.index(max(row)) for row in logits.tolist()]
    agree(greedy_sample(logits), torch.tensor(expected), "Five texts with random logits: the largest of each.")


MUTANTS = [
    Mutant("the argmax runs over the texts", "dim=-1", "dim=0", "test_there_is_one_token_for_each_text"),
    Mutant(
        "the axis that was searched is kept with size 1",
        "argmax(dim=-1)",
        "argmax(dim=-1, keepdim=True)",
        "test_there_is_one_token_for_each_text",
    ),
    Mutant(
        "the highest logit itself is returned instead of its place",
        "logits.argmax(dim=-1)",
        "logits.amax(dim=-1)",
        "test_there_is_one_token_for_each_text",
    ),
    Mutant("the lowest logit is taken", "argmax", "argmin", "test_there_is_one_token_for_each_text"),
    Mutant(
        "the whole batch is searched at once, as if it were one long row",
        "logits.argmax(dim=-1)",
        "(logits == logits.max()).int().argmax(dim=-1)",
        "test_there_is_one_token_for_each_text",
    ),
    Mutant(
        "signs are ignored",
        "logits.argmax",
        "logits.abs().argmax",
        "test_the_highest_is_not_the_largest_in_size",
    ),
]

ACCEPTED = [
    Accepted("max gives values and indices", "logits.argmax(dim=-1)", "logits.max(dim=-1).indices"),
    Accepted("the first of the top 1", "logits.argmax(dim=-1)", "logits.topk(1, dim=-1).indices[:, 0]"),
    Accepted("one row at a time", "logits.argmax(dim=-1)", "torch.stack([row.argmax() for row in logits])"),
    Accepted("softmax keeps the order", "logits.argmax", "logits.softmax(dim=-1).argmax"),
]
