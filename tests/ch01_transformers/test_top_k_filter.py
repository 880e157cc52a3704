"""Checks for top_k_filter, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, refuses

OUT = -math.inf


def test_the_k_largest_stay_and_the_rest_becomes_minus_infinity(top_k_filter):
    logits = torch.tensor([[1.0, 4.0, 2.0, 3.0]])
    says = "With k = 2 the logits 4 and 3 stay where they are, and -inf stands in the other two places."
    agree(top_k_filter(logits, 2), torch.tensor([[OUT, 4.0, OUT, 3.0]]), says)


def test_logits_below_zero_are_no_different(top_k_filter):
    logits = torch.tensor([[-1.0, -4.0, -2.0, -3.0]])
    says = "Only the order counts: -1 and -2 are the two largest here."
    agree(top_k_filter(logits, 2), torch.tensor([[-1.0, OUT, -2.0, OUT]]), says)


def test_each_row_has_its_own_threshold(top_k_filter):
    logits = torch.tensor([[1.0, 3.0, 2.0], [30.0, 10.0, 20.0]])
    says = "Every row keeps its own two largest, however large the logits of the other rows are."
    agree(top_k_filter(logits, 2), torch.tensor([[OUT, 3.0, 2.0], [30.0, OUT, 20.0]]), says)


def test_all_that_tie_with_the_last_place_stay(top_k_filter):
    logits = torch.tensor([[5.0, 0.0, 5.0, 5.0]])
    says = "The second largest logit is 5, and three tokens have it: none of them is below the threshold, so all three stay."
    agree(top_k_filter(logits, 2), torch.tensor([[5.0, OUT, 5.0, 5.0]]), says)


def test_a_k_larger_than_the_vocabulary_removes_nothing(top_k_filter):
    logits = torch.tensor([[1.0, 4.0, 2.0]])
    agree(top_k_filter(logits, 50), logits, "Of three tokens, the fifty best are all three: nothing is removed.")


def test_a_k_below_one_is_refused(top_k_filter):
    says = "With k = 0 there would be nothing left to draw from: raise ValueError."
    refuses(ValueError, lambda: top_k_filter(torch.tensor([[1.0, 4.0]]), 0), says)


def test_it_holds_for_numbers_drawn_at_random(top_k_filter):
    logits, k = torch.randn(3, 7), int(torch.randint(2, 6, ()))
    rows = [[value if sum(other > value for other in row) < k else OUT for value in row] for row in logits.tolist()]
    says = "Random logits and a random k: those stay that fewer than k others of their row are above."
    agree(top_k_filter(logits, k), torch.tensor(rows), says)


THRESHOLD = "logits.topk(min(k, logits.shape[-1]), dim=-1).values[:, -1:]"
REFUSE = 'raise ValueError(f"k must be at least 1, not {k}: something has to be left to draw from")'
FIRST = "test_the_k_largest_stay_and_the_rest_becomes_minus_infinity"

MUTANTS = [
    Mutant("the k-th largest itself is removed", "logits < threshold", "logits <= threshold", FIRST),
    Mutant(
        "one too many is kept: the k-th largest stands at index k - 1 of a sorted list, since counting starts at 0",
        THRESHOLD,
        "logits.sort(dim=-1, descending=True).values[:, min(k, logits.shape[-1] - 1)][:, None]",
        FIRST,
    ),
    Mutant("the k best are removed and the rest stays", "logits < threshold", "logits >= threshold", FIRST),
    Mutant(
        "the k smallest are kept", "logits < threshold", "logits > -(-logits).topk(k, dim=-1).values[:, -1:]", FIRST
    ),
    Mutant("removed logits are set to zero, which is a quite ordinary logit", "-math.inf)", "0.0)", FIRST),
    Mutant("removed logits get a large negative number", "-math.inf)", "-1e4)", FIRST),
    Mutant(
        "only the k best logits are returned, and which token they belong to is lost",
        "return logits.masked_fill(logits < threshold, -math.inf)",
        "return logits.topk(k, dim=-1).values",
        FIRST,
    ),
    Mutant(
        "the kept logits are returned as probabilities",
        "logits.masked_fill(logits < threshold, -math.inf)",
        "logits.masked_fill(logits < threshold, -math.inf).softmax(dim=-1)",
        FIRST,
    ),
    Mutant(
        "the size of a logit is compared, without its sign",
        THRESHOLD,
        "logits.abs().topk(min(k, logits.shape[-1]), dim=-1).values[:, -1:]",
        "test_logits_below_zero_are_no_different",
    ),
    Mutant(
        "the first row's threshold is used for all rows",
        THRESHOLD,
        "logits.topk(min(k, logits.shape[-1]), dim=-1).values[0, -1]",
        "test_each_row_has_its_own_threshold",
    ),
    Mutant(
        "the k best of the whole batch are kept, not those of each row",
        THRESHOLD,
        "logits.flatten().topk(min(k, logits.numel())).values[-1]",
        "test_each_row_has_its_own_threshold",
    ),
    Mutant.whole(
        "exactly k tokens are kept, so that a tie is broken by chance or by the id",
        f"""def top_k_filter(logits, k):
    if k < 1:
        {REFUSE}
    order = logits.argsort(dim=-1, descending=True, stable=True)[:, :k]
    return torch.full_like(logits, -math.inf).scatter(-1, order, logits.gather(-1, order))""",
        "test_all_that_tie_with_the_last_place_stay",
    ),
    Mutant.whole(
        "exactly k tokens are kept, so that a tie is broken by chance or by the id",
        f"""def top_k_filter(logits, k):
    if k < 1:
        {REFUSE}
    values, order = logits.topk(min(k, logits.shape[-1]), dim=-1)
    return torch.full_like(logits, -math.inf).scatter(-1, order, values)""",
        "test_all_that_tie_with_the_last_place_stay",
    ),
    Mutant(
        "at least one token is always removed",
        "min(k, logits.shape[-1])",
        "min(k, logits.shape[-1] - 1)",
        "test_a_k_larger_than_the_vocabulary_removes_nothing",
    ),
    Mutant("a k of zero is quietly raised to one", REFUSE, "k = 1", "test_a_k_below_one_is_refused"),
    Mutant(
        "a k of zero is quietly taken to mean no filter",
        REFUSE,
        "return logits.clone()",
        "test_a_k_below_one_is_refused",
    ),
]

ACCEPTED = [
    Accepted(
        "sorting gives the same threshold", THRESHOLD, "logits.sort(dim=-1, descending=True).values[:, :k][:, -1:]"
    ),
    Accepted(
        "torch.where",
        "logits.masked_fill(logits < threshold, -math.inf)",
        "torch.where(logits >= threshold, logits, -math.inf)",
    ),
    Accepted.whole(
        "row by row",
        """def top_k_filter(logits, k):
    if k <= 0:
        raise ValueError(k)
    rows = []
    for row in logits:
        last = sorted(row.tolist(), reverse=True)[:k][-1]
        rows.append(torch.tensor([x if x >= last else float("-inf") for x in row.tolist()]))
    return torch.stack(rows)""",
    ),
]
