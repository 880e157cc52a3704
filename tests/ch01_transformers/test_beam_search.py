"""Checks for beam_search, coarse to fine. The models here are tables; every expected total can be worked out by hand."""

import math
from collections.abc import Callable

import torch

from course_utils.grading import Accepted, Mutant, agree, require

PROMPT = (2, 0)


def table(first: list[float], **after: list[float]) -> Callable[[tuple[int, ...]], torch.Tensor]:
    """A model of texts that begin with PROMPT: probabilities of the first new token, and `after_0`, `after_1` … of the next."""

    def next_log_probs(tokens):
        told = tuple(int(token) for token in tokens)
        says = "next_log_probs wants the whole text so far, and every text here begins with the prompt (2, 0)."
        require(told[: len(PROMPT)] == PROMPT, says, expected=PROMPT, got=told)
        new = told[len(PROMPT) :]
        return torch.tensor(after[f"after_{new[-1]}"] if new else first).log()

    next_log_probs.__name__ = f"a table of {len(first)} words"  # shown in place of the function
    return next_log_probs


def found(*beams: tuple[float, tuple[int, ...]]) -> list[tuple[float, tuple[int, ...]]]:
    """The expected answer: pairs of a probability and the new tokens."""
    return [(math.log(prob), PROMPT + new) for prob, new in beams]


def test_one_beam_is_greedy_decoding(beam_search):
    model = table([0.5, 0.3, 0.2], after_0=[0.4, 0.35, 0.25], after_1=[0.6, 0.3, 0.1], after_2=[0.2, 0.5, 0.3])
    says = (
        "Token 0 with probability 0.5, then token 0 with 0.4: one pair, holding log 0.5 + log 0.4 = log 0.2 and the tokens, "
        "prompt included. (log 0.2 = -1.609)"
    )
    agree(beam_search(model, PROMPT, 2, 1), found((0.2, (0, 0))), says)


def test_two_beams_find_what_greedy_decoding_misses(beam_search):
    model = table([0.5, 0.4, 0.1], after_0=[0.35, 0.33, 0.32], after_1=[0.9, 0.06, 0.04], after_2=[0.4, 0.3, 0.3])
    says = (
        "Starting with token 1 (0.4, then 0.9 for token 0) the product is 0.36; starting with 0 the best is 0.5 · 0.35 = 0.175. "
        "Both beams are wanted, the best first. (log 0.36 = -1.022, log 0.175 = -1.743)"
    )
    agree(beam_search(model, PROMPT, 2, 2), found((0.36, (1, 0)), (0.175, (0, 0))), says)


def test_no_place_is_kept_for_each_parent(beam_search):
    model = table([0.8, 0.15, 0.05], after_0=[0.5, 0.3, 0.2], after_1=[0.9, 0.06, 0.04], after_2=[0.4, 0.3, 0.3])
    says = (
        "Starting with 0 there are 0.8 · 0.5 = 0.4 and 0.8 · 0.3 = 0.24; the best start with 1 is 0.15 · 0.9 = 0.135. All candidates "
        "compete by their totals, so both beams come from token 0."
    )
    agree(beam_search(model, PROMPT, 2, 2), found((0.4, (0, 0)), (0.24, (0, 1))), says)


def test_a_beam_that_fell_out_never_comes_back(beam_search):
    model = table([0.4, 0.35, 0.25], after_0=[0.4, 0.31, 0.29], after_1=[0.5, 0.3, 0.2], after_2=[0.98, 0.01, 0.01])
    says = (
        "After one step the two beams are 0 and 1; token 2 (0.25) is out, although 0.98 would have followed it. Prune at every "
        "step: that is what makes the search affordable, and also why it can miss the best."
    )
    agree(beam_search(model, PROMPT, 2, 2), found((0.175, (1, 0)), (0.16, (0, 0))), says)


def test_fewer_candidates_than_beams_are_all_kept(beam_search):
    model = table([0.7, 0.3], after_0=[0.6, 0.4], after_1=[0.9, 0.1])
    says = "Two words give two candidates after one step and four after the next: of three beams, two can be filled at first and then all three."
    expected = found((0.42, (0, 0)), (0.28, (0, 1)), (0.27, (1, 0)))
    agree(beam_search(model, PROMPT, 2, 3), expected, says)


