"""Tasks to be gathered from examples: pairs of words, nothing said about what goes with what.

    big : small , old : young , hot : cold .
    lamp : lelvo , kite : kolizo , drum : ninda .
    lamp kite cup : cup , owl coin bear : bear , hat bell fox : fox .

The same words are asked about in three to six tasks, all of them equally often, so that without examples the task is
anyone's guess.
"""

import math
from dataclasses import dataclass

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.vocabularies import (
    ADJECTIVES,
    ANTONYM,
    CATEGORY,
    NOUNS,
    PAST,
    PLAIN_THINGS,
    PLURAL,
    TARSIAN,
    VELISH,
    VERBS,
)
from course_utils.data.microworld.words import ANIMALS, COLOURS, PEOPLE
from course_utils.data.microworld.world import COUNTRIES, FRUITS, RELATIONS

KIND = "tasks"
FEWEST, MOST = 3, 7  # pairs
LIST_LENGTH = 3

# What can be asked about: the words, the tasks, and how often.
_DOMAINS: dict[str, tuple[tuple[str, ...], str, int]] = {
    "adjectives": (ADJECTIVES, "antonym tarsian velish copy", 2),
    "things": (PLAIN_THINGS, "plural tarsian velish copy", 1),
    "animals": (ANIMALS, "plural tarsian velish copy sound home", 1),
    "verbs": (VERBS, "past tarsian velish copy", 1),
    "colours": (COLOURS, "tarsian velish copy", 1),
    "numbers": (tuple(str(number) for number in range(2, 50)), "next previous double copy", 2),
    "countries": (COUNTRIES, "capital language currency copy", 1),
    "people": (PEOPLE, "tool workplace copy", 1),
    "fruit": (FRUITS, "colour plural copy", 1),
    "mixed": (tuple(CATEGORY), "category", 3),
    "lists": (NOUNS, "first middle last", 2),
}
_PLACE = {"first": 0, "middle": 1, "last": 2}
_STEP = {"next": (1, 1), "previous": (1, -1), "double": (2, 0)}
_TABLES = {
    "antonym": ANTONYM,
    "plural": PLURAL,
    "past": PAST,
    "tarsian": TARSIAN,
    "velish": VELISH,
    "category": CATEGORY,
}


@dataclass(frozen=True)
class _Plan:
    """A task on one domain: what goes with each word, or which word of a list (place) is wanted."""

    task: str
    domain: str
    inputs: tuple[str, ...]
    output: dict[str, str]
    place: int = -1


def _output(task: str, inputs: tuple[str, ...]) -> dict[str, str]:
    if task in _PLACE or task == "copy":
        return {word: word for word in inputs}
    if task in _STEP:
        times, plus = _STEP[task]
        return {word: str(int(word) * times + plus) for word in inputs}
    table = _TABLES[task] if task in _TABLES else RELATIONS[task].value
    return {word: table[word] for word in inputs}


_PLANS = tuple(
    (_Plan(task, domain, inputs, _output(task, inputs), _PLACE.get(task, -1)), weight)
    for domain, (inputs, tasks, weight) in _DOMAINS.items()
    for task in tasks.split()
)
FAMILIES = tuple(dict.fromkeys(plan.task for plan, _ in _PLANS))


def _draws(family: str | None) -> tuple[tuple[_Plan, float], ...]:
    """Each plan as many times as its weight says, with the surprise of its being drawn."""
    weighted = [(plan, weight) for plan, weight in _PLANS if family in (None, plan.task)]
    total = sum(weight for _, weight in weighted)
    return tuple((plan, math.log(total / weight)) for plan, weight in weighted for _ in range(weight))


_DRAWS = {family: _draws(family) for family in (None, *FAMILIES)}
_COUNTS = tuple(range(FEWEST, MOST + 1))
WORDS = frozenset(
    (":", ",", ".", *(word for plan, _ in _PLANS for pair in plan.output.items() for word in pair)),
)


def write(pen: Pen, family: str | None = None) -> Passage:
    """Three to seven pairs of one task.

    With no family given, task and domain are drawn together, so that all tasks on a word are equally likely; hence
    tasks on many kinds of words, such as copy, come more often. Labels and marks: see `shots`.
    """
    return shots(pen, family)


def zero_shot(pen: Pen, family: str | None = None) -> Passage:
    """A single pair: the prompt before its answer tells the word, and not the task."""
    return shots(pen, family, 1)


def shots(pen: Pen, family: str | None = None, count: int | None = None) -> Passage:
    """So many pairs of one task (three to seven if not told), the last of which is the one asked about.

    Labels: task, domain, shots (the pairs before the last), answer. Marks, over all pairs: input (of a list its last
    word), colon, output; item (every word of a list); and answer, the last output.
    """
    plan, surprise = pen.one(_DRAWS[family])
    pen.start(KIND, plan.task)
    pen.surprised(surprise)
    pairs = pen.one(_COUNTS) if count is None else count
    output = ""
    if plan.place < 0:
        for i, word in enumerate(pen.some(plan.inputs, pairs)):
            if i:
                pen.say(",")
            pen.say(word, role="input")
            output = _answer(pen, plan.output[word])
    else:
        words = pen.some(plan.inputs, pairs * LIST_LENGTH)
        for i in range(0, len(words), LIST_LENGTH):
            if i:
                pen.say(",")
            pen.say(*words[i : i + LIST_LENGTH], role="item")
            pen.mark("input")
            output = _answer(pen, words[i + plan.place])
    pen.mark("answer")
    pen.say(".")
    pen.label(task=plan.task, domain=plan.domain, shots=pairs - 1, answer=output)
    return pen.finish()


def _answer(pen: Pen, output: str) -> str:
    pen.say(":", role="colon")
    pen.say(output, role="output")
    return output
