"""Checks for worst_removal: F is a table made by hand, so that each step of the search can be followed."""

import itertools

import torch

from course_utils.grading import Accepted, Mutant, agree

A, B, C, D, HELPS, HOLDS = (0, 1), (1, 0), (1, 2), (3, 3), (2, 4), (2, 1)
CIRCUIT, EVERY = [A, B, C, D], [A, B, HOLDS, HELPS, C, D]


def lead_for(distances):
    """F such that circuit and model are apart by `distances[K]`, with letters for heads; 0 for a K that isn't there.

    The circuit itself leads by 10, and without a, b, c, d by 1, 2, 2, 3 less. The model has two heads more: HELPS brings the distance, and
    would bring three times as much if HOLDS didn't hold it back.
    """
    letters, brings = {A: "a", B: "b", C: "c", D: "d"}, {"a": 1, "b": 2, "c": 2, "d": 3}

    def lead(heads):
        at_work = set(heads)
        gone = "".join(letters[head] for head in CIRCUIT if head not in at_work)
        return (
            10.0
            - sum(brings[letter] for letter in gone)
            + (HELPS in at_work) * distances.get(gone, 0.0) * (1 if HOLDS in at_work else 3)
        )

    return lead


def test_one_round_finds_the_worst_head(worst_removal):
    lead = lead_for({"": 0.5, "a": 1.0, "b": 3.0, "c": 2.0, "d": 1.0})
    says = "Distances: 0.5 for no removal, and 1, 3, 2, 1 for one of a, b, c, d. One round finds b, with 3."
    agree(worst_removal(lead, EVERY, CIRCUIT, 1), ([B], 3.0), says)


def test_among_equals_the_first_joins(worst_removal):
    lead = lead_for({"": 0.5, "a": 1.0, "b": 3.0, "c": 2.0, "d": 3.0})
    says = "b and d are equally bad, with 3. b is listed first."
    agree(worst_removal(lead, EVERY, CIRCUIT, 1), ([B], 3.0), says)


def test_a_distance_below_zero_is_a_distance(worst_removal):
    lead = lead_for({"": 0.5, "a": 1.0, "b": 3.0, "c": -4.0, "d": 1.0})
    says = "Without c the model leads by 4 less than the circuit, without b by 3 more: c is worse."
    agree(worst_removal(lead, EVERY, CIRCUIT, 1), ([C], 4.0), says)


def test_the_search_goes_on_from_what_it_found(worst_removal):
    lead = lead_for({"": 0.5, "a": 1.0, "c": 3.0, "b": 2.0, "ac": 4.0, "bc": 3.5, "ab": 9.0, "abc": 5.0, "acd": 6.0})
    says = "First c joins (3), then a (with c: 4), then d (6). The pair a, b is worse (9), but no step leads there."
    agree(worst_removal(lead, EVERY, CIRCUIT, 3), ([C, A, D], 6.0), says)


def test_the_worst_on_the_way_counts(worst_removal):
    lead = lead_for({"": 0.5, "a": 1.0, "c": 3.0, "ac": 4.0, "bc": 3.5, "abc": 2.0, "acd": 1.0, "abcd": 3.9})
    says = "c (3), then a (4), then b (2), then d (3.9): the worst was after two rounds."
    agree(worst_removal(lead, EVERY, CIRCUIT, 4), ([C, A], 4.0), says)


def test_the_search_goes_on_when_it_gets_no_worse(worst_removal):
    lead = lead_for({"": 0.5, "c": 3.0, "bc": 2.0, "ac": 1.0, "abc": 2.5, "bcd": 6.0})
    says = "c (3), then b (with c: 2, less than before), then d (6): all three rounds are played."
    agree(worst_removal(lead, EVERY, CIRCUIT, 3), ([C, B, D], 6.0), says)


def test_nothing_removed_can_be_the_worst(worst_removal):
    lead = lead_for({"": 5.0, "a": 1.0, "b": 3.0})
    says = "With nothing removed the distance is 5, and no removal makes it larger: K is empty."
    agree(worst_removal(lead, EVERY, CIRCUIT, 2), ([], 5.0), says)
    agree(worst_removal(lead, EVERY, CIRCUIT, 0), ([], 5.0), "No round at all: K is empty, and the distance is 5.")


def test_it_holds_for_numbers_drawn_at_random(worst_removal):
    sets = ["".join(part) for size in range(5) for part in itertools.combinations("abcd", size)]
    distances = dict(zip(sets, torch.rand(16, dtype=torch.float64).tolist(), strict=True))
    joined = [""]
    for _ in CIRCUIT:
        longer = [joined[-1] + letter for letter in "abcd" if letter not in joined[-1]]
        joined.append(max(longer, key=lambda letters: distances["".join(sorted(letters))]))
    largest, worst = max((distances["".join(sorted(letters))], letters) for letters in joined)
    says = "Random distances for all sets of the four heads: the worst of the five sets that the search comes through."
    expected = [dict(zip("abcd", CIRCUIT, strict=True))[letter] for letter in worst], largest
    agree(worst_removal(lead_for(distances), EVERY, CIRCUIT, 4), expected, says)


