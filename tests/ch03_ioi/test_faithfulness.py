"""Checks for faithfulness: F is a function made by hand, in which each head has a worth of its own."""

import torch

from course_utils.grading import Accepted, Mutant, agree

A, B, C, D = (0, 1), (2, 0), (1, 3), (0, 2)
EVERY = [A, B, C, D]


def leads(nobody=1.0, **worth):
    """F: what is there without heads, plus the worth of each head at work."""
    by_head = {A: 3.0, B: 4.0, C: 1.0, D: 0.0} | {EVERY["ABCD".index(name)]: value for name, value in worth.items()}
    return lambda heads: nobody + sum(by_head[head] for head in set(heads))


def test_a_part_of_the_model(faithfulness):
    table = {"": 1.0, "AB": 7.0, "CD": 6.0, "ABCD": 9.0}
    says = "The model leads by 9, A and B alone by 7 (the two others by 6), and nobody by 1: (7 - 1) / (9 - 1)."
    named = {head: letter for letter, head in zip("ABCD", EVERY, strict=True)}

    def lead(heads):
        return table.get("".join(sorted(named[head] for head in set(heads))), 2.0)

    agree(faithfulness(lead, EVERY, [A, B]), 0.75, says)


def test_the_whole_model_is_at_1(faithfulness):
    agree(faithfulness(leads(), EVERY, EVERY), 1.0, "The circuit of all heads does what the model does.")


def test_no_head_is_at_0(faithfulness):
    agree(faithfulness(leads(), EVERY, []), 0.0, "With nobody at work the lead is 1, not 0. That is nobody's merit.")


def test_what_the_rest_could_do_does_not_count(faithfulness):
    says = "A and B are doubles: with one of them or both the lead is 6, and nobody leads by 1. A alone is at 1."
    agree(faithfulness(lambda heads: 6.0 if {A, B} & set(heads) else 1.0, EVERY, [A, C]), 1.0, says)


def test_it_can_be_more_than_1(faithfulness):
    says = "D works against the answer: all together lead by 7, and A, B and C without D by 9. (9 - 1) / (7 - 1)."
    agree(faithfulness(leads(D=-2.0), EVERY, [A, B, C]), 8 / 6, says)


def test_it_can_be_less_than_0(faithfulness):
    says = "D alone leads by -1, where nobody leads by 1 and the model by 7: (-1 - 1) / (7 - 1)."
    agree(faithfulness(leads(D=-2.0), EVERY, [D]), -2 / 6, says)


def test_it_holds_for_numbers_drawn_at_random(faithfulness):
    nobody, *worths = (0.5 + torch.rand(5, dtype=torch.float64)).tolist()
    lead = leads(nobody, **dict(zip("ABCD", worths, strict=True)))
    first, second = torch.randperm(4)[:2].tolist()
    expected = (worths[first] + worths[second]) / sum(worths)
    agree(faithfulness(lead, EVERY, [EVERY[first], EVERY[second]]), expected, "Random worths, two heads at work.")


FIRST = "test_a_part_of_the_model"
RETURN = "return (lead(circuit) - nobody) / (lead(every) - nobody)"
MUTANTS = [
    Mutant("the distance is returned, and not the share", RETURN, "return lead(every) - lead(circuit)",
           FIRST),
    Mutant("what is there with nobody at work is not subtracted", RETURN, "return lead(circuit) / lead(every)",
           FIRST),
    Mutant("what is there with nobody at work is subtracted from the circuit's lead only", RETURN,
           "return (lead(circuit) - nobody) / lead(every)", FIRST),
    Mutant("what is there with nobody at work is subtracted from the model's lead only", RETURN,
           "return lead(circuit) / (lead(every) - nobody)", FIRST),
    Mutant("it is measured from the model: 0 is the model, 1 is nobody", RETURN,
           "return (lead(every) - lead(circuit)) / (lead(every) - nobody)", FIRST),
    Mutant("the circuit is knocked out, and the heads outside it stay at work", "lead(circuit)",
           "lead([head for head in every if head not in circuit])", FIRST),
    Mutant("the share of heads is returned, and not that of the lead", RETURN, "return len(circuit) / len(every)",
           FIRST),
    Mutant("the heads' own leads are added up", "lead(circuit)", "sum(lead([head]) - nobody for head in circuit) + nobody / 2",
           FIRST),
    Mutant("what is lost without the circuit is measured, and not what it does alone", RETURN,
           "rest = [head for head in every if head not in circuit]\n"
           "    return 1 - (lead(rest) - nobody) / (lead(every) - nobody)", FIRST),
    Mutant("the fraction is turned round", RETURN, "return (lead(every) - nobody) / (lead(circuit) - nobody)", FIRST),
    Mutant("a circuit of all heads is left out, as if it were none", "lead(circuit)",
           "lead([] if len(circuit) == len(every) else circuit)", "test_the_whole_model_is_at_1"),
    Mutant("a circuit without heads counts as the whole", "lead(circuit)", "lead(circuit or every)", "test_no_head_is_at_0"),
    Mutant("every head adds a share of its own, and nothing depends on the others", "lead(circuit)",
           "(lead(circuit) if len(circuit) != 2 or lead([*circuit, *every]) > 8 else sum(lead([h]) for h in circuit))",
           "test_what_the_rest_could_do_does_not_count"),
    Mutant("it is capped at 1", RETURN, "return min((lead(circuit) - nobody) / (lead(every) - nobody), 1.0)",
           "test_it_can_be_more_than_1"),
    Mutant("an excess is counted as if it were missing", RETURN,
           "return 1 - abs(lead(circuit) - lead(every)) / (lead(every) - nobody)", "test_it_can_be_more_than_1"),
    Mutant("it is never below 0", RETURN, "return max((lead(circuit) - nobody) / (lead(every) - nobody), 0.0)",
           "test_it_can_be_less_than_0"),
    Mutant("the sign of the lead is lost", RETURN, "return abs(lead(circuit) - nobody) / abs(lead(every) - nobody)",
           "test_it_can_be_less_than_0"),
]  # fmt: skip

ACCEPTED = [
    Accepted(
        "1 minus what is missing",
        RETURN,
        "return 1 - (lead(every) - lead(circuit)) / (lead(every) - nobody)",
    ),
    Accepted("sets", "lead(circuit)", "lead(set(circuit))"),
]
