"""Random words, then the same words again: nothing but the first half tells the second.

lamp Otto thirsty 17 said lamp Otto thirsty 17 said
"""

from course_utils.data.microworld.kinds import (
    calendar_sums,
    claims,
    closing,
    code,
    facts,
    languages,
    letters,
    moves,
    requests,
    reviews,
    roles,
    scenes,
    tasks,
    years,
)
from course_utils.data.microworld.passage import Passage, Pen

KIND = "repeats"
FAMILIES = ("words",)

OTHERS = (
    calendar_sums,
    claims,
    closing,
    code,
    facts,
    languages,
    letters,
    moves,
    requests,
    reviews,
    roles,
    scenes,
    tasks,
    years,
)
WORDS = frozenset(word for other in OTHERS for word in other.WORDS if word.isalnum())
_DRAWN = tuple(sorted(WORDS))
SHORTEST, LONGEST = 4, 30


def write(pen: Pen, family: str | None = None) -> Passage:
    """A repeated row of words. Marks: first, second (the two halves), answer (the last word). Label: length (of a
    half)."""
    pen.start(KIND, family or FAMILIES[0])
    length = pen.one(range(SHORTEST, LONGEST + 1))
    words = pen.some(_DRAWN, length)
    pen.label(length=length)
    for role in ("first", "second"):
        for word in words:
            pen.say(word, role=role)
    pen.mark("answer")
    return pen.finish()
