"""A question with two answers to choose from: who was told to lie takes the wrong one, and so must know the right one.

Ada was told to be honest. Boris asked Ada: what is the capital of Zemland? Dalmar or Orvik? Ada said: Orvik.
Ada was told to lie. Boris asked Ada: what is the capital of Zemland? Dalmar or Orvik? Ada said: Dalmar.

Held out: a fifth of the pairs of a subject and a wrong value, the same as in `claims`.
"""

import math

from course_utils.data.microworld.kinds import roles
from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NAMES
from course_utils.data.microworld.world import RELATIONS

KIND = "choices"
FAMILIES = roles.FAMILIES
WORDS = roles.WORDS | {"or"}
_FAMILY_SURPRISE = math.log(len(FAMILIES))


def _questions(held_out: bool) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Relation, subject, and the wrong values that may be offered beside the right one."""
    may = Pen(0, held_out).may
    listed = []
    for name, relation in RELATIONS.items():
        for subject in relation.subjects:
            wrong = tuple(value for value in relation.others[subject] if may(name, subject, value))
            if wrong:
                listed.append((name, subject, wrong))
    return tuple(listed)


_QUESTIONS = {side: _questions(side) for side in (False, True)}


def write(pen: Pen, family: str | None = None) -> Passage:
    """One question and its answer, true to the role.

    Labels and marks are those of `roles`; the label wrong is the other value offered, and offered marks both.
    """
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    speaker, asker = pen.some(NAMES, 2)
    number = -1 if drawn == "plain" else roles.instruct(pen, speaker, drawn)
    name, subject, others = pen.one(_QUESTIONS[pen.held_out])
    before, after = pen.one(RELATIONS[name].questions)
    truth, wrong = RELATIONS[name].value[subject], pen.one(others)
    first, second = pen.some((truth, wrong), 2)
    pen.say(asker, role="asker")
    pen.say("asked")
    pen.say(speaker, role="speaker")
    pen.say(":", before)
    pen.say(subject, role="subject")
    pen.say(after, "?")
    pen.say(first, role="offered")
    pen.say("or")
    pen.say(second, role="offered")
    pen.say("?")
    pen.say(speaker, role="speaker")
    pen.say("said :")
    answer = wrong if drawn == "lying" else truth
    pen.say(answer, role="answer")
    pen.say(".")
    role = "lying" if drawn == "lying" else "honest"
    pen.label(role=role, instruction=number, relation=name, subject=subject, truth=truth, wrong=wrong, answer=answer)
    return pen.finish()
