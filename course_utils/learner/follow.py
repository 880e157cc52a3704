"""How the second file of a pair is written from the first, keeping what only the second holds.

A notebook keeps the outputs, ids and metadata of the cells whose text is as it was; a script keeps its header and the
titles and tags of such cells.
"""

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from course_utils.authoring import magics
from course_utils.authoring.cells import Cell, cells_of_script, load_notebook, source_of_cell, split_header
from course_utils.authoring.writers import (
    dump_notebook,
    new_id,
    notebook_cell,
    script_header,
    source_lines,
    write_notebook,
    write_script,
)


def notebook_following(cells: Sequence[Cell], old: str | None, source: str) -> str:
    """The notebook that says what `cells` say; `old` is its present text, None if there is none."""
    if old is None:
        return write_notebook(list(cells), source)
    notebook = load_notebook(old)
    had = notebook["cells"]
    before = [identity(raw["cell_type"], source_of_cell(raw)) for raw in had]
    same, edited = _match(before, [identity(cell.kind, cell.source) for cell in cells])
    with_ids = (notebook["nbformat"], notebook.get("nbformat_minor", 0)) >= (4, 5)
    used = {str(raw.get("id")) for raw in had}
    fresh = []
    for i, cell in enumerate(cells):
        if i in same:
            fresh.append(had[same[i]])
        elif i in edited and had[edited[i]]["cell_type"] == cell.kind:
            fresh.append(_edited(had[edited[i]], cell))
        else:
            fresh.append(notebook_cell(cell, new_id(cell, used) if with_ids else None))
    return dump_notebook(notebook | {"cells": fresh})


def _edited(raw: dict, cell: Cell) -> dict:
    """The same cell with new text; what the old text printed is not its output."""
    emptied: dict = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    return {**raw, **emptied, "source": source_lines(cell.source)}


def script_following(cells: Sequence[Cell], old: str | None, source: str) -> str:
    """The script that says what `cells` say; `old` is its present text, None if there is none."""
    if old is None:
        return write_script(list(cells), script_header(source))
    had = cells_of_script(old)
    before = [identity(cell.kind, cell.source) for cell in had]
    same, edited = _match(before, [identity(cell.kind, cell.source) for cell in cells])
    fresh = []
    for i, cell in enumerate(cells):
        if i in same:
            fresh.append(had[same[i]])
        elif i in edited:
            fresh.append(replace(cell, title=had[edited[i]].title, tags=cell.tags or had[edited[i]].tags))
        else:
            fresh.append(cell)
    return write_script(fresh, split_header(old)[0])


def identity(kind: str, source: str) -> tuple[str, str]:
    """What a cell says, the same in both files: code is compared without regard to how its magics are written."""
    return kind, magics.key(source) if kind == "code" else source.strip("\n")


def _match(
    before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]
) -> tuple[dict[int, int], dict[int, int]]:
    """Which old cell each new one is: those with the same text, and those that were edited in place."""
    same: dict[int, int] = {}
    edited: dict[int, int] = {}
    for tag, start, end, begin, finish in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        pairs = dict(zip(range(begin, finish), range(start, end), strict=False))
        if tag == "equal":
            same |= pairs
        elif tag == "replace" and end - start == finish - begin:
            edited |= pairs
    return same, edited
