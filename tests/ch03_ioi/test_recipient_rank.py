"""Checks for recipient_rank, coarse to fine: three positions, a vocabulary of five."""

import torch

from course_utils.grading import Accepted, Mutant, agree

LOGITS = torch.tensor(
    [
        [[9.0, 1, 0, 8, 2], [5, 5, 5, 0, 0], [2, 7, 1, 4, 0.5]],
        [[0, 8, 2, 1, 1], [3, 1, 4, 1, 5], [6, 0, 1.5, 3, 8]],
    ]
)


def test_the_first_is_zero(recipient_rank):
    says = "This word has the largest logit at the last position: nobody is in front."
    agree(recipient_rank(LOGITS[:1], torch.tensor([1])), torch.tensor([0]), says)
    agree(recipient_rank(LOGITS[1:], torch.tensor([4])), torch.tensor([0]), says)


def test_those_in_front_are_counted(recipient_rank):
    says = "Last logits of the first prompt: 2, 7, 1, 4, 0.5, so words 1 and 3 are in front of word 0."
    agree(recipient_rank(LOGITS[:1], torch.tensor([0])), torch.tensor([2]), says)
    says = "Last logits of the second prompt: 6, 0, 1.5, 3, 8, so all four others are in front of word 1."
    agree(recipient_rank(LOGITS[1:], torch.tensor([1])), torch.tensor([4]), says)


def test_each_prompt_has_its_own_recipient(recipient_rank):
    says = (
        "First prompt: in front of word 3 (logit 4) is word 1. Second: in front of word 2 (1.5) are words 0, 3 and 4."
    )
    agree(recipient_rank(LOGITS, torch.tensor([3, 2])), torch.tensor([1, 3]), says)


def test_equals_are_not_in_front(recipient_rank):
    logits = torch.tensor([[[1.0, 3, 3, 0, 5, 3]]])
    says = "Three words have logit 3; only word 4 is larger, so each of the three has rank 1."
    for word in (1, 2, 5):
        agree(recipient_rank(logits, torch.tensor([word])), torch.tensor([1]), says)


def test_it_holds_for_numbers_drawn_at_random(recipient_rank):
    logits, recipients = torch.randn(6, 2, 9), torch.randint(9, (6,))
    expected = [
        sum(value > row[word] for value in row)
        for row, word in zip(logits[:, -1].tolist(), recipients.tolist(), strict=True)
    ]
    agree(recipient_rank(logits, recipients), torch.tensor(expected), "Six prompts with random logits.")


MUTANTS = [
    Mutant("ranks begin at 1", ".sum(dim=-1)", ".sum(dim=-1) + 1", check="test_the_first_is_zero"),
    Mutant("those behind are counted", "last > own", "last < own", check="test_the_first_is_zero"),
    Mutant("those in front are counted at all positions", "(last > own).sum(dim=-1)",
           "(logits > own[:, None]).sum(dim=(1, 2))", check="test_the_first_is_zero"),
    Mutant("the position before the last is asked", "logits[:, -1]", "logits[:, -2]",
           check="test_those_in_front_are_counted"),
    Mutant("the first position is asked", "logits[:, -1]", "logits[:, 0]", check="test_the_first_is_zero"),
    Mutant("the answer is only whether somebody is in front", "(last > own).sum(dim=-1)",
           "(last > own).any(dim=-1).long()", check="test_those_in_front_are_counted"),
    Mutant("the word at the recipient's place in the order is returned", "(last > own).sum(dim=-1)",
           "last.argsort(dim=-1, descending=True).gather(1, recipient[:, None])[:, 0] * (last > own).any(dim=-1)",
           check="test_those_in_front_are_counted"),
    Mutant("every prompt is compared with the first prompt's recipient", "own = last.gather(1, recipient[:, None])",
           "own = last[:1, recipient[:1]]", check="test_each_prompt_has_its_own_recipient"),
    Mutant("the recipients of all prompts are averaged first", "own = last.gather(1, recipient[:, None])",
           "own = last[:, recipient].mean(dim=-1, keepdim=True)", check="test_each_prompt_has_its_own_recipient"),
    Mutant("equals count as in front", "(last > own).sum(dim=-1)", "(last >= own).sum(dim=-1) - 1",
           check="test_equals_are_not_in_front"),
]  # fmt: skip

ACCEPTED = [
    Accepted("indices in place of gather", "last.gather(1, recipient[:, None])",
             "last[torch.arange(len(last)), recipient][:, None]"),
]  # fmt: skip
