"""Two edited versions of one document made into one, cell by cell, as long as no cell was edited in both.

What the versions last agreed on is kept as `Rows`: a key and a digest for each cell. The key of a cell that holds
exercises is their names, so that it is found again whatever was written into it; any other cell is known by its text.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from course_utils.authoring.cells import Cell
from course_utils.learner.fingerprints import DEFINITION
from course_utils.learner.follow import identity

Rows = list[tuple[str, str]]
_EXERCISE = "exercise "  # how the key of a cell with exercises begins


@dataclass(frozen=True)
class Merged:
    """The document that holds both sides' edits, and what each side had changed, in words."""

    cells: tuple[Cell, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class Clash:
    """Why two versions can't be merged: the cells that both changed, in words. None: cells came or went in both."""

    changed: tuple[str, ...]


def said_cells(cells: Iterable[Cell]) -> list[Cell]:
    """The cells that say something."""
    return [cell for cell in cells if cell.source.strip()]


def rows_of(cells: Iterable[Cell], exercises: Iterable[str]) -> Rows:
    """A key and a digest for each cell that isn't empty."""
    names = set(exercises)
    rows = []
    for cell in said_cells(cells):
        digest = hashlib.sha256(json.dumps(identity(cell.kind, cell.source)).encode()).hexdigest()[:16]
        defined = [name for name in DEFINITION.findall(cell.source) if name in names] if cell.kind == "code" else []
        rows.append((_EXERCISE + ", ".join(dict.fromkeys(defined)) if defined else digest, digest))
    return rows


def different(one: Rows, other: Rows) -> tuple[str, ...]:
    """The exercises whose cells differ between two versions, or stand in only one of them."""
    cells = [{row for row in rows if row[0].startswith(_EXERCISE)} for rows in (one, other)]
    keys = [key for rows in (one, other) for key, digest in rows if (key, digest) in cells[0] ^ cells[1]]
    return tuple(dict.fromkeys(key.removeprefix(_EXERCISE) for key in keys))


@dataclass(frozen=True)
class _Side:
    """One version against what both last agreed on."""

    cells: Sequence[Cell]
    changed: dict[int, int]  # a row that was edited in place -> the cell
    same: dict[int, int]  # a row that is as it was -> the cell
    moved: bool  # whether cells came or went

    def touches(self, row: int) -> bool:
        return row not in self.same


def _side(base: Rows, cells: Sequence[Cell], rows: Rows) -> _Side:
    changed: dict[int, int] = {}
    same: dict[int, int] = {}
    moved = False
    before, after = ([key for key, _ in side] for side in (base, rows))
    for tag, start, end, begin, finish in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal" and end - start != finish - begin:
            moved = True
            continue
        for row, cell in zip(range(start, end), range(begin, finish), strict=True):
            (same if base[row][1] == rows[cell][1] else changed)[row] = cell
    return _Side(cells, changed, same, moved)


def merge(base: Rows, ours: Sequence[Cell], theirs: Sequence[Cell], exercises: Sequence[str]) -> Merged | Clash:
    """Both sides' edits in one document, or the cells that were changed in both.

    A cell that both changed to the same text is no clash. Cells may have come or gone on one side only.
    """
    versions = [said_cells(ours), said_cells(theirs)]
    rows = [rows_of(cells, exercises) for cells in versions]
    one, two = (_side(base, cells, row) for cells, row in zip(versions, rows, strict=True))
    if one.moved and two.moved:
        return Clash(())
    clashing = [row for row in range(len(base)) if one.touches(row) and two.touches(row)]
    clashing = [row for row in clashing if _said(one, row, rows[0]) != _said(two, row, rows[1])]
    if clashing:
        return Clash(_named(base, clashing, one, two))
    frame, other = (two, one) if two.moved else (one, two)
    places = {cell: row for row, cell in frame.changed.items() | frame.same.items()}
    cells = [
        other.cells[other.changed[places[i]]] if places.get(i) in other.changed else cell
        for i, cell in enumerate(frame.cells)
    ]
    edits = [[row for row in range(len(base)) if side.touches(row)] for side in (one, two)]
    return Merged(tuple(cells), *(_named(base, rows, side) for rows, side in zip(edits, (one, two), strict=True)))


def _said(side: _Side, row: int, rows: Rows) -> str | None:
    """The digest of what became of a row; None if it went."""
    return rows[side.changed[row]][1] if row in side.changed else None


def _named(base: Rows, numbers: Iterable[int], *sides: _Side) -> tuple[str, ...]:
    """Exercises by name, other cells by how they begin now."""
    words = []
    for number in numbers:
        key = base[number][0]
        if key.startswith(_EXERCISE):
            words.append(key.removeprefix(_EXERCISE))
            continue
        now = [side.cells[side.changed[number]].source for side in sides if number in side.changed]
        begins = now[0].strip().split("\n")[0][:40] if now else ""
        words.append(f"the cell “{begins}”" if begins else "a cell that was taken out")
    return tuple(dict.fromkeys(words))
