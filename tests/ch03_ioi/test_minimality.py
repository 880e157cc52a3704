"""Checks for minimality: F is made by hand. B and D are doubles: either of them does the work of both."""

import torch

from course_utils.grading import Accepted, Mutant, require

A, B, C, D, E, OUT = (0, 1), (2, 0), (1, 3), (2, 2), (3, 1), (3, 0)


def lead(heads):
    """A brings 3, one of B, C, D or more of them 4, E takes 1 away and does so only while A is there; OUT brings 7."""
    at_work = set(heads)
    one_of_three = bool(at_work & {B, C, D})
    return 2.0 + 3 * (A in at_work) + 4 * one_of_three - (E in at_work and A in at_work) + 7 * (OUT in at_work)


def bars(minimality, circuit, size, expected, says):
    got = minimality(lead, circuit, size)
    alike = isinstance(got, dict) and got.keys() == expected.keys()
    right = alike and all(abs(got[head] - expected[head]) < 1e-6 for head in expected)
    require(right, says, expected=expected, got=got)


def test_each_head_alone(minimality):
    says = (
        "K is empty. Without A the lead falls from 8 to 6; without B or D nothing happens, as the other is there; without "
        "E it rises by 1, and the sign doesn't matter. For each head a number, in a dictionary."
    )
    bars(minimality, [A, B, E, D], 0, {A: 2.0, B: 0.0, E: 1.0, D: 0.0}, says)


def test_a_double_counts_when_its_twin_is_gone(minimality):
    says = (
        "With D removed, B makes a difference of 4, and the other way round. A makes 2, and 3 if E is gone; E makes 1, and 0 "
        "if A is gone."
    )
    bars(minimality, [A, B, D, E], 1, {A: 3.0, B: 4.0, D: 4.0, E: 1.0}, says)


def test_the_largest_of_all_k_counts(minimality):
    says = "E makes a difference only while A is there. With K of exactly two heads A would be gone: the best K is smaller."
    bars(minimality, [A, B, E], 2, {A: 3.0, B: 4.0, E: 1.0}, says)
    bars(minimality, [A, E], 1, {A: 3.0, E: 1.0}, "Only A and E: E makes a difference with nothing else removed.")


def test_three_of_a_kind_need_two_gone(minimality):
    says = "B, C and D each do the work of all: one gone is not enough to see any of them. `size` 1."
    bars(minimality, [B, A, C, D], 1, {B: 0.0, A: 3.0, C: 0.0, D: 0.0}, says)
    says = "B, C and D each do the work of all: with the two others gone, each makes a difference of 4. `size` 2."
    bars(minimality, [B, A, C, D], 2, {B: 4.0, A: 3.0, C: 4.0, D: 4.0}, says)


def test_a_size_beyond_the_circuit_is_all_there_is(minimality):
    says = "There are only two heads: K of up to five others is K of at most one."
    bars(minimality, [B, D], 5, {B: 4.0, D: 4.0}, says)


def test_it_holds_for_numbers_drawn_at_random(minimality):
    circuit = [A, B, C, D]
    leads = torch.randn(16, dtype=torch.float64).tolist()  # one for each set of heads

    def drawn(heads):
        return leads[sum(2**i for i, head in enumerate(circuit) if head in set(heads))]

    expected = {}
    for head in circuit:
        others = [other for other in circuit if other != head]
        rests = [others, *([one for one in others if one != gone] for gone in others)]
        expected[head] = max(abs(drawn([*rest, head]) - drawn(rest)) for rest in rests)
    got = minimality(drawn, circuit, 1)
    right = got.keys() == expected.keys() and all(abs(got[head] - expected[head]) < 1e-6 for head in expected)
    says = "A random lead for every set of heads, and K of at most one other head."
    require(right, says, expected=expected, got=got)


