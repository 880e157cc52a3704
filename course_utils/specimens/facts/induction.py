"""Induction: what stood after this word the last time comes again. How well, by which heads, and fed by which.

Measured on rows of random words that are then repeated, behind the token that opens a text.
"""

from functools import cache, partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.data.microworld.kinds import repeats
from course_utils.data.microworld.tokenizer import END_OF_TEXT, ids_by_word
from course_utils.model import FactoredMatrix, HookedTransformer
from course_utils.specimens.facts import Fact
from course_utils.specimens.facts.measures.answers import SEED
from course_utils.specimens.facts.measures.heads import Head, along_path, outputs, patterns, pick, without

ROWS, HALF = 16, 25
STRIPE = 0.6  # heads that score above this count as induction heads
PREVIOUS = 0.5  # and as previous-token heads, above this share of the clearest one's score


@cache
def words() -> Int[Tensor, "word"]:
    """The tokens that repeated text is made of: every word of the microworld that is no punctuation."""
    ids = ids_by_word()
    return torch.tensor(sorted(ids[word] for word in repeats.WORDS))


def repeated(
    seed: int = SEED, drawn: Int[Tensor, "word"] | None = None, rows: int = ROWS, half: int = HALF
) -> Int[Tensor, "row pos"]:
    """Rows of so many different random words (or other tokens, `drawn`), twice."""
    drawn = words() if drawn is None else drawn
    generator = torch.Generator().manual_seed(seed)
    once = torch.stack([drawn[torch.randperm(len(drawn), generator=generator)[:half]] for _ in range(rows)])
    opening = torch.full((rows, 1), ids_by_word()[END_OF_TEXT])
    return torch.cat([opening, once, once], dim=1)


def again_loss(logits: Float[Tensor, "row pos d_vocab"], tokens: Int[Tensor, "row pos"]) -> float:
    """The loss on the second halves, in nats a word, from their second word on: that they begin, nothing tells."""
    start = tokens.shape[1] // 2 + 1
    return F.cross_entropy(logits[:, start:-1].flatten(0, 1), tokens[:, start + 1 :].flatten()).item()


def repeat_loss(model: HookedTransformer, drawn: Int[Tensor, "word"] | None = None, half: int = HALF) -> float:
    """`again_loss` of the model as it is."""
    tokens = repeated(drawn=drawn, half=half)
    with torch.no_grad():
        return again_loss(model(tokens), tokens)


def any_token_loss(model: HookedTransformer) -> float:
    """The same on rows drawn from the whole vocabulary, of which bytes and some signs never stood in repeated text."""
    return repeat_loss(model, drawn=torch.arange(model.cfg.d_vocab))


def stripe_scores(model: HookedTransformer) -> Float[Tensor, "layer head"]:
    """How much each head looks, from a word's second time, to the word behind its first time."""
    back = HALF - 1
    stripe = patterns(model, repeated()).diagonal(-back, dim1=-2, dim2=-1)  # the i-th looks from i + back to i
    return stripe[..., 2:].mean(dim=(1, -1))


def previous_scores(model: HookedTransformer) -> Float[Tensor, "layer head"]:
    """How much each head looks one word back."""
    return patterns(model, repeated()).diagonal(-1, dim1=-2, dim2=-1)[..., 1:].mean(dim=(1, -1))


def induction_heads(model: HookedTransformer) -> list[Head]:
    """Heads with a stripe, the clearest first."""
    return pick(stripe_scores(model), STRIPE)


def previous_heads(model: HookedTransformer) -> list[Head]:
    """Heads that look one word back, in layers before the last induction head's; the clearest first."""
    before = max((layer for layer, _ in induction_heads(model)), default=model.cfg.n_layers)
    scores = previous_scores(model)[:before]
    return pick(scores, PREVIOUS * scores.max().item())


def heads_count(model: HookedTransformer) -> float:
    """How many heads have a stripe."""
    return len(induction_heads(model))


def knocked_out(model: HookedTransformer, elsewhere: bool) -> float:
    """Nats that second halves lose when induction heads say nothing, or what they say in other rows (`elsewhere`)."""
    tokens = repeated()
    others = outputs(model, repeated(SEED + 1)) if elsewhere else None
    return again_loss(without(model, tokens, induction_heads(model), others), tokens) - repeat_loss(model)


def fed(model: HookedTransformer, part: str) -> float:
    """Nats lost when induction heads make their "q", "k" or "v" of what previous-token heads say in other rows."""
    tokens, others = repeated(), outputs(model, repeated(SEED + 1))
    logits = along_path(model, tokens, others, previous_heads(model), part, induction_heads(model))
    return again_loss(logits, tokens) - repeat_loss(model)


def copying_scores(model: HookedTransformer) -> Float[Tensor, "layer head"]:
    """Of the eigenvalues of each head's way from a word to the same word's logit, how much is positive (1: all is).

    The way is `W_E W_V W_O W_U`, on the words of repeated text (Elhage et al., 2021).
    """
    read, written = model.W_E[words()] @ model.W_V, model.W_O @ model.W_U[:, words()]
    values = FactoredMatrix(read, written).eigenvalues
    return values.real.sum(dim=-1) / values.abs().sum(dim=-1)


def _best_previous(model: HookedTransformer) -> float:
    return previous_scores(model).max().item()


def _second_best_stripe(model: HookedTransformer) -> float:
    return stripe_scores(model).flatten().topk(2).values[1].item()


INDUCTION = (
    Fact(
        name="induction-loss",
        says=f"Nats a word on the second half of {HALF} random words and the same again, from its second word on",
        measure=repeat_loss,
        at_most=0.3,
    ),
    Fact(
        name="induction-heads",
        says=f"Heads that look to the word behind the same word with more than {STRIPE} of their attention",
        measure=heads_count,
        at_least=2,
    ),
    Fact(
        name="induction-stripe",
        says="How much of its attention the second clearest of these heads gives to that word",
        measure=_second_best_stripe,
        at_least=STRIPE,
    ),
    Fact(
        name="induction-silenced",
        says="Nats that the second half loses when these heads say nothing",
        measure=partial(knocked_out, elsewhere=False),
        at_least=2,
    ),
    Fact(
        name="induction-resampled",
        says="Nats that it loses when they say what they say about other words",
        measure=partial(knocked_out, elsewhere=True),
        at_least=2,
    ),
    Fact(
        name="previous-token",
        says="How much of its attention the clearest previous-token head gives to the word before",
        measure=_best_previous,
        at_least=0.3,
    ),
    Fact(
        name="induction-keys",
        says="Nats lost when only the induction heads' keys hear previous-token heads speak of other words",
        measure=partial(fed, part="k"),
        at_least=2,
    ),
    Fact(
        name="induction-queries",
        says="Nats lost when only their queries do",
        measure=partial(fed, part="q"),
    ),
)
