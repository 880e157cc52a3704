"""Put a stub, or a whole chapter, back as it was; what the learner had is copied first."""

import re
from pathlib import Path

from course_utils.authoring.cells import Cell, cells_of_script, read_text
from course_utils.authoring.magics import is_python
from course_utils.authoring.notebook import chapter_cells, documents
from course_utils.authoring.stub import replace_source
from course_utils.catalog import Chapter, CourseError, Exercise
from course_utils.learner.backup import keep_copy
from course_utils.learner.pairing import sync
from course_utils.learner.state import rewrite


def reset_exercise(chapter: Chapter, exercise: Exercise) -> Path:
    """Put the stub of `exercise` back into the learner's `.py` and let the notebook follow; returns the kept copy.

    A stub that was deleted comes back at its place. Raises CourseError, with nothing changed, when the two files
    disagree (see `sync`) or can't be written.
    """
    sync(chapter)
    stub = next(
        cell.source for cell in chapter_cells(chapter) if cell.exercise == exercise.name and cell.role == "stub"
    )
    text = read_text(chapter.script)
    fresh = replace_source(text, exercise.name, stub)
    if fresh is None:
        fresh = _replace_broken(text, exercise, stub)
    if fresh is None:
        fresh = _insert(text, chapter, exercise, stub)
    copy = keep_copy(chapter.script, chapter.root)
    rewrite(chapter.script, fresh)
    sync(chapter)
    return copy


def reset_chapter(chapter: Chapter) -> Path:
    """Put both files of the chapter back as they are generated, whatever state they are in.

    Returns the copy of the `.py` (or of the notebook, where there is no `.py`); a copy of the notebook lies beside it.
    Raises CourseError when there is nothing to reset.
    """
    texts = documents(chapter)
    copies = [keep_copy(path, chapter.root) for path in (chapter.script, chapter.notebook) if path.exists()]
    for path in (chapter.script, chapter.notebook):
        rewrite(path, texts[path.relative_to(chapter.root).as_posix()])
    sync(chapter)
    if not copies:
        raise CourseError(f"There was nothing to reset: {chapter.key}.py and {chapter.key}.ipynb were made afresh.")
    return copies[0]


def _replace_broken(text: str, exercise: Exercise, stub: str) -> str | None:
    """Replace the whole cell in which the exercise begins but doesn't parse; None if no cell does."""
    begins = re.compile(rf"^(?:async\s+def|def|class)\s+{re.escape(exercise.name)}\b", re.MULTILINE)
    for cell in reversed(cells_of_script(text)):
        if cell.kind == "code" and begins.search(cell.source) and not is_python(cell.source):
            lines = text.split("\n")
            begin = cell.first_line - 1
            end = begin + cell.source.count("\n") + 1
            return "\n".join([*lines[:begin], *stub.split("\n"), *lines[end:]])
    return None


def _insert(text: str, chapter: Chapter, exercise: Exercise, stub: str) -> str:
    """Bring back a deleted stub: before its check cell, else after the exercises before it, else at the end."""
    cells = cells_of_script(text)
    lines = text.rstrip("\n").split("\n")
    place = _place(cells, chapter, exercise)
    block = ["# %%", *stub.split("\n")]
    if place is None:
        return "\n".join([*lines, "", "", *block]) + "\n"
    return "\n".join([*lines[:place], *block, "", "", *lines[place:]]) + "\n"


def _place(cells: list[Cell], chapter: Chapter, exercise: Exercise) -> int | None:
    """The line number (from 0) of the marker before which the stub belongs; None for the end."""
    for cell in cells:
        if cell.kind == "code" and re.search(rf"^check\({exercise.name}\)", cell.source, re.MULTILINE):
            return cell.first_line - 2
    earlier = [other.name for other in chapter.exercises[: chapter.exercises.index(exercise)]]
    for name in reversed(earlier):
        about = rf"^(?:(?:async\s+def|def|class)\s+{name}\b|check\({name}\)|#? ?(?:hint|solution)\(\"{name}\"\))"
        mine = [
            i for i, cell in enumerate(cells) if cell.kind == "code" and re.search(about, cell.source, re.MULTILINE)
        ]
        if mine:
            return cells[mine[-1] + 1].first_line - 2 if mine[-1] + 1 < len(cells) else None
    return None
