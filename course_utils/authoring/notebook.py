"""The chapter's two documents, made from its solutions: the learner's, with stubs, and the solved one."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from course_utils.authoring.cells import Cell, read_cells
from course_utils.authoring.prose import fill, read_numbers, with_facts
from course_utils.authoring.stub import stub_of
from course_utils.authoring.writers import script_header, write_notebook, write_script
from course_utils.catalog import Chapter, CourseError, Exercise

__all__ = ["chapter_cells", "documents", "script_header", "solved_cells", "write_notebook", "write_script"]

_SETUP = """\
import sys

if "google.colab" in sys.modules:  # anywhere else there is nothing to set up
    import subprocess
    import tomllib
    from importlib.metadata import version
    from pathlib import Path

    repository, course = "{repository}", Path("/content/glassbox")
    if not course.exists():
        subprocess.run(["git", "clone", "--quiet", "--depth=1", repository, str(course)], check=True)
    wanted = tomllib.loads((course / "pyproject.toml").read_text())["project"]["dependencies"]
    keep = Path("/content/keep-torch.txt")
    keep.write_text(f"torch=={{version('torch')}}\\n")  # Colab's own torch fits its GPU: pip must not replace it
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "-c", str(keep), *wanted], check=True)
    sys.path.insert(0, str(course))"""
_VERBS = "from course_utils import check, hint, solution"


def chapter_cells(chapter: Chapter) -> list[Cell]:
    """The learner's document: prose with its numbers, given code, and each exercise as stub, check and help.

    `first_line` of a cell is its line in the solutions file. Raises CourseError when solutions and catalog disagree:
    an exercise that is missing, out of order or defined twice, a wrong heading, a number that was never measured.
    """
    return list(_with_setup(chapter, _learners(chapter), f"{_setup(chapter)}\n\n{_VERBS}"))


def solved_cells(chapter: Chapter) -> list[Cell]:
    """The same document with the exercises solved and without checks. Raises as `chapter_cells` does."""
    return list(_with_setup(chapter, _authored(chapter), _setup(chapter)))


def documents(chapter: Chapter) -> dict[str, str]:
    """The generated files of a chapter: path below the root, and text."""
    source = chapter.solution.relative_to(chapter.root).as_posix()
    cells = chapter_cells(chapter)
    texts = {
        chapter.script: write_script(cells, script_header(source)),
        chapter.notebook: write_notebook(cells, source),
        chapter.solution_notebook: write_notebook(solved_cells(chapter), source),
    }
    return {path.relative_to(chapter.root).as_posix(): text for path, text in texts.items()}


def _learners(chapter: Chapter) -> Iterator[Cell]:
    exercises = {exercise.name: exercise for exercise in chapter.exercises}
    for cell in _authored(chapter):
        if cell.exercise is None or cell.kind != "code":
            yield cell
            continue
        name = cell.exercise
        yield replace(cell, source=stub_of(cell.source, exercises[name]), role="stub")
        yield replace(cell, source=f"check({name})", role="check")
        yield replace(cell, source=f'# hint("{name}")\n# solution("{name}")', role="help")


def _authored(chapter: Chapter) -> Iterator[Cell]:
    """The solutions' cells, with numbers filled in and each exercise's heading and solution marked as its own."""
    shown = chapter.solution.relative_to(chapter.root).as_posix()
    numbers = read_numbers(chapter)
    cells = read_cells(chapter.solution)
    owners = _owners(chapter, cells, shown)
    for i, cell in enumerate(cells):
        place = f"{shown}, line {cell.first_line}"
        if cell.kind == "markdown":
            cell = replace(cell, source=fill(cell.source, numbers, place))
            if i + 1 in owners:
                cell = replace(cell, source=with_facts(cell.source, owners[i + 1], place), exercise=owners[i + 1].name)
        elif i in owners:
            if i == 0 or cells[i - 1].kind != "markdown":
                raise CourseError(f"{place}: {owners[i].name} needs a markdown cell with its heading right before it.")
            cell = replace(cell, exercise=owners[i].name)
        yield cell


def _owners(chapter: Chapter, cells: list[Cell], shown: str) -> dict[int, Exercise]:
    """Which cells, by number, solve which exercise; each exactly once, in the order of the catalog."""
    wanted = {exercise.name: exercise for exercise in chapter.exercises}
    found = {i: wanted[name] for i, cell in enumerate(cells) if (name := _only_definition(cell, shown)) in wanted}
    names = [exercise.name for exercise in found.values()]
    for name in wanted:
        if names.count(name) != 1:
            what = "is solved in several cells" if name in names else "has no cell that defines it and nothing else"
            raise CourseError(f"{shown}: {name} {what}; exercises.toml lists it, so exactly one cell must.")
    for name, expected in zip(names, wanted, strict=True):
        if name != expected:
            raise CourseError(f"{shown}: {name} stands where the catalog has {expected}: order both alike.")
    return found


def _only_definition(cell: Cell, shown: str) -> str | None:
    if cell.kind != "code" or ("def " not in cell.source and "class " not in cell.source):
        return None
    try:
        body = ast.parse(cell.source).body
    except SyntaxError as error:
        line = cell.first_line + (error.lineno or 1) - 1
        raise CourseError(f"{shown}, line {line}: {error.msg}. The solutions must be code that runs.") from None
    alone = body[0] if len(body) == 1 else None
    return alone.name if isinstance(alone, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else None


def _with_setup(chapter: Chapter, cells: Iterator[Cell], setup: str) -> Iterator[Cell]:
    """The cells with the set-up before the first code."""
    done = False
    for cell in cells:
        if not done and cell.kind == "code":
            done = True
            yield Cell("code", setup, first_line=cell.first_line, role="setup")
        yield cell


def _setup(chapter: Chapter) -> str:
    """The code that fetches the course in Colab; the repository's address comes from pyproject.toml."""
    path = chapter.root / "pyproject.toml"
    path = path if path.is_file() else Path(__file__).resolve().parents[2] / "pyproject.toml"
    repository = repository_in(path)
    if not repository:
        raise CourseError(f"{path} names no project.urls.Repository: the notebook's set-up cell needs it.")
    return _SETUP.format(repository=repository)


def repository_in(project: Path) -> str:
    """The address from which one gets the course, as a `pyproject.toml` names it; "" where it doesn't."""
    try:
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["urls"]["Repository"])
    except (OSError, ValueError, KeyError):
        return ""
