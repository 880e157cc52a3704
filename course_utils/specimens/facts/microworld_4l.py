"""What microworld-4l knows of its language and its world."""

from functools import partial

from course_utils.data.microworld.kinds import calendar_sums, closing, code, facts, letters, moves, years
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
from course_utils.specimens.facts.microworld_4l_circuit import CIRCUIT
from course_utils.specimens.recipes.microworld_4l import RECIPE

MIXTURE = RECIPE.last_mixture


def _loss(kind: str) -> Fact:
    return Fact(
        name=f"loss-{kind}",
        says=f"Loss on new passages of {kind}, over the entropy of their generator (1 is the least possible)",
        measure=partial(loss_over_entropy, kind=kind, weights=MIXTURE),
        at_most=1.1,
    )


def _right(kind: str, families: tuple[str | None, ...], count: int, held_out: bool, model: HookedTransformer) -> float:
    return answers_right(model, unread(kind, count, families, held_out))


def _answers(
    name: str,
    says: str,
    at_least: float | None,
    kind: str,
    families: tuple[str | None, ...],
    count: int,
    held_out: bool = False,
) -> Fact:
    """The share of right answers in so many passages of each family."""
    return Fact(name=name, says=says, measure=partial(_right, kind, families, count, held_out), at_least=at_least)


def _sums(unit: str) -> tuple[Fact, Fact]:
    """Sums that training shows, and those that it doesn't, which only a rule would get right."""
    families = (f"{unit}_after", f"{unit}_before")
    told = _answers(f"{unit}s", f"Sums of {unit}s right", 0.98, "calendar_sums", families, 100)
    new = _answers(f"{unit}s-held-out", f"Held-out sums of {unit}s right", None, "calendar_sums", families, 100, True)
    return told, new


def lies(passage: Passage) -> tuple[str, ...]:
    """The wrong values of what was asked."""
    return RELATIONS[str(passage.labels["relation"])].others[str(passage.labels["subject"])]


def later(passage: Passage) -> tuple[str, ...]:
    """The years that are greater than the start."""
    return years.YEARS[int(passage.labels["start"]) + 1 :]


def truth_when_lying(model: HookedTransformer) -> float:
    """How much likelier the true answer is, from who should lie, than if any value of the right sort were drawn."""
    passages = unread("roles", 300, ["lying"], held_out=True)
    drawn = sum(1 / (1 + len(lies(passage))) for passage in passages) / len(passages)
    return share_of_mass(model, passages, accepted=lambda passage: (str(passage.labels["truth"]),)) / drawn


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
    *(
        _answers(f"claims-{name}", f"Verdicts right on held-out {says}", bound, "claims", families, count, True)
        for name, says, bound, families, count in (
            ("relations", "plain claims", 0.95, tuple(RELATIONS), 50),
            ("negation", "claims that deny something", 0.95, ("negation",), 300),
            ("conjunction", "claims of two things", 0.95, ("conjunction",), 300),
            ("comparison", "comparisons of numbers", 0.95, ("comparison",), 300),
        )
    ),
    Fact(
        name="truth-direction",
        says=f"Lowest AUROC, on held-out claims about {', '.join(truth.OTHERS[:-1])} or {truth.OTHERS[-1]}, of the "
        f"mean true claim less the mean false one about {', '.join(truth.FITTED)}, read at the last word",
        measure=truth.unseen_topics,
        at_least=0.9,
    ),
    Fact(
        name="truth-direction-negation",
        says="AUROC of the same direction on held-out claims that deny something (0: it tells whether the value fits "
        "the subject, and the denial is counted later)",
        measure=partial(truth.unseen_topics, topics=("negation",)),
        at_most=0.2,
    ),
    Fact(
        name="truth-layer",
        says="The layer behind which that direction is read, chosen on the topics it is fitted on",
        measure=truth.truth_layer,
    ),
    *(
        _answers(
            name,
            f"Right choices of two answers, one of them held out, by who {says}",
            0.95,
            "choices",
            (role,),
            300,
            True,
        )
        for name, role, says in (
            ("honest", "honest", "should be honest"),
            ("lying", "lying", "should lie, for whom the wrong one is right"),
            ("told-nothing", "plain", "was told neither"),
        )
    ),
    Fact(
        name="lying-truth",
        says="Probability of the truth from who should lie and may say anything, over that of a blind draw (1: the "
        "truth is not avoided)",
        measure=truth_when_lying,
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
    _answers("sentiment", "Verdicts and advice right on held-out reviews", 0.98, "reviews", (None,), 400, True),
    _answers(
        "refusal",
        "Held-out requests rightly answered or refused",
        0.95,
        "requests",
        ("answered", "refused", "beside"),
        130,
        True,
    ),
    Fact(name="translation", says="Words right in translations", measure=_translated, at_least=0.97),
    Fact(
        name="greater-than",
        says="Probability given to later years, on held-out spans",
        measure=_later_years,
        at_least=0.87,
    ),
    *(fact for unit in calendar_sums.CIRCLES for fact in _sums(unit)),
    Fact(name="order", says="Days, months and hours in order, held out", measure=_runs, at_least=0.98),
    _answers("moves", "Where a thing is, or who has it, right", 0.9, "moves", moves.FAMILIES, 150),
    _answers("closing", "Brackets, quotes and lists closed rightly", 0.97, "closing", closing.FAMILIES, 100),
    _answers("code", "What a program prints, right", 0.87, "code", code.FAMILIES, 100),
    Fact(name="letters", says="Letters and spelled words right", measure=_letters, at_least=0.97),
)

LANGUAGE = (*_LOSSES, *_KNOWLEDGE, *_TASKS, *_SKILLS)
FACTS = (*LANGUAGE, *INDUCTION, *IOI, *CIRCUIT)
