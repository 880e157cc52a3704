"""Checks for repeated_tokens, coarse to fine. The ids of the words differ from their places in the list."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require

WORDS = torch.arange(50, 70)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_text_is_the_opening_token_and_two_halves(repeated_tokens):
    got = repeated_tokens(WORDS, 4, 3, 99, seeded())
    says = "4 texts of 1 + 2 * 3 tokens, a tensor of whole numbers (int64)."
    require(isinstance(got, torch.Tensor), says, got=type(got).__name__)
    require(
        got.dtype == torch.int64 and tuple(got.shape) == (4, 7),
        says,
        expected=["int64", 4, 7],
        got=[str(got.dtype)[6:], *got.shape],
    )
    agree(got[:, 0], torch.full((4,), 99), "Every text begins with the token `bos`, here 99.")


def test_the_second_half_is_the_first_once_more(repeated_tokens):
    got = repeated_tokens(WORDS, 4, 6, 99, seeded())
    agree(got[:, 7:], got[:, 1:7], "Tokens 7 to 12 are tokens 1 to 6 once more, in the same order.")


def test_all_words_come_from_the_list(repeated_tokens):
    got = repeated_tokens(torch.tensor([31, 7, 12]), 5, 3, 0, seeded())
    says = "The words 31, 7, 12 and a length of 3: each half must hold all three of them, once each, in any order (here they are sorted)."
    agree(got[:, 1:4].sort(dim=1).values, torch.tensor([7, 12, 31]).expand(5, 3), says)


def test_texts_differ_and_are_in_random_order(repeated_tokens):
    half = repeated_tokens(WORDS, 30, 6, 0, seeded())[:, 1:7]
    says = "30 texts of 6 out of 20 words: no two of them are equal, if each is drawn by itself."
    require(len({tuple(row) for row in half.tolist()}) == 30, says, got=half[:3])
    says = "Over 30 texts, every place of a half should hold at least 10 of the 20 words. Shown is how many each held."
    found = [len(set(half[:, place].tolist())) for place in range(6)]
    require(min(found) >= 10, says, got=found)


def test_every_word_of_the_list_may_come(repeated_tokens):
    got = repeated_tokens(torch.tensor([5, 6, 7]), 60, 1, 0, seeded())
    says = "60 texts of a single word out of 5, 6, 7: each of the three should come up."
    agree(sorted(set(got[:, 1].tolist())), [5, 6, 7], says)


def test_all_randomness_comes_from_the_generator(repeated_tokens):
    torch.manual_seed(1)
    one = repeated_tokens(WORDS, 3, 4, 0, seeded(7))
    torch.manual_seed(2)
    agree(
        repeated_tokens(WORDS, 3, 4, 0, seeded(7)),
        one,
        "A generator with the same seed makes the same texts, whatever else is random.",
    )
    says = "One generator, used twice, goes on: other texts the second time."
    source = seeded(7)
    first, second = repeated_tokens(WORDS, 3, 4, 0, source), repeated_tokens(WORDS, 3, 4, 0, source)
    require(not torch.equal(first, second), says, got=second)


def test_it_holds_for_numbers_drawn_at_random(repeated_tokens):
    bos, *words = torch.randperm(90)[:7].tolist()
    got = repeated_tokens(torch.tensor(words), 4, 6, bos, seeded())
    first, second = [sorted(row) for row in got[:, 1:7].tolist()], got[:, 7:]
    says = (
        "Six random words, a length of 6 and a random `bos`: bos, all six in some order, and then the same once more."
    )
    agree([got[:, 0].tolist(), first], [[bos] * 4, [sorted(words)] * 4], says)
    agree(second, got[:, 1:7], says)


FORM, HALVES = "test_a_text_is_the_opening_token_and_two_halves", "test_the_second_half_is_the_first_once_more"
LIST, DIFFER = "test_all_words_come_from_the_list", "test_texts_differ_and_are_in_random_order"
EVERY, SOURCE = "test_every_word_of_the_list_may_come", "test_all_randomness_comes_from_the_generator"
DRAWN = "words[torch.randperm(len(words), generator=generator)[:length]] for _ in range(batch)"
JOINED = "torch.cat([torch.full((batch, 1), bos), half, half], dim=1)"
MUTANTS = [
    Mutant("the opening token is missing", "torch.full((batch, 1), bos), half", "half", check=FORM),
    Mutant("the opening token stands before each half", "bos), half, half]", "bos), half, torch.full((batch, 1), bos), half]", check=FORM),
    Mutant("the half comes only once", "half, half]", "half]", check=FORM),
    Mutant("the opening token stands at the end", JOINED, "torch.cat([half, half, torch.full((batch, 1), bos)], dim=1)", check=FORM),
    Mutant("the tokens are floating-point numbers", "dim=1)", "dim=1).float()", check=FORM),
    Mutant("the opening token is always 0", "(batch, 1), bos", "(batch, 1), 0", check=FORM),
    Mutant("each word is repeated at once (repeat_interleave)", "half, half]", "half.repeat_interleave(2, dim=1)]", check=HALVES),
    Mutant("the second half is the first read backwards", "half, half]", "half, half.flip(1)]", check=HALVES),
    Mutant("the second half is drawn afresh", "half, half]", "half, words[torch.randint(len(words), half.shape, generator=generator)]]", check=HALVES),
    Mutant("the second half has the words of the first in another order", "half, half]",
           "half, half[:, torch.randperm(length, generator=generator)]]", check=HALVES),
    Mutant("the second half is the first half of the next text", "half, half]", "half, half.roll(1, 0)]", check=HALVES),
    Mutant("the places in the list are returned, and not the words there", "words[torch.randperm(len(words), generator=generator)[:length]]",
           "torch.randperm(len(words), generator=generator)[:length]", check=LIST),
    Mutant("a word may come twice in a half", "torch.randperm(len(words), generator=generator)[:length]",
           "torch.randint(len(words), (length,), generator=generator)", check=LIST),
    Mutant("all texts are one and the same", DRAWN, DRAWN.replace(" for _ in range(batch)", "] * batch + ["), check=DIFFER),
    Mutant("the words of a half are sorted", "[:length]]", "[:length]].sort().values", check=DIFFER),
    Mutant("a stretch of the list is taken as it stands", DRAWN,
           "words.roll(int(torch.randint(len(words), (1,), generator=generator)))[:length] for _ in range(batch)", check=DIFFER),
    Mutant("the last word of the list can never come", DRAWN,
           "words[torch.randperm(len(words) - (length < len(words)), generator=generator)[:length]] for _ in range(batch)", check=EVERY),
    Mutant("the generator is not used", ", generator=generator)[:length]", ")[:length]", check=SOURCE),
    Mutant("the generator is seeded anew in the function", DRAWN, DRAWN.replace("range(batch)", "range(generator.manual_seed(0) is not None and batch)"),
           check=SOURCE),
]  # fmt: skip

ACCEPTED = [
    Accepted("random numbers, sorted", "half = torch.stack(halves)",
             "half = words[torch.rand(batch, len(words), generator=generator).argsort(dim=1)[:, :length]]"),
    Accepted("repeat", "half, half]", "half.repeat(1, 2)]"),
    Accepted("multinomial without replacement", "torch.randperm(len(words), generator=generator)[:length]",
             "torch.multinomial(torch.ones(len(words)), length, generator=generator)"),
]  # fmt: skip
