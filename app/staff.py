"""The page for staff: a class whose results lie in a folder, drawn from the same numbers as the report's HTML page.

It is there only where GLASSBOX_RESULTS names that folder. It reads results and changes nothing.
"""

import os
from pathlib import Path

import streamlit as st

from app.pages import Site
from app.sections import stamp
from app.words import plain
from course_utils.catalog import CourseError
from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.class_page import behind, figures, mixture
from course_utils.staff.exports.html import FILLS, WORDS
from course_utils.staff.exports.plain import one_line
from course_utils.staff.reading import Read, read_results
from course_utils.staff.report import Bins, ClassReport, class_reports
from course_utils.staff.roster import read_roster
from course_utils.staff.store import DATABASE, FOLDER

RESULTS, ROSTER = "GLASSBOX_RESULTS", "GLASSBOX_ROSTER"


def draw_staff(site: Site) -> None:
    """Draw the page. Raises CourseError where the folder or the roster can't be read."""
    st.set_page_config(page_title="Glassbox: the class")
    folder, roster = os.environ.get(RESULTS), os.environ.get(ROSTER)
    if not folder:
        raise CourseError(f"Set {RESULTS} to the folder that `course grade` wrote, then start the site again.")
    found = _results(folder, stamp(*_read_files(Path(folder))))
    titles = {chapter.key: chapter.title for chapter in site.catalog.chapters}
    reports = class_reports(found.results, read_roster(Path(roster)) if roster else None, titles)
    st.title("The class", anchor=False)
    st.caption(f"Results in `{plain(folder)}`")
    for complaint in found.complaints:
        st.warning(plain(one_line(complaint)), icon=":material/warning:")
    if not reports:
        st.info("There are no results in this folder yet: `course grade` writes them.", icon=":material/info:")
        return
    _draw(_chosen(reports))


def _read_files(folder: Path) -> list[Path]:
    """Every file that results may be read from: the database, or the JSON files."""
    return [folder / DATABASE, *sorted(folder.glob("*.json")), *sorted((folder / FOLDER).glob("*.json"))]


@st.cache_resource(max_entries=2, show_spinner=False)
def _results(folder: str, stamped: tuple[tuple[int, int], ...]) -> Read:
    """Read anew only when one of the files has changed: a click on the page is no reason."""
    return read_results(Path(folder))


def _chosen(reports: tuple[ClassReport, ...]) -> ClassReport:
    if len(reports) == 1:
        return reports[0]
    by_title = {report.title: report for report in reports}
    return by_title[st.selectbox("Chapter", list(by_title))]


def _draw(report: ClassReport) -> None:
    st.header(plain(report.title), anchor=False)
    for column, (label, figure) in zip(st.columns(len(figures(report))), figures(report), strict=True):
        column.metric(label, plain(figure))
    if says := mixture(report):
        st.warning(plain(says))
    _draw_exercises(report)
    _draw_beliefs(report)
    points, seconds = st.columns(2)
    with points:
        _draw_bins("People by their share of the points", "points", report.points)
    with seconds:
        _draw_bins("Files by the time that grading took", "time", report.seconds)
    _draw_people(report)


def _draw_exercises(report: ClassReport) -> None:
    """The same bars as in the HTML report, and below them the numbers, which can be sorted."""
    st.subheader("Where people are stuck", anchor=False)
    bars = [
        {"exercise": one.name, "outcome": WORDS[outcome], "files": one.outcomes[outcome], "order": order}
        for one in report.exercises
        for order, outcome in enumerate(WORDS)
        if outcome in one.outcomes
    ]
    seen = [outcome for outcome in WORDS if any(outcome in one.outcomes for one in report.exercises)]
    st.vega_lite_chart(
        spec={
            "data": {"values": bars},
            "mark": {"type": "bar"},
            "height": {"step": 22},
            "encoding": {
                "y": {
                    "field": "exercise",
                    "type": "nominal",
                    "sort": [one.name for one in report.exercises],
                    "title": None,
                    "axis": {"labelLimit": 240},
                },
                "x": {"field": "files", "type": "quantitative", "title": "files", "axis": {"tickMinStep": 1}},
                "color": {
                    "field": "outcome",
                    "type": "nominal",
                    "title": None,
                    "scale": {"domain": [WORDS[o] for o in seen], "range": [FILLS[o] for o in seen]},
                    "legend": {"orient": "top", "columns": 2},
                },
                "order": {"field": "order"},
                "tooltip": [{"field": "exercise"}, {"field": "outcome"}, {"field": "files"}],
            },
        },
    )
    rows = [
        {
            "exercise": one.name,
            "title": one.title,
            "stuck": one.stuck,
            "most common failure": behind(one),
            "pass": 100 * one.pass_rate,
            "passed": one.passed,
            "tried": one.tried,
            "not attempted": one.not_attempted,
            "grader failed": one.outcomes.get(Outcome.GRADER_ERROR, 0),
            "median seconds": round(one.median_seconds, 2),
        }
        for one in report.exercises
    ]
    bar = st.column_config.ProgressColumn("pass, of those who tried", format="%.0f %%", min_value=0, max_value=100)
    st.dataframe(rows, hide_index=True, column_config={"pass": bar})


def _draw_beliefs(report: ClassReport) -> None:
    st.subheader("What is behind wrong answers", anchor=False)
    if not report.beliefs:
        st.markdown("No answer was recognised as one of the known misconceptions.")
        return
    rows = [
        {
            "the answer is what comes out when …": belief.says,
            "exercise": belief.exercise,
            "people": belief.people,
            "share": 100 * belief.share,
        }
        for belief in report.beliefs
    ]
    share = st.column_config.NumberColumn("of those who tried", format="%.0f %%")
    st.dataframe(rows, hide_index=True, column_config={"share": share})


def _draw_bins(heading: str, what: str, bins: Bins) -> None:
    st.subheader(heading, anchor=False)
    rows = [{what: name, "files": count} for name, count in bins]
    st.vega_lite_chart(
        spec={
            "data": {"values": rows},
            "mark": {"type": "bar"},
            "height": 240,
            "encoding": {
                "x": {"field": what, "type": "ordinal", "sort": [name for name, _ in bins], "title": None},
                "y": {"field": "files", "type": "quantitative", "title": "files", "axis": {"tickMinStep": 1}},
            },
        },
    )


def _draw_people(report: ClassReport) -> None:
    """A table shows every name as it is: no Markdown, no HTML."""
    st.subheader("People", anchor=False)
    rows = [
        {
            "person": one_line(row.person),
            "points": row.points,
            "of": row.max_points,
            "exercises passed": row.passed,
            "points not decided": row.undecided,
            "seconds": round(row.seconds, 1),
            "jail": row.jail,
        }
        for row in report.people
    ]
    st.dataframe(rows, hide_index=True)
    for heading, people in (("Without a result", report.missing), ("Not on the roster", report.strangers)):
        if people:
            st.markdown(f"**{heading}**")
            st.text("\n".join(one_line(person) for person in people))  # Markdown would make links of addresses
