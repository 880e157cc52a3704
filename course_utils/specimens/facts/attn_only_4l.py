"""What attn-only-4l does: it finds out who is given something, by five heads.

Head 0.3 says which name it stands on. Heads 1.1 and 1.4 look from the word before the answer to the giver, push that
name down, and tell the queries of 3.0 and 3.1, which then look to the recipient and not to the giver, and copy it.
"""

from functools import partial

from course_utils.specimens.facts import Fact
from course_utils.specimens.facts import ioi_circuit as circuit
from course_utils.specimens.facts import ioi_roles as roles
from course_utils.specimens.facts.induction import INDUCTION
from course_utils.specimens.facts.ioi import IOI, share_left
from course_utils.specimens.facts.ioi_circuit import avoiders, movers, name_heads, turned_along

_AVOIDING = (
    Fact(
        name="ioi-avoiders",
        says=f"Heads that look from the word before the answer to the giver with more than {circuit.LOOKS} of their "
        "attention",
        measure=lambda model: len(avoiders(model)),
        at_least=2,
        at_most=2,
    ),
    Fact(
        name="ioi-avoiders-turned",
        says="Logit difference, of 1, when these two say what they say if the recipient gives",
        measure=lambda model: circuit.turned_in(model, avoiders(model)),
        at_most=-0.6,
    ),
    Fact(
        name="ioi-avoiders-direct",
        says="The same when only the logits hear them do so, and no later head",
        measure=lambda model: circuit.turned_directly(model, avoiders(model)),
        at_most=0,
    ),
    Fact(
        name="ioi-avoiders-resampled",
        says="Logit difference, of 1, when they speak of strangers",
        measure=lambda model: share_left(model, avoiders(model)),
        at_most=0.3,
    ),
    Fact(
        name="ioi-avoiders-push-down",
        says="How often a name that the less sure of them looks at is among the five words that it lowers most",
        measure=roles.pushed_down,
        at_least=0.95,
    ),
    Fact(
        name="ioi-avoiders-leaver",
        says="How much the second of them looks to the one who left, where one of three has left",
        measure=lambda model: circuit.looks_to_who_left(model)[avoiders(model)[1]].item(),
        at_least=0.8,
    ),
)
_NAMING = (
    Fact(
        name="ioi-name-heads",
        says=f"Heads of earlier layers that look from the giver to the giver itself with more than {circuit.ITSELF}",
        measure=lambda model: len(name_heads(model)),
        at_least=1,
        at_most=1,
    ),
    Fact(
        name="ioi-name-values",
        says="Logit difference, of 1, when only the avoiders' values hear that head name the recipient as giver",
        measure=lambda model: turned_along(model, name_heads(model), "v", avoiders(model)),
        at_most=0.1,
    ),
    Fact(
        name="ioi-name-keys-queries",
        says="The lower of those for the avoiders' keys and queries",
        measure=lambda model: min(turned_along(model, name_heads(model), part, avoiders(model)) for part in "kq"),
        at_least=0.95,
    ),
    Fact(
        name="ioi-giver-unmarked",
        says="Logit difference, of 1, when all heads say at the last giver what they say if that name is new there",
        measure=circuit.unmarked,
        at_least=0.95,
    ),
    Fact(
        name="ioi-giver-once",
        says="How much the avoiders look, on average, to a giver who was never named before",
        measure=lambda model: circuit.looks_once(model, avoiders(model), "giver"),
        at_least=0.7,
    ),
)
_MOVING = (
    Fact(
        name="ioi-movers",
        says=f"Heads that look from the word before the answer to the recipient with more than {circuit.LOOKS}",
        measure=lambda model: len(movers(model)),
        at_least=2,
        at_most=2,
    ),
    Fact(
        name="ioi-movers-recipient",
        says="How much the less sure of them looks to the recipient",
        measure=lambda model: min(roles.movers_look(model, "recipient_before")),
        at_least=0.6,
    ),
    Fact(
        name="ioi-movers-giver",
        says="How much the less sure of them looks to the giver, first and last mentions together",
        measure=roles.to_giver,
        at_most=0.2,
    ),
    Fact(
        name="ioi-movers-copy",
        says="How often a name that the less sure of them looks at is among the five names that it raises most",
        measure=partial(roles.copied, names_only=True),
        at_least=0.8,
    ),
    Fact(
        name="ioi-movers-copy-words",
        says="How often it is among the five of all words",
        measure=partial(roles.copied, names_only=False),
    ),
    Fact(
        name="ioi-movers-resampled",
        says="Logit difference, of 1, when they speak of strangers: most is left, as the avoiders push the giver down",
        measure=lambda model: share_left(model, movers(model)),
        at_most=0.85,
    ),
    Fact(
        name="ioi-movers-turned",
        says="Logit difference, of 1, when they say what they say if the recipient gives",
        measure=lambda model: circuit.turned_in(model, movers(model)),
        at_most=0.6,
    ),
)
_TELLING = (
    Fact(
        name="ioi-queries",
        says="Logit difference, of 1, when only the movers' queries hear avoiders speak of the recipient as giver",
        measure=lambda model: turned_along(model, avoiders(model), "q", movers(model)),
        at_most=0.6,
    ),
    Fact(
        name="ioi-queries-recipient",
        says="How much movers then look to the recipient, on average",
        measure=lambda model: circuit.looks_turned(model, avoiders(model), "q", movers(model), "recipient_before"),
        at_most=0.3,
    ),
    Fact(
        name="ioi-queries-giver",
        says="How much they then look to the giver's first mentions",
        measure=lambda model: circuit.looks_turned(model, avoiders(model), "q", movers(model), "giver_before"),
        at_least=0.5,
    ),
    Fact(
        name="ioi-queries-others",
        says="Logit difference, of 1, when only the movers' queries hear all other earlier heads do so",
        measure=lambda model: turned_along(model, roles.before_movers(model), "q", movers(model)),
        at_least=0.95,
    ),
    Fact(
        name="ioi-queries-keys-values",
        says="The lower of those when only the movers' keys, or values, hear the avoiders do so",
        measure=lambda model: min(turned_along(model, avoiders(model), part, movers(model)) for part in "kv"),
        at_least=0.95,
    ),
    Fact(
        name="ioi-queries-by-name",
        says="How much movers look, on average, to a stranger who stands where the giver was named before",
        measure=lambda model: circuit.looks_once(model, movers(model), "giver_before"),
        at_least=0.3,
    ),
)
_WHOLE = (
    Fact(
        name="ioi-circuit-alone",
        says="Logit difference, of 1, with these heads only, at their places; the others speak of the mean stranger",
        measure=roles.alone_share,
        at_least=0.7,
    ),
    Fact(
        name="ioi-circuit-alone-right",
        says="How often the recipient's logit is above the giver's then",
        measure=roles.alone_right,
        at_least=0.95,
    ),
    Fact(
        name="ioi-circuit-no-movers",
        says="Logit difference, of 1, if the movers speak of the mean stranger too",
        measure=partial(roles.alone_share, without="movers"),
    ),
    Fact(
        name="ioi-circuit-nothing",
        says="Logit difference, of 1, if all heads do",
        measure=partial(roles.alone_share, without="all"),
        at_most=0.1,
    ),
)

CIRCUIT = (*_NAMING, *_AVOIDING, *_TELLING, *_MOVING, *_WHOLE)
FACTS = (*IOI, *CIRCUIT, *INDUCTION)
