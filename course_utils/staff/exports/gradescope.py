"""Gradescope's `results.json` (https://gradescope-autograders.readthedocs.io/en/latest/specs/)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from course_utils.staff.exports.plain import one_line
from course_utils.staff.exports.words import summary_of, text_of, title_of
from course_utils.staff.results import ExerciseResult, Result


def gradescope(result: Result, values: bool = False) -> str:
    """The file's text: one test for each exercise, all visible (a hidden one would hide the total too).

    values: show the inputs of hidden checks. Everything is sent as plain text, which Gradescope escapes.
    """
    graded = result.graded
    totals = graded.totals
    data = {
        "score": totals.points,
        "execution_time": round(result.timing.seconds, 1),
        "output": f"{summary_of(graded)}\nJail: {graded.jail.level}.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(number, row, values) for number, row in enumerate(graded.exercises, 1)],
        "extra_data": _provenance(result),
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _test(number: int, row: ExerciseResult, values: bool) -> dict[str, Any]:
    return {
        "score": row.points,
        "max_score": row.max_points,
        "status": "passed" if row.verdict.ok else "failed",
        "name": title_of(row),
        "number": str(number),
        "output": text_of(row, values),
        "tags": [str(row.outcome)] if row.decided else [str(row.outcome), "undecided"],
        "visibility": "visible",
    }


def _provenance(result: Result) -> dict[str, Any]:
    """What took part, kept by Gradescope and shown to staff only."""
    graded = result.graded
    kept = {
        "chapter": graded.chapter,
        "person": one_line(graded.person),
        "file": one_line(graded.file),
        "sha256": graded.sha256,
        "provenance": asdict(graded.provenance),
        "jail": asdict(graded.jail),
        "seed": graded.seed,
        "graded_at": result.timing.graded_at,
    }
    return {"glassbox": kept}


def ungraded(reasons: Sequence[str]) -> str:
    """The file's text for what could not be graded at all: no points, and why."""
    lines = ["Nothing could be graded, so there are no points. Mend this and hand in again:", *map(one_line, reasons)]
    data = {"score": 0, "output": "\n".join(lines), "output_format": "text", "visibility": "visible", "tests": []}
    return json.dumps(data | {"stdout_visibility": "hidden"}, indent=1, ensure_ascii=False) + "\n"
