"""Checks for top_p_filter, coarse to fine. Most compare e to the power of the answer: probabilities are easier to read."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, refuses


def nucleus(top_p_filter, probs, p):
    """What is left of some probabilities: 0 where the filter put -inf."""
    return top_p_filter(torch.tensor(probs).log(), p).exp()


def test_the_token_that_takes_the_sum_past_p_stays(top_p_filter):
    says = (
        "These logits are the logarithms of 0.3, 0.25, 0.2, 0.15, 0.1. The first two make 0.55, which is less than "
        "p = 0.65; with the third it is 0.75. So three stay. (Shown is e to the power of the answer: 0 means removed.)"
    )
    got = nucleus(top_p_filter, [[0.3, 0.25, 0.2, 0.15, 0.1]], 0.65)
    agree(got, torch.tensor([[0.3, 0.25, 0.2, 0.0, 0.0]]), says)


def test_the_likeliest_token_stays_even_if_it_alone_is_past_p(top_p_filter):
    says = "These are the logarithms of 0.9, 0.06, 0.04: the first alone is past p = 0.5, and is the nucleus. (Shown is e to the power of the answer.)"
    agree(nucleus(top_p_filter, [[0.9, 0.06, 0.04]], 0.5), torch.tensor([[0.9, 0.0, 0.0]]), says)


def test_the_answer_is_in_the_order_of_the_ids(top_p_filter):
    says = (
        "These are the logarithms of 0.1, 0.4, 0.05, 0.27, 0.18: the three likeliest have the ids 1, 3 and 4. "
        "What was found out in sorted order has to be carried back. (Shown is e to the power of the answer.)"
    )
    got = nucleus(top_p_filter, [[0.1, 0.4, 0.05, 0.27, 0.18]], 0.8)
    agree(got, torch.tensor([[0.0, 0.4, 0.0, 0.27, 0.18]]), says)


def test_each_row_has_its_own_nucleus(top_p_filter):
    says = "The first row is sure of token 2 and keeps only that; the second needs 1 and 3 to reach p = 0.8. (Shown is e to its power.)"
    got = nucleus(top_p_filter, [[0.02, 0.03, 0.9, 0.05], [0.1, 0.45, 0.05, 0.4]], 0.8)
    agree(got, torch.tensor([[0.0, 0.0, 0.9, 0.0], [0.0, 0.45, 0.0, 0.4]]), says)


def test_logits_need_not_be_log_probabilities(top_p_filter):
    says = (
        "These logits are 3 higher than the logarithms of 0.5, 0.3, 0.2: the same distribution, so the same two stay."
    )
    got = top_p_filter(torch.tensor([[0.5, 0.3, 0.2]]).log() + 3, 0.7) - 3
    agree(got.exp(), torch.tensor([[0.5, 0.3, 0.0]]), says)


def test_what_is_removed_is_exactly_minus_infinity(top_p_filter):
    says = (
        "A removed token can never be drawn: its logit is -inf, and the others keep theirs. What came as -inf stays so."
    )
    got = top_p_filter(torch.tensor([[-math.inf, 5.0, 1.0, 5.0]]), 0.9)
    agree(got, torch.tensor([[-math.inf, 5.0, -math.inf, 5.0]]), says)


def test_of_equally_likely_tokens_the_smaller_id_comes_first(top_p_filter):
    says = "Five tokens of probability 0.2: three are enough for p = 0.5, and with a stable sort they are 0, 1 and 2."
    got = top_p_filter(torch.zeros(1, 5), 0.5)
    agree(got, torch.tensor([[0.0, 0.0, 0.0, -math.inf, -math.inf]]), says)


def test_a_sum_of_exactly_p_is_enough(top_p_filter):
    says = (
        'Four tokens of probability 1/4. Two of them make exactly p = 0.5, which is "at least p": two stay, not three.'
    )
    got = top_p_filter(torch.zeros(1, 4), 0.5)
    agree(got, torch.tensor([[0.0, 0.0, -math.inf, -math.inf]]), says)


def test_a_p_that_is_no_share_is_refused(top_p_filter):
    says = "p is a share of the probability: raise ValueError unless it is above 0 and at most 1."
    logits = torch.tensor([[1.0, 0.0]])
    refuses(ValueError, lambda: top_p_filter(logits, 0.0), says)
    refuses(ValueError, lambda: top_p_filter(logits, 90.0), says)
    agree(top_p_filter(logits, 1.0), logits, "p = 1 is allowed and keeps everything.")


def test_it_holds_for_numbers_drawn_at_random(top_p_filter):
    logits, p = torch.randn(3, 7), float(0.3 + 0.6 * torch.rand(()))
    expected = []
    for row in logits.tolist():
        total = sum(math.exp(value) for value in row)
        likelier = [sum(math.exp(other) for other in row if other > value) / total for value in row]
        expected.append([value if before < p else -math.inf for value, before in zip(row, likelier, strict=True)])
    says = (
        "Random logits and a random p: those tokens stay before which, from the likeliest on, less than p is reached."
    )
    agree(top_p_filter(logits, p), torch.tensor(expected), says)


REMOVE = "torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= p)"
FIRST = "test_the_token_that_takes_the_sum_past_p_stays"

MUTANTS = [
    Mutant("the token that takes the sum past p is dropped", "cumsum(dim=-1) - probs", "cumsum(dim=-1)", FIRST),
    Mutant("the sum is collected from the least likely token upwards", "descending=True", "descending=False", FIRST),
    Mutant("the softmax runs over the batch", "values.softmax(dim=-1)", "values.softmax(dim=0)", FIRST),
    Mutant(
        "each token's own probability is compared with p or with 1 - p, and nothing is added up",
        REMOVE,
        "logits.softmax(dim=-1) < p",
        FIRST,
    ),
    Mutant(
        "logits are added up in place of probabilities: the softmax is missing",
        "values.softmax(dim=-1)",
        "values",
        FIRST,
    ),
    Mutant("the nucleus is removed and the tail stays", "before >= p", "before < p", FIRST),
    Mutant("removed logits are set to zero, which is a quite ordinary logit", "-math.inf)", "0.0)", FIRST),
    Mutant(
        "probabilities are returned instead of logits",
        "logits.masked_fill(remove, -math.inf)",
        "logits.softmax(dim=-1).masked_fill(remove, 0.0)",
        FIRST,
    ),
    Mutant.whole(
        "what is removed is moved one place on, but the first place keeps its own mark",
        """def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(p)
    values, order = logits.sort(dim=-1, descending=True, stable=True)
    past = values.softmax(dim=-1).cumsum(dim=-1) > p
    past[:, 1:] = past[:, :-1].clone()
    return logits.masked_fill(torch.zeros_like(past).scatter(-1, order, past), -math.inf)""",
        "test_the_likeliest_token_stays_even_if_it_alone_is_past_p",
    ),
    Mutant(
        "the marks are left in sorted order",
        REMOVE,
        "before >= p",
        "test_the_answer_is_in_the_order_of_the_ids",
    ),
    Mutant(
        "the marks are permuted in the wrong direction: gather where scatter was needed",
        REMOVE,
        "(before >= p).gather(-1, order)",
        "test_the_answer_is_in_the_order_of_the_ids",
    ),
    Mutant(
        "the logits come back sorted",
        "logits.masked_fill(remove, -math.inf)",
        "values.masked_fill(before >= p, -math.inf)",
        "test_the_answer_is_in_the_order_of_the_ids",
    ),
    Mutant(
        "the first row's order is used for all rows",
        "scatter(-1, order, before >= p)",
        "scatter(-1, order[:1].expand_as(order), before >= p)",
        "test_each_row_has_its_own_nucleus",
    ),
    Mutant(
        "the first row's size of the nucleus is used for all rows",
        "scatter(-1, order, before >= p)",
        "scatter(-1, order, (before >= p)[:1].expand_as(order))",
        "test_each_row_has_its_own_nucleus",
    ),
    Mutant(
        "the softmax is missing: e to the power of a logit is only proportional to its probability",
        "values.softmax(dim=-1)",
        "values.exp()",
        "test_logits_need_not_be_log_probabilities",
    ),
    Mutant(
        "removed logits get a large negative number",
        "-math.inf)",
        "-1e4)",
        "test_what_is_removed_is_exactly_minus_infinity",
    ),
    Mutant(
        "tokens as likely as the last one kept stay as well",
        "logits.masked_fill(remove, -math.inf)",
        "logits.masked_fill(logits < logits.masked_fill(remove, math.inf).amin(dim=-1, keepdim=True), -math.inf)",
        "test_of_equally_likely_tokens_the_smaller_id_comes_first",
    ),
    Mutant(
        "equally likely tokens are taken from the largest id downwards",
        "values, order = logits.sort(dim=-1, descending=True, stable=True)",
        "values, order = (x.flip(-1) for x in logits.sort(dim=-1, stable=True))",
        "test_of_equally_likely_tokens_the_smaller_id_comes_first",
    ),
    Mutant(
        "a sum of exactly p is not taken to be enough", "before >= p", "before > p", "test_a_sum_of_exactly_p_is_enough"
    ),
    Mutant.whole(
        "a sum of exactly p is not taken to be enough",
        """def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError(p)
    values, order = logits.sort(dim=-1, descending=True, stable=True)
    past = values.softmax(dim=-1).cumsum(dim=-1) > p
    past[:, 1:] = past[:, :-1].clone()
    past[:, 0] = False
    return logits.masked_fill(torch.zeros_like(past).scatter(-1, order, past), -math.inf)""",
        "test_a_sum_of_exactly_p_is_enough",
    ),
    Mutant(
        "p = 0 is let through and removes everything",
        "0 < p <= 1",
        "0 <= p <= 1",
        "test_a_p_that_is_no_share_is_refused",
    ),
    Mutant("a p above 1 is let through", "0 < p <= 1", "0 < p", "test_a_p_that_is_no_share_is_refused"),
]

ACCEPTED = [
    Accepted.whole(
        "the marks moved one place on, as in transformers",
        """def top_p_filter(logits, p):
    if p <= 0 or p > 1:
        raise ValueError("p")
    values, order = torch.sort(logits, descending=True, stable=True)
    past = values.softmax(dim=-1).cumsum(dim=-1) >= p
    past = torch.cat([torch.zeros_like(past[:, :1]), past[:, :-1]], dim=-1)
    result = logits.clone()
    result[past.scatter(1, order, past)] = float("-inf")
    return result""",
    ),
    Accepted.whole(
        "row by row, in plain Python",
        """def top_p_filter(logits, p):
    if not 0 < p <= 1:
        raise ValueError("p")
    result = torch.full_like(logits, float("-inf"))
    for row, probs in enumerate(logits.softmax(dim=-1).tolist()):
        total = 0.0
        for token in sorted(range(len(probs)), key=lambda i: -probs[i]):
            result[row, token] = logits[row, token]
            total += probs[token]
            if total >= p:
                break
    return result""",
    ),
    Accepted(
        "the ranks of the tokens bring the marks back",
        REMOVE,
        "(before >= p).gather(-1, order.argsort(dim=-1))",
    ),
]
