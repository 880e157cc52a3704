"""Checks for centre, coarse to fine."""

import torch

from course_utils.grading import Mutant, agree

X = torch.tensor([[1.0, 2.0, 6.0], [0.0, 4.0, 8.0]])


def test_keeps_the_shape(centre):
    agree(centre(X).shape, (2, 3), "One value comes out for each that went in.")


def test_each_row_loses_its_own_mean(centre):
    agree(centre(X), torch.tensor([[-2.0, -1.0, 3.0], [-4.0, 0.0, 4.0]]), "Each row has mean zero afterwards.")


def test_works_on_three_axes(centre):
    agree(centre(X[:, None]), torch.tensor([[[-2.0, -1.0, 3.0]], [[-4.0, 0.0, 4.0]]]), "Any number of axes may lead.")


MUTANTS = [
    Mutant(
        "one mean is taken over all rows",
        "x.mean(-1, keepdim=True)",
        "x.mean()",
        check="test_each_row_loses_its_own_mean",
    ),
    Mutant("the mean of each column is taken away", "mean(-1,", "mean(0,", check="test_each_row_loses_its_own_mean"),
]
