"""Checks for exchange_people, coarse to fine: three prompts of 7 tokens, whose mentions stand at different places."""

import torch

from course_utils.grading import Accepted, Mutant, agree

TOKENS = torch.tensor([[0, 9, 1, 8, 3, 8, 4], [0, 5, 6, 1, 5, 3, 4], [0, 2, 7, 9, 3, 9, 2]])
MENTIONS = torch.tensor([[1, 3, 5], [2, 1, 4], [2, 3, 5]])


def test_no_switch_no_change(exchange_people):
    got = exchange_people(TOKENS.clone(), MENTIONS, opening=False, giver=False)
    agree(got, TOKENS, "With both switches off the prompts are as they were.")


def test_the_opening_is_exchanged(exchange_people):
    got = exchange_people(TOKENS.clone(), MENTIONS, opening=True, giver=False)
    expected = torch.tensor([[0, 8, 1, 9, 3, 8, 4], [0, 6, 5, 1, 5, 3, 4], [0, 2, 9, 7, 3, 9, 2]])
    says = "The names at the first two places of `mentions` change places; the second mention stays, and so do other tokens."
    agree(got, expected, says)


def test_the_other_one_gives(exchange_people):
    got = exchange_people(TOKENS.clone(), MENTIONS, opening=False, giver=True)
    expected = torch.tensor([[0, 9, 1, 8, 3, 9, 4], [0, 5, 6, 1, 6, 3, 4], [0, 2, 7, 9, 3, 7, 2]])
    agree(got, expected, "The recipient's name comes to the giver's second mention; the opening stays as it was.")


def test_both_at_once(exchange_people):
    got = exchange_people(TOKENS.clone(), MENTIONS, opening=True, giver=True)
    expected = torch.tensor([[0, 8, 1, 9, 3, 9, 4], [0, 6, 5, 1, 6, 3, 4], [0, 2, 9, 7, 3, 7, 2]])
    says = "The opening is exchanged, and the one who gives is the recipient of the prompt *as it came in*."
    agree(got, expected, says)


def test_a_copy_comes_back(exchange_people):
    tokens = TOKENS.clone()
    got = exchange_people(tokens, MENTIONS, opening=False, giver=False)
    got[:] = 0
    agree(tokens, TOKENS, "What comes back is a copy: a change in it doesn't reach the prompts that came in.")


def test_it_holds_for_numbers_drawn_at_random(exchange_people):
    tokens, mentions = torch.randint(10, 40, (4, 9)), torch.stack([torch.randperm(8)[:3] + 1 for _ in range(4)])
    tokens[range(4), mentions[:, 2]] = tokens[range(4), mentions[:, 1]]
    switches, got, expected = [(True, False), (False, True), (True, True)], [], []
    for opening, giver in switches:
        prompts = tokens.tolist()
        for prompt, (recipient, first, second) in zip(prompts, mentions.tolist(), strict=True):
            one, other = prompt[recipient], prompt[first]
            prompt[recipient], prompt[first] = (other, one) if opening else (one, other)
            prompt[second] = one if giver else other
        expected.append(torch.tensor(prompts))
        got.append(exchange_people(tokens.clone(), mentions, opening=opening, giver=giver))
    says = "Random prompts with mentions at random places: the opening exchanged, then the giver, then both."
    agree(got, expected, says)


READ = "recipient, giver_name = tokens.gather(1, recipient_at), tokens.gather(1, first_at)"
BOTH = "test_both_at_once"
MUTANTS = [
    Mutant("the opening is always exchanged", "if opening:", "if True:", "test_no_switch_no_change"),
    Mutant("the switches are confused", "if opening:", "if giver:", "test_the_opening_is_exchanged"),
    Mutant("the second name is read after the first was overwritten, so that one name stands twice",
           "exchanged.scatter_(1, first_at, recipient)", "exchanged.scatter_(1, first_at, exchanged.gather(1, recipient_at))",
           "test_the_opening_is_exchanged"),
    Mutant("every prompt's mentions stand where the first prompt's do", "mentions.split(1, dim=-1)",
           "mentions[:1].expand(len(tokens), -1).split(1, dim=-1)", "test_the_opening_is_exchanged"),
    Mutant("all occurrences of the two names are exchanged", "exchanged.scatter_(1, recipient_at, giver_name)",
           "exchanged = torch.where(tokens == recipient, giver_name, torch.where(tokens == giver_name, recipient, tokens))",
           "test_the_opening_is_exchanged"),
    Mutant("only one of the two changes place", "        exchanged.scatter_(1, first_at, recipient)\n", "",
           "test_the_opening_is_exchanged"),
    Mutant("the giver's own name is written at the second mention", "exchanged.scatter_(1, second_at, recipient)",
           "exchanged.scatter_(1, second_at, giver_name)", "test_the_other_one_gives"),
    Mutant("giver and recipient change places in the whole prompt when the other one gives",
           "exchanged.scatter_(1, second_at, recipient)",
           "exchanged.scatter_(1, second_at, recipient).scatter_(1, recipient_at, giver_name).scatter_(1, first_at, recipient)",
           "test_the_other_one_gives"),
    Mutant("the recipient is looked up in the opening that has been exchanged already",
           "exchanged.scatter_(1, second_at, recipient)", "exchanged.scatter_(1, second_at, exchanged.gather(1, recipient_at))",
           BOTH),
    Mutant("only one of the switches is heeded when both are on", "    if giver:", "    elif giver:", BOTH),
    Mutant("with both on, the second mention is exchanged twice", "    if giver:", "    if giver and not opening:", BOTH),
    Mutant("the prompts that came in are edited", "tokens.clone()", "tokens", "test_the_opening_is_exchanged"),
    Mutant("with nothing to exchange the prompts themselves come back", "tokens.clone()",
           "tokens.clone() if opening or giver else tokens", "test_a_copy_comes_back"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "prompt by prompt",
        """
def exchange_people(tokens, mentions, opening, giver):
    out = tokens.clone()
    for row, (recipient, first, second) in zip(out, mentions.tolist()):
        one, other = row[recipient].item(), row[first].item()
        row[recipient], row[first] = (other, one) if opening else (one, other)
        row[second] = one if giver else other
    return out
""",
    ),
    Accepted.whole(
        "rows paired with columns",
        """
def exchange_people(tokens, mentions, opening, giver):
    out, rows = tokens.clone(), torch.arange(len(tokens))[:, None]
    if opening:
        out[rows, mentions[:, :2]] = tokens[rows, mentions[:, [1, 0]]]
    if giver:
        out[rows, mentions[:, 2:]] = tokens[rows, mentions[:, :1]]
    return out
""",
    ),
]
