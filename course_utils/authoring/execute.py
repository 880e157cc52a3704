"""Run a chapter's solutions in a kernel, and put what they draw, measure and print in its place."""

import json
import os
import re
from pathlib import Path
from typing import Any

from course_utils.authoring.cells import Cell, read_cells
from course_utils.authoring.writers import write_notebook
from course_utils.catalog import Chapter, CourseError
from course_utils.learner.state import write_atomically

CELL_TIMEOUT = 900  # seconds; a cell that trains stays far below
PRINTED_LINES, PRINTED_CHARACTERS = 40, 3000  # what is kept of the text that one cell prints
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def execute_chapter(chapter: Chapter, figures: Path) -> None:
    """Run the chapter's solutions in a kernel of this environment, at the root; what they give goes to `figures`.

    That is a file for each figure, numbers.json, and printed.json: the text that each cell prints, by the cell's id.
    Raises CourseError with the first line of the cell that failed, and its error.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    shown = chapter.solution.relative_to(chapter.root).as_posix()
    cells = [cell for cell in read_cells(chapter.solution) if cell.kind == "code"]
    notebook = nbformat.reads(write_notebook(cells, shown), as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(chapter.root)}},
        store_widget_state=False,
        extra_arguments=["--log-level=40"],  # errors only: the kernel's start-up warnings are no news to an author
    )
    try:
        client.execute(env=_environment(chapter, figures))
    except CellExecutionError as error:
        raise CourseError(f"{_failed(notebook, cells, shown)} fails with {error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        raise CourseError(
            f"{_failed(notebook, cells, shown)} takes more than {CELL_TIMEOUT} s: make it smaller."
        ) from None
    except DeadKernelError:
        raise CourseError(f"{_failed(notebook, cells, shown)} ended the kernel: memory may have run out.") from None
    if printed := {cell.id: text for cell in notebook.cells if (text := _printed(cell.outputs))}:
        text = json.dumps(printed, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        write_atomically(figures / "printed.json", text)


def _printed(outputs: list[Any]) -> str:
    """What a cell wrote to stdout, as a screen shows it at the end, cut to a length that a page can take."""
    streams = [output.text for output in outputs if output.output_type == "stream" and output.name == "stdout"]
    lines = _ESCAPES.sub("", "".join(streams)).rstrip().replace("\r\n", "\n").split("\n")
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1].rstrip() for line in lines]
    kept = "\n".join(lines[:PRINTED_LINES])
    if len(kept) > PRINTED_CHARACTERS:
        kept = kept[:PRINTED_CHARACTERS].rpartition("\n")[0] or kept[:PRINTED_CHARACTERS]
    return kept if kept == "\n".join(lines) else f"{kept}\n…"


def _environment(chapter: Chapter, figures: Path) -> dict[str, str]:
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    # One thread adds up in the same order on every machine; two would train a slightly different model each time.
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    course = {"GLASSBOX_FIGURES": str(figures), "GLASSBOX_ROOT": str(chapter.root), "PYTHONPATH": path}
    return os.environ | threads | course


def _failed(notebook: Any, cells: list[Cell], shown: str) -> str:
    """Which cell was running: the one with an error among its outputs, or else the last that was begun."""
    begun = [i for i, cell in enumerate(notebook.cells) if cell.execution_count is not None or cell.outputs]
    errors = [i for i in begun if any(output.output_type == "error" for output in notebook.cells[i].outputs)]
    number = errors[0] if errors else min(begun[-1] + 1 if begun else 0, len(cells) - 1)
    line = next((line for line in cells[number].source.split("\n") if line.strip()), "")
    return f"{shown}, line {cells[number].first_line}: the cell {line.strip()!r}"


def replace_figures(chapter: Chapter, fresh: Path) -> list[str]:
    """Put what a run gave in place of the committed figures; returns one line for each file that changed or went."""
    said = []
    new = {path.name: path.read_text(encoding="utf-8") for path in sorted(fresh.iterdir()) if path.is_file()}
    for name, text in new.items():
        path = chapter.figures / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
            said.append(f"{path.relative_to(chapter.root).as_posix()} written")
    for path in sorted(chapter.figures.glob("*.json")):
        if path.name not in new:
            path.unlink()
            said.append(f"{path.relative_to(chapter.root).as_posix()} removed: no cell makes it any more")
    return said
