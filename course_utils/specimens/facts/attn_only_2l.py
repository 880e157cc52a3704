"""What attn-only-2l does: one previous-token head, three induction heads that read it, and the step at which they form.

Head 0.0 looks one word back and says which word it saw; heads 1.0, 1.2 and 1.4 hold their own word against what it
said (K-composition), so that they look to the word behind the same word; 1.0 and 1.4 copy what they find.
"""

import math
from functools import partial
from itertools import combinations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.model import HookedTransformer
from course_utils.specimens.facts import Fact
from course_utils.specimens.facts.induction import (
    INDUCTION,
    any_token_loss,
    copying_scores,
    fed,
    induction_heads,
    previous_heads,
    repeat_loss,
    words,
)
from course_utils.specimens.files import steps_of
from course_utils.specimens.load import load

NAME = "attn-only-2l"
PREVIOUS_HEAD = (0, 0)
INDUCTION_HEADS = ((1, 4), (1, 0), (1, 2))  # the clearest first
SOON = 200  # steps


def keys_of_previous(model: HookedTransformer) -> Float[Tensor, "layer head later_layer later_head"]:
    """K-composition of every pair of heads, over what random matrices of these sizes have.

    Two random maps of a space of d dimensions compose to 1 / sqrt(d) of the product of their norms.
    """
    return model.all_composition_scores("K") * math.sqrt(model.cfg.d_model)


def _our_pairs(model: HookedTransformer) -> tuple[Float[Tensor, "layer head later_layer later_head"], list[float]]:
    scores, (layer, head) = keys_of_previous(model), previous_heads(model)[0]
    return scores, [scores[layer, head, later, reader].item() for later, reader in induction_heads(model)]


def composition(model: HookedTransformer) -> float:
    """The lowest K-composition of the previous-token head with an induction head."""
    return min(_our_pairs(model)[1], default=0.0)


def composition_ahead(model: HookedTransformer) -> float:
    """How many other pairs of heads have a K-composition above that: none, if the circuit stands out of the weights."""
    scores, ours = _our_pairs(model)
    return int((scores > composition(model)).sum()) - sum(one > composition(model) for one in ours)


def matched(model: HookedTransformer) -> Float[Tensor, "head"]:
    """For each induction head, how often its query for a word fits best what the previous-token head says of it.

    Read from weights alone: `W_E W_Q W_K^T (W_V W_O)^T W_E^T`, whose diagonal should hold each row's largest number.
    """
    (layer, head), embedded = previous_heads(model)[0], model.W_E[words()]
    said = embedded @ model.W_V[layer, head] @ model.W_O[layer, head]
    heads = induction_heads(model)
    scores = (embedded @ model.W_Q[one] @ (said @ model.W_K[one]).T for one in heads)
    return torch.tensor([_on_diagonal(score) for score in scores])


def copied(model: HookedTransformer) -> float:
    """How often the word that all induction heads together raise most, when they see a word, is that word."""
    embedded, read_out = model.W_E[words()], model.W_U[:, words()]
    raised = (embedded @ model.W_V[one] @ model.W_O[one] @ read_out for one in induction_heads(model))
    return _on_diagonal(sum(raised, torch.zeros(len(embedded), len(embedded))))


def looks_back(model: HookedTransformer) -> float:
    """How often the position that fits the previous-token head best, from positions alone, is the one before."""
    one = previous_heads(model)[0]
    scores = model.W_pos @ model.W_Q[one] @ (model.W_pos @ model.W_K[one]).T
    later: Bool[Tensor, "query key"] = torch.ones_like(scores).triu(1).bool()
    best = scores.masked_fill(later, -torch.inf).argmax(dim=-1)[1:]
    return (best == torch.arange(len(best))).float().mean().item()


def _on_diagonal(square: Float[Tensor, "word word"]) -> float:
    return (square.argmax(dim=-1) == torch.arange(len(square))).float().mean().item()


def losses_by_step() -> dict[int, float]:
    """The loss on second halves at every shipped checkpoint."""
    return {step: repeat_loss(load(NAME, step=step)) for step in steps_of(NAME)}


def learned_by(model: HookedTransformer) -> float:
    """The first shipped step with less than 1 nat on second halves; the model itself is not asked."""
    return min(step for step, loss in losses_by_step().items() if loss < 1)


def sudden(model: HookedTransformer) -> float:
    """The most nats that second halves lose within 200 steps; the model itself is not asked."""
    ordered = losses_by_step().items()
    return max(loss - less for (step, loss), (later, less) in combinations(ordered, 2) if later - step <= SOON)


_WIRING = (
    Fact(
        name="induction-values",
        says="Nats lost when only the induction heads' values hear the previous-token head speak of other words",
        measure=partial(fed, part="v"),
        at_most=0.1,
    ),
    Fact(
        name="k-composition",
        says="Lowest K-composition of the previous-token head with an induction head, over that of random matrices",
        measure=composition,
        at_least=1.5,
    ),
    Fact(
        name="k-composition-others",
        says="Pairs of other heads with a K-composition above that",
        measure=composition_ahead,
        at_most=0,
    ),
    Fact(
        name="previous-from-weights",
        says="Positions whose query, from positions alone, fits the one before best, in the previous-token head",
        measure=looks_back,
        at_least=0.95,
    ),
    Fact(
        name="match-from-weights",
        says="Words whose query, in the best induction head, fits best what the previous-token head says of them",
        measure=lambda model: matched(model).max().item(),
        at_least=0.9,
    ),
    Fact(
        name="copy-from-weights",
        says="Words that all induction heads together raise most when they see them",
        measure=copied,
        at_least=0.95,
    ),
    Fact(
        name="copying",
        says="Positive share of the eigenvalues of W_E W_V W_O W_U, in the second best of the induction heads",
        measure=lambda model: sorted(copying_scores(model)[one].item() for one in induction_heads(model))[-2],
        at_least=0.9,
    ),
)
_LEARNING = (
    Fact(
        name="phase-change",
        says="First shipped step with less than 1 nat on second halves",
        measure=learned_by,
        at_most=1100,
    ),
    Fact(
        name="phase-change-fall",
        says=f"Most nats that second halves lose within {SOON} steps",
        measure=sudden,
        at_least=5,
    ),
)
_LIMITS = (
    Fact(
        name="induction-any-token",
        says="Nats a token on second halves when bytes and signs, of which repeated text has none, are drawn as well",
        measure=any_token_loss,
    ),
    Fact(
        name="induction-longer",
        says="Nats a word on second halves of 60 words, twice as long as any that was read",
        measure=partial(repeat_loss, half=60),
    ),
)

FACTS = (*INDUCTION, *_WIRING, *_LEARNING, *_LIMITS)