MAX = "largest[head] = max(abs(lead([*rest, head]) - lead(rest)) for rest in rests)"
PARTS = "parts = [part for count in range(size + 1) for part in combinations(others, count)]"
LARGEST = "test_the_largest_of_all_k_counts"
ALONE, TWIN = (
    "test_each_head_alone",
    "test_a_double_counts_when_its_twin_is_gone",
)
SHORT = (
    "K is one head smaller than it may be (a range without its end), or the head itself takes one of the places in K"
)
TOO_FEW = """
def minimality(lead, circuit, size):
    largest = {head: 0.0 for head in circuit}
    for head in circuit:
        others = [other for other in circuit if other != head]
        for count in range(size):
            for part in combinations(others, count):
                rest = [other for other in others if other not in part]
                largest[head] = max(largest[head], abs(lead([*rest, head]) - lead(rest)))
    return largest
"""
MUTANTS = [
    Mutant("what the head does by itself is measured, with nobody else at work", MAX,
           "largest[head] = abs(lead([head]) - lead([]))", ALONE),
    Mutant("the lead that is left without the head is returned, not the difference", MAX,
           "largest[head] = max(lead(rest) for rest in rests)", ALONE),
    Mutant("the result is a list, without the heads' names", "return largest", "return list(largest.values())", ALONE),
    Mutant("the difference is compared with the whole circuit", "abs(lead([*rest, head]) - lead(rest))",
           "abs(lead(circuit) - lead(rest))", TWIN),
    Mutant("the sign is kept, so that a head that works against the answer seems to do nothing",
           "abs(lead([*rest, head]) - lead(rest))", "lead([*rest, head]) - lead(rest)", ALONE),
    Mutant("only the empty K is tried", PARTS, "parts = [()]", TWIN),
    Mutant("K must not be empty", "range(size + 1)", "range(1, size + 1)", ALONE),
    Mutant("the empty K is left out when there are others", "range(size + 1)", "range(min(1, size), size + 1)", LARGEST),
    Mutant(SHORT, "range(size + 1)", "range(size)", ALONE),
    Mutant.whole(SHORT, TOO_FEW, ALONE),
    Mutant("K is what stays, and not what is removed",
           "rests = [[other for other in others if other not in part] for part in parts]",
           "rests = [list(part) for part in parts]", ALONE),
    Mutant(SHORT, "[other for other in circuit if other != head]", "list(circuit)", ALONE),
    Mutant("the smallest difference is taken", "= max(abs", "= min(abs", TWIN),
    Mutant("the mean over all K is taken", MAX,
           "differences = [abs(lead([*rest, head]) - lead(rest)) for rest in rests]\n"
           "        largest[head] = sum(differences) / len(differences)", TWIN),
    Mutant("K has at most one head", "range(size + 1)", "range(min(size, 1) + 1)", "test_three_of_a_kind_need_two_gone"),
    Mutant("K has one head more than it may", "range(size + 1)", "range(size + 2)", ALONE),
    Mutant("only K of the full size are tried", PARTS, "parts = list(combinations(others, size))",
           LARGEST),
    Mutant("if K has not the full size there is nothing to try", PARTS,
           PARTS + "\n        assert size <= len(others) + 1\n", "test_a_size_beyond_the_circuit_is_all_there_is"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "with sets",
        "def minimality(lead, circuit, size):\n"
        "    def gain(head, part):\n"
        "        rest = set(circuit) - set(part)\n"
        "        return abs(lead(rest) - lead(rest - {head}))\n\n"
        "    found = {}\n"
        "    for head in circuit:\n"
        "        found[head] = 0.0\n"
        "        for count in range(size + 1):\n"
        "            for part in combinations([other for other in circuit if other != head], count):\n"
        "                found[head] = max(found[head], gain(head, part))\n"
        "    return found\n",
    ),
    Accepted("the other way round", "abs(lead([*rest, head]) - lead(rest))", "abs(lead(rest) - lead([head, *rest]))"),
]
