"""JUnit XML, as CI servers and many grade books read it. Always well-formed, whatever a learner's code said."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.plain import one_line
from course_utils.staff.exports.words import text_of, title_of
from course_utils.staff.results import ExerciseResult, Result

# wrong is a failed assertion, not attempted is skipped; whatever else is no pass is an error
_TAG = {Outcome.WRONG: "failure", Outcome.NOT_ATTEMPTED: "skipped"}


def junit(results: Sequence[Result], values: bool = False) -> str:
    """A document with a suite for each result and a case for each exercise.

    values: show the inputs of hidden checks.
    """
    root = ET.Element("testsuites", name="glassbox")
    suites = [_suite(result, values) for result in results]
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.set("time", f"{sum(result.timing.seconds for result in results):.3f}")
    root.extend(suites)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(result: Result, values: bool) -> ET.Element:
    graded, rows = result.graded, result.graded.exercises
    tags = [_tag(row) for row in rows]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite = ET.Element(
        "testsuite", name=f"{one_line(graded.person)} · {one_line(graded.chapter)}", tests=str(len(rows))
    )
    for key, tag in counts.items():
        suite.set(key, str(tags.count(tag)))
    suite.set("time", f"{result.timing.seconds:.3f}")
    suite.set("timestamp", one_line(result.timing.graded_at).removesuffix("Z"))
    listed = ET.SubElement(suite, "properties")
    for name, value in _properties(result):
        ET.SubElement(listed, "property", name=name, value=one_line(value))
    suite.extend(_case(result, row, values) for row in rows)
    return suite


def _properties(result: Result) -> list[tuple[str, str]]:
    graded, totals, made_by = result.graded, result.graded.totals, result.graded.provenance
    return [
        ("person", graded.person),
        ("file", graded.file),
        ("sha256", graded.sha256),
        ("points", f"{totals.points}/{totals.max_points}"),
        ("undecided", str(totals.undecided)),
        ("jail", graded.jail.level),
        ("course", made_by.course),
        ("checks", made_by.checks),
    ]


def _case(result: Result, row: ExerciseResult, values: bool) -> ET.Element:
    seconds = result.timing.exercises.get(row.name, 0.0)
    classname = f"{one_line(result.graded.chapter)}.{one_line(row.name)}"
    case = ET.Element("testcase", name=title_of(row), classname=classname, time=f"{seconds:.3f}")
    if tag := _tag(row):
        found = ET.SubElement(case, tag, type=str(row.outcome), message=one_line(row.verdict.says))
        found.text = text_of(row, values)
    return case


def _tag(row: ExerciseResult) -> str | None:
    return None if row.verdict.ok else _TAG.get(row.outcome, "error")
