"""The circuit behind who is given something: its heads, found anew by where they look, and what each role does.

Name heads say which name they stand on. Avoiders look from the word before the answer to who gives (or who has left):
they push down the name that they find, and tell movers whom to avoid. Movers look to the recipient and copy the name.

Mostly, parts are put in from the scene in which the recipient gives (`turned_round`: one word differs). A share of 1
means that the answer stays as it is, 0 that recipient and giver come out even, -1 that the answer turns round.
"""

from collections.abc import Mapping
from functools import cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.data.microworld.tokenizer import ids_by_word
from course_utils.model import HookedTransformer
from course_utils.model.hooks import HookPair, HookPoint
from course_utils.specimens.facts import ioi
from course_utils.specimens.facts.measures.answers import SEED
from course_utils.specimens.facts.measures.heads import (
    Head,
    Heads,
    Outputs,
    Z,
    along_path,
    looks,
    outputs,
    path_hooks,
    patterns,
    pick,
    without,
)
from course_utils.specimens.facts.measures.scenes import (
    Scenes,
    giver_new,
    scenes_of,
    some_passages,
    strangers,
    turned_round,
)

LOOKS = 0.4  # of their attention, from the word before the answer: above this, heads count as avoiders or movers
ITSELF = 0.8  # of its attention, from the giver to the giver: above this, an earlier head counts as a name head
DRAWS = 8  # sets of strangers over which what a head says is averaged

Circuit = Mapping[Head, Bool[Tensor, "row pos"]]


def avoiders(model: HookedTransformer) -> list[Head]:
    """Heads that look, from the word before the answer, to the giver in the last sentence; the clearest first."""
    return pick(ioi.attention(model, "giver"), LOOKS)


def movers(model: HookedTransformer) -> list[Head]:
    """Heads that look, from the word before the answer, to mentions of the recipient; the clearest first."""
    return pick(ioi.attention(model, "recipient_before"), LOOKS)


def name_heads(model: HookedTransformer) -> list[Head]:
    """Heads before all avoiders that look, where the giver stands, at the giver itself."""
    first = min((layer for layer, _ in avoiders(model)), default=0)
    return pick(ioi.attention(model, "giver", seen_from="giver")[:first], ITSELF)


def all_but(model: HookedTransformer, some: Heads, layers: int) -> list[Head]:
    """All heads of the first so many layers but these."""
    return [(i, j) for i in range(layers) for j in range(model.cfg.n_heads) if (i, j) not in some]


@cache
def turned() -> Scenes:
    """The scenes of `ioi.traced` in which the recipient gives."""
    return scenes_of([turned_round(passage) for passage in some_passages()])


@cache
def once() -> Scenes:
    """Those in which the giver was never named before."""
    return scenes_of([giver_new(passage) for passage in some_passages()])


@torch.no_grad()
def share(model: HookedTransformer, logits: Float[Tensor, "row pos d_vocab"]) -> float:
    """The logit difference over that of the model as it is."""
    here, _ = ioi.traced()
    return here.mean_difference(logits) / here.mean_difference(model(here.tokens))


def turned_in(model: HookedTransformer, heads: Heads) -> float:
    """The share left when these heads say what they say in turned scenes."""
    here, _ = ioi.traced()
    return share(model, without(model, here.tokens, heads, outputs(model, turned().tokens)))


def turned_along(model: HookedTransformer, senders: Heads, part: str, readers: Heads) -> float:
    """The share left when only the readers' "q", "k" or "v" hear senders speak of turned scenes."""
    here, _ = ioi.traced()
    return share(model, along_path(model, here.tokens, outputs(model, turned().tokens), senders, part, readers))


