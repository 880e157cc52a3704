"""One exercise of the learner's `.py`, edited from elsewhere (the course site): read with a digest, saved against it.

What is edited is the cell that defines the exercise, so that a helper beside it is in view and a text that doesn't
parse stays whole; where a cell defines several exercises, it is the definition alone. The file is the one truth: a
text that started from another version than the file holds is never written over it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from course_utils.authoring.cells import Cell, cells_of_script, read_text, split_header
from course_utils.authoring.magics import is_python
from course_utils.authoring.stub import find_definition
from course_utils.catalog import Chapter, CourseError, Exercise
from course_utils.learner.agreed import read_file
from course_utils.learner.backup import keep_copy, keep_text
from course_utils.learner.fingerprints import DEFINITION
from course_utils.learner.pairing import MergeNews, sync
from course_utils.learner.state import rewrite

_RUNS_OVER = (
    "This text would run into the cells around it, so it is not in your file yet: look for a string that is not "
    "closed, or a line that begins with `# %%`."
)


@dataclass(frozen=True)
class Draft:
    """An exercise as the file holds it; `first_line` counts from 1 in the file, `digest` changes with the text."""

    text: str
    digest: str
    first_line: int


@dataclass(frozen=True)
class Saved:
    """The text is in the file; `copy` is where the file lies as it was before, `news` what merging its pair did."""

    draft: Draft
    copy: Path | None = None
    news: str | None = None


@dataclass(frozen=True)
class Conflict:
    """Nothing was written: the file holds another version than the one that was edited."""

    draft: Draft


def drafts(chapter: Chapter) -> dict[str, Draft]:
    """Each exercise of the chapter as its `.py` stands, by name; what isn't there, or can't be told apart, is left out.

    Raises CourseError when the file can't be read.
    """
    return _drafts_in(read_text(chapter.script), chapter)


def read(chapter: Chapter, exercise: Exercise) -> Draft | None:
    """The exercise as the learner's `.py` stands; None where it isn't, or can't be told apart from another.

    Raises CourseError when the file can't be read.
    """
    return drafts(chapter).get(exercise.name)


def save(chapter: Chapter, exercise: Exercise, text: str, digest: str, backup: bool = False) -> Saved | Conflict:
    """Write `text` in the place of the exercise, and let the notebook follow.

    digest: of the draft that the edit started from. If the file holds another version, nothing is written.
    backup: keep a copy of the file first.
    Raises CourseError, with both files as they were, when the text no longer defines the exercise or would run into
    the cells around it, or when the pair can't be brought in step or written.
    """
    said = sync(chapter)
    news = str(said) if isinstance(said, MergeNews) else None
    file = read_file(chapter.script)
    before = file.text()
    now = _drafts_in(before, chapter).get(exercise.name)
    if now is None:
        raise CourseError(f"{exercise.name} is no longer in {file.shown}: `Reset` brings its stub back.")
    text = _tidy(text, exercise)
    if text == now.text:
        return Saved(now, news=news)
    if now.digest != digest:
        return Conflict(now)
    fresh = _replaced(before, now, text)
    draft = _defined(fresh, chapter, exercise, text)
    _check_intact(before, fresh, now.first_line)
    copy = keep_copy(chapter.script, chapter.root) if backup else None
    if read_file(chapter.script).content != file.content:
        raise CourseError(f"{file.shown} was saved by another program just now: try once more.")
    rewrite(chapter.script, fresh)
    sync(chapter)
    return Saved(draft, copy, news)


def keep_draft(chapter: Chapter, exercise: Exercise, text: str) -> Path:
    """Keep a text that is given up among the backups; returns where. Raises CourseError when it can't be kept."""
    return keep_text(f"{exercise.slug}.py", text, chapter.root)


def digest_of_text(text: str) -> str:
    """What tells two versions apart: unlike the fingerprint of a verdict, blank space counts."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _drafts_in(text: str, chapter: Chapter) -> dict[str, Draft]:
    names = {exercise.name for exercise in chapter.exercises}
    lines = text.split("\n")
    found: dict[str, Draft] = {}
    for cell in reversed(cells_of_script(text)):
        defined = names.intersection(DEFINITION.findall(cell.source)) if cell.kind == "code" else set()
        for name in defined - found.keys():
            begin, end = _span(cell, lines, name, alone=len(defined) == 1)
            if begin < end:
                source = "\n".join(lines[begin:end])
                found[name] = Draft(source, digest_of_text(source), begin + 1)
    return found


def _span(cell: Cell, lines: list[str], name: str, alone: bool) -> tuple[int, int]:
    """The first line and the line after the last (from 0) of what is edited; (0, 0) where `name` isn't defined here."""
    begin = cell.first_line - 1
    end = begin + cell.source.count("\n") + 1
    source = "\n".join(lines[begin:end])
    place = find_definition(source, name)
    if alone and (place or not is_python(source)):
        return begin, end
    return (begin + place[0], begin + place[1]) if place else (0, 0)


def _tidy(text: str, exercise: Exercise) -> str:
    """`text` as a file holds it. Raises CourseError for one that no file can."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CourseError(
            f"This text holds a character that can't be saved (number {error.start + 1}): delete it."
        ) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise CourseError(
            f"There is nothing left of {exercise.name}, so your file keeps it: `Reset` brings its stub back."
        )
    return "\n".join(lines)


def _replaced(before: str, now: Draft, text: str) -> str:
    lines = before.split("\n")
    begin = now.first_line - 1
    return "\n".join([*lines[:begin], *text.split("\n"), *lines[begin + now.text.count("\n") + 1 :]])


def _defined(fresh: str, chapter: Chapter, exercise: Exercise, text: str) -> Draft:
    """The exercise as the new text of the file would hold it. Raises CourseError when it wouldn't."""
    draft = _drafts_in(fresh, chapter).get(exercise.name)
    if draft is None and exercise.name not in DEFINITION.findall(text):
        raise CourseError(
            f"This text no longer defines {exercise.name} at the left margin, so it is not in your file yet: bring its "
            "first line back."
        )
    others = {other.name for other in chapter.exercises if other != exercise}.intersection(DEFINITION.findall(text))
    if others:
        raise CourseError(
            f"This text also defines {min(others)}, an exercise of its own, so it is not in your file yet: take that "
            "part out."
        )
    if draft is None or draft.text not in text:
        raise CourseError(_RUNS_OVER)
    return draft


def _check_intact(before: str, after: str, line: int) -> None:
    """Raise CourseError unless every cell but the one at `line` (from 1) is as it was, and that one is still one."""
    old, new = cells_of_script(before), cells_of_script(after)
    here = next(number for number, cell in reversed(list(enumerate(old))) if cell.first_line <= line)
    same = len(old) == len(new) and split_header(before)[0] == split_header(after)[0]
    if not same or any(_facts(old[i]) != _facts(new[i]) for i in range(len(old)) if i != here):
        raise CourseError(_RUNS_OVER)


def _facts(cell: Cell) -> tuple[str, str, tuple[str, ...], str]:
    return cell.kind, cell.source, cell.tags, cell.title
