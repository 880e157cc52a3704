"""Indirect object identification: who is given something, and the heads that work it out (Wang et al., 2022).

Every step is shown by what changes when a part is replaced by the same part of a scene with other people (`strangers`).
"""

from collections.abc import Sequence
from functools import cache, partial

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.data.microworld.kinds import scenes
from course_utils.model import HookedTransformer
from course_utils.model.hooks import HookPoint
from course_utils.model.patching import Node, path_patch, sweep
from course_utils.model.patching import heads as all_heads
from course_utils.specimens.facts import Fact
from course_utils.specimens.facts.measures.answers import logits_before, unread, words_mask
from course_utils.specimens.facts.measures.heads import (
    Head,
    Heads,
    along_path,
    looks,
    outputs,
    patterns,
    without,
)
from course_utils.specimens.facts.measures.scenes import (
    Scenes,
    name_ids,
    scenes_of,
    some_passages,
    strangers,
    turned_round,
)

COUNT = 100  # scenes of a family
ROLES = ("recipient_before", "giver_before", "giver", "others")
REGIONS = ("early", "giver", "between", "end")


def differences(model: HookedTransformer, family: str | None = None) -> Float[Tensor, "scene"]:
    """The recipient's logit less the giver's, in scenes of a family (None: of all, as often as in training)."""
    logits, places = logits_before(model, unread("scenes", COUNT, [family]))

    def of(role: str) -> Float[Tensor, "scene"]:
        masks = [words_mask([str(place.passage.labels[role])], logits.shape[-1]) for place in places]
        return logits[torch.stack(masks)]

    return of("recipient") - of("giver")


def accuracy(model: HookedTransformer, family: str) -> float:
    """How often the recipient's logit is above the giver's."""
    return (differences(model, family) > 0).float().mean().item()


def mean_difference(model: HookedTransformer) -> float:
    """The mean of `differences`, over the families."""
    return torch.cat([differences(model, family) for family in scenes.FAMILIES]).mean().item()


@cache
def traced() -> tuple[Scenes, Scenes]:
    """The scenes in which circuits are traced, and the same with strangers."""
    passages = some_passages()
    return scenes_of(passages), scenes_of([strangers(passage) for passage in passages])


def name_effects(model: HookedTransformer) -> Float[Tensor, "who layer head"]:
    """What each head itself adds to the recipient's logit (0) and the giver's (1), over what it adds with strangers.

    Past all later parts, with the last LayerNorm's scale held, and less what it adds to the mean name.
    """
    here, there = traced()
    rows, names = torch.arange(len(here.end)), model.W_U[:, name_ids()].mean(dim=1, keepdim=True)
    told = (model.W_U[:, torch.stack([here.recipient, here.giver])] - names[..., None]).movedim(0, -1)
    scale = _last_scale(model, here)
    own, others = outputs(model, here.tokens), outputs(model, there.tokens)
    effects = []
    for layer, block in enumerate(model.blocks):
        hook = f"blocks.{layer}.attn.hook_z"
        more = (own[hook] - others[hook])[rows, here.end] / scale[..., None]
        effects.append(torch.einsum("rhd,hdm,wrm->wh", more, block.attn.W_O, told) / len(rows))
    return torch.stack(effects, dim=1)


@torch.no_grad()
def _last_scale(model: HookedTransformer, here: Scenes) -> Float[Tensor, "row 1"]:
    _, stored = model.run_with_cache(here.tokens, names_filter="ln_final.hook_scale")
    return stored["scale"][torch.arange(len(here.end)), here.end]


def direct_effects(model: HookedTransformer) -> Float[Tensor, "layer head"]:
    """What each head itself adds to the logit difference (see `name_effects`)."""
    recipient, giver = name_effects(model)
    return recipient - giver


def attention(model: HookedTransformer, role: str, seen_from: str = "end") -> Float[Tensor, "layer head"]:
    """How much each head looks to mentions of a role, from the word before the answer (or from the last giver)."""
    here, _ = traced()
    queries = here.where[seen_from].long().argmax(dim=1)
    return looks(patterns(model, here.tokens), queries, here.where[role])


def resampled(model: HookedTransformer) -> Float[Tensor, "layer head"]:
    """What the logit difference gains when one head says, everywhere, what it says in the scene with strangers."""
    here, there = traced()
    others, base = outputs(model, there.tokens), _base(model, here)
    return sweep(model, here.tokens, others, here.mean_difference, "z", ("layer", "head"), progress=False) - base


def feeding(model: HookedTransformer, part: str, readers: Sequence[Head]) -> Float[Tensor, "layer head"]:
    """What the logit difference gains when the readers' "q", "k" or "v" hear one head speak of strangers."""
    here, there = traced()
    senders = all_heads(model, max(layer for layer, _ in readers))
    effects = torch.zeros(model.cfg.n_layers * model.cfg.n_heads)
    effects[: len(senders)] = path_patch(
        model,
        here.tokens,
        outputs(model, there.tokens),
        senders,
        [Node(part, *reader) for reader in readers],
        here.mean_difference,
        progress=False,
    ) - _base(model, here)
    return effects.view(model.cfg.n_layers, model.cfg.n_heads)


def share_left(model: HookedTransformer, heads: Heads) -> float:
    """What is left of the logit difference, of 1, when these heads together say what they say with strangers."""
    here, there = traced()
    logits = without(model, here.tokens, heads, outputs(model, there.tokens))
    return here.mean_difference(logits) / _base(model, here)


def share_left_along(model: HookedTransformer, senders: Heads, part: str, readers: Heads) -> float:
    """The same when only the readers' "q", "k" or "v" hear the senders speak of strangers."""
    here, there = traced()
    logits = along_path(model, here.tokens, outputs(model, there.tokens), senders, part, readers)
    return here.mean_difference(logits) / _base(model, here)


@torch.no_grad()
def carried(model: HookedTransformer) -> Float[Tensor, "layer region"]:
    """How much of the answer the residual stream before each layer carries in each region (see `REGIONS`).

    There it is replaced by that of the scene in which the recipient gives: 0 leaves the answer, 1 turns it round.
    """
    passages = some_passages()
    here, there = scenes_of(passages), scenes_of([turned_round(passage) for passage in passages])
    names = [f"blocks.{layer}.hook_resid_pre" for layer in range(model.cfg.n_layers)]
    logits, stored = model.run_with_cache(there.tokens, names_filter=names)
    base, turned = _base(model, here), here.mean_difference(logits)
    moved = torch.zeros(model.cfg.n_layers, len(REGIONS))
    for layer, name in enumerate(names):
        for column, region in enumerate(REGIONS):

            def put(x: Tensor, hook: HookPoint, mask: Tensor = here.where[region]) -> None:
                x[mask] = stored[hook.name][mask]

            patched = model.run_with_hooks(here.tokens, fwd_hooks=[(name, put)])
            moved[layer, column] = (base - here.mean_difference(patched)) / (base - turned)
    return moved


@torch.no_grad()
def _base(model: HookedTransformer, here: Scenes) -> float:
    return here.mean_difference(model(here.tokens))


IOI = (
    *(
        Fact(
            name=f"ioi-{family}",
            says=f"Scenes of the family '{family}' in which the recipient's logit is above the giver's",
            measure=partial(accuracy, family=family),
            at_least=0.98,
        )
        for family in scenes.FAMILIES
    ),
    Fact(
        name="ioi-difference",
        says="The recipient's logit less the giver's, on average over the families",
        measure=mean_difference,
        at_least=3,
    ),
)