@torch.no_grad()
def turned_directly(model: HookedTransformer, heads: Heads) -> float:
    """The share left when only the logits hear these heads speak of turned scenes: no later head or MLP does."""
    here, _ = ioi.traced()
    parts = [Z] if model.cfg.attn_only else [Z, "blocks.*.hook_mlp_out"]
    _, own = model.run_with_cache(here.tokens, names_filter=parts, return_type=None)
    there = outputs(model, turned().tokens)

    def hold(x: Tensor, hook: HookPoint) -> None:
        x[:] = own[hook.name]
        for layer, head in heads:
            if hook.name == f"blocks.{layer}.attn.hook_z":
                x[:, :, head] = there[hook.name][:, :, head]

    return share(model, model.run_with_hooks(here.tokens, fwd_hooks=[(parts, hold)]))


def looks_turned(model: HookedTransformer, senders: Heads, part: str, readers: Heads, role: str) -> float:
    """How much readers look to a role when only their "q", "k" or "v" hear senders speak of turned scenes; the mean."""
    here, _ = ioi.traced()
    hooks = path_hooks(model, here.tokens, outputs(model, turned().tokens), senders, part, readers)
    return _mean_look(model, here, readers, role, hooks)


def looks_once(model: HookedTransformer, heads: Heads, role: str) -> float:
    """How much these heads look to a role, where the giver was never named before; the mean."""
    return _mean_look(model, once(), heads, role, [])


def _mean_look(model: HookedTransformer, here: Scenes, heads: Heads, role: str, fwd_hooks: list[HookPair]) -> float:
    look = looks(patterns(model, here.tokens, fwd_hooks), here.end, here.where[role])
    return sum(look[head].item() for head in heads) / len(heads)


@torch.no_grad()
def unmarked(model: HookedTransformer) -> float:
    """The share left when all heads say, at the last giver, what they say there if nobody of that name was there."""
    here, _ = ioi.traced()
    there, at = outputs(model, once().tokens), here.where["giver"]

    def replace(z: Tensor, hook: HookPoint) -> None:
        z[at] = there[hook.name][at]

    return share(model, model.run_with_hooks(here.tokens, fwd_hooks=[(Z, replace)]))


def looks_to_who_left(model: HookedTransformer) -> Float[Tensor, "layer head"]:
    """How much each head looks, where one of three has left, to mentions of the one who left."""
    here = scenes_of(some_passages(families=("crowd",)))
    leaves = here.where["others"] & (here.tokens.roll(-1, dims=1) == ids_by_word()["left"])
    mentions = here.tokens == here.tokens[leaves][:, None]  # one leaves in each scene
    return looks(patterns(model, here.tokens), here.end, mentions)


def circuit(model: HookedTransformer) -> Circuit:
    """The heads of all roles, and where they play it: name heads at names, the others before the answer."""
    where = ioi.traced()[0].where
    names = torch.stack([where[role] for role in ioi.ROLES]).any(dim=0)
    return dict.fromkeys(name_heads(model), names) | dict.fromkeys(avoiders(model) + movers(model), where["end"])


def mean_outputs(model: HookedTransformer) -> Outputs:
    """What heads say on average in each scene when its people are drawn anew."""
    drawn = [
        outputs(model, scenes_of([strangers(passage, SEED + draw) for passage in some_passages()]).tokens)
        for draw in range(DRAWS)
    ]
    return {name: torch.stack([one[name] for one in drawn]).mean(dim=0) for name in drawn[0]}


@torch.no_grad()
def alone(model: HookedTransformer, kept: Circuit) -> Float[Tensor, "row pos d_vocab"]:
    """The logits when these heads work, at their places, and all else that heads say is `mean_outputs`."""
    here, _ = ioi.traced()
    means = mean_outputs(model)

    def replace(z: Tensor, hook: HookPoint) -> None:
        own = z.clone()
        z[:] = means[hook.name]
        for (layer, head), at in kept.items():
            if layer == hook.layer():
                z[:, :, head][at] = own[:, :, head][at]

    logits: Tensor = model.run_with_hooks(here.tokens, fwd_hooks=[(Z, replace)])
    return logits