def test_very_small_probabilities_are_no_different(beam_search):
    rows = {(): [0.0, -1000.0, -1200.0], (0,): [0.0, -800.0, -900.0], (1,): [0.0, -950.0, -2000.0]}

    def next_log_probs(tokens):
        return torch.tensor(rows.get(tuple(int(token) for token in tokens)[len(PROMPT) :], [0.0, -5000.0, -6000.0]))

    next_log_probs.__name__ = "a table of log-probabilities"
    says = (
        "Token 0 is certain here (log-probability 0) and token 1 next to impossible: -1000 as a first token, -800 after a 0. "
        "Logarithms that are added up stay exact; e to the power of -800 is rounded to 0."
    )
    expected = [(0.0, (*PROMPT, 0, 0)), (-800.0, (*PROMPT, 0, 1))]
    agree(beam_search(next_log_probs, PROMPT, 2, 2), expected, says)


def test_it_holds_for_numbers_drawn_at_random(beam_search):
    rows = torch.randn(4, 4, 4).log_softmax(dim=-1)  # by the last two tokens

    def next_log_probs(tokens):
        return rows[int(tokens[-2]), int(tokens[-1])]

    next_log_probs.__name__ = "a table of random log-probabilities"
    kept = {PROMPT: 0.0}
    for _ in range(3):
        grown = {(*text, new): kept[text] + float(rows[text[-2], text[-1], new]) for text in kept for new in range(4)}
        kept = {text: total for text, total in grown.items() if sum(other > total for other in grown.values()) < 3}
    says = "Random log-probabilities of four words: after each step the three texts stay that fewer than three others beat."
    expected = sorted(((total, text) for text, total in kept.items()), reverse=True)
    agree(beam_search(next_log_probs, PROMPT, 3, 3), expected, says)


SEARCH = """def beam_search(next_log_probs, prompt, n_new, n_beams):
    beams = [(0.0, prompt)]
    for i in range(n_new):
        candidates = []
        for total, tokens in beams:
            for token, log_prob in enumerate(next_log_probs(tokens).tolist()):
                candidates.append((total + log_prob, (*tokens, token)))
        {prune}
    return beams
"""
GREEDY = "test_one_beam_is_greedy_decoding"
MISSED = "test_two_beams_find_what_greedy_decoding_misses"
PARENTS = "test_no_place_is_kept_for_each_parent"

