"""The records of a chapter: what its `exercises.toml` may say, and every path that follows from a name."""

import difflib
import re
import tomllib
from dataclasses import dataclass, fields
from functools import cached_property
from keyword import iskeyword
from pathlib import Path
from typing import Any


class CourseError(Exception):
    """Something the reader can mend. The message is one sentence that names the remedy."""


def slug_of(name: str) -> str:
    """The snake-case form that names files.

    >>> slug_of("LayerNorm"), slug_of("MLP"), slug_of("top_k_filter")
    ('layer_norm', 'mlp', 'top_k_filter')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@dataclass(frozen=True)
class Exercise:
    """One function or class that a learner writes. The fields after `hints` are optional in the file."""

    name: str
    title: str
    minutes: int
    difficulty: int
    needs: tuple[str, ...]
    hints: tuple[str, ...]
    given: tuple[str, ...] = ()  # methods that the stub keeps as the author wrote them
    time_limit: float = 10.0  # seconds for all checks together
    memory_mb: int = 4096  # what the checks may allocate on top of torch itself
    may_change_input: bool = False  # True where writing into an argument is the point
    points: int = 0  # what `course grade` gives for it; without the key in the file, as many as its difficulty
    chapter: str = ""  # the key of the chapter; set by the loader

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", self.points or self.difficulty)

    @cached_property
    def slug(self) -> str:
        """`layer_norm` for `LayerNorm`: names the check file and the permalink."""
        return slug_of(self.name)


@dataclass(frozen=True)
class Chapter:
    """A chapter and where its parts lie under `root`."""

    key: str  # "ch01_transformers"
    title: str
    summary: str
    exercises: tuple[Exercise, ...]
    root: Path

    @property
    def number(self) -> int:
        return int(self.key[2:4])

    @property
    def minutes(self) -> int:
        return sum(exercise.minutes for exercise in self.exercises)

    @property
    def folder(self) -> Path:
        return self.root / "chapters" / self.key

    @property
    def records(self) -> Path:
        """The authored `exercises.toml`."""
        return self.folder / "exercises.toml"

    @property
    def script(self) -> Path:
        """The learner's `.py`."""
        return self.folder / f"{self.key}.py"

    @property
    def notebook(self) -> Path:
        """The learner's `.ipynb`, the same document as `script`."""
        return self.folder / f"{self.key}.ipynb"

    @property
    def figures(self) -> Path:
        """What `course build --execute` computed: one JSON a figure, and `numbers.json`."""
        return self.folder / "figures"

    @property
    def solution(self) -> Path:
        """The authored source of everything else."""
        return self.root / "solutions" / f"{self.key}.py"

    @property
    def solution_notebook(self) -> Path:
        return self.root / "solutions" / f"{self.key}.ipynb"

    @property
    def tests(self) -> Path:
        return self.root / "tests" / self.key

    def check_file(self, exercise: Exercise) -> Path:
        """The file with the checks, mutants and accepted variants of one exercise."""
        return self.tests / f"test_{exercise.slug}.py"


def read_toml(path: Path, shown: str) -> dict[str, Any] | None:
    """What an authored file holds; None where there is none. Raises CourseError for one that can't be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CourseError(f"{shown} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{shown} is not valid TOML: {error}.") from None


def read_chapter(folder: Path, root: Path) -> Chapter:
    """The chapter in `folder`. Raises CourseError for what its `exercises.toml` lacks or may not hold."""
    path = folder / "exercises.toml"
    shown = f"chapters/{folder.name}/exercises.toml"
    data = read_toml(path, shown)
    if data is None:
        raise CourseError(f"{shown} is missing: a folder under chapters/ named like a chapter needs one.")
    only_known(data, {"title": str, "summary": str, "exercise": list}, f"{shown}", "Chapter", tables="exercise")
    rows = [_read_exercise(row, f"{shown}, exercise {i}", folder.name) for i, row in enumerate(data["exercise"], 1)]
    return Chapter(folder.name, data["title"], data["summary"].strip(), tuple(rows), root)


_TYPES: dict[str, Any] = {
    "name": str,
    "title": str,
    "minutes": int,
    "difficulty": int,
    "needs": list,
    "hints": list,
    "given": list,
    "time_limit": (int, float),
    "memory_mb": int,
    "may_change_input": bool,
    "points": int,
}
_REQUIRED = {"name", "title", "minutes", "difficulty", "needs", "hints"}


def _read_exercise(row: dict[str, Any], where: str, chapter: str) -> Exercise:
    if not isinstance(row, dict):
        raise CourseError(f"{where}: an exercise is a table: begin it with [[exercise]].")
    where = f"{where} ({row['name']})" if isinstance(row.get("name"), str) else where
    only_known(row, _TYPES, where, "Exercise", _REQUIRED)
    if not row["name"].isidentifier() or iskeyword(row["name"]):
        raise CourseError(f"{where}: name must be the Python name of a function or class.")
    if not 1 <= row["difficulty"] <= 5:
        raise CourseError(f"{where}: difficulty runs from 1 to 5, not {row['difficulty']}.")
    if row.get("points", 1) < 1:
        raise CourseError(f"{where}: points must be at least 1; leave the key out to have its difficulty count.")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Exercise(**values, chapter=chapter)


def only_known(
    row: dict[str, Any],
    types: dict[str, Any],
    where: str,
    record: str,
    required: set[str] | None = None,
    home: str = "course_utils/records.py",
    tables: str = "",
) -> None:
    """Refuse unknown keys, missing keys and wrong types, each with one sentence.

    home: the file that holds the record's class. tables: the key whose list is of tables; other lists are of strings.
    """
    for key, value in row.items():
        if key not in types:
            near = difflib.get_close_matches(key, types, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            place = f"A new key goes into the {record} record in {home}."
            raise CourseError(f"{where}: unknown key {key!r}.{guess} {place}")
        if not isinstance(value, types[key]) or (isinstance(value, bool) and types[key] is not bool):
            wanted = getattr(types[key], "__name__", "number")
            raise CourseError(f"{where}: {key} must be of type {wanted}, not {type(value).__name__}.")
        if isinstance(value, list) and key != tables and not all(isinstance(item, str) for item in value):
            raise CourseError(f"{where}: {key} must be a list of strings.")
    missing = (set(types) if required is None else required) - set(row)
    if missing:
        raise CourseError(f"{where}: missing {', '.join(sorted(missing))}.")


assert {field.name for field in fields(Exercise)} == set(_TYPES) | {"chapter"}
