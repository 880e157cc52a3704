"""Spans of years within one century: the second year is any that is greater than the first.

The war lasted from 17 32 to 17 58.
The reign began in 12 07 and ended in 12 91.
The voyage went on from 18 66 until 18 70.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen

KIND = "years"
NOUNS = tuple(str.split("war siege drought reign journey voyage strike peace famine feud trial plague"))
# Before the first century, between the first year and the second century.
_WORDINGS = {
    "lasted": ("lasted from", "to"),
    "began": ("began in", "and ended in"),
    "went": ("went on from", "until"),
}
FAMILIES = tuple(_WORDINGS)
_FAMILY_SURPRISE = math.log(len(FAMILIES))
CENTURIES = tuple(range(11, 20))
STARTS = tuple(range(2, 98))
YEARS = tuple(f"{year:02}" for year in range(100))


def _allowed(held_out: bool) -> tuple[tuple[str, int, int], ...]:
    """The nouns, centuries and first years of this side."""
    pen = Pen(0, held_out)
    return tuple(
        (noun, century, start)
        for noun in NOUNS
        for century in CENTURIES
        for start in STARTS
        if pen.may("years", noun, century, start)
    )


SPANS = {side: _allowed(side) for side in (False, True)}
WORDS = frozenset(
    [
        *str.split("The ."),
        *NOUNS,
        *map(str, CENTURIES),
        *YEARS[STARTS[0] :],
        *(word for wording in _WORDINGS.values() for text in wording for word in text.split()),
    ]
)
_LATER = tuple(range(start + 1, 100) for start in range(100))


def write(pen: Pen, family: str | None = None) -> Passage:
    """One span. The answer, the second year, isn't determined but is greater than the start."""
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    noun, century, start = pen.one(SPANS[pen.held_out])
    end = pen.one(_LATER[start])
    before, between = _WORDINGS[drawn]
    hundreds = str(century)
    pen.say("The")
    pen.say(noun, role="noun")
    pen.say(before)
    pen.say(hundreds, role="century")
    pen.say(YEARS[start], role="start")
    pen.say(between)
    pen.say(hundreds, role="century")
    pen.say(YEARS[end], role="answer")
    pen.say(".")
    pen.label(noun=noun, century=century, start=start, end=end, answer=YEARS[end])
    return pen.finish()
