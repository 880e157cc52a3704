"""Checks for loss_by_position, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_there_is_one_number_for_each_token_but_the_first(loss_by_position):
    got = loss_by_position(torch.zeros(2, 4, 5), torch.tensor([[0, 1, 2, 3], [4, 0, 3, 3]]))
    says = "2 texts of 4 tokens, all logits 0: each of the 5 tokens has p = 1/5, and the surprise is ln 5 at each of 3 tokens."
    agree(got, torch.full((3,), math.log(5)), says)


def test_position_i_is_about_token_i_plus_1(loss_by_position):
    tokens = torch.tensor([[0, 1, 1]])
    logits = torch.tensor([[[0.0, math.log(3)], [math.log(3), 0.0], [3.0, 0.0]]])
    says = "Position 0 gives token 1, which came next, p = 3/4; position 1 gives it 1/4. The last position's guess can't be scored."
    agree(loss_by_position(logits, tokens), torch.tensor([math.log(4 / 3), math.log(4)]), says)


def test_the_mean_is_over_texts(loss_by_position):
    rng = torch.Generator().manual_seed(0)
    logits, tokens = torch.randn(3, 5, 7, generator=rng), torch.randint(7, (3, 5), generator=rng)
    expected = []
    for i in range(4):
        surprises = []
        for row, text in zip(logits.tolist(), tokens.tolist(), strict=True):
            surprises.append(math.log(sum(map(math.exp, row[i]))) - row[i][text[i + 1]])
        expected.append(sum(surprises) / 3)
    agree(
        loss_by_position(logits, tokens),
        torch.tensor(expected),
        "3 texts of 5 tokens over a vocabulary of 7: four means of three surprises.",
    )


def test_a_hopeless_token_costs_a_finite_amount(loss_by_position):
    logits = torch.tensor([[[1000.0, 0.0], [0.0, 0.0]]])
    says = "The token that came had a logit 1000 lower, so the surprise is 1000: log_softmax gets there, log(softmax) can't."
    agree(loss_by_position(logits, torch.tensor([[0, 1]])), torch.tensor([1000.0]), says)


ONE, NEXT = "test_there_is_one_number_for_each_token_but_the_first", "test_position_i_is_about_token_i_plus_1"
TEXTS, HOPELESS = "test_the_mean_is_over_texts", "test_a_hopeless_token_costs_a_finite_amount"
MEAN = 'reduce(-chosen, "batch pos -> pos", "mean")'
LOGS = "logits[:, :-1].log_softmax(dim=-1)"
MUTANTS = [
    Mutant("the mean is over positions, one number a text", "batch pos -> pos", "batch pos -> batch", check=ONE),
    Mutant("the mean is over everything", MEAN, "-chosen.mean()", check=ONE),
    Mutant("no mean is taken: one number for each text and position", MEAN, "-chosen", check=ONE),
    Mutant("the surprises of the texts are summed", '"mean"', '"sum"', check=ONE),
    Mutant("the sign is missing", "reduce(-chosen", "reduce(chosen", check=ONE),
    Mutant("the logarithm is to base 2, in bits", MEAN, MEAN + " / math.log(2)", check=ONE),
    Mutant("the softmax runs over positions", "log_softmax(dim=-1)", "log_softmax(dim=1)", check=ONE),
    Mutant("the logits are taken for log-probabilities", ".log_softmax(dim=-1)", "", check=ONE),
    Mutant("each guess is compared with the token at its own position", "tokens[:, 1:, None]", "tokens[:, :-1, None]", check=NEXT),
    Mutant("each guess but the first is compared with the token at its own position", "logits[:, :-1]", "logits[:, 1:]", check=NEXT),
    Mutant("the shift goes the wrong way: each guess is compared with the token before it", LOGS,
           "logits[:, 1:].log_softmax(dim=-1)\n    tokens = torch.cat([tokens[:, :1], tokens[:, :-1]], dim=1)", check=NEXT),
    Mutant("the probability is averaged over texts before the logarithm", MEAN, '-reduce(chosen.exp(), "batch pos -> pos", "mean").log()',
           check=TEXTS),
    Mutant("only the first text counts", MEAN, "-chosen[0]", check=TEXTS),
    Mutant("the logarithm is taken after the softmax, which may be 0", "log_softmax(dim=-1)", "softmax(dim=-1).log()", check=HOPELESS),
    Mutant("a small number is added before the logarithm", "log_softmax(dim=-1)", "softmax(dim=-1).add(1e-9).log()", check=HOPELESS),
]  # fmt: skip

ACCEPTED = [
    Accepted("cross_entropy, one number a token", MEAN,
             'torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none").mean(dim=0)'),
    Accepted("logsumexp by hand", LOGS, "logits[:, :-1] - logits[:, :-1].logsumexp(dim=-1, keepdim=True)"),
    Accepted("without einops", MEAN, "-chosen.mean(dim=0)"),
]  # fmt: skip
