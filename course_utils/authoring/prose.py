"""What the build adds to the author's prose: measured numbers, and the line of facts under an exercise's heading."""

import ast
import json
import re
from typing import Any

from course_utils.catalog import Chapter, CourseError, Exercise

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*(?::([^{}]*))?\}\}")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")


def read_numbers(chapter: Chapter) -> dict[str, Any]:
    """What `course build --execute` measured; empty where it hasn't run yet. Raises CourseError if it isn't JSON."""
    path = chapter.figures / "numbers.json"
    try:
        numbers = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise CourseError(f"{path} isn't JSON ({error}): `course build --execute` measures it again.") from None
    return dict(numbers)


def fill(text: str, numbers: dict[str, Any], shown: str) -> str:
    """`text` with each `{{name:spec}}` replaced by the number of that name, formatted.

    Raises CourseError, with `shown` for the place, for a number that nobody measured or a spec that doesn't fit it.

    >>> fill("The loss falls to {{final_loss:.2f}}.", {"final_loss": 1.2345}, "here")
    'The loss falls to 1.23.'
    """

    def number(match: re.Match[str]) -> str:
        name, spec = match[1], (match[2] or "").strip()
        if name not in numbers:
            raise CourseError(
                f"{shown}: the prose states {{{{{name}}}}}, which was never measured. A code cell must call "
                f"record({name}=...); then run `course build --execute`."
            )
        try:
            return format(numbers[name], spec)
        except (ValueError, TypeError) as error:
            raise CourseError(f"{shown}: {{{{{name}:{spec}}}}} can't format {numbers[name]!r} ({error}).") from None

    return _PLACEHOLDER.sub(number, text)


def facts(exercise: Exercise) -> str:
    """The line under the heading: name, time, difficulty, what it builds on."""
    needs = ", ".join(f"`{name}`" for name in exercise.needs)
    parts = [f"`{exercise.name}`", f"about {exercise.minutes} minutes", f"difficulty {exercise.difficulty} of 5"]
    return f"*{' · '.join([*parts, *([f'needs {needs}'] if needs else [])])}*"


def last_heading(text: str) -> tuple[int, str] | None:
    """The line number (from 0) and text of the last `### ` heading outside fenced code, if it is the last of all."""
    found = None
    fenced = False
    for number, line in enumerate(text.split("\n")):
        fenced ^= bool(_FENCE.match(line))
        if not fenced and re.match(r"#{1,6} ", line):
            found = (number, line)
    return (found[0], found[1][4:].strip()) if found and found[1].startswith("### ") else None


def with_facts(text: str, exercise: Exercise, shown: str) -> str:
    """The markdown before an exercise, with its line of facts under the heading.

    Raises CourseError when the last heading isn't `### ` and the exercise's title.
    """
    heading = last_heading(text)
    if heading is None or heading[1] != exercise.title:
        said = f"is {heading[1]!r}" if heading else "is missing"
        raise CourseError(
            f"{shown}: the cell before {exercise.name} must end its headings with '### {exercise.title}', as in the "
            f"catalog; that heading {said}."
        )
    lines = text.split("\n")
    rest = "\n".join(lines[heading[0] + 1 :]).strip("\n")
    return "\n".join([*lines[: heading[0] + 1], "", facts(exercise), *(["", rest] if rest else [])])


def figures_shown(source: str) -> tuple[str, ...]:
    """The slugs in a code cell's calls `show(fig, "slug")`, in order.

    >>> figures_shown('show(lines(x), "loss-curve")')
    ('loss-curve',)
    """
    if "show(" not in source:
        return ()
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:  # a cell with magics
        return ()
    slugs = [
        (call.lineno, call.args[1].value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "show"
        if len(call.args) > 1 and isinstance(call.args[1], ast.Constant) and isinstance(call.args[1].value, str)
    ]
    return tuple(slug for _, slug in sorted(slugs))
