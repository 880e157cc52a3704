"""Checks for residual_directions, coarse to fine: d_model 3, a vocabulary of four, five prompts at most."""

import torch

from course_utils.grading import Accepted, Mutant, agree

W_U = torch.tensor([[1.0, 20, 0, 5], [2, 30, 1, 0], [3, 50, -1, 0]])


def test_one_prompt(residual_directions):
    says = (
        "Word 1's column of W_U is (20, 30, 50), word 0's is (1, 2, 3): the direction of 1 against 0 is (19, 28, 47)."
    )
    agree(residual_directions(W_U, torch.tensor([1]), torch.tensor([0])), torch.tensor([[19.0, 28, 47]]), says)


def test_one_row_a_prompt(residual_directions):
    got = residual_directions(W_U, torch.tensor([1, 2, 0, 3, 2]), torch.tensor([0, 0, 2, 2, 3]))
    says = "Five prompts give five rows of d_model = 3 numbers, each the difference of its own two columns."
    agree(got, torch.tensor([[19.0, 28, 47], [-1, -1, -4], [1, 1, 4], [5, -1, 1], [-5, 1, -1]]), says)


def test_its_dot_product_is_the_lead(residual_directions):
    generator = torch.Generator().manual_seed(0)
    W = torch.randn(7, 11, generator=generator)
    stream = torch.randn(2, 7, generator=generator)
    directions = residual_directions(W, torch.tensor([9, 4]), torch.tensor([2, 10]))
    logits = stream @ W
    expected = torch.stack([logits[0, 9] - logits[0, 2], logits[1, 4] - logits[1, 10]])
    says = "Each prompt's stream times its direction is the lead that stream @ W_U gives the recipient over the giver."
    agree((stream * directions).sum(dim=-1), expected, says)


WHOLE = "(W_U[:, recipient] - W_U[:, giver]).T"
MUTANTS = [
    Mutant("the giver's direction is taken against the recipient's", WHOLE, "(W_U[:, giver] - W_U[:, recipient]).T",
           check="test_one_prompt"),
    Mutant("prompts are columns", WHOLE, "W_U[:, recipient] - W_U[:, giver]", check="test_one_prompt"),
    Mutant("rows of W_U are taken, and not columns", WHOLE, "W_U[recipient] - W_U[giver]", check="test_one_prompt"),
    Mutant("the giver is left out", WHOLE, "W_U[:, recipient].T", check="test_one_prompt"),
    Mutant("directions are brought to length 1, which loses the size of the lead", WHOLE,
           "torch.nn.functional.normalize((W_U[:, recipient] - W_U[:, giver]).T, dim=-1)", check="test_one_prompt"),
    Mutant("all prompts share their mean direction", WHOLE,
           "(W_U[:, recipient] - W_U[:, giver]).T.mean(dim=0, keepdim=True).expand(len(giver), -1)",
           check="test_one_row_a_prompt"),
    Mutant("the axes are folded over and not turned", WHOLE,
           "(W_U[:, recipient] - W_U[:, giver]).reshape(len(giver), -1)", check="test_one_row_a_prompt"),
    Mutant("directions are rounded to whole numbers", WHOLE, "(W_U[:, recipient] - W_U[:, giver]).T.round()",
           check="test_its_dot_product_is_the_lead"),
]  # fmt: skip

ACCEPTED = [Accepted("turned first", WHOLE, "W_U.T[recipient] - W_U.T[giver]")]
