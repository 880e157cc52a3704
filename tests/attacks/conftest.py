"""A warm jail at each level that the machine has, what a hostile submission would like to find, and a neighbour."""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from course_utils.catalog import load_catalog
from course_utils.grading.verdict import Verdict
from course_utils.jail.talk.session import judge_in_jail
from course_utils.jail.walls.launch import Zygote
from course_utils.jail.walls.levels import Level, probe
from course_utils.jail.walls.rlimits import Limits

SEED = 20_331
TIME_LIMIT = 4.0  # seconds: shorter than the catalog's, as some attacks use it up
MEMORY = 512  # MB
SUBMISSIONS = Path(__file__).with_name("submissions")
_ABOUT = re.compile(r"^# attack (?P<number>\w[^:]*): (?P<what>.+)$", re.MULTILINE)
_EXPECT = re.compile(r"^# expect (?P<exercise>\w+): (?P<outcomes>[\w ]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Attack:
    """One hostile file: whom it says it solves, and the outcomes that it may get there."""

    path: Path
    what: str
    exercise: str
    outcomes: frozenset[str]

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


def attacks() -> list[Attack]:
    """All of them, by number. Raises ValueError for a file that doesn't say what it must get."""
    found = []
    for path in sorted(SUBMISSIONS.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        about, expect = _ABOUT.search(text), _EXPECT.search(text)
        if not about or not expect:
            raise ValueError(f"{path.name} must begin with `# attack …: …` and `# expect <exercise>: <outcome> …`.")
        outcomes = frozenset(expect["outcomes"].split())
        if "passed" in outcomes:
            raise ValueError(f"{path.name}: no attack may pass.")
        found.append(Attack(path, about["what"], expect["exercise"], outcomes))
    return found


def pytest_generate_tests(metafunc):
    if "attack" in metafunc.fixturenames:
        metafunc.parametrize("attack", attacks(), ids=lambda attack: attack.path.stem)


@pytest.fixture(scope="session")
def corpus() -> list[Attack]:
    return attacks()


@dataclass(frozen=True)
class Secrets:
    """Things of the trusted side that must never be seen again."""

    canary: str

    def leaked(self, text: str) -> bool:
        return self.canary in text


@pytest.fixture(scope="session")
def secrets(tmp_path_factory) -> Iterator[Secrets]:
    """A canary in the grader's environment and in a file of the machine."""
    canary = f"canary-{uuid.uuid4().hex}"
    before = os.environ.get("GLASSBOX_SECRET")
    os.environ["GLASSBOX_SECRET"] = canary
    (tmp_path_factory.mktemp("neighbour") / "canary.txt").write_text(canary)
    yield Secrets(canary)
    os.environ.pop("GLASSBOX_SECRET")
    if before is not None:
        os.environ["GLASSBOX_SECRET"] = before


class Grader:
    """Jails at one level, one for each chapter that is attacked, as the staff's run uses them. A context manager."""

    def __init__(self, level: Level) -> None:
        self.level, self.catalog = level, load_catalog()
        self._zygotes: dict[str, Zygote] = {}
        self._open = ExitStack()

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *about: object) -> None:
        self._open.close()

    def zygote(self, chapter: str) -> Zygote:
        if chapter not in self._zygotes:
            fresh = Zygote(self.level, self.catalog.find_chapter(chapter))
            self._zygotes[chapter] = self._open.enter_context(fresh)
        return self._zygotes[chapter]

    def judge(self, exercise: str, text: str, filename: str = "", seed: int = SEED) -> Verdict:
        record = replace(self.catalog.find_exercise(exercise), time_limit=TIME_LIMIT, memory_mb=MEMORY)
        with self.zygote(record.chapter).worker(Limits(memory_mb=record.memory_mb)) as worker:
            return judge_in_jail(record, text, filename or f"{record.chapter}.py", worker, seed=seed)


@pytest.fixture(scope="session", params=sorted(Level, reverse=True), ids=lambda level: level.name.lower())
def grader(request, secrets) -> Iterator[Grader]:
    """Every level that this machine has, strongest first; the others say why not."""
    found = next(found for found in _probed() if found.level == request.param)
    if not found.works:
        pytest.skip(f"no {request.param.name.lower()} here: {found.says}")
    with Grader(request.param) as grader:
        yield grader


_PROBED: list = []


def _probed():
    if not _PROBED:
        _PROBED.extend(probe())
    return _PROBED


def solution_of(exercise: str) -> str:
    """The course's own chapter in which the exercise is, as the best of neighbours."""
    catalog = load_catalog()
    chapter = catalog.chapter_of(catalog.find_exercise(exercise))
    return chapter.solution.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def solution() -> Callable[[str], str]:
    """What `solution_of` gives."""
    return solution_of