MUTANTS = [
    Mutant("the total is only the last step's log-probability", "total + log_prob", "log_prob", GREEDY),
    Mutant("log-probabilities are multiplied", "(total + log_prob,", "((total or 1.0) * log_prob,", GREEDY),
    Mutant(
        "probabilities are added up instead of log-probabilities",
        "next_log_probs(tokens).tolist()",
        "next_log_probs(tokens).exp().tolist()",
        GREEDY,
    ),
    Mutant(
        "the total is averaged over the new tokens",
        "return beams",
        "return [(total / n_new, tokens) for total, tokens in beams]",
        GREEDY,
    ),
    Mutant(
        "the prompt is left out of the answer",
        "return beams",
        "return [(total, tokens[len(prompt) :]) for total, tokens in beams]",
        GREEDY,
    ),
    Mutant(
        "only the new tokens are handed to next_log_probs",
        "next_log_probs(tokens).tolist()",
        "next_log_probs(tokens[len(prompt) :]).tolist()",
        GREEDY,
    ),
    Mutant("the worst candidates are kept", "reverse=True", "reverse=False", GREEDY),
    Mutant.whole(
        "every beam begins with the same first token, so all of them stay the same",
        SEARCH.format(prune="beams = sorted(candidates, reverse=True)[:n_beams]").replace(
            "beams = [(0.0, prompt)]", "beams = [(0.0, prompt)] * n_beams"
        ),
        MISSED,
    ),
    Mutant("only the best beam is returned", "return beams", "return beams[:1]", MISSED),
    Mutant("the beams are returned worst first", "return beams", "return beams[::-1]", MISSED),
    Mutant.whole(
        "each beam keeps its own best continuation, so that no beam ever dies out",
        """def beam_search(next_log_probs, prompt, n_new, n_beams):
    beams = [(0.0, prompt)]
    for i in range(n_new):
        grown = []
        for total, tokens in beams:
            values, ids = next_log_probs(tokens).sort(descending=True)
            for value, token in list(zip(values.tolist(), ids.tolist()))[: n_beams if i == 0 else 1]:
                grown.append((total + value, (*tokens, token)))
        beams = sorted(grown, reverse=True)[:n_beams]
    return beams""",
        PARENTS,
    ),
    Mutant.whole(
        "beams are kept by their last step's log-probability, not by their total",
        """def beam_search(next_log_probs, prompt, n_new, n_beams):
    beams = [(0.0, prompt)]
    for _ in range(n_new):
        candidates = [
            (step, total + step, (*tokens, token))
            for total, tokens in beams
            for token, step in enumerate(next_log_probs(tokens).tolist())
        ]
        beams = [(total, tokens) for _, total, tokens in sorted(candidates, reverse=True)[:n_beams]]
    return sorted(beams, reverse=True)""",
        PARENTS,
    ),
    Mutant(
        "nothing is pruned before the end: that finds the best, at a price that grows exponentially",
        "reverse=True)[:n_beams]\n    return beams",
        "reverse=True)\n    return beams[:n_beams]",
        "test_a_beam_that_fell_out_never_comes_back",
    ),
    Mutant.whole(
        "probabilities are multiplied, and a product of small ones is rounded to 0",
        """def beam_search(next_log_probs, prompt, n_new, n_beams):
    beams = [(1.0, prompt)]
    for _ in range(n_new):
        candidates = [
            (prob * step, (*tokens, token))
            for prob, tokens in beams
            for token, step in enumerate(next_log_probs(tokens).exp().tolist())
        ]
        beams = sorted(candidates, key=lambda beam: beam[0], reverse=True)[:n_beams]
    return [(math.log(prob) if prob > 0 else -math.inf, tokens) for prob, tokens in beams]""",
        "test_very_small_probabilities_are_no_different",
    ),
    Mutant.whole(
        "probabilities are multiplied, and a product of small ones is rounded to 0",
        """def beam_search(next_log_probs, prompt, n_new, n_beams):
    beams = [(1.0, prompt)]
    for _ in range(n_new):
        candidates = [
            (prob * step, (*tokens, token))
            for prob, tokens in beams
            for token, step in enumerate(next_log_probs(tokens).exp().tolist())
        ]
        beams = sorted(candidates, reverse=True)[:n_beams]
    return [(math.log(prob) if prob > 0 else -math.inf, tokens) for prob, tokens in beams]""",
        "test_very_small_probabilities_are_no_different",
    ),
    Mutant.whole(
        "the number of beams never grows again after a step with few candidates",
        SEARCH.format(
            prune="n_beams = min(n_beams, len(candidates)); beams = sorted(candidates, reverse=True)[:n_beams]"
        ),
        "test_fewer_candidates_than_beams_are_all_kept",
    ),
]

ACCEPTED = [
    Accepted.whole("plain loops", SEARCH.format(prune="beams = sorted(candidates, reverse=True)[:n_beams]")),
    Accepted.whole(
        "only the best n_beams continuations of each beam are looked at: no other can be among the best",
        """def beam_search(next_log_probs, prompt, n_new, n_beams):
    beams = [(0.0, tuple(prompt))]
    for _ in range(n_new):
        candidates = []
        for total, tokens in beams:
            log_probs = next_log_probs(tokens)
            best = log_probs.topk(min(n_beams, len(log_probs)))
            candidates += [(total + float(v), tokens + (int(i),)) for v, i in zip(best.values, best.indices)]
        candidates.sort(key=lambda beam: -beam[0])
        beams = candidates[:n_beams]
    return beams""",
    ),
    Accepted.whole(
        "all beams at once, as one long row",
        """def beam_search(next_log_probs, prompt, n_new, n_beams):
    beams = [(0.0, prompt)]
    for _ in range(n_new):
        totals = torch.stack([total + next_log_probs(tokens) for total, tokens in beams])
        best = totals.flatten().topk(min(n_beams, totals.numel()))
        beams = [
            (value, beams[place // totals.shape[1]][1] + (place % totals.shape[1],))
            for value, place in zip(best.values.tolist(), best.indices.tolist())
        ]
    return beams""",
    ),
]
