"""What the roles of the circuit of `ioi_circuit` do, a number each."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.model import HookedTransformer
from course_utils.model.hooks import HookPoint
from course_utils.specimens.facts.ioi import attention, traced
from course_utils.specimens.facts.ioi_circuit import all_but, alone, avoiders, circuit, movers, share, turned
from course_utils.specimens.facts.measures.heads import Head, raises
from course_utils.specimens.facts.measures.scenes import name_ids

TOP = 5


def copying(
    model: HookedTransformer, among: Int[Tensor, "word"] | None = None, lowest: bool = False
) -> Float[Tensor, "layer head"]:
    """How often a name that a head looks at with all its attention is among the five words that it then raises most.

    The name is read as it stands in the scenes, behind the first layer (Wang et al., 2022, appendix C). among: the
    tokens compared, if not all. lowest: the five that it lowers most instead.
    """
    here, _ = traced()
    mentions = here.where["recipient_before"] | here.where["giver_before"]
    with torch.no_grad():
        _, stored = model.run_with_cache(here.tokens, names_filter="blocks.0.hook_resid_post", return_type=None)
    return raises(model, stored["resid_post", 0][mentions], here.tokens[mentions], TOP, among, lowest)


def copied(model: HookedTransformer, names_only: bool) -> float:
    """How often the less sure of the movers raises a name most that it looks at (see `copying`)."""
    scores = copying(model, among=name_ids() if names_only else None)
    return min(scores[head].item() for head in movers(model))


def pushed_down(model: HookedTransformer) -> float:
    """How often the less sure of the avoiders lowers a name most that it looks at."""
    scores = copying(model, lowest=True)
    return min(scores[head].item() for head in avoiders(model))


def before_movers(model: HookedTransformer) -> list[Head]:
    """All heads of layers before the movers that are no avoiders: the control."""
    return all_but(model, avoiders(model), layers=min(layer for layer, _ in movers(model)))


def movers_look(model: HookedTransformer, role: str) -> list[float]:
    """How much each mover looks to a role."""
    look = attention(model, role)
    return [look[head].item() for head in movers(model)]


def to_giver(model: HookedTransformer) -> float:
    """How much the less sure of the movers looks to the giver."""
    before, last = movers_look(model, "giver_before"), movers_look(model, "giver")
    return max(one + other for one, other in zip(before, last, strict=True))


def alone_share(model: HookedTransformer, without: str = "") -> float:
    """The logit difference, of 1, of the circuit alone (without: less the "movers", or "all" of it)."""
    whole = circuit(model)
    gone = {"": [], "movers": movers(model), "all": [*whole]}[without]
    kept = {head: at for head, at in whole.items() if head not in gone}
    return share(model, alone(model, kept))


def alone_right(model: HookedTransformer) -> float:
    """How often the recipient is still above the giver, with the circuit alone."""
    logits = alone(model, circuit(model))
    return (traced()[0].difference(logits) > 0).float().mean().item()


@torch.no_grad()
def mlp_turned(model: HookedTransformer, layer: int, region: str) -> float:
    """The share left when one MLP says in a region (see `ioi.REGIONS`) what it says if the recipient gives."""
    here, _ = traced()
    name = f"blocks.{layer}.hook_mlp_out"
    _, stored = model.run_with_cache(turned().tokens, names_filter=name, return_type=None)

    def put(x: Tensor, hook: HookPoint) -> None:
        x[here.where[region]] = stored[name][here.where[region]]

    return share(model, model.run_with_hooks(here.tokens, fwd_hooks=[(name, put)]))
