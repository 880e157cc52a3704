"""Days, months and hours, which go round in circles of 7 and of 12.

Today is Monday. In 3 days it will be Thursday.
It is March. 4 months ago it was November.
It is 9 now. In 5 hours it will be 2.
Days in order: Friday Saturday Sunday Monday.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen

KIND = "calendar_sums"
FAMILIES = ("day_after", "day_before", "month_after", "month_before", "hour_after", "hour_before", "order")
_FAMILY_SURPRISE = math.log(len(FAMILIES))

DAYS = tuple(str.split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"))
MONTHS = tuple(str.split("January February March April May June July August September October November December"))
HOURS = tuple(str(hour) for hour in range(1, 13))
CIRCLES = {"day": DAYS, "month": MONTHS, "hour": HOURS}
STEPS = tuple(range(1, 10))
LENGTHS = (4, 5, 6, 7)
_OPENING = {"day": ("Today is", "."), "month": ("It is", "."), "hour": ("It is", "now .")}
_TITLE = {"day": "Days", "month": "Months", "hour": "Hours"}


def _allowed(held_out: bool) -> dict[str, tuple[tuple[int, int], ...]]:
    """For a family, the starts (by their place in the circle) and steps of this side."""
    pen = Pen(0, held_out)
    return {
        family: tuple(
            (start, step)
            for start in range(len(CIRCLES[family.split("_")[0]]))
            for step in STEPS
            if pen.may("calendar", family, start, step)
        )
        for family in FAMILIES[:-1]
    }


def _allowed_runs(held_out: bool) -> tuple[tuple[str, int, int, int], ...]:
    """The stretches of this side: unit, direction, start and length."""
    pen = Pen(0, held_out)
    return tuple(
        (unit, step, start, length)
        for unit, circle in CIRCLES.items()
        for step in (1, -1)
        for start in range(len(circle))
        for length in LENGTHS
        if pen.may("order", unit, step, start, length)
    )


RUNS = {side: _allowed_runs(side) for side in (False, True)}
SUMS = {side: _allowed(side) for side in (False, True)}
WORDS = frozenset(
    str.split("Today is It now . : In ago it will be was in order backwards Days Months Hours")
    + [*DAYS, *MONTHS, *HOURS, *map(str, STEPS)]
    + [unit + ending for unit in CIRCLES for ending in ("", "s")]
)


def _sum(pen: Pen, family: str) -> None:
    """A start, a step forwards or backwards, and where that leads."""
    unit, _, direction = family.partition("_")
    circle = CIRCLES[unit]
    start, step = pen.one(SUMS[pen.held_out][family])
    end = (start + step if direction == "after" else start - step) % len(circle)
    before, after = _OPENING[unit]
    pen.say(before)
    pen.say(circle[start], role="start")
    pen.say(after)
    units = unit if step == 1 else unit + "s"
    if direction == "after":
        pen.say("In")
        pen.say(str(step), role="step")
        pen.say(units, "it will be")
    else:
        pen.say(str(step), role="step")
        pen.say(units, "ago it was")
    pen.say(circle[end], role="answer")
    pen.say(".")
    pen.label(unit=unit, modulus=len(circle), start=circle[start], step=step if direction == "after" else -step)
    pen.label(answer=circle[end], start_index=start, answer_index=end)


def _order(pen: Pen) -> None:
    """A stretch of a circle, forwards or backwards; its last word counts as the answer."""
    unit, step, start, length = pen.one(RUNS[pen.held_out])
    circle = CIRCLES[unit]
    run = [circle[(start + step * count) % len(circle)] for count in range(length)]
    pen.say(_TITLE[unit], "in order :" if step == 1 else "backwards :")
    pen.say(run[0], role="start")
    pen.say(*run[1:-1], role="middle")
    pen.say(run[-1], role="answer")
    pen.say(".")
    pen.label(unit=unit, modulus=len(circle), start=run[0], step=step, length=length, answer=run[-1])
    pen.label(start_index=start, answer_index=(start + step * (length - 1)) % len(circle))


def write(pen: Pen, family: str | None = None) -> Passage:
    """One sum on the calendar or the clock, or a stretch of days, months or hours in "order"."""
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    if drawn == "order":
        _order(pen)
    else:
        _sum(pen, drawn)
    return pen.finish()
