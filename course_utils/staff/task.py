"""What grading one file needs, as plain data that can go to another process or machine. Imports no torch."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from course_utils.catalog import Exercise, load_catalog
from course_utils.grading.verdict import Verdict, grader_error
from course_utils.staff.results import ExerciseResult, Graded, Jail, Provenance, Result, Timing

LIMIT = 300.0  # seconds that one file may take in all; loops that never end in a few exercises stay well below it


@dataclass(frozen=True)
class Task:
    """All that grading one file needs."""

    person: str
    file: str  # its name as handed in; the ending says how to read the text
    sha256: str
    chapter: str
    text: str = field(repr=False)  # Python, or a notebook cut down to its code
    seeds: dict[str, int] = field(repr=False)  # exercise -> hidden seed
    seed: str  # their name
    required: str  # the jail level below which nothing is graded
    provenance: Provenance  # whoever grades must have the same course

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Task":
        """The inverse of `to_dict`."""
        return cls(**data | {"provenance": Provenance(**data["provenance"])})


def row_of(exercise: Exercise, verdict: Verdict, **notes: tuple[str, ...]) -> ExerciseResult:
    """An exercise's verdict as a part of a result. notes: `blocked_by` or `with_reference_for`."""
    return ExerciseResult(exercise.name, exercise.title, _lasting(verdict), exercise.points, **notes)


def _lasting(verdict: Verdict) -> Verdict:
    """The verdict without what differs from run to run, and without half characters, which no file can hold."""

    def clean(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(clean(item) for item in value)
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    fields = {key: clean(value) for key, value in asdict(verdict).items() if key != "outcome"}
    return verdict.with_(**fields | {"seconds": 0.0, "printed": ""})


def undecided(task: Task, why: str) -> Result:
    """The result when the grader itself broke down over a file: nothing is decided, and nothing is charged."""
    chapter = load_catalog().find_chapter(task.chapter)
    rows = tuple(row_of(exercise, grader_error(exercise, why)) for exercise in chapter.exercises)
    graded = Graded(
        task.person, task.file, task.sha256, task.chapter, rows, task.provenance, Jail("none", ()), task.seed
    )
    return Result(graded, Timing(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", 0.0, {}))
