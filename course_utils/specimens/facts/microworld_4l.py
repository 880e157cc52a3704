"""What microworld-4l knows of its language and its world."""

from functools import partial

from course_utils.data.microworld.kinds import calendar_sums, claims, closing, code, facts, letters, moves, years
from course_utils.data.microworld.passage import Passage
from course_utils.data.microworld.registry import KINDS
from course_utils.data.microworld.world import RELATIONS
from course_utils.model import HookedTransformer
from course_utils.specimens.facts import Fact
from course_utils.specimens.facts.induction import INDUCTION
from course_utils.specimens.facts.ioi import IOI
from course_utils.specimens.facts.measures import context, truth
from course_utils.specimens.facts.measures.answers import answers_right, share_of_mass, unread
from course_utils.specimens.facts.measures.losses import loss_over_entropy

_SUMS = calendar_sums.FAMILIES[:-1]
_COMPOSED = tuple(family for family in claims.FAMILIES if family not in RELATIONS)


def _loss(kind: str) -> Fact:
    return Fact(
        name=f"loss-{kind}",
        says=f"Loss on new passages of {kind}, over the entropy of their generator (1 is the least possible)",
        measure=partial(loss_over_entropy, kind=kind),
        at_most=1.1,
    )


def _right(kind: str, families: tuple[str | None, ...], count: int, held_out: bool, model: HookedTransformer) -> float:
    return answers_right(model, unread(kind, count, families, held_out))


def _answers(
    name: str,
    says: str,
    at_least: float,
    kind: str,
    families: tuple[str | None, ...],
    count: int,
    held_out: bool = False,
) -> Fact:
    """The share of right answers in so many passages of each family."""
    return Fact(name=name, says=says, measure=partial(_right, kind, families, count, held_out), at_least=at_least)


def lies(passage: Passage) -> tuple[str, ...]:
    """The wrong values of what was asked."""
    return RELATIONS[str(passage.labels["relation"])].others[str(passage.labels["subject"])]


def later(passage: Passage) -> tuple[str, ...]:
    """The years that are greater than the start."""
    return years.YEARS[int(passage.labels["start"]) + 1 :]


def _lying(model: HookedTransformer) -> float:
    return answers_right(model, unread("roles", 300, ["lying"], held_out=True), accepted=lies)


def _translated(model: HookedTransformer) -> float:
    return answers_right(model, unread("languages", 150, ["translation"]), "translation")


def _later_years(model: HookedTransformer) -> float:
    return share_of_mass(model, unread("years", 100, years.FAMILIES, held_out=True), accepted=later)


def _letters(model: HookedTransformer) -> float:
    return answers_right(model, unread("letters", 100, letters.FAMILIES), among=letters.WORDS - {"."})


def _runs(model: HookedTransformer) -> float:
    among = [word for circle in calendar_sums.CIRCLES.values() for word in circle]
    return answers_right(model, unread("calendar_sums", 300, ["order"], held_out=True), among=among)


_LOSSES = tuple(_loss(kind) for kind in KINDS if kind != "repeats")
_KNOWLEDGE = (
    _answers("facts", "Values of facts right", 0.99, "facts", facts.FAMILIES, 30),
    _answers("claims-relations", "Verdicts right on held-out plain claims", 0.95, "claims", tuple(RELATIONS), 50, True),
    *(
        _answers(
            f"claims-{name}", f"Verdicts right on held-out claims with a {name}", 0.95, "claims", (name,), 300, True
        )
        for name in _COMPOSED
    ),
    Fact(
        name="truth-direction",
        says=f"Lowest AUROC, on held-out claims about {', '.join(truth.OTHERS[:-1])} or {truth.OTHERS[-1]}, of the "
        f"mean true claim less the mean false one about {', '.join(truth.FITTED)}, read at the full stop",
        measure=truth.unseen_topics,
        at_least=0.9,
    ),
    Fact(
        name="truth-direction-negation",
        says="AUROC of the same direction on held-out claims that deny something",
        measure=partial(truth.unseen_topics, topics=("negation",)),
    ),
    Fact(
        name="truth-layer",
        says="The layer behind which that direction is read, chosen on the topics it is fitted on",
        measure=truth.truth_layer,
    ),
    _answers(
        "honest", "Held-out questions answered right by who should be honest", 0.95, "roles", ("honest",), 300, True
    ),
    Fact(
        name="lying",
        says="Held-out questions answered with a wrong value of the right sort by who should lie",
        measure=_lying,
        at_least=0.95,
    ),
)
_TASKS = (
    Fact(
        name="tasks-learned",
        says=f"Tasks told by examples, of {len(context.tasks.FAMILIES)}, right on the last item 95 times in 100",
        measure=context.tasks_learned,
        at_least=8,
    ),
    Fact(
        name="tasks-without-examples",
        says="Right answers in the same tasks with no examples",
        measure=context.without_examples,
        at_most=0.4,
    ),
)
_SKILLS = (
    _answers("sentiment", "Verdicts and advice right on held-out reviews", 0.95, "reviews", (None,), 400, True),
    _answers(
        "refusal",
        "Held-out requests rightly answered or refused",
        0.95,
        "requests",
        ("answered", "refused", "beside"),
        130,
        True,
    ),
    Fact(name="translation", says="Words right in translations", measure=_translated, at_least=0.95),
    Fact(
        name="greater-than",
        says="Probability given to later years, on held-out spans",
        measure=_later_years,
        at_least=0.95,
    ),
    _answers("days", "Held-out sums of days right", 0.95, "calendar_sums", _SUMS[:2], 100, True),
    _answers("months", "Held-out sums of months right", 0.95, "calendar_sums", _SUMS[2:4], 100, True),
    _answers("hours", "Held-out sums of hours right", 0.95, "calendar_sums", _SUMS[4:], 100, True),
    Fact(name="order", says="Days, months and hours in order, held out", measure=_runs, at_least=0.95),
    _answers("moves", "Where a thing is, or who has it, right", 0.95, "moves", moves.FAMILIES, 150),
    _answers("closing", "Brackets, quotes and lists closed rightly", 0.95, "closing", closing.FAMILIES, 100),
    _answers("code", "What a program prints, right", 0.9, "code", code.FAMILIES, 100),
    Fact(name="letters", says="Letters and spelled words right", measure=_letters, at_least=0.95),
)

LANGUAGE = (*_LOSSES, *_KNOWLEDGE, *_TASKS, *_SKILLS)
FACTS = (*LANGUAGE, *INDUCTION, *IOI)
