"""The catalog: all chapters of the course, and what a name means in it.

Imports nothing heavy: `course list` must answer at once.
"""

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from course_utils.records import Chapter, CourseError, Exercise, read_chapter, slug_of

__all__ = [
    "Catalog",
    "Chapter",
    "CourseError",
    "Exercise",
    "UnknownName",
    "course_root",
    "load_catalog",
    "slug_of",
]

CHAPTER_KEY = re.compile(r"ch(\d\d)_[a-z0-9_]+")


class UnknownName(CourseError):
    """No exercise or chapter has this name."""


def course_root() -> Path:
    """The folder that holds `chapters/`: `$GLASSBOX_ROOT` if set, else the checkout this package lies in."""
    told = os.environ.get("GLASSBOX_ROOT")
    root = Path(told) if told else Path(__file__).resolve().parent.parent
    if not (root / "chapters").is_dir():
        raise CourseError(
            f"There is no chapters/ folder in {root}: run from a clone of the course, "
            "or set GLASSBOX_ROOT to the folder that holds chapters/."
        )
    return root


@dataclass(frozen=True)
class Catalog:
    """All chapters, in the order of teaching."""

    chapters: tuple[Chapter, ...]

    @property
    def exercises(self) -> Iterator[Exercise]:
        return (exercise for chapter in self.chapters for exercise in chapter.exercises)

    def chapter_of(self, exercise: Exercise) -> Chapter:
        return next(chapter for chapter in self.chapters if chapter.key == exercise.chapter)

    def find(self, text: str) -> Exercise | Chapter:
        """An exercise by its name or slug, or a chapter by key, number ("1", "01", "ch01") or the word in its key.

        Raises UnknownName with the nearest names when nothing fits.
        """
        wanted = text.strip().removesuffix("/").rsplit("/", 1)[-1]
        wanted = re.sub(r"\.(py|ipynb)$", "", wanted)
        for exercise in self.exercises:
            if wanted == exercise.name or slug_of(wanted) == exercise.slug:
                return exercise
        for chapter in self.chapters:
            _, _, word = chapter.key.partition("_")
            if wanted in (chapter.key, chapter.key[:4], chapter.key[2:4], str(chapter.number), word):
                return chapter
        raise UnknownName(self._no_such(text))

    def find_exercise(self, text: str) -> Exercise:
        """Like `find`, for exercises only."""
        found = self.find(text)
        if isinstance(found, Chapter):
            raise UnknownName(f"{found.key} is a chapter: name one of its exercises (`course list {found.key[:4]}`).")
        return found

    def find_chapter(self, text: str) -> Chapter:
        """Like `find`; an exercise's name gives its chapter."""
        found = self.find(text)
        return found if isinstance(found, Chapter) else self.chapter_of(found)

    def _no_such(self, text: str) -> str:
        names = {key: e.name for e in self.exercises for key in (e.slug, e.name.lower())}
        names |= {chapter.key: chapter.key for chapter in self.chapters}
        near = difflib.get_close_matches(slug_of(text), names, n=3, cutoff=0.5)
        near += [low for low in difflib.get_close_matches(text.lower(), names, n=3, cutoff=0.5) if low not in near]
        shown = list(dict.fromkeys(names[low] for low in near))[:3]
        nearest = f" Nearest: {', '.join(shown)}." if shown else ""
        return f"No exercise or chapter is called {text!r}.{nearest} `course list` shows them all."


def load_catalog(root: Path | None = None) -> Catalog:
    """Read every `exercises.toml` under `root/chapters` (default: `course_root()`).

    Raises CourseError for a file that isn't TOML, an unknown or missing key, a wrong type, a name used twice, or a
    prerequisite that does not come earlier; the message names the file.
    """
    return _load(root or course_root())


@lru_cache(maxsize=8)
def _load(root: Path) -> Catalog:
    folders = sorted(path for path in (root / "chapters").iterdir() if CHAPTER_KEY.fullmatch(path.name))
    for one, other in pairwise(folders):
        if one.name[:4] == other.name[:4]:
            raise CourseError(f"chapters/{one.name} and chapters/{other.name} have one number: rename one.")
    chapters = tuple(read_chapter(folder, root) for folder in folders)
    seen: dict[str, str] = {}
    for chapter in chapters:
        for exercise in chapter.exercises:
            where = f"chapters/{chapter.key}/exercises.toml"
            if exercise.slug in seen:
                raise CourseError(
                    f"{where}: {exercise.name} is already an exercise of {seen[exercise.slug]}: rename one."
                )
            late = [name for name in exercise.needs if slug_of(name) not in seen]
            if late:
                raise CourseError(f"{where}: {exercise.name} needs {late[0]}, which is no earlier exercise.")
            seen[exercise.slug] = chapter.key
    return Catalog(chapters)
