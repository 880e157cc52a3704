"""Checks for completeness: F is made by hand. B and D are doubles: either of them does the work of both."""

import torch

from course_utils.grading import Accepted, Mutant, agree

A, B, C, D, E = (0, 1), (2, 0), (1, 3), (2, 2), (3, 1)
EVERY = [A, B, C, D, E]


def lead(heads):
    """2 without anybody; A brings 3, B or D or both 4, and C 3 more if one of these is there; E takes 1 away."""
    at_work = set(heads)
    double = B in at_work or D in at_work
    return 2.0 + 3 * (A in at_work) + 4 * double + 3 * (C in at_work and double) - (E in at_work)


def test_the_same_heads_go_from_both(completeness):
    says = (
        "The circuit is A, B, C, and A and B are removed. C alone is left of it, with a lead of 2. The model has C, D, E: "
        "2 + 4 + 3 - 1 = 8."
    )
    agree(completeness(lead, EVERY, [A, B, C], [B, A]), 6.0, says)


def test_the_whole_model_is_complete(completeness):
    for removed in ([], [B], [A, E]):
        says = "The circuit of all heads is the model: whatever is removed from both, they stay alike."
        agree(completeness(lead, EVERY, EVERY, removed), 0.0, says)


def test_with_nothing_removed_it_is_the_distance(completeness):
    says = "Nothing is removed. A, B and C lead by 12, the model by 11: a distance of 1."
    agree(completeness(lead, EVERY, [A, B, C], []), 1.0, says)
    says = "Nothing is removed. A and C lead by 5, the model by 11: a distance of 6. The sign doesn't matter."
    agree(completeness(lead, EVERY, [A, C], []), 6.0, says)


def test_a_double_outside_the_circuit_shows(completeness):
    says = "The circuit is A, B, C. Without B the model still leads by 11, as D does its work; the circuit leads by 5."
    agree(completeness(lead, EVERY, [A, B, C], [B]), 6.0, says)


def test_several_heads_at_once(completeness):
    says = (
        "The circuit is A, B, D. Without B and D it is left with A, a lead of 5. The model has A, C, E: 2 + 3 - 1 = 4."
    )
    agree(completeness(lead, EVERY, [A, B, D], [B, D]), 1.0, says)


def test_it_holds_for_numbers_drawn_at_random(completeness):
    leads = torch.randn(32, dtype=torch.float64).tolist()  # one for each set of heads

    def drawn(heads):
        return leads[sum(2**i for i, head in enumerate(EVERY) if head in set(heads))]

    circuit, removed = [EVERY[i] for i in torch.randperm(5)[:3]], [EVERY[i] for i in torch.randperm(5)[:2]]
    ours, whole = ({head for head in some if head not in removed} for some in (circuit, EVERY))
    says = "A random lead for every set of heads: circuit and model, each without the heads that are removed."
    agree(completeness(drawn, EVERY, circuit, removed), abs(drawn(ours) - drawn(whole)), says)


RETURN = "return abs(lead(without(circuit)) - lead(without(every)))"
BOTH = "test_the_same_heads_go_from_both"
WHOLE, EMPTY = "test_the_whole_model_is_complete", "test_with_nothing_removed_it_is_the_distance"
MUTANTS = [
    Mutant("the heads are removed from the circuit only", "lead(without(every))", "lead(every)", BOTH),
    Mutant("the heads are removed from the model only", "lead(without(circuit))", "lead(circuit)", BOTH),
    Mutant("the model loses the whole circuit", "lead(without(every))",
           "lead([head for head in every if head not in circuit] if removed else every)", BOTH),
    Mutant("the removed heads stay in both", "if head not in removed", "", BOTH),
    Mutant("a circuit of all heads is given a distance of its own", RETURN,
           "return abs(lead(without(circuit)) - lead(without(every))) + float(set(circuit) == set(every))", WHOLE),
    Mutant("the sign is kept, model minus circuit", RETURN,
           "return lead(without(every)) - lead(without(circuit))", EMPTY),
    Mutant("the sign is kept, circuit minus model", RETURN,
           "return lead(without(circuit)) - lead(without(every))", BOTH),
    Mutant("the share is returned, and not the distance", RETURN,
           "return abs(1 - lead(without(circuit)) / lead(without(every)))", BOTH),
    Mutant("the distance is squared", RETURN, "return (lead(without(circuit)) - lead(without(every))) ** 2", BOTH),
    Mutant("the removed heads are the only ones that stay", "if head not in removed", "if head in removed", BOTH),
    Mutant("two losses are compared, and not the two leads that are left", RETURN,
           "return abs(lead(circuit) - lead(without(circuit)) - lead(every) + lead(without(every)))", BOTH),
    Mutant("nobody outside the circuit may help, once something is removed", "lead(without(every))",
           "lead(without(every if len(removed) != 1 else circuit))", "test_a_double_outside_the_circuit_shows"),
    Mutant("only one head is removed", "if head not in removed", "if head not in removed[:1]",
           "test_several_heads_at_once"),
    Mutant("the losses of single heads are added up, as if there were no doubles", RETURN,
           "gone = [(lead(h) - sum(lead(h) - lead([x for x in h if x != r]) for r in removed)) for h in (circuit, every)]\n"
           "    return abs(gone[0] - gone[1])", "test_several_heads_at_once"),
]  # fmt: skip

ACCEPTED = [
    Accepted("sets", RETURN, "return abs(lead(set(circuit) - set(removed)) - lead(set(every) - set(removed)))"),
    Accepted("the other way round", RETURN, "return abs(lead(without(every)) - lead(without(circuit)))"),
]
