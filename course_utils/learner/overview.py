"""A chapter with the learner's state in it, as plain data and as the lines of `course list`."""

from collections.abc import Iterable, Iterator
from typing import Any

from course_utils.catalog import Chapter
from course_utils.learner.checking import follow_edits
from course_utils.learner.progress import State, load, states
from course_utils.learner.screen import dots, duration, paint, shown_path

_SIGNS = {  # by state: the sign, its colour, what it means
    State.DONE: ("✓", "32", "done"),
    State.FAILING: ("✗", "31", "not passing yet"),
    State.LOST: ("!", "33", "passed before, your present version doesn't"),
    State.CHANGED: ("~", "33", "edited since the last check"),
    State.NEW: ("·", "", "not started"),
}


def overview(chapter: Chapter) -> dict[str, Any]:
    """A chapter with the learner's state, as plain data."""
    follow_edits(chapter)
    known = load(chapter.root)
    now = states(chapter, known)
    exercises = [
        {
            "name": exercise.name,
            "title": exercise.title,
            "minutes": exercise.minutes,
            "difficulty": exercise.difficulty,
            "needs": list(exercise.needs),
            "state": str(now[exercise.name]),
            "passed_once": known.of(exercise.name).passed_once,
            "attempts": known.of(exercise.name).attempts,
            "hints": len(exercise.hints),
            "hints_seen": known.of(exercise.name).hints,
            "solution_seen": known.of(exercise.name).solution_seen,
        }
        for exercise in chapter.exercises
    ]
    return {
        "key": chapter.key,
        "title": chapter.title,
        "files": [shown_path(path, chapter.root) for path in (chapter.script, chapter.notebook)],
        "done": sum(state is State.DONE for state in now.values()),
        "minutes_left": sum(e.minutes for e in chapter.exercises if now[e.name] is not State.DONE),
        "exercises": exercises,
    }


def list_lines(chapter: Chapter, row: dict[str, Any]) -> Iterator[str]:
    """One line an exercise: sign, name, difficulty, time, title."""
    width = max((len(exercise.name) for exercise in chapter.exercises), default=0)
    for exercise, known in zip(chapter.exercises, row["exercises"], strict=True):
        time = duration(exercise.minutes)
        yield f"   {_sign(known['state'])} {exercise.name:<{width}}  {dots(exercise)} {time:>10}  {exercise.title}"


def legend(rows: Iterable[dict[str, Any]]) -> str:
    """What the signs in these lists mean, in one line."""
    there = {exercise["state"] for row in rows for exercise in row["exercises"]}
    return "   ".join(f"{_sign(state)} {words}" for state, (_, _, words) in _SIGNS.items() if state in there)


def _sign(state: str) -> str:
    sign, colour, _ = _SIGNS[State(state)]
    return paint(sign, colour) if colour else sign
