"""A chapter's document cut into sections of blocks that a page can draw."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from course_utils.authoring.notebook import chapter_cells
from course_utils.authoring.prose import facts, figures_shown, last_heading
from course_utils.authoring.writers import new_id
from course_utils.catalog import Chapter
from course_utils.reading.blocks import Block, Code, Prose, Task, asks_to_predict, with_reveals
from course_utils.reading.provenance import Provenance

OPENING = "start"  # the slug of what stands before the first `## ` heading
PAPERS, WHOLE = "papers", "all"  # addresses of pages that are no section: the papers named, the chapter in one piece
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_FORMULA = re.compile(r"^([ \t]*)\$\$(.+?)\$\$[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """What lies between two `## ` headings; `slug` names it in the page's address."""

    slug: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def exercises(self) -> tuple[str, ...]:
        return tuple(block.exercise for block in self.blocks if isinstance(block, Task))

    @property
    def texts(self) -> Iterator[str]:
        """All its prose as Markdown, in order of reading: also that of its exercises and what waits for a guess."""
        for block in self.blocks:
            text = block.reveals if isinstance(block, Code) else block.text
            if text:
                yield text


def cut(chapter: Chapter) -> tuple[Section, ...]:
    """The chapter's sections in order; one begins at each `## ` heading.

    Raises CourseError when solutions and catalog disagree.
    """
    return tuple(_cut(chapter))


def section_with(sections: tuple[Section, ...], exercise: str) -> Section | None:
    """The section in which an exercise stands."""
    return next((section for section in sections if exercise in section.exercises), None)


def _cut(chapter: Chapter) -> Iterator[Section]:
    title, blocks, used = "", list[Block](), {PAPERS, WHOLE}
    for heading, block in _blocks(chapter):
        if heading is not None:
            if blocks:
                yield _section(title, blocks, used)
            title, blocks = heading, []
        if block is not None:
            blocks.append(block)
    yield _section(title, blocks, used)


def _section(title: str, blocks: list[Block], used: set[str]) -> Section:
    base = slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or OPENING
    number = 2
    while slug in used:
        slug, number = f"{base}-{number}", number + 1
    used.add(slug)
    return Section(slug, title or "Introduction", tuple(with_reveals(blocks)))


def _blocks(chapter: Chapter) -> Iterator[tuple[str | None, Block | None]]:
    """Pairs: the title of a section that begins here, or None; a block, or None."""
    exercises = {exercise.name: exercise for exercise in chapter.exercises}
    task_text, folded = "", False
    printed, used, provenance = _printed(chapter), set[str](), Provenance()
    for cell in chapter_cells(chapter):
        if cell.kind == "markdown":
            folded = asks_to_predict(cell.source)
        if cell.role == "stub" and cell.exercise:
            yield None, Task(cell.exercise, task_text, cell.source)
        elif cell.kind == "code" and cell.role == "code":
            key = new_id(cell, used)
            shown, specimens = figures_shown(cell.source), provenance.of(cell.source)
            yield None, Code(cell.source, shown, key, str(printed.get(key, "")), folded, specimens=specimens)
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
