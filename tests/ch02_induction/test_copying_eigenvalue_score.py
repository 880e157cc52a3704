"""Checks for copying_eigenvalue_score, coarse to fine."""

import cmath
import math

import torch
from torch.overrides import TorchFunctionMode

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import FactoredMatrix


class Largest(TorchFunctionMode):
    """Remembers the most numbers that any tensor made inside had."""

    most = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            if isinstance(tensor, torch.Tensor):
                self.most = max(self.most, tensor.numel())
        return made


def with_eigenvalues(small):
    """A matrix of 6 by 6 that has the eigenvalues of the small one, and zeros: A S B with B A the identity."""
    waist = len(small)
    generator = torch.Generator().manual_seed(waist)
    A = torch.randn(6, waist, generator=generator)
    return FactoredMatrix(A @ small, torch.linalg.pinv(A))


def test_real_eigenvalues(copying_eigenvalue_score):
    small = torch.tensor([[-3.0, 2.0, 5.0], [-5.0, 4.0, 5.0], [-2.0, 2.0, 4.0]])
    says = "The eigenvalues are 4, 2, -1 and zeros: (4 + 2 - 1) / (4 + 2 + 1)."
    agree(copying_eigenvalue_score(with_eigenvalues(small)), 5 / 7, says)


def test_suppression_is_negative(copying_eigenvalue_score):
    says = "The eigenvalues are -3, 1 and zeros: a head that suppresses what it sees scores below 0, (1 - 3) / (1 + 3)."
    agree(copying_eigenvalue_score(with_eigenvalues(torch.tensor([[0.0, -3.0], [-1.0, -2.0]]))), -0.5, says)


def test_complex_eigenvalues_count_with_their_absolute_value(copying_eigenvalue_score):
    small = torch.tensor([[1.0, -1.0], [1.0, 1.0]])
    says = "The eigenvalues are 1 + i and 1 - i. Their sum is 2; their absolute values are √2 each: 2 / (2√2)."
    agree(copying_eigenvalue_score(with_eigenvalues(small)), 1 / math.sqrt(2), says)
    small = torch.tensor([[0.0, -5.0], [5.0, 0.0]])
    agree(copying_eigenvalue_score(with_eigenvalues(small)), 0.0, "The eigenvalues are 5i and -5i: their sum is 0.")


def test_nothing_large_is_built(copying_eigenvalue_score):
    generator = torch.Generator().manual_seed(0)
    ov = FactoredMatrix(torch.randn(150, 3, generator=generator), torch.randn(3, 150, generator=generator))
    with Largest() as largest:
        copying_eigenvalue_score(ov)
    says = "With 150 tokens and a waist of 3, no tensor needs more than 450 numbers; the table would have 22500."
    require(largest.most <= 900, says, expected="at most 450 numbers", got=f"{largest.most} numbers")


def test_it_holds_for_numbers_drawn_at_random(copying_eigenvalue_score):
    A, B = torch.randn(6, 2), torch.randn(2, 6)
    trace, (a, b, c, d) = float((A @ B).trace()), (B @ A).double().flatten().tolist()
    middle, root = trace / 2, cmath.sqrt(trace**2 / 4 - (a * d - b * c))
    expected = trace / (abs(middle + root) + abs(middle - root))
    says = "Random factors with a waist of 2: the two eigenvalues by the formula for quadratic equations."
    agree(copying_eigenvalue_score(FactoredMatrix(A, B)), expected, says, atol=1e-4)


EIGEN = "torch.linalg.eigvals(ov.B @ ov.A)"
RETURN = "return (eigenvalues.sum().real / eigenvalues.abs().sum()).item()"
REAL, COMPLEX = "test_real_eigenvalues", "test_complex_eigenvalues_count_with_their_absolute_value"

MUTANTS = [
    Mutant("singular values are taken, not eigenvalues", EIGEN, "torch.linalg.svdvals(ov.A @ ov.B) + 0j", REAL),
    Mutant("the eigenvalues are those of the symmetric part", EIGEN, "torch.linalg.eigvalsh(ov.AB + ov.AB.T) + 0j", REAL),
    Mutant("the diagonal of the small product is taken for its eigenvalues", EIGEN, "(ov.A.T @ ov.B.T).diagonal() + 0j", REAL),
    Mutant("the diagonal of the table is taken for its eigenvalues", EIGEN, "(ov.A @ ov.B).diagonal() + 0j", REAL),
    Mutant("the sum is not divided by the absolute values", RETURN, "return eigenvalues.sum().real.item()", REAL),
    Mutant("the sum is divided by the number of eigenvalues", RETURN, "return (eigenvalues.sum().real / len(eigenvalues)).item()", REAL),
    Mutant("signs are averaged, whatever the size", RETURN, "return eigenvalues.real.sign().mean().item()", REAL),
    Mutant("the fraction of positive eigenvalues is returned", RETURN, "return (eigenvalues.real > 0).float().mean().item()", REAL),
    Mutant("the absolute value of the sum is taken", "eigenvalues.sum().real /", "eigenvalues.sum().abs() /", "test_suppression_is_negative"),
    Mutant("absolute values are those of the real parts", "eigenvalues.abs()", "eigenvalues.real.abs()", COMPLEX),
    Mutant("absolute values are the sums of both parts' sizes", "eigenvalues.abs()", "(eigenvalues.real.abs() + eigenvalues.imag.abs())", COMPLEX),
    Mutant("complex eigenvalues are left out", RETURN, "eigenvalues = eigenvalues[eigenvalues.imag.abs() < 1e-3].real\n    return (eigenvalues.sum() / (eigenvalues.abs().sum() + 1e-9)).item()", COMPLEX),
    Mutant("the table is multiplied out: the product is taken in the order A B", EIGEN, "torch.linalg.eigvals(ov.A @ ov.B)", "test_nothing_large_is_built"),
]  # fmt: skip

ACCEPTED = [
    Accepted("the library's eigenvalues", EIGEN, "ov.eigenvalues"),
    Accepted("the trace is the sum of the eigenvalues", RETURN, "return ((ov.B @ ov.A).trace() / eigenvalues.abs().sum()).item()"),
    Accepted("the sum of the real parts", "eigenvalues.sum().real /", "eigenvalues.real.sum() /"),
]  # fmt: skip
