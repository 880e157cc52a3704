"""Checks for find_mentions, coarse to fine. 0 opens a text; 5, 6, 7, 8 are names; the rest are other words."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_the_recipient_is_found(find_mentions):
    tokens = torch.tensor([[0, 1, 5, 2, 6, 3, 6, 4], [0, 1, 8, 2, 7, 3, 8, 4], [0, 6, 8, 2, 1, 3, 6, 4]])
    got = find_mentions(tokens, torch.tensor([5, 7, 8]), torch.tensor([6, 8, 6]))
    agree(
        tuple(got.shape), (3, 3), "One row for each of the three prompts; in it recipient, giver first, giver second."
    )
    says = "The first column says where each prompt's own recipient (5, 7, 8) stands; <|endoftext|> is at place 0."
    agree(got[:, 0], torch.tensor([2, 4, 2]), says)


def test_the_giver_is_found_twice(find_mentions):
    tokens = torch.tensor([[0, 1, 5, 2, 6, 3, 6, 4, 9], [0, 5, 3, 2, 6, 4, 1, 9, 5]])
    got = find_mentions(tokens, torch.tensor([5, 6]), torch.tensor([6, 5]))
    agree(got[:, 1], torch.tensor([4, 1]), "The second column says where the giver (6, then 5) is named first.")
    agree(
        got[:, 2],
        torch.tensor([6, 8]),
        "The third column says where the giver (6, then 5) is named for the second time.",
    )


def test_other_words_may_come_again(find_mentions):
    tokens = torch.tensor([[0, 1, 1, 9, 7, 9, 2, 8, 3, 0, 4, 7, 3, 4]])
    says = "Words that are no names may stand there more often: here 0, 1, 3, 4 and 9. Recipient 8, giver 7."
    agree(find_mentions(tokens, torch.tensor([8]), torch.tensor([7])), torch.tensor([[7, 4, 11]]), says)


def test_it_holds_for_numbers_drawn_at_random(find_mentions):
    tokens, expected = torch.randint(10, 40, (4, 12)), torch.zeros(4, 3, dtype=torch.int64)
    recipients, givers = torch.tensor([5, 6, 7, 8]), torch.tensor([6, 7, 8, 5])
    for row in range(4):
        place, *twice = torch.randperm(11)[:3] + 1
        expected[row] = torch.stack([place, min(twice), max(twice)])
        tokens[row, expected[row]] = torch.stack([recipients[row], givers[row], givers[row]])
    agree(find_mentions(tokens, recipients, givers), expected, "Random words, with the names at random places.")


MUTANTS = [
    Mutant("recipient and giver are mistaken for each other", "is_recipient, is_giver = ", "is_giver, is_recipient = ",
           check="test_the_recipient_is_found"),
    Mutant("the columns become rows", "last], dim=-1)", "last], dim=0)", check="test_the_recipient_is_found"),
    Mutant("places are counted without the token that opens the text", "last], dim=-1)", "last], dim=-1) - 1",
           check="test_the_recipient_is_found"),
    Mutant("every prompt is searched for the first prompt's recipient", "recipient[:, None], ", "recipient[0], ",
           check="test_the_recipient_is_found"),
    Mutant("the two mentions of the giver are in the wrong order", "first(is_giver), last]", "last, first(is_giver)]",
           check="test_the_giver_is_found_twice"),
    Mutant("the first mention is found twice", "first(is_giver.flip(-1))", "tokens.shape[1] - 1 - first(is_giver)",
           check="test_the_giver_is_found_twice"),
    Mutant("the place in the row turned round is taken for the place itself",
           "tokens.shape[1] - 1 - first(is_giver.flip(-1))",
           "first(is_giver.flip(-1))", check="test_the_giver_is_found_twice"),
    Mutant("the place is off by one after turning the row back", "tokens.shape[1] - 1 -", "tokens.shape[1] -",
           check="test_the_giver_is_found_twice"),
    Mutant("any word that comes twice is taken for the giver", "tokens == giver[:, None]",
           "(tokens[:, :, None] == tokens[:, None]).sum(-1) == 2", check="test_other_words_may_come_again"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "a loop with nonzero",
        """
def find_mentions(tokens, recipient, giver):
    rows = []
    for row, a, b in zip(tokens, recipient, giver, strict=True):
        rows.append(torch.cat([(row == a).nonzero()[:, 0], (row == b).nonzero()[:, 0]]))
    return torch.stack(rows)
""",
    ),
    Accepted.whole(
        "nonzero over all prompts at once, folded",
        """
def find_mentions(tokens, recipient, giver):
    one = (tokens == recipient[:, None]).nonzero()[:, 1]
    two = (tokens == giver[:, None]).nonzero()[:, 1].reshape(-1, 2)
    return torch.cat([one[:, None], two], dim=1)
""",
    ),
]
