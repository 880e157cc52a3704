"""What grading one file gives: the one schema that every export is made from. Imports no torch.

A result has two parts. `Graded` is what the same file, secret and course give again, byte for byte; `Timing` is what
they don't. Nothing here holds a seed, an expected value or what a learner's code printed.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from course_utils.grading.verdict import Outcome, Verdict

SCHEMA = 1  # raised when a reader of older files would misread a newer one


class NotAResult(ValueError):
    """A text that is no result of this schema."""


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise of the file. Points are granted for an exercise that passes all its checks, and for nothing less."""

    name: str
    title: str
    verdict: Verdict  # its `seconds` are 0 here: see Timing
    max_points: int
    blocked_by: tuple[str, ...] = ()  # earlier exercises that it uses and that fail; it couldn't be judged without them
    with_reference_for: tuple[str, ...] = ()  # earlier exercises whose place the course's own took while it was judged

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    @property
    def points(self) -> int:
        return self.max_points if self.verdict.ok else 0

    @property
    def decided(self) -> bool:
        """False where the grader itself failed, which never counts against the learner."""
        return self.outcome is not Outcome.GRADER_ERROR

    def to_dict(self) -> dict[str, Any]:
        """Plain data. `outcome` and `points` follow from the rest; they are there for readers of the file."""
        return {
            "name": self.name,
            "title": self.title,
            "outcome": str(self.outcome),
            "points": self.points,
            "max_points": self.max_points,
            "verdict": self.verdict.to_dict(),
            "blocked_by": list(self.blocked_by),
            "with_reference_for": list(self.with_reference_for),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "ExerciseResult":
        """The inverse of `to_dict`."""
        return cls(
            data["name"], data["title"], Verdict.from_dict(data["verdict"]), data["max_points"],
            tuple(data["blocked_by"]), tuple(data["with_reference_for"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Totals:
    """Sums over the exercises of a result."""

    points: int  # granted
    max_points: int  # there are
    undecided: int  # points of exercises at which the grader failed; while there are any, the total isn't decided
    passed: int  # exercises
    exercises: int
    outcomes: dict[str, int]  # how many exercises had which outcome

    @property
    def decided(self) -> bool:
        return not self.undecided


@dataclass(frozen=True)
class Jail:
    """The walls that every exercise of a result was run behind: the weakest level that any of them had."""

    level: str  # "bubblewrap", "namespaces", "landlock" or "rlimits"
    parts: tuple[str, ...]  # what it is made of, e.g. ("user", "pid", "net", …)


@dataclass(frozen=True)
class Provenance:
    """What took part in a result besides the file. Two results whose provenance differs can't be compared silently."""

    course: str  # version of the course and a fingerprint of its grader, "0.1.0+1f0c…"
    torch: str
    python: str
    lock: str  # SHA-256 of requirements.lock; "" where there is none
    checks: str  # SHA-256 over the chapter's records, solutions and check files

    @property
    def grader(self) -> str:
        """The fingerprint of the code that judges, without the version of the course, which decides nothing."""
        return self.course.partition("+")[2]

    def compared(self) -> dict[str, str]:
        """What decides a verdict: results in which any of these differs can't be compared."""
        parts = {"grader": self.grader, "torch": self.torch, "python": self.python}
        return parts | {"lock": self.lock, "checks": self.checks}


@dataclass(frozen=True)
class Graded:
    """The part of a result that doesn't change when the same file is graded again."""

    person: str
    file: str  # its name as it was handed in, relative to the folder or archive
    sha256: str  # of its bytes as handed in
    chapter: str  # the key, "ch01_transformers"
    exercises: tuple[ExerciseResult, ...]  # in the order of the chapter
    provenance: Provenance
    jail: Jail
    seed: str  # names the hidden seeds without giving them away

    @property
    def totals(self) -> Totals:
        rows = self.exercises
        return Totals(
            points=sum(row.points for row in rows),
            max_points=sum(row.max_points for row in rows),
            undecided=sum(row.max_points for row in rows if not row.decided),
            passed=sum(row.verdict.ok for row in rows),
            exercises=len(rows),
            outcomes=dict(sorted(Counter(str(row.outcome) for row in rows).items())),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data; `totals` follow from the exercises."""
        return {
            "person": self.person,
            "file": {"name": self.file, "sha256": self.sha256},
            "chapter": self.chapter,
            "totals": asdict(self.totals) | {"decided": self.totals.decided},
            "exercises": [row.to_dict() for row in self.exercises],
            "provenance": asdict(self.provenance),
            "jail": {"level": self.jail.level, "parts": list(self.jail.parts)},
            "seed": self.seed,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Graded":
        """The inverse of `to_dict`; sums are made anew, not read."""
        return cls(
            person=data["person"],
            file=data["file"]["name"],
            sha256=data["file"]["sha256"],
            chapter=data["chapter"],
            exercises=tuple(ExerciseResult.from_dict(row) for row in data["exercises"]),
            provenance=Provenance(**data["provenance"]),
            jail=Jail(data["jail"]["level"], tuple(data["jail"]["parts"])),
            seed=data["seed"],
        )


@dataclass(frozen=True)
class Timing:
    """When and how long; differs from run to run."""

    graded_at: str  # UTC, "2026-03-01T12:00:00Z"
    seconds: float  # the whole file, from the first worker to the last verdict
    exercises: dict[str, float] = field(default_factory=dict)  # name -> seconds


@dataclass(frozen=True)
class Result:
    """One person's file for one chapter, graded."""

    graded: Graded
    timing: Timing

    def to_json(self) -> str:
        """The text of the results file."""
        data = {"schema": SCHEMA, "graded": self.graded.to_dict(), "timing": asdict(self.timing)}
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """The inverse of `to_json`. Raises NotAResult for anything else, another schema included."""
        try:
            data = json.loads(text)
            if data["schema"] != SCHEMA:
                raise NotAResult(f"schema {data['schema']}, and this version of the course reads schema {SCHEMA}")
            return cls(Graded.from_dict(data["graded"]), Timing(**data["timing"]))
        except NotAResult:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise NotAResult(f"{type(error).__name__}: {error}") from None
