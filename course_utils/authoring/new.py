"""`course new`: the three places of a new exercise, filled with what a first draft needs."""

import re
from pathlib import Path

from course_utils.authoring.cells import Cell, cells_of_script, read_text
from course_utils.authoring.stub import find_definition
from course_utils.catalog import Catalog, Chapter, CourseError, Exercise, UnknownName, slug_of
from course_utils.learner.state import write_atomically

_RECORD = """\
[[exercise]]
name = {name}
title = {title}
minutes = 15
difficulty = 2
needs = [{needs}]
hints = [
  "TODO: a nudge that names the idea.",
  "TODO: nearly the answer.",
]
"""

_CELLS = '''\
# %% [markdown]
# ### {title}
#
# TODO: what the reader will be able to do after this, one idea, and a prediction to make.

# %%
def {name}(x: Float[Tensor, "batch d_model"]) -> Float[Tensor, "batch d_model"]:
    """TODO: one line that says what it does.

    TODO: a tiny example with numbers.
    """
    return x + 1.0  # TODO: the reference
'''

_CHECKS = '''\
"""Checks for {name}, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree

# What is tried by itself: returns None, zeros, its input, NaN, the wrong dtype, an extra axis, a constant.
# What needs thought: inputs on which each wrong belief gives another answer.


def test_keeps_the_shape({slug}):
    got = {slug}(torch.zeros(2, 3))
    agree(got.shape, (2, 3), "TODO: the sentence that teaches when this fails")


def test_adds_one({slug}):
    agree({slug}(torch.tensor([[1.0, 2.0]])), torch.tensor([[2.0, 3.0]]), "TODO: what should hold")


MUTANTS = [  # at least four: a belief that completes "This is what comes out when …", the edit, the check that says so
    Mutant("TODO: two is added", "x + 1.0", "x + 2.0", check="test_adds_one"),
    Mutant("TODO: the shape is lost", "x + 1.0", "x.sum(dim=0) + 1.0", check="test_keeps_the_shape"),
]

ACCEPTED = [  # other right answers
    Accepted("TODO: the sum the other way round", "x + 1.0", "1.0 + x"),
]
'''


def new_exercise(
    catalog: Catalog, name: str, title: str, chapter: Chapter, after: Exercise | None = None
) -> list[Path]:
    """Write the record, the cells and the check file of a new function exercise; returns the three paths.

    It comes after the exercise `after`, or last in the chapter. Either all three are written or none. Raises
    CourseError for a name that is taken or no identifier, a title that is taken, and an `after` of another chapter.
    """
    _refuse_bad_names(catalog, name, title, chapter, after)
    after = after or (chapter.exercises[-1] if chapter.exercises else None)
    checks = chapter.tests / f"test_{slug_of(name)}.py"
    if checks.exists():
        raise CourseError(f"{checks} exists already: choose another name, or remove that file.")
    texts = {
        chapter.records: _with_record(read_text(chapter.records), name, title, after),
        chapter.solution: _with_cells(read_text(chapter.solution), name, title, after, chapter),
        checks: _CHECKS.format(name=name, slug=slug_of(name)),
    }
    _write_all(texts)
    return list(texts)


def next_steps(name: str, chapter: Chapter) -> str:
    """What the author does after `new_exercise`."""
    return (
        f"Next: write the prose and the reference of {name} in solutions/{chapter.key}.py, its hints in "
        f"chapters/{chapter.key}/exercises.toml, its checks and at least four mutants in "
        f"tests/{chapter.key}/test_{slug_of(name)}.py; then `course build` and `course gate {name}`."
    )


def _refuse_bad_names(catalog: Catalog, name: str, title: str, chapter: Chapter, after: Exercise | None) -> None:
    if not name.isidentifier():
        raise CourseError(f"{name!r} can't name an exercise: use the Python name of the function or class.")
    taken = {exercise.slug: exercise for exercise in catalog.exercises}
    if slug_of(name) in taken:
        raise CourseError(f"{name} is too close to {taken[slug_of(name)].name}, which exists: choose another name.")
    if not title.strip() or "\n" in title or title in {exercise.title for exercise in catalog.exercises}:
        raise CourseError(f"{title!r} can't be the title: it must be one line that no other exercise has.")
    if after is not None and after.chapter != chapter.key:
        raise UnknownName(
            f"{after.name} is in {after.chapter}, not in {chapter.key}: name an exercise of that chapter."
        )


def _with_record(text: str, name: str, title: str, after: Exercise | None) -> str:
    """The TOML with one more record, before the comments that lead to the record after `after`."""
    record = _RECORD.format(name=_quoted(name), title=_quoted(title), needs=_quoted(after.name) if after else "")
    text = re.sub(r"^exercise\s*=\s*\[\s*\]\n?", "", text, flags=re.MULTILINE)  # the empty list of a new chapter
    lines = text.rstrip("\n").split("\n")
    starts = [i for i, line in enumerate(lines) if re.match(r"\s*\[\[\s*exercise\s*\]\]", line)]
    place = len(lines)
    if after is not None:
        own = rf"\s*name\s*=\s*[\"']{re.escape(after.name)}[\"']"
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            if any(re.match(own, line) for line in lines[start:end]):
                place = end
    while place and place < len(lines) and (not lines[place - 1].strip() or lines[place - 1].startswith("#")):
        place -= 1
    before, rest = "\n".join(lines[:place]).rstrip("\n"), "\n".join(lines[place:]).strip("\n")
    return f"{before}\n\n{record}" + (f"\n{rest}\n" if rest else "")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _with_cells(text: str, name: str, title: str, after: Exercise | None, chapter: Chapter) -> str:
    """The solutions with heading and skeleton after the cell of `after` and what belongs to it."""
    lines = text.rstrip("\n").split("\n")
    place = len(lines)
    if after is not None:
        found = find_definition(text, after.name)
        if found is None:
            raise CourseError(
                f"solutions/{chapter.key}.py doesn't define {after.name}: `course gate` says what is wrong."
            )
        headings = [cell.first_line - 2 for cell in cells_of_script(text) if _opens_a_section(cell)]
        place = next((line for line in headings if line >= found[1]), len(lines))
    cells = _CELLS.format(name=name, title=title)
    before, rest = "\n".join(lines[:place]).rstrip("\n"), "\n".join(lines[place:])
    return f"{before}\n\n\n{cells}" + (f"\n\n{rest}\n" if rest else "")


def _opens_a_section(cell: Cell) -> bool:
    return cell.kind == "markdown" and re.search(r"^#{1,6} ", cell.source, re.MULTILINE) is not None


def _write_all(texts: dict[Path, str]) -> None:
    """Write every file, or put back what was there."""
    before = {path: path.read_bytes() if path.exists() else None for path in texts}
    try:
        for path, text in texts.items():
            write_atomically(path, text)
    except OSError as error:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != content:
                write_atomically(path, content.decode("utf-8"))
        raise CourseError(
            f"{error.filename or 'A file'} can't be written ({error.strerror}): nothing was added."
        ) from None