LOOP = "removed = [*removed, max(rest, key=lambda head: distance([*removed, head]))]"
UPDATE = "if distance(removed) > largest:\n            worst, largest = removed, distance(removed)"
ONE, SIGN = "test_one_round_finds_the_worst_head", "test_a_distance_below_zero_is_a_distance"
ON, WAY = "test_the_search_goes_on_from_what_it_found", "test_the_worst_on_the_way_counts"
MUTANTS = [
    Mutant("the head that makes the distance smallest joins", "max(rest, key", "min(rest, key", ONE),
    Mutant("heads outside the circuit may be removed as well", "rest = [head for head in circuit", "rest = [head for head in every", ON),
    Mutant("the heads are removed from the circuit only",
           "([head for head in heads if head not in removed] for heads in (circuit, every))",
           "([head for head in circuit if head not in removed], every)", ONE),
    Mutant("the distance is returned alone", "return worst, largest", "return largest", ONE),
    Mutant("distance and heads have changed places", "return worst, largest", "return largest, worst", ONE),
    Mutant("the lead that is left to the circuit is returned, not the distance", "return worst, largest",
           "return worst, lead([head for head in circuit if head not in worst])", ONE),
    Mutant("the most harmful head is removed, the one without which the circuit leads least",
           "max(rest, key=lambda head: distance([*removed, head]))",
           "min(rest, key=lambda head: lead([other for other in circuit if other not in [*removed, head]]))", ONE),
    Mutant("only where the model leads by more counts", "abs(lead(inside) - lead(whole))", "lead(whole) - lead(inside)", SIGN),
    Mutant("the heads are ranked once, by what each does alone", LOOP,
           "removed = [*removed, max(rest, key=lambda head: distance([head]))]", ON),
    Mutant("in each round one head is tried in place of the last, not besides it", LOOP,
           "removed = [*removed[:-1], max(rest, key=lambda head: distance([*removed[:-1], head]))]", ON),
    Mutant("all sets are tried, as an exhaustive judge does", "return worst, largest",
           "sets = [list(part) for n in range(rounds + 1) for part in combinations(circuit, n)]\n"
           "    return max(sets, key=distance), max(map(distance, sets))", ON),
    Mutant("the heads are returned in the circuit's order", "return worst, largest",
           "return [head for head in circuit if head in worst], largest", ON),
    Mutant("among equals the last one joins", "max(rest, key", "max(reversed(rest), key", "test_among_equals_the_first_joins"),
    Mutant("the search ends when a round makes nothing worse", UPDATE,
           "if distance(removed) <= largest:\n            break\n        worst, largest = removed, distance(removed)",
           "test_the_search_goes_on_when_it_gets_no_worse"),
    Mutant("a head that is gone may be removed again, which is a round for nothing", "if head not in removed]\n        removed",
           "]\n        removed", "test_the_search_goes_on_when_it_gets_no_worse"),
    Mutant("what was removed last is returned, whether it was the worst or not", UPDATE,
           "worst, largest = removed, distance(removed)", WAY),
    Mutant("the search ends as soon as a round makes nothing worse, and the round before is forgotten", UPDATE,
           "if distance(removed) <= largest:\n            return worst[:-1], largest\n        worst, largest = removed, distance(removed)", WAY),
    Mutant("one list is kept for both, and the worst grows along", LOOP,
           "removed.append(max(rest, key=lambda head: distance([*removed, head])))", WAY),
    Mutant("the empty set is never considered", "worst, largest = removed, distance(removed)\n    for",
           "worst, largest = removed, -1.0\n    for", "test_nothing_removed_can_be_the_worst"),
]  # fmt: skip

ACCEPTED = [
    Accepted(
        "all steps are noted, and the first largest is taken",
        "    worst, largest = removed, distance(removed)\n    for _ in range(rounds):",
        "    for _ in range(0):\n        pass\n    steps = [(removed, distance(removed))]\n    for _ in range(rounds):\n"
        "        rest = [head for head in circuit if head not in removed]\n"
        "        removed = [*removed, max(rest, key=lambda head: distance([*removed, head]))]\n"
        "        steps.append((removed, distance(removed)))\n"
        "    return max(steps, key=lambda step: step[1])\n    for _ in range(rounds):",
    ),
    Accepted("sets", "inside, whole = ([head for head in heads if head not in removed] for heads in (circuit, every))",
             "inside, whole = (set(heads) - set(removed) for heads in (circuit, every))"),
    Accepted("it stops early, for greedy steps that never fall", "rest = [", "if not set(circuit) - set(removed):\n"
             "            break\n        rest = ["),
]  # fmt: skip
