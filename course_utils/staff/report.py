"""A class in numbers: where people are stuck, what they believe, who is missing. Computed once; drawn elsewhere."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from course_utils.grading.verdict import Outcome
from course_utils.staff.intake.names import person_key
from course_utils.staff.results import ExerciseResult, Result

Bins = tuple[tuple[str, int], ...]  # the name of a bin, and how many are in it
_SECONDS = (1, 2, 5, 10, 20, 60, 120)  # the upper ends of the bins of time; one more is open


@dataclass(frozen=True)
class Belief:
    """A known wrong answer, and how many files answer like it."""

    exercise: str
    says: str
    people: int
    tried: int  # files in which the exercise was attempted and judged

    @property
    def share(self) -> float:
        """Of those who tried the exercise, 0 to 1."""
        return self.people / self.tried


@dataclass(frozen=True)
class Standing:
    """One exercise over all files of its chapter."""

    name: str
    title: str
    place: int  # in the chapter, from 1
    outcomes: Mapping[Outcome, int]
    beliefs: tuple[Belief, ...]  # most frequent first
    stuck_at: tuple[tuple[str, int], ...]  # the first check that fails, and how often, where no belief is known
    blocked: int  # files in which it fails with earlier exercises that it uses
    median_seconds: float

    @property
    def files(self) -> int:
        return sum(self.outcomes.values())

    @property
    def passed(self) -> int:
        return self.outcomes.get(Outcome.PASSED, 0)

    @property
    def not_attempted(self) -> int:
        return self.outcomes.get(Outcome.NOT_ATTEMPTED, 0)

    @property
    def tried(self) -> int:
        """Files in which it was attempted and judged: not those where the grader failed."""
        return self.files - self.not_attempted - self.outcomes.get(Outcome.GRADER_ERROR, 0)

    @property
    def stuck(self) -> int:
        """Files in which it was tried in vain."""
        return self.tried - self.passed

    @property
    def pass_rate(self) -> float:
        """Of those who tried, 0 to 1."""
        return self.passed / self.tried if self.tried else 0.0


@dataclass(frozen=True)
class Row:
    """One person."""

    person: str
    points: int
    max_points: int
    passed: int
    undecided: int
    seconds: float
    jail: str


@dataclass(frozen=True)
class ClassReport:
    """One chapter of a class. `exercises` stand by how many are stuck, most first; `people` by name."""

    chapter: str
    title: str
    people: tuple[Row, ...]
    exercises: tuple[Standing, ...]
    missing: tuple[str, ...] | None  # on the roster without a file; None without a roster
    strangers: tuple[str, ...]  # with a file, not on the roster
    jails: tuple[tuple[str, int], ...]
    makers: tuple[tuple[str, int], ...]  # versions that files were graded with; more than one can't be compared

    @cached_property
    def beliefs(self) -> tuple[Belief, ...]:
        """Of all exercises, most frequent first."""
        found = (belief for standing in self.exercises for belief in standing.beliefs)
        return tuple(sorted(found, key=lambda belief: (-belief.people, -belief.share)))

    @cached_property
    def points(self) -> Bins:
        """How many people have which share of the points, in tenths."""
        counts = Counter(min(10 * row.points // row.max_points, 9) if row.max_points else 0 for row in self.people)
        return tuple((f"{10 * i}–{100 if i == 9 else 10 * i + 9} %", counts[i]) for i in range(10))

    @cached_property
    def seconds(self) -> Bins:
        """How many files took how long to grade."""
        counts = Counter(sum(row.seconds >= end for end in _SECONDS) for row in self.people)
        names = [f"<{_SECONDS[0]} s", *(f"{a}–{b} s" for a, b in pairwise(_SECONDS))]
        return tuple((name, counts[i]) for i, name in enumerate([*names, f"≥{_SECONDS[-1]} s"]))

    @property
    def median_points(self) -> float:
        return median(row.points for row in self.people) if self.people else 0.0

    @property
    def max_points(self) -> int:
        return max((row.max_points for row in self.people), default=0)


def class_reports(
    results: Iterable[Result], roster: Sequence[str] | None = None, titles: Mapping[str, str] | None = None
) -> tuple[ClassReport, ...]:
    """A report for each chapter that there are results of, in the order of the chapters.

    roster: who should have handed in; without one nobody is missing. titles: of chapters, by key.
    """
    chapters: dict[str, list[Result]] = {}
    for result in results:
        chapters.setdefault(result.graded.chapter, []).append(result)
    return tuple(_report(key, chapters[key], roster, (titles or {}).get(key, key)) for key in sorted(chapters))


def _report(key: str, results: list[Result], roster: Sequence[str] | None, title: str) -> ClassReport:
    results = sorted(results, key=lambda result: result.graded.person)
    handed_in = {person_key(result.graded.person) for result in results}
    listed = {person_key(person) for person in roster or ()}
    return ClassReport(
        chapter=key,
        title=title,
        people=tuple(_row(result) for result in results),
        exercises=_standings(results),
        missing=None if roster is None else tuple(p for p in roster if person_key(p) not in handed_in),
        strangers=tuple(
            result.graded.person
            for result in results
            if roster is not None and person_key(result.graded.person) not in listed
        ),
        jails=tuple(Counter(result.graded.jail.level for result in results).most_common()),
        makers=tuple(Counter(_maker(result) for result in results).most_common()),
    )


def _row(result: Result) -> Row:
    totals = result.graded.totals
    jail, seconds = result.graded.jail.level, result.timing.seconds
    return Row(result.graded.person, totals.points, totals.max_points, totals.passed, totals.undecided, seconds, jail)


def _maker(result: Result) -> str:
    made_by = result.graded.provenance
    return (
        f"grader {made_by.grader}, checks {made_by.checks[:12]}, torch {made_by.torch}, Python {made_by.python}, "
        f"lock {made_by.lock[:12] or 'none'}"
    )


def _standings(results: list[Result]) -> tuple[Standing, ...]:
    """Every exercise of the chapter, hardest first: by how many are stuck at it, then by how many haven't begun."""
    rows: dict[str, list[ExerciseResult]] = {}
    for result in results:
        for row in result.graded.exercises:
            rows.setdefault(row.name, []).append(row)
    seconds = {name: [r.timing.exercises[name] for r in results if name in r.timing.exercises] for name in rows}
    found = [_standing(place, same, seconds[name]) for place, (name, same) in enumerate(rows.items(), 1)]
    return tuple(sorted(found, key=lambda one: (-one.stuck, -one.not_attempted, one.place)))


def _standing(place: int, rows: list[ExerciseResult], seconds: list[float]) -> Standing:
    name = rows[0].name
    outcomes = Counter(row.outcome for row in rows)
    tried = len(rows) - outcomes[Outcome.NOT_ATTEMPTED] - outcomes[Outcome.GRADER_ERROR]
    # A stub fails at the first check too, which says nothing about that check.
    no_failure = (Outcome.PASSED, Outcome.NOT_ATTEMPTED, Outcome.GRADER_ERROR)
    failing = [row for row in rows if row.outcome not in no_failure]
    beliefs = Counter(row.verdict.belief for row in failing if row.verdict.belief)
    checks = Counter(row.verdict.check for row in failing if row.verdict.check and not row.verdict.belief)
    return Standing(
        name=name,
        title=rows[0].title,
        place=place,
        outcomes={outcome: outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
        beliefs=tuple(Belief(name, says, people, tried) for says, people in beliefs.most_common()),
        stuck_at=tuple(checks.most_common()),
        blocked=sum(bool(row.blocked_by) for row in rows if not row.verdict.ok),
        median_seconds=median(seconds) if seconds else 0.0,
    )
