"""Words and signs that several commands print."""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from course_utils.catalog import Exercise
from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome, Verdict

DIFFICULTY = 5
SITE_PORT = 8501  # where `course site` serves, unless told otherwise
_COMMANDS = (
    "list check watch hint solution reset sync progress site doctor specimens new build gate grade grades gradescope"
)
_COURSE = re.compile(rf"\bcourse (?=(?:{_COMMANDS.replace(' ', '|')})\b)")


def colour() -> bool:
    """Colours only on a terminal, and not where NO_COLOR is set (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, code: str) -> str:
    """`text` in an ANSI colour, where colours are wanted."""
    return f"\033[{code}m{text}\033[0m" if colour() else text


def command() -> str:
    """How this reader runs `course`: by that name, or by its path where no shell would find it (`.venv/bin/course`)."""
    path = Path(sys.argv[0]).absolute()
    if path.name != "course" or shutil.which("course"):
        return "course"
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def as_typed(text: str) -> str:
    """`text` with each `course …` in it written so that it works when copied into the terminal."""
    return _COURSE.sub(f"{command()} ", text)


def print_json(data: Any) -> None:
    """For programs: one JSON document."""
    print(json.dumps(data, indent=2, ensure_ascii=False))


def duration(minutes: int) -> str:
    """Minutes in words.

    >>> duration(20), duration(60), duration(135)
    ('20 min', '1 h', '2 h 15 min')
    """
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(parts)


def dots(exercise: Exercise) -> str:
    """The difficulty as filled dots."""
    return "●" * exercise.difficulty + "○" * (DIFFICULTY - exercise.difficulty)


def bar(part: int, whole: int, width: int = 24) -> str:
    """How much of `whole` is done.

    >>> bar(1, 4, width=8)
    '██░░░░░░'
    """
    full = width * part // whole if whole else 0
    return "█" * full + "░" * (width - full)


def shown_path(path: Path, root: Path) -> str:
    """A path as a learner would type it: relative to where they are, else to the course, else in full."""
    for base in (Path.cwd(), root):
        if path.is_relative_to(base):
            return str(path.relative_to(base))
    return str(path)


def first_failure(verdicts: list[Verdict], colour: bool) -> str:
    """What follows a chapter's lines: the first failure in full, and the count. Untouched stubs are no failures."""
    failing = (v for v in verdicts if not v.ok and v.outcome is not Outcome.NOT_ATTEMPTED)
    shown = [f"\n{as_text(verdict, colour)}" for verdict in failing][:1]
    passed = sum(verdict.ok for verdict in verdicts)
    return "\n".join([*shown, f"\n{passed} of {len(verdicts)} pass."])
