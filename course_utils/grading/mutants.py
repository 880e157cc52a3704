"""Known wrong answers (`Mutant`) and other right ones (`Accepted`), each an edit to the reference solution."""

import __future__

import linecache
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from course_utils.authoring.cells import read_text
from course_utils.authoring.stub import source_of
from course_utils.catalog import CourseError, Exercise, load_catalog
from course_utils.grading.frames import REFERENCE
from course_utils.grading.subject import Submission, load_submission


@dataclass(frozen=True)
class Edit:
    """The reference with `old` replaced by `new`, or `source` in its place."""

    old: str = ""
    new: str = ""
    source: str = ""

    def apply(self, reference: str) -> str:
        """The edited source. Raises CourseError unless `old` occurs exactly once."""
        if self.source:
            return self.source
        count = reference.count(self.old)
        if count != 1:
            raise CourseError(f"the text to replace occurs {count} times in the reference, not once: {self.old!r}.")
        return reference.replace(self.old, self.new)


@dataclass(frozen=True)
class Mutant:
    """A wrong answer that someone could plausibly give.

    belief: completes "This is what comes out when …".
    check: the check that must be the first to catch it.
    """

    belief: str
    old: str
    new: str
    check: str
    source: str = ""

    @classmethod
    def whole(cls, belief: str, source: str, check: str) -> "Mutant":
        """A mutant with its whole source written out, where an edit won't do."""
        return cls(belief, "", "", check, source)

    @property
    def edit(self) -> Edit:
        return Edit(self.old, self.new, self.source)


@dataclass(frozen=True)
class Accepted:
    """Another right answer, which must pass."""

    why: str
    old: str = ""
    new: str = ""
    source: str = ""

    @classmethod
    def whole(cls, why: str, source: str) -> "Accepted":
        """An accepted answer with its whole source written out."""
        return cls(why, source=source)

    @property
    def edit(self) -> Edit:
        return Edit(self.old, self.new, self.source)


@dataclass(frozen=True)
class Reference:
    """The author's solution of one exercise: its text, and the module around it."""

    exercise: Exercise
    source: str
    submission: Submission

    @property
    def thing(self) -> Any:
        return self.submission.get(self.exercise.name)

    def variant(self, edit: Edit, label: str) -> Any:
        """The exercise compiled from edited source, in a copy of the solution's namespace.

        Raises CourseError when the edit doesn't fit or the result is no Python.
        """
        return self.compile(edit.apply(self.source), label)

    def compile(self, source: str, label: str) -> Any:
        """The exercise as `source` defines it, next to the solution's other names."""
        filename = f"{REFERENCE} {self.exercise.name}: {label}>"
        namespace = {key: value for key, value in self.submission.namespace.items() if key != self.exercise.name}
        flags = __future__.annotations.compiler_flag if "annotations" in namespace else 0
        try:
            exec(compile(source, filename, "exec", flags=flags, dont_inherit=True), namespace)
        except Exception as error:
            raise CourseError(f"{self.exercise.name}, {label!r}: {type(error).__name__}: {error}.") from None
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        if self.exercise.name not in namespace:
            raise CourseError(f"{self.exercise.name}, {label!r}: the source does not define {self.exercise.name}.")
        return namespace[self.exercise.name]


def load_reference(exercise: Exercise) -> Reference:
    """The reference from `solutions/`. Raises CourseError when the solution lacks it, NotLoadable when it is broken."""
    path = load_catalog().chapter_of(exercise).solution
    stamp = path.stat().st_mtime_ns if path.exists() else 0
    submission = _submission(path, stamp)
    source = _source(path, stamp, exercise.name)
    if source is None:
        raise CourseError(f"solutions/{path.name} does not define {exercise.name}, which exercises.toml lists.")
    return Reference(exercise, source + "\n", submission)


@lru_cache(maxsize=4)
def _submission(path: Path, stamp: int) -> Submission:
    return load_submission(path)


@lru_cache(maxsize=64)
def _source(path: Path, stamp: int, name: str) -> str | None:
    return source_of(read_text(path), name)
