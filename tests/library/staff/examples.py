"""Results to put into stores and reports, made without grading anything."""

from dataclasses import replace

from course_utils.grading.verdict import Outcome, Verdict
from course_utils.staff.results import ExerciseResult, Graded, Jail, Provenance, Result, Timing

HERE = Provenance("0.1.0+abc", "2.13.0", "3.11.7", "1" * 64, "c" * 64)


def row(name: str, outcome: Outcome = Outcome.PASSED, points: int = 2, **more) -> ExerciseResult:
    return ExerciseResult(name, name.title(), Verdict(name, outcome, f"says {name}", passed=1, total=2), points, **more)


def result(person: str = "jane", *rows: ExerciseResult, chapter: str = "ch01_transformers", **more) -> Result:
    rows = rows or (row("double"), row("Scale", Outcome.WRONG, 5))
    graded = Graded(person, f"{person}.py", "a" * 64, chapter, rows, HERE, Jail("bubblewrap", ("pid", "net")), "5eed")
    return Result(replace(graded, **more), Timing("2026-03-01T12:00:00Z", 1.5, {"double": 0.5}))
