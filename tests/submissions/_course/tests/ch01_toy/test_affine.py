"""Checks for Affine, coarse to fine."""

import torch

from course_utils.grading import Mutant, agree

X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_starts_as_the_identity(affine):
    agree(affine(3)(X), X, "With w = 1 and b = 0 nothing changes.")


def test_scales_then_shifts(affine):
    layer = affine(3)
    with torch.no_grad():
        layer.w.copy_(torch.tensor([1.0, 2.0, -1.0]))
        layer.b.copy_(torch.tensor([0.5, 0.0, 1.0]))
    agree(layer(X), torch.tensor([[1.5, 4.0, -2.0], [4.5, 10.0, -5.0]]), "First w scales, then b shifts.")


MUTANTS = [
    Mutant(
        "b is added before the scaling", "x * self.w + self.b", "(x + self.b) * self.w", check="test_scales_then_shifts"
    ),
]
