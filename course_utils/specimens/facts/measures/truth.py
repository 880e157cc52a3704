"""One direction that tells true claims from false ones, and how well it does so on topics it was not fitted on."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.data.microworld.passage import Passage
from course_utils.model import HookedTransformer
from course_utils.specimens.facts.measures.answers import batches, padded, unread

FITTED = ("capital", "language", "currency", "sound", "home", "tool")
OTHERS = ("workplace", "colour", "material")
CLAIMS = 120  # of each topic


class Claims(NamedTuple):
    """Claims of one topic: the residual stream behind each layer at their last word, and which of them are true."""

    stream: Float[Tensor, "layer claim d_model"]
    true: Bool[Tensor, "claim"]


def read_claims(model: HookedTransformer, passages: list[Passage]) -> Claims:
    """What the model makes of some claims, before it has been asked for a verdict. The last layer is left out."""
    names = [f"blocks.{layer}.hook_resid_post" for layer in range(model.cfg.n_layers - 1)]
    streams, true = [], []
    for group in batches(passages):
        with torch.no_grad():
            _, cache = model.run_with_cache(padded(group), names_filter=names, return_type=None)
        last = [passage.marks["end_of_claim"][0] for passage in group]  # word i is token i + 1: the one before the stop
        streams.append(torch.stack([cache[name][torch.arange(len(group)), last] for name in names]))
        true += [bool(passage.labels["truth"]) for passage in group]
    return Claims(torch.cat(streams, dim=1), torch.tensor(true))


def direction(topics: list[Claims], layer: int) -> Float[Tensor, "d_model"]:
    """From the mean false claim to the mean true one, within each topic, averaged over the topics."""
    steps = [one.stream[layer, one.true].mean(dim=0) - one.stream[layer, ~one.true].mean(dim=0) for one in topics]
    return torch.stack(steps).mean(dim=0)


def auroc(scores: Float[Tensor, "claim"], true: Bool[Tensor, "claim"]) -> float:
    """How often a true one scores above a false one; ties count half.

    >>> auroc(torch.tensor([3.0, 2.0, 1.0, 2.0]), torch.tensor([True, True, False, False]))
    0.875
    """
    gap = scores[true][:, None] - scores[~true]
    return ((gap > 0).float() + (gap == 0).float() / 2).mean().item()


def separation(fitted: list[Claims], tested: Claims, layer: int) -> float:
    """The AUROC on a topic of the direction fitted on others."""
    return auroc(tested.stream[layer] @ direction(fitted, layer), tested.true)


def best_layer(topics: list[Claims]) -> int:
    """The layer where a direction fitted on all of these topics but one separates that one best, on average."""

    def left_out(layer: int) -> float:
        return sum(separation(topics[:i] + topics[i + 1 :], topics[i], layer) for i in range(len(topics)))

    return max(range(len(topics[0].stream)), key=left_out)


def fitted_claims(model: HookedTransformer) -> list[Claims]:
    """The claims that the direction and its layer are chosen by: training's own combinations, of the fitted topics."""
    return [read_claims(model, unread("claims", CLAIMS, [topic])) for topic in FITTED]


def truth_layer(model: HookedTransformer) -> float:
    """The layer that the fitted topics choose; its output is read."""
    return best_layer(fitted_claims(model))


def unseen_topics(model: HookedTransformer, topics: tuple[str, ...] = OTHERS) -> float:
    """The lowest AUROC of some topics that the direction was not fitted on, on held-out claims, in its layer."""
    fitted = fitted_claims(model)
    layer = best_layer(fitted)
    tested = (read_claims(model, unread("claims", CLAIMS, [topic], held_out=True)) for topic in topics)
    return min(separation(fitted, claims, layer) for claims in tested)
