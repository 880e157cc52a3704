"""A class of six, made by hand: everything that a report must say of it can be counted on fingers."""

from pathlib import Path

import pytest

from course_utils.grading.verdict import Outcome, Verdict
from course_utils.staff.results import ExerciseResult, Graded, Jail, Provenance, Result, Timing

P, W, C, T, M, N, L, G = Outcome  # passed, wrong, crashed, timeout, out of memory, not attempted, not loadable, grader
NAMES = {"embed": ("Embedding", 1), "LayerNorm": ("Layer normalisation", 2), "attention": ("Attention", 3)}
OUTSIDE = "eps is added outside the root"
SCALE = "the scores aren't scaled by the width of a head"

# person -> outcomes of the three exercises, seconds
CLASS = {
    "ada": ((P, P, P), 1.5),
    "bob": ((P, W, W), 3.0),
    "cyd": ((P, W, N), 4.0),
    "dan": ((P, W, C), 7.0),
    "eve": ((W, P, N), 0.5),
    "fay": ((P, G, T), 130.0),
}
BELIEFS = {("bob", "LayerNorm"): OUTSIDE, ("cyd", "LayerNorm"): OUTSIDE, ("bob", "attention"): SCALE}


def verdict(name: str, outcome: Outcome, belief: str | None = None, **more: object) -> Verdict:
    """A verdict as a judge in the jail gives it."""
    if outcome is P:
        return Verdict(name, P, "All checks pass.", passed=3, total=3)
    fields = {"check": "test_scores_are_scaled", "passed": 1, "total": 3, "next_step": f"course hint {name}"}
    says = f"{name} came out {outcome}."
    return Verdict(name, outcome, **{**fields, "says": says, "belief": belief, **more})


def row(name: str, outcome: Outcome, belief: str | None = None, **more: object) -> ExerciseResult:
    title, points = NAMES.get(name, (name, 1))
    return ExerciseResult(name, title, verdict(name, outcome, belief, **more), points)


def result_of(person: str, *rows: ExerciseResult, seconds: float = 1.0, file: str = "ch01_transformers.py") -> Result:
    made_by = Provenance("0.1.0+abc", "2.9.0", "3.11.7", "1" * 64, "2" * 64)
    jail = Jail("bubblewrap", ("user", "pid", "net"))
    graded = Graded(person, file, "f" * 64, "ch01_transformers", rows, made_by, jail, "seed-7")
    times = {one.name: seconds / len(rows) for one in rows}
    return Result(graded, Timing("2026-03-01T12:00:00Z", seconds, times))


@pytest.fixture
def people() -> list[Result]:
    """The class of six."""
    made = []
    for person, (outcomes, seconds) in CLASS.items():
        rows = [row(name, o, BELIEFS.get((person, name))) for name, o in zip(NAMES, outcomes, strict=True)]
        made.append(result_of(person, *rows, seconds=seconds))
    return made


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> &amp; \"quoted\" 'single' </pre></title></style>"
    "\x1b[2J\x1b]8;;http://x\x07link\x1b]8;;\x07 \u202egnp.exe\u2066 \x00\x08\x85\ufffe\ud800 ]]> {{7*7}} $x$"
)
FORMULAS = (
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    ' =cmd|"/c calc"!A1',
    "a;=1",
    'a","=1',
    "＝1",
    "x|=1",
)


@pytest.fixture
def hostile() -> Result:
    """Every text that a learner has a say in tries to break out; the rest of the verdict holds what must not be shown."""
    bad = row(
        "LayerNorm",
        W,
        says=HOSTILE,
        diagnosis=HOSTILE,
        where=f"line 3 of {HOSTILE}",
        code=HOSTILE,
        next_step=HOSTILE,
        details=("with x = SECRETINPUT", "expected SECRETVALUE", "yours 1"),
        printed="SECRETPRINT" + HOSTILE,
    )
    huge = row("attention", C, says="ha " * 5_000_000, code="x" * 10_000_000, printed="y" * 100_000)
    return result_of(f"mallory{HOSTILE}", row("embed", P), bad, huge, file=f"../../{HOSTILE}.py")


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """Seven people, one of whom has handed nothing in; fay is not on it."""
    path = tmp_path / "roster.csv"
    path.write_text("name,email\nAda L.,ada\nBob,bob\nCyd,CYD\nDan,dan\nEve,eve\nGil,gil\n", encoding="utf-8-sig")
    return path


@pytest.fixture
def folder(tmp_path: Path, people: list[Result]) -> Path:
    """The JSON files of the class, as someone copied them."""
    path = tmp_path / "class"
    (path / "results").mkdir(parents=True)
    for result in people:
        (path / "results" / f"{result.graded.person}.json").write_text(result.to_json(), encoding="utf-8")
    return path
