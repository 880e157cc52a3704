"""A class as CSV: one row a person, one column an exercise. No cell can become a formula in a spreadsheet."""

import csv
import io
import re
from collections.abc import Sequence

from course_utils.staff.exports.plain import one_line
from course_utils.staff.results import ExerciseResult, Result

BOM = "\ufeff"  # tells Excel that the file is UTF-8
# A spreadsheet that splits at another sign than ours, or ignores quotes, begins a new cell after any of these.
_FORMULA = re.compile(r"""(^|[,;|"])(\s*)(?=[=+\-@\t\r＝＋－＠])""")

Cell = str | int | float


def safe(cell: Cell) -> Cell:
    """The cell as a spreadsheet may read it; a number stays one.

    An apostrophe is put where a spreadsheet would otherwise see a formula, at the start or behind a separator.

    >>> safe("=1+1"), safe("a;@b"), safe("Anne-Marie"), safe(3)
    ("'=1+1", "a;'@b", 'Anne-Marie', 3)
    """
    if not isinstance(cell, str):
        return cell
    marked = f"'{one_line(cell)}" if cell[:1] in ("\t", "\r", "\n") else one_line(cell)
    return _FORMULA.sub(r"\1\2'", marked)


def class_csv(results: Sequence[Result], bom: bool = False, outcomes: bool = False) -> str:
    """The table's text, rows by person. A person with files for several chapters has one row with all of them.

    outcomes: the cell of an exercise says how it came out ("wrong") instead of its points. An exercise of a chapter
    that the person has not handed in, and one at which the grader failed, has an empty cell.
    """
    columns = list(
        dict.fromkeys((r.graded.chapter, row.name) for r in _by_chapter(results) for row in r.graded.exercises)
    )
    people: dict[str, list[Result]] = {}
    for result in _by_chapter(results):
        people.setdefault(result.graded.person, []).append(result)
    out = io.StringIO(newline="")
    # Quotes round every text: without them a spreadsheet that splits at another sign would see cells inside it.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([safe(head) for head in (*_HEADS, *(name for _, name in columns))])
    for person in sorted(people):
        mine = people[person]
        found = {(result.graded.chapter, row.name): row for result in mine for row in result.graded.exercises}
        cells = [_cell(found.get(column), outcomes) for column in columns]
        writer.writerow([safe(cell) for cell in (*_totals(person, mine), *cells)])
    return (BOM if bom else "") + out.getvalue()


_HEADS = ("person", "chapter", "file", "points", "max_points", "percent", "passed", "exercises", "undecided", "jail")


def _by_chapter(results: Sequence[Result]) -> list[Result]:
    return sorted(results, key=lambda result: (result.graded.chapter, result.graded.person))


def _totals(person: str, mine: list[Result]) -> list[Cell]:
    totals = [result.graded.totals for result in mine]
    points, most = sum(total.points for total in totals), sum(total.max_points for total in totals)
    return [
        person,
        " ".join(result.graded.chapter for result in mine),
        " ".join(result.graded.file for result in mine),
        points,
        most,
        round(100 * points / most, 1) if most else 0.0,
        sum(total.passed for total in totals),
        sum(total.exercises for total in totals),
        sum(total.undecided for total in totals),
        " ".join(sorted({result.graded.jail.level for result in mine})),
    ]


def _cell(row: ExerciseResult | None, outcomes: bool) -> Cell:
    if row is None:
        return ""
    if outcomes:
        return str(row.outcome)
    return row.points if row.decided else ""
