"""A chapter's document cut into sections of blocks that a page can draw; parsed anew when a source file changed."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from course_utils.authoring.notebook import chapter_cells
from course_utils.authoring.prose import facts, figures_shown, last_heading
from course_utils.authoring.writers import new_id
from course_utils.catalog import Chapter, load_catalog

OPENING = "start"  # the slug of what stands before the first `## ` heading
_PREDICT = re.compile(r"Predict\s+before\s+you\s+run\**[.:]")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_FORMULA = re.compile(r"^([ \t]*)\$\$(.+?)\$\$[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Prose:
    """Markdown."""

    text: str


@dataclass(frozen=True)
class Code:
    """Code that is given, the slugs of the figures that it shows, and what it prints; `key` is its own in the chapter.

    folded: what comes out is to be predicted first, so the page doesn't show it at once.
    """

    source: str
    figures: tuple[str, ...]
    key: str
    printed: str
    folded: bool


@dataclass(frozen=True)
class Task:
    """An exercise: its name, the text under its heading, and its stub."""

    exercise: str
    text: str
    stub: str


@dataclass(frozen=True)
class Section:
    """What lies between two `## ` headings; `slug` names it in the page's address."""

    slug: str
    title: str
    blocks: tuple[Prose | Code | Task, ...]

    @property
    def exercises(self) -> tuple[str, ...]:
        return tuple(block.exercise for block in self.blocks if isinstance(block, Task))


def stamp(*paths: Path) -> tuple[tuple[int, int], ...]:
    """What changes when one of the files does: time and size of each, zeros for one that isn't there."""
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def sections_of(chapter: Chapter) -> tuple[Section, ...]:
    """The sections in order. Raises CourseError when solutions and catalog disagree."""
    made = (chapter.figures / name for name in ("numbers.json", "printed.json"))
    sources = stamp(chapter.solution, chapter.records, *made)
    return _sections(str(chapter.root), chapter.key, sources)


@st.cache_data(max_entries=32, show_spinner=False)
def _sections(root: str, key: str, sources: tuple[tuple[int, int], ...]) -> tuple[Section, ...]:
    return tuple(_cut(load_catalog(Path(root)).find_chapter(key)))


def section_with(sections: tuple[Section, ...], exercise: str) -> Section | None:
    """The section in which an exercise stands."""
    return next((section for section in sections if exercise in section.exercises), None)


def _cut(chapter: Chapter) -> Iterator[Section]:
    """Walk through the cells and begin a section at each `## ` heading."""
    title, blocks, used = "", list[Prose | Code | Task](), set[str]()
    for heading, block in _blocks(chapter):
        if heading is not None:
            if blocks:
                yield _section(title, blocks, used)
            title, blocks = heading, []
        if block is not None:
            blocks.append(block)
    yield _section(title, blocks, used)


def _section(title: str, blocks: list[Prose | Code | Task], used: set[str]) -> Section:
    base = slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or OPENING
    number = 2
    while slug in used:
        slug, number = f"{base}-{number}", number + 1
    used.add(slug)
    return Section(slug, title or "Introduction", tuple(blocks))


def _blocks(chapter: Chapter) -> Iterator[tuple[str | None, Prose | Code | Task | None]]:
    """Pairs: the title of a section that begins here, or None; a block, or None."""
    exercises = {exercise.name: exercise for exercise in chapter.exercises}
    task_text, folded = "", False
    printed, used = _printed(chapter), set[str]()
    for cell in chapter_cells(chapter):
        if cell.kind == "markdown":
            folded = bool(_PREDICT.search(cell.source))
        if cell.role == "stub" and cell.exercise:
            yield None, Task(cell.exercise, task_text, cell.source)
        elif cell.kind == "code" and cell.role == "code":
            key = new_id(cell, used)
            yield None, Code(cell.source, figures_shown(cell.source), key, str(printed.get(key, "")), folded)
        elif cell.kind == "markdown":
            text = cell.source
            if cell.exercise:
                text, task_text = _split_task(text, facts(exercises[cell.exercise]))
            yield from _split_sections(text)


def _printed(chapter: Chapter) -> dict[str, str]:
    """What each cell printed when the build ran it, by id; nothing where that can't be read."""
    try:
        found = json.loads((chapter.figures / "printed.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _split_task(text: str, line_of_facts: str) -> tuple[str, str]:
    """What stands before an exercise's heading, and what stands under it; the page draws the heading and the facts."""
    found = last_heading(text)
    number = found[0] if found else 0
    lines = text.split("\n")
    under = "\n".join(lines[number + 1 :]).replace(line_of_facts, "", 1)
    return "\n".join(lines[:number]), display_formulas(under.strip())


def _split_sections(text: str) -> Iterator[tuple[str | None, Prose | None]]:
    title: str | None = None
    lines: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        if not fenced and line.startswith("# "):
            continue  # the chapter's title, which the page draws
        if not fenced and line.startswith("## "):
            yield title, _prose(lines)
            title, lines = line[3:].strip(), []
        else:
            lines.append(line)
    yield title, _prose(lines)


def _prose(lines: list[str]) -> Prose | None:
    text = "\n".join(lines).strip()
    return Prose(display_formulas(text)) if text else None


def display_formulas(text: str) -> str:
    r"""`text` with each formula that fills its lines set apart: Streamlit draws `$$x$$` small when it is on one line.

    >>> display_formulas("so\n\n$$x = 1$$\n\nand")
    'so\n\n$$\nx = 1\n$$\n\nand'
    """
    return _FORMULA.sub(lambda match: f"{match[1]}$$\n{match[1]}{match[2].strip()}\n{match[1]}$$", text)
