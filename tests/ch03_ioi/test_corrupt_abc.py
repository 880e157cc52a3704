"""Checks for corrupt_abc, coarse to fine. Names are 20 and above; what is drawn is free, so properties are checked."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require

TOKENS = torch.tensor(
    [[0, 20, 1, 21, 2, 21, 3], [0, 22, 1, 20, 2, 22, 3], [0, 24, 1, 23, 2, 24, 3], [0, 23, 5, 24, 2, 24, 3]]
)
MENTIONS = torch.tensor([[1, 3, 5], [3, 1, 5], [3, 1, 5], [1, 3, 5]])
FIVE = torch.arange(20, 25)
MANY = torch.arange(20, 60)


def drawn(corrupt_abc, names, seed):
    return corrupt_abc(TOKENS.clone(), MENTIONS, names, torch.Generator().manual_seed(seed))


def new_names(tokens):
    return tokens.gather(1, MENTIONS)


def test_everything_but_the_names_stays(corrupt_abc):
    got = drawn(corrupt_abc, MANY, 0)
    agree(tuple(got.shape), (4, 7), "Four prompts of seven tokens come in, and as many come back.")
    agree(got[:, ::2], TOKENS[:, ::2], "Shown are the words between the names: they must stay what they were.")


def test_the_new_words_are_names(corrupt_abc):
    new = new_names(drawn(corrupt_abc, MANY, 1))
    says = "At all three mentions stands a name of the list (20 to 59)."
    require(bool(torch.isin(new, MANY).all()), says, got=new)


def test_three_different_names_come_in(corrupt_abc):
    new = torch.cat([new_names(drawn(corrupt_abc, MANY[:6], seed)) for seed in range(5)])
    says = (
        "Each prompt gets three different names (shown): if the second mention repeats another, a giver is still there."
    )
    require(all(len(set(row)) == 3 for row in new.tolist()), says, got=new)


def test_the_names_are_fresh(corrupt_abc):
    for seed in range(3):
        new = new_names(drawn(corrupt_abc, FIVE, seed)).sort(dim=-1).values
        says = (
            "Of the five names 20 to 24 each prompt has two already, so the other three must come in. Shown are each "
            "prompt's new names, sorted."
        )
        agree(new, torch.tensor([[22, 23, 24], [21, 23, 24], [20, 21, 22], [20, 21, 22]]), says)


def test_each_prompt_has_its_own_places(corrupt_abc):
    tokens = torch.tensor([[0, 20, 1, 21, 2, 21, 3], [0, 1, 22, 2, 20, 3, 22], [0, 23, 24, 23, 4, 5, 6]])
    mentions = torch.tensor([[1, 3, 5], [4, 2, 6], [2, 1, 3]])
    got = corrupt_abc(tokens.clone(), mentions, MANY, torch.Generator().manual_seed(0))
    blank = got.scatter(1, mentions, -1)
    says = (
        "The mentions stand at 1, 3, 5 in the first prompt, at 4, 2, 6 in the second, at 2, 1, 3 in the third. Shown are "
        "the prompts with -1 at their own mentions: all other words must stay what they were."
    )
    agree(blank, tokens.scatter(1, mentions, -1), says)
    new, old = got.gather(1, mentions), tokens.gather(1, mentions)
    says = "At all mentions of a prompt, each at its own place, comes a name that stood at none of them. Shown are the new ones."
    require(not bool((new[:, :, None] == old[:, None]).any()), says, got=new)


def test_each_prompt_draws_for_itself(corrupt_abc):
    new = new_names(drawn(corrupt_abc, MANY, 3))
    says = "Each prompt draws names of its own (shown): one draw for all would make the batch as good as one prompt."
    require(len({tuple(row) for row in new.tolist()}) == 4, says, got=new)


def test_any_fresh_name_may_come_to_any_mention(corrupt_abc):
    seen = [set[int](), set[int](), set[int]()]
    for seed in range(40):
        for place, name in enumerate(new_names(drawn(corrupt_abc, FIVE, seed))[0].tolist()):
            seen[place].add(name)
    says = "40 draws of the first prompt: each of 22, 23, 24 comes to each mention at some time. Shown is who came."
    agree([sorted(names) for names in seen], [[22, 23, 24]] * 3, says)
    tokens, came = torch.tensor([[0, 20, 1, 21, 22, 21, 3]]), set[int]()
    for seed in range(40):
        got = corrupt_abc(tokens.clone(), MENTIONS[:1], torch.arange(20, 26), torch.Generator().manual_seed(seed))
        came.update(got[0, [1, 3, 5]].tolist())
    says = (
        "Here 22 stands in the prompt, but at none of its mentions (1, 3, 5): it is fresh, and so of the names 20 to 25 "
        "all but 20 and 21 come in at some time."
    )
    agree(sorted(came), [22, 23, 24, 25], says)


def test_any_two_names_may_come_together(corrupt_abc):
    tokens, mentions = torch.tensor([[0, 20, 21, 21]] * 480), torch.tensor([[1, 2, 3]] * 480)
    new = corrupt_abc(tokens, mentions, torch.arange(20, 28), torch.Generator().manual_seed(6))[:, 1:]
    came = [len({tuple(pair) for pair in new[:, at].tolist()}) for at in ([0, 1], [0, 2], [1, 2])]
    says = (
        "480 prompts with the fresh names 22 to 27. At any two mentions each of the 6 x 5 pairs of names comes at some time: "
        "every choice is as likely as every other. Shown is how many pairs came, at the mentions 1 and 2, 1 and 3, 2 and 3."
    )
    agree(came, [30, 30, 30], says)


def test_the_generator_decides(corrupt_abc):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first, again = drawn(corrupt_abc, MANY, 4), drawn(corrupt_abc, MANY, 4)
    agree(again, first, "The same state of the generator gives the same prompts.")
    says = "Another state of the generator gives other names."
    require(not torch.equal(drawn(corrupt_abc, MANY, 5), first), says, got=first)
    says = "All chance comes from the generator: torch's own must stay untouched."
    require(torch.equal(torch.get_rng_state(), state), says)
    generator = torch.Generator().manual_seed(4)
    first = corrupt_abc(TOKENS.clone(), MENTIONS, MANY, generator)
    says = "Called twice with one generator it goes on drawing: don't seed it, or another, inside."
    require(not torch.equal(corrupt_abc(TOKENS.clone(), MENTIONS, MANY, generator), first), says, got=first)


def test_it_holds_for_numbers_drawn_at_random(corrupt_abc):
    names, tokens = 20 + torch.randperm(40)[:5], torch.randint(60, 90, (4, 8))
    mentions = torch.stack([torch.randperm(8)[:3] for _ in range(4)])
    fresh, before = [], tokens.tolist()
    for row, places in enumerate(mentions.tolist()):
        one, other, *rest = names[torch.randperm(5)].tolist()
        fresh.append(sorted(rest))
        for place, name in zip(places, (one, other, other), strict=True):
            before[row][place] = name
    got = corrupt_abc(torch.tensor(before), mentions, names, torch.Generator().manual_seed(0))
    says = "Random prompts, five random names, two of them in each prompt: the other three come in, and nothing else changes."
    agree(got.gather(1, mentions).sort(dim=1).values, torch.tensor(fresh), says)
    agree(got.scatter(1, mentions, -1), tokens.scatter(1, mentions, -1), says)


FRESH = "fresh = names[~torch.isin(names, row[places])]"
DRAW = "fresh[torch.randperm(len(fresh), generator=generator)[:3]]"
MUTANTS = [
    Mutant("the names are written into the prompts that came in", "tokens.clone()", "tokens",
           check="test_everything_but_the_names_stays"),
    Mutant("places are counted without the token that opens the text", "row[places] =", "row[places - 1] =",
           check="test_everything_but_the_names_stays"),
    Mutant("the first prompt's places serve for all", "zip(corrupted, mentions,",
           "zip(corrupted, mentions[:1].expand_as(mentions),", check="test_each_prompt_has_its_own_places"),
    Mutant("names that stand elsewhere in the prompt are kept out too", FRESH, "fresh = names[~torch.isin(names, row)]",
           check="test_any_fresh_name_may_come_to_any_mention"),
    Mutant("places in the list of names are written, and not the names", DRAW,
           "torch.randperm(len(fresh), generator=generator)[:3]", check="test_the_new_words_are_names"),
    Mutant("the giver's two mentions get one new name, so that the pattern of repetition stays", DRAW,
           "fresh[torch.randperm(len(fresh), generator=generator)[[0, 1, 1]]]",
           check="test_three_different_names_come_in"),
    Mutant("names are drawn with replacement", DRAW, "fresh[torch.randint(len(fresh), (3,), generator=generator)]",
           check="test_three_different_names_come_in"),
    Mutant("the prompt's own names may come in again", FRESH, "fresh = names", check="test_the_names_are_fresh"),
    Mutant("the recipient's name is not kept out", "row[places])]", "row[places[1:]])]", check="test_the_names_are_fresh"),
    Mutant("only the giver's second mention is replaced", DRAW,
           "torch.cat([row[places[:2]], fresh[torch.randperm(len(fresh), generator=generator)[:1]]])",
           check="test_the_names_are_fresh"),
    Mutant.whole(
        "one draw serves all prompts",
        '''
def corrupt_abc(tokens, mentions, names, generator):
    corrupted, state = tokens.clone(), generator.get_state()
    for row, places in zip(corrupted, mentions, strict=True):
        fresh = names[~torch.isin(names, row[places])]
        generator.set_state(state)
        row[places] = fresh[torch.randperm(len(fresh), generator=generator)[:3]]
    return corrupted
''',
        check="test_each_prompt_draws_for_itself",
    ),
    Mutant("the first three fresh names are taken, in their order", DRAW, "fresh[:3]",
           check="test_each_prompt_draws_for_itself"),
    Mutant("three names are drawn and then put in alphabetical order", DRAW,
           "fresh[torch.randperm(len(fresh), generator=generator)[:3].sort().values]",
           check="test_any_fresh_name_may_come_to_any_mention"),
    Mutant("one place in the list is drawn, and neighbours come together", DRAW,
           "fresh[torch.randint(len(fresh), (1,), generator=generator) + torch.arange(3) - 3]",
           check="test_any_two_names_may_come_together"),
    Mutant("neighbours in the list come together, in an order that is drawn", DRAW,
           "fresh[torch.randint(len(fresh), (1,), generator=generator) - torch.randperm(3, generator=generator) - 1]",
           check="test_any_two_names_may_come_together"),
    Mutant("torch's own generator draws", "torch.randperm(len(fresh), generator=generator)", "torch.randperm(len(fresh))",
           check="test_the_generator_decides"),
    Mutant("the generator is only asked for its seed, and so draws the same each time",
           "corrupted = tokens.clone()",
           "corrupted, generator = tokens.clone(), torch.Generator().manual_seed(generator.initial_seed())",
           check="test_the_generator_decides"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "weights of chance, drawn for all prompts at once",
        """
def corrupt_abc(tokens, mentions, names, generator):
    old = tokens.gather(1, mentions)
    fresh = (names[None, :, None] != old[:, None]).all(-1).float()
    drawn = names[torch.multinomial(fresh, 3, generator=generator)]
    return tokens.scatter(1, mentions, drawn)
""",
    ),
]
