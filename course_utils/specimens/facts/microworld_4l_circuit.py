"""How microworld-4l finds out who is given something: one head tells the queries of later ones whom to avoid.

Head 1.1 looks from the word before the answer to the giver. Heads 2.2, 2.4 and 2.7 hear of it in their queries, look
to the recipient rather than to the giver, and copy; MLPs and the last layer's heads make more of what they found.
"""

from functools import partial

from course_utils.model import HookedTransformer
from course_utils.specimens.facts import Fact
from course_utils.specimens.facts import ioi_circuit as circuit
from course_utils.specimens.facts import ioi_roles as roles
from course_utils.specimens.facts.ioi import attention, share_left
from course_utils.specimens.facts.ioi_circuit import all_but, turned_along
from course_utils.specimens.facts.measures.heads import Head
from course_utils.specimens.facts.measures.scenes import name_ids

LOOKS = 0.25  # these movers are less sure than those of attn-only-4l
RATHER = 1.5  # times as much to the recipient as to the giver
COPIES = 0.4  # of the names that they look at


def movers(model: HookedTransformer) -> list[Head]:
    """Heads that look to the recipient rather than to the giver, and copy."""
    recipient, giver = attention(model, "recipient_before"), attention(model, "giver_before")
    some = (recipient > LOOKS) & (recipient > RATHER * giver) & (roles.copying(model) > COPIES)
    return [(layer, head) for layer, head in some.nonzero().tolist()]


def avoiders(model: HookedTransformer) -> list[Head]:
    """Heads of layers before all movers that look to the giver."""
    first = min((layer for layer, _ in movers(model)), default=0)
    return [head for head in circuit.avoiders(model) if head[0] < first]


def late_avoiders(model: HookedTransformer) -> list[Head]:
    """The other heads that look to the giver."""
    return [head for head in circuit.avoiders(model) if head not in avoiders(model)]


def _looks(model: HookedTransformer) -> list[float]:
    look = attention(model, "recipient_before")
    return [look[head].item() for head in movers(model)]


def _copied(model: HookedTransformer) -> float:
    scores = roles.copying(model, among=name_ids())
    return min(scores[head].item() for head in movers(model))


def _others_to_queries(model: HookedTransformer) -> float:
    earlier = all_but(model, avoiders(model), layers=min(layer for layer, _ in movers(model)))
    return turned_along(model, earlier, "q", movers(model))


_AVOIDING = (
    Fact(
        name="ioi-avoiders",
        says="Heads before the movers that look from the word before the answer to the giver with more than "
        f"{circuit.LOOKS} of their attention",
        measure=lambda model: len(avoiders(model)),
        at_least=1,
        at_most=1,
    ),
    Fact(
        name="ioi-avoiders-turned",
        says="Logit difference, of 1, when this head says what it says if the recipient gives",
        measure=lambda model: circuit.turned_in(model, avoiders(model)),
        at_most=0,
    ),
    Fact(
        name="ioi-avoiders-direct",
        says="The same when only the logits hear it do so, and no later head or MLP",
        measure=lambda model: circuit.turned_directly(model, avoiders(model)),
        at_least=0.8,
    ),
    Fact(
        name="ioi-name-mlp",
        says="Logit difference, of 1, when the first MLP says at the giver that it is the recipient",
        measure=partial(roles.mlp_turned, layer=0, region="giver"),
        at_most=-0.5,
    ),
    Fact(
        name="ioi-giver-unmarked",
        says="Logit difference, of 1, when all heads say at the last giver what they say if that name is new there",
        measure=circuit.unmarked,
        at_least=0.9,
    ),
)
_TELLING = (
    Fact(
        name="ioi-queries",
        says="Logit difference, of 1, when only the movers' queries hear that head speak of the recipient as giver",
        measure=lambda model: turned_along(model, avoiders(model), "q", movers(model)),
        at_most=0.65,
    ),
    Fact(
        name="ioi-queries-recipient",
        says="How much movers then look to the recipient, on average",
        measure=lambda model: circuit.looks_turned(model, avoiders(model), "q", movers(model), "recipient_before"),
        at_most=0.25,
    ),
    Fact(
        name="ioi-queries-giver",
        says="How much they then look to the giver's first mentions",
        measure=lambda model: circuit.looks_turned(model, avoiders(model), "q", movers(model), "giver_before"),
        at_least=0.25,
    ),
    Fact(
        name="ioi-queries-others",
        says="Logit difference, of 1, when only the movers' queries hear all other earlier heads do so",
        measure=_others_to_queries,
        at_least=0.95,
    ),
    Fact(
        name="ioi-queries-keys-values",
        says="The lower of those when only the movers' keys, or values, hear the avoider do so",
        measure=lambda model: min(turned_along(model, avoiders(model), part, movers(model)) for part in "kv"),
        at_least=0.95,
    ),
)
_MOVING = (
    Fact(
        name="ioi-movers",
        says=f"Heads that look to the recipient with over {LOOKS}, {RATHER} times as much as to the giver, and copy",
        measure=lambda model: len(movers(model)),
        at_least=2,
    ),
    Fact(
        name="ioi-movers-recipient",
        says="How much the least sure of them looks to the recipient",
        measure=lambda model: min(_looks(model)),
        at_least=LOOKS,
    ),
    Fact(
        name="ioi-movers-surest",
        says="How much the surest of them does",
        measure=lambda model: max(_looks(model)),
    ),
    Fact(
        name="ioi-movers-copy",
        says="How often a name that the least sure of them looks at is among the five names that it raises most",
        measure=_copied,
        at_least=0.8,
    ),
    Fact(
        name="ioi-movers-resampled",
        says="Logit difference, of 1, when they speak of strangers",
        measure=lambda model: share_left(model, movers(model)),
        at_most=0.85,
    ),
    Fact(
        name="ioi-movers-turned",
        says="Logit difference, of 1, when they say what they say if the recipient gives",
        measure=lambda model: circuit.turned_in(model, movers(model)),
        at_most=0.7,
    ),
)
_AMPLIFYING = (
    Fact(
        name="ioi-late-avoiders-turned",
        says="Logit difference, of 1, when the heads that look to the giver in later layers take the recipient for it",
        measure=lambda model: circuit.turned_in(model, late_avoiders(model)),
        at_most=0.85,
    ),
    Fact(
        name="ioi-last-mlp",
        says="Logit difference, of 1, when the last MLP says before the answer what it says if the recipient gives",
        measure=lambda model: roles.mlp_turned(model, model.cfg.n_layers - 1, "end"),
        at_most=0.1,
    ),
)

CIRCUIT = (*_AVOIDING, *_TELLING, *_MOVING, *_AMPLIFYING)
