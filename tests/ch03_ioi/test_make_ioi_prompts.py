"""Checks for make_ioi_prompts, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree

TEMPLATE = "In the {place} were {first} and {second} . {giver} gave a {thing} to"


def test_each_pair_makes_two_prompts(make_ioi_prompts):
    says = "A pair makes two prompts, one for each giver: this one pair makes two, and these three make six."
    agree(len(make_ioi_prompts([("Ada", "Tom")], ["mill"], ["kite"], TEMPLATE)), 2, says)
    pairs = [("Ada", "Tom"), ("Eva", "Max"), ("Ida", "Leo")]
    agree(len(make_ioi_prompts(pairs, ["mill", "barn", "inn"], ["kite", "drum", "bell"], TEMPLATE)), 6, says)


def test_the_template_is_filled_in(make_ioi_prompts):
    texts = [text for text, *_ in make_ioi_prompts([("Ada", "Tom")], ["mill"], ["kite"], TEMPLATE)]
    says = (
        "Every name in braces is filled in. The opening names first and second in the pair's own order in both "
        "prompts, and only the giver changes: the second of the pair gives first, and then the first of the pair."
    )
    expected = [
        "In the mill were Ada and Tom . Tom gave a kite to",
        "In the mill were Ada and Tom . Ada gave a kite to",
    ]
    agree(texts, expected, says)


def test_the_answer_is_the_one_who_does_not_give(make_ioi_prompts):
    prompts = make_ioi_prompts([("Ada", "Tom")], ["mill"], ["kite"], TEMPLATE)
    says = "With each text come two names: the recipient, who is the right answer, and then the giver."
    agree([tuple(names) for _, *names in prompts], [("Ada", "Tom"), ("Tom", "Ada")], says)


def test_the_two_prompts_of_a_pair_stand_together(make_ioi_prompts):
    pairs = [("Ada", "Tom"), ("Eva", "Max")]
    givers = [giver for *_, giver in make_ioi_prompts(pairs, ["mill", "barn"], ["kite", "drum"], TEMPLATE)]
    agree(givers, ["Tom", "Ada", "Max", "Eva"], "The givers, in order: both prompts of a pair, then those of the next.")


def test_places_and_things_start_again(make_ioi_prompts):
    pairs = [("Ada", "Tom"), ("Eva", "Max"), ("Ida", "Leo"), ("Ruth", "Otto")]
    prompts = make_ioi_prompts(
        pairs, ["mill", "barn"], ["kite", "drum", "bell"], "{first} {second} {giver} {place} {thing}"
    )
    says = (
        "Four pairs, two places, three things: shorter lists start again, and both prompts of a pair have the same place "
        "and the same thing."
    )
    wanted = ["mill kite", "barn drum", "mill bell", "barn kite"]
    agree([" ".join(text.split()[3:]) for text, *_ in prompts], [both for both in wanted for _ in range(2)], says)


def test_it_holds_for_numbers_drawn_at_random(make_ioi_prompts):
    names = ["Ada", "Tom", "Eva", "Max", "Ida", "Leo", "Ruth", "Otto"]
    order = [names[i] for i in torch.randperm(8).tolist()]
    pairs, places, things = list(zip(order[:4], order[4:], strict=True)), ["mill", "barn", "inn"], ["kite", "drum"]
    expected = []
    for i, (first, second) in enumerate(pairs):
        for recipient, giver in ((first, second), (second, first)):
            text = TEMPLATE.format(place=places[i % 3], first=first, second=second, giver=giver, thing=things[i % 2])
            expected.append((text, recipient, giver))
    got = [tuple(prompt) for prompt in make_ioi_prompts(pairs, places, things, TEMPLATE)]
    agree(got, expected, "Pairs of random names.")


LOOP = "for recipient, giver in [(first, second), (second, first)]:"
APPEND = "listed.append((text, recipient, giver))"
MUTANTS = [
    Mutant("only one order is written", "[(first, second), (second, first)]", "[(first, second)]",
           check="test_each_pair_makes_two_prompts"),
    Mutant("the names change places in the opening as well", "first=first, second=second,",
           "first=recipient, second=giver,", check="test_the_template_is_filled_in"),
    Mutant("the first of the pair gives first", "[(first, second), (second, first)]",
           "[(second, first), (first, second)]", check="test_the_template_is_filled_in"),
    Mutant("the recipient stands where the giver should", "giver=giver", "giver=recipient",
           check="test_the_template_is_filled_in"),
    Mutant("giver and recipient come back the wrong way round", APPEND, "listed.append((text, giver, recipient))",
           check="test_the_answer_is_the_one_who_does_not_give"),
    Mutant("the answer stays the first of the pair whoever gives", APPEND, "listed.append((text, first, second))",
           check="test_the_answer_is_the_one_who_does_not_give"),
    Mutant("all prompts of one order come first, and then those of the other", "return listed",
           "return listed[::2] + listed[1::2]", check="test_the_two_prompts_of_a_pair_stand_together"),
    Mutant("the walk stops when the shortest list does", "zip(pairs, cycle(places), cycle(things), strict=False)",
           "zip(pairs, places, things, strict=False)", check="test_places_and_things_start_again"),
    Mutant("every pair has the first place and thing", "zip(pairs, cycle(places), cycle(things), strict=False)",
           "((pair, places[0], things[0]) for pair in pairs)", check="test_places_and_things_start_again"),
    Mutant.whole(
        "the second prompt of a pair gets the next place and thing",
        '''
def make_ioi_prompts(pairs, places, things, template):
    listed, where, what = [], cycle(places), cycle(things)
    for first, second in pairs:
        for recipient, giver in [(first, second), (second, first)]:
            words = {"place": next(where), "thing": next(what)}
            listed.append((template.format(first=first, second=second, giver=giver, **words), recipient, giver))
    return listed
''',
        check="test_places_and_things_start_again",
    ),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "indices and a remainder in place of cycle",
        """
def make_ioi_prompts(pairs, places, things, template):
    listed = []
    for i, (first, second) in enumerate(pairs):
        words = {"first": first, "second": second, "place": places[i % len(places)], "thing": things[i % len(things)]}
        listed.append((template.format(giver=second, **words), first, second))
        listed.append((template.format(giver=first, **words), second, first))
    return listed
""",
    ),
]
