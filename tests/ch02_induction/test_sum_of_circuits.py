"""Checks for sum_of_circuits, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import FactoredMatrix


def circuits(*waists):
    generator = torch.Generator().manual_seed(3)
    return [
        FactoredMatrix(torch.randn(7, waist, generator=generator), torch.randn(waist, 6, generator=generator))
        for waist in waists
    ]


def test_the_waists_add_up(sum_of_circuits):
    got = sum_of_circuits(circuits(2, 2))
    require(isinstance(got, FactoredMatrix), "Return a FactoredMatrix: nothing is multiplied out.", got=got)
    says = "Two circuits of shape [7, 6] with waist 2: their sum has the same shape, and waist 4."
    agree([*got.shape, got.mdim], [7, 6, 4], says)


def test_the_product_is_the_sum_of_the_products(sum_of_circuits):
    pair = circuits(2, 2)
    got = sum_of_circuits(pair)
    says = "Multiplied out, it is the one table plus the other."
    agree(got.A @ got.B, pair[0].A @ pair[0].B + pair[1].A @ pair[1].B, says)


def test_three_of_different_waists_and_one_alone(sum_of_circuits):
    three = circuits(2, 3, 1)
    got = sum_of_circuits(three)
    agree(got.A @ got.B, sum(one.A @ one.B for one in three), "Three circuits, with waists 2, 3 and 1.")
    alone = sum_of_circuits(three[1:2])
    agree(alone.A @ alone.B, three[1].A @ three[1].B, "One circuit alone is its own sum.")


LEFT, RIGHT = "[circuit.A for circuit in circuits]", "[circuit.B for circuit in circuits]"
WHOLE = f"""return FactoredMatrix(
        torch.cat({LEFT}, dim=-1), torch.cat({RIGHT}, dim=-2)
    )"""
WAIST, PRODUCT = "test_the_waists_add_up", "test_the_product_is_the_sum_of_the_products"
OTHERS = "test_three_of_different_waists_and_one_alone"

MUTANTS = [
    Mutant("the tables are multiplied out and added", WHOLE, "return sum(circuit.A @ circuit.B for circuit in circuits)", WAIST),
    Mutant("left factors are added, and right factors too", WHOLE, f"return FactoredMatrix(sum({LEFT}), sum({RIGHT}))", WAIST),
    Mutant("the tables are stacked one below the other, not added", WHOLE,
           "return FactoredMatrix(torch.cat([circuit.A @ circuit.B for circuit in circuits]), torch.eye(circuits[0].shape[-1]))", WAIST),
    Mutant("only the first circuit is returned", WHOLE, "return circuits[0]", WAIST),
    Mutant("the right factors are in reversed order, so that each meets another's left one", RIGHT, "[circuit.B for circuit in reversed(circuits)]", PRODUCT),
    Mutant("the table is the average, not the sum", "dim=-1)", "dim=-1) / len(circuits)", PRODUCT),
    Mutant("the second circuit is subtracted", RIGHT, "[circuit.B * (-1) ** i for i, circuit in enumerate(circuits)]", PRODUCT),
    Mutant("only the first two circuits are added", WHOLE, WHOLE.replace("in circuits", "in circuits[:2]"), OTHERS),
]  # fmt: skip

ACCEPTED = [
    Accepted("one after the other", WHOLE,
             "total = circuits[0]\n    for circuit in circuits[1:]:\n"
             "        total = FactoredMatrix(torch.cat([total.A, circuit.A], dim=1), torch.cat([total.B, circuit.B], dim=0))\n    return total"),
    Accepted("in another order, the same on both sides", WHOLE, WHOLE.replace("in circuits", "in reversed(circuits)")),
]  # fmt: skip
