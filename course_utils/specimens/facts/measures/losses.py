"""A model's loss beside the least that there can be: the entropy of what wrote the text."""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from course_utils.data.microworld.passage import Passage
from course_utils.model import HookedTransformer
from course_utils.specimens.facts.measures.answers import batches, padded, unread

PASSAGES = 200


def word_losses(model: HookedTransformer, group: Sequence[Passage]) -> list[Float[Tensor, "word"]]:
    """For each passage, the loss in nats on every one of its words; each passage stands alone, behind <|endoftext|>."""
    tokens = padded(group)
    with torch.no_grad():
        logits = model(tokens)[:, :-1]
    losses = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none").view(len(group), -1)
    return [row[: len(passage.words)] for row, passage in zip(losses, group, strict=True)]


def passage_entropy(passage: Passage, weights: Mapping[str, int]) -> float:
    """-ln of the probability that a mixture of kinds writes this passage next: first its kind is drawn, then its words.

    What comes after its last word (another passage) is not counted.
    """
    return passage.surprise + math.log(sum(weights.values()) / weights[passage.kind])


def loss_over_entropy(model: HookedTransformer, kind: str, weights: Mapping[str, int]) -> float:
    """The mean loss of whole passages of a kind over their mean entropy: 1 is as good as it can be.

    weights: the mixture that the model was trained on last, which it expects still.
    """
    passages = unread(kind, PASSAGES)
    nats = sum(row.sum().item() for group in batches(passages) for row in word_losses(model, group))
    return nats / sum(passage_entropy(passage, weights) for passage in passages)
