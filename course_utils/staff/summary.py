"""What came of a run, for the screen and for programs: who has how many points, what was refused, what changed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_utils.learner.state import write_atomically
from course_utils.staff.intake.files import Complaint, printable
from course_utils.staff.results import Result

FILE = "run.json"


@dataclass(frozen=True)
class Change:
    """An exercise whose outcome is another after grading the same file again."""

    person: str
    chapter: str
    exercise: str
    before: str
    after: str
    points: int  # more, or fewer, than before

    def __str__(self) -> str:
        return f"{self.person}, {self.exercise}: {self.before} -> {self.after} ({self.points:+d})"


@dataclass(frozen=True)
class Summary:
    """One run of `course grade`."""

    results: tuple[Result, ...]  # of everything that was handed in and could be graded
    from_before: int  # of these, taken from the store
    refused: tuple[Complaint, ...]
    passed_over: int  # files for chapters that weren't asked for
    changes: tuple[Change, ...]  # by a re-grading
    absent: tuple[str, ...] = ()  # "person/ch01": results of earlier runs for which no file is here now

    @property
    def undecided(self) -> list[Result]:
        """Results in which the grader itself failed at some exercise."""
        return [result for result in self.results if not result.graded.totals.decided]

    @property
    def ok(self) -> bool:
        """Whether everything that was handed in is graded and decided."""
        return not self.refused and not self.undecided

    def to_dict(self) -> dict[str, Any]:
        """Plain data: for --json, and the run's report."""
        return {
            "ok": self.ok,
            "graded": len(self.results) - self.from_before,
            "from_before": self.from_before,
            "passed_over": self.passed_over,
            "refused": [asdict(complaint) for complaint in self.refused],
            "changes": [asdict(change) for change in self.changes],
            "absent": list(self.absent),
            "results": [_row(result) for result in self.results],
        }


def save(folder: Path, summary: Summary) -> None:
    """Write the run's report."""
    write_atomically(folder / FILE, json.dumps(summary.to_dict(), indent=1, ensure_ascii=False) + "\n")


def _row(result: Result) -> dict[str, Any]:
    graded, totals = result.graded, result.graded.totals
    return {
        "person": graded.person,
        "chapter": graded.chapter,
        "file": graded.file,
        "points": totals.points,
        "max_points": totals.max_points,
        "undecided": totals.undecided,
        "outcomes": totals.outcomes,
        "jail": graded.jail.level,
    }


def changes_between(before: Result, after: Result) -> list[Change]:
    """The exercises whose outcome or points differ between two results of one file."""
    earlier = {row.name: row for row in before.graded.exercises}
    later = {row.name: row for row in after.graded.exercises}
    changes = []
    for name in dict.fromkeys([*earlier, *later]):
        was, is_ = earlier.get(name), later.get(name)
        words = [str(row.outcome) if row else "no exercise" for row in (was, is_)]
        points = (is_.points if is_ else 0) - (was.points if was else 0)
        if words[0] != words[1] or points:
            changes.append(Change(after.graded.person, after.graded.chapter, name, words[0], words[1], points))
    return changes


def table(summary: Summary) -> list[str]:
    """The lines that end a run on a terminal."""
    rows = [("person", "chapter", "points", "passed")]
    for result in summary.results:
        graded, totals = result.graded, result.graded.totals
        points = f"{totals.points}/{totals.max_points}"
        if not totals.decided:
            points += f", {totals.undecided} not decided"
        rows.append((printable(graded.person), graded.chapter, points, f"{totals.passed}/{totals.exercises}"))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
