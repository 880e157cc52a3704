"""Checks for ideal_loss, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_two_of_three_words(ideal_loss):
    says = "Three words, length 2: the first is one of three (ln 3), the second one of the other two (ln 2), then all is known (0, 0)."
    agree(ideal_loss(3, 2), torch.tensor([math.log(3), math.log(2), 0.0, 0.0]), says)


def test_each_word_leaves_one_fewer_to_choose_from(ideal_loss):
    says = "10 words, length 3: the first is one of 10, the second one of 9, the third one of 8; the other three are known."
    expected = torch.tensor([math.log(10), math.log(9), math.log(8), 0.0, 0.0, 0.0])
    agree(ideal_loss(10, 3), expected, says)


def test_many_words(ideal_loss):
    expected = torch.tensor([math.log(1000 - i) if i < 40 else 0.0 for i in range(80)])
    agree(ideal_loss(1000, 40), expected, "1000 words, length 40: from ln 1000 down to ln 961, then forty times 0.")


def test_it_holds_for_numbers_drawn_at_random(ideal_loss):
    length = int(torch.randint(3, 12, ()))
    n_words = length + int(torch.randint(100, ()))
    expected = [math.log(n_words - i) for i in range(length)] + [0.0] * length
    says = "A random number of words and a random length: each word of the first half is one of those that are left."
    agree(ideal_loss(n_words, length), torch.tensor(expected), says)


TWO, FEWER, MANY = (
    "test_two_of_three_words",
    "test_each_word_leaves_one_fewer_to_choose_from",
    "test_many_words",
)
RETURN = "return torch.cat([left.log(), torch.zeros(length)])"
MUTANTS = [
    Mutant("every word of the first half may be any word of the list", "n_words - torch.arange(length)", "torch.full((length,), n_words)", check=TWO),
    Mutant("the second half is as surprising as the first", "torch.zeros(length)", "left.log()", check=TWO),
    Mutant("only the first half is returned", RETURN, "return left.log()", check=TWO),
    Mutant("the surprise is in bits", "left.log()", "left.log2()", check=TWO),
    Mutant("the probability is returned, and not the surprise", "left.log()", "1 / left", check=TWO),
    Mutant("the first word of the second half is not known yet", RETURN, RETURN.replace("return", "loss =") + "\n    loss[length] = math.log(n_words)\n    return loss",
           check=TWO),
    Mutant("only the word at the turn costs anything", RETURN, "loss = torch.zeros(2 * length)\n    loss[length] = math.log(n_words)\n    return loss", check=TWO),
    Mutant("the numbers of words left run the wrong way round: the last word is the hardest", "torch.arange(length)", "torch.arange(length).flip(0)", check=TWO),
    Mutant("the halves are exchanged: the first is known and the second is not", "[left.log(), torch.zeros(length)]", "[torch.zeros(length), left.log()]", check=TWO),
    Mutant("the sign is missing: ln p in place of -ln p", "left.log()", "-left.log()", check=TWO),
    Mutant("the surprise of the first word is ln (n - 1)", "n_words - torch.arange(length)", "(n_words - 1 - torch.arange(length)).clamp(min=1)",
           check=TWO),
    Mutant("the last word of a half is always known", RETURN, RETURN.replace("return", "loss =") + "\n    loss[length - 1] = 0\n    return loss",
           check=TWO),
    Mutant("the number of words left is halved each time", "n_words - torch.arange(length)", "n_words / 2 ** torch.arange(length)", check=TWO),
    Mutant("only the first word is ruled out, and not all that were there", "n_words - torch.arange(length)",
           "(n_words - torch.arange(length)).clamp(min=n_words - 1)", check=FEWER),
    Mutant("only the first three words of a half are surprising", RETURN, RETURN.replace("return", "loss =") + "\n    loss[3:] = 0\n    return loss",
           check=MANY),
]  # fmt: skip

ACCEPTED = [
    Accepted("a list", RETURN, "return torch.tensor([math.log(n_words - i) for i in range(length)] + [0.0] * length)"),
    Accepted("the logarithm of 1", RETURN, "return torch.cat([left, torch.ones(length)]).log()"),
]  # fmt: skip
