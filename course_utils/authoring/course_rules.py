"""What must hold beyond single exercises: headings, order, glossary, papers, no stray file, generated = regenerated."""

import re
from collections.abc import Iterator

from course_utils.authoring.build import build, stray_files
from course_utils.authoring.cells import Cell, read_cells
from course_utils.authoring.prose import figures_shown
from course_utils.authoring.stub import source_of
from course_utils.catalog import Catalog, Chapter, CourseError
from course_utils.reading.glossary import glossary_problems
from course_utils.reading.papers import paper_problems

_HEADING = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)


def course_problems(catalog: Catalog) -> list[str]:
    """One sentence for each thing that does not hold; empty when all does."""
    problems = [problem for chapter in catalog.chapters for problem in _chapter_problems(chapter)]
    problems += [f"{path} belongs to no exercise: remove it, or add the record." for path in stray_files(catalog)]
    try:
        problems += [f"{differs}: run `course build`." for differs in build(catalog, check=True)]
        problems += glossary_problems(catalog)
        problems += paper_problems(catalog)
    except CourseError as error:
        problems.append(str(error))
    return problems


def _chapter_problems(chapter: Chapter) -> Iterator[str]:
    if not chapter.solution.exists():
        yield f"solutions/{chapter.solution.name} is missing."
        return
    cells = read_cells(chapter.solution)
    order = [exercise.name for cell in cells for exercise in chapter.exercises if _defines(cell, exercise.name)]
    listed = [exercise.name for exercise in chapter.exercises]
    if order != listed:
        first = next((name for name, other in zip(listed, [*order, None], strict=False) if name != other), listed[-1])
        yield f"{chapter.key}: exercises.toml and the solutions differ in names or order, first at {first}."
    shown = {slug for cell in cells if cell.kind == "code" for slug in figures_shown(cell.source)}
    for slug in sorted({path.stem for path in chapter.figures.glob("*.json")} - {"numbers", "printed"} - shown):
        yield f'{chapter.key}: no cell says show(…, "{slug}") in so many words, so the site can\'t place that figure.'
    for exercise in chapter.exercises:
        heading = _heading_before(cells, exercise.name)
        if heading != exercise.title:
            yield f"{exercise.name}: the heading above it is {heading!r}, exercises.toml says {exercise.title!r}."
        if not chapter.check_file(exercise).exists():
            yield f"{exercise.name}: tests/{chapter.key}/test_{exercise.slug}.py is missing."


def _defines(cell: Cell, name: str) -> bool:
    return cell.kind == "code" and source_of(cell.source, name) is not None


def _heading_before(cells: list[Cell], name: str) -> str | None:
    heading = None
    for cell in cells:
        if cell.kind == "markdown":
            found = _HEADING.findall(cell.source)
            heading = found[-1].strip() if found else heading
        elif _defines(cell, name):
            return heading
    return None
