"""The staff's page, run without a browser: it draws what the report counted, and every name as it is."""

import dataclasses
import json
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the site's own dependency; `pip install streamlit` to run these")

import pyarrow.ipc
from streamlit.testing.v1 import AppTest

from course_utils.staff.exports.plain import one_line

from .conftest import OUTSIDE


def page():
    """What `app/main.py` does for this page."""
    from types import SimpleNamespace

    from app.staff import draw_staff
    from app.words import no_exception_page
    from course_utils.catalog import load_catalog

    with no_exception_page():
        draw_staff(SimpleNamespace(catalog=load_catalog()))


@pytest.fixture
def visit(folder, roster, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3]))  # as app/main.py does

    def visited(results=folder, listed=roster):
        for name, value in (("GLASSBOX_RESULTS", results), ("GLASSBOX_ROSTER", listed)):
            monkeypatch.setenv(name, str(value)) if value else monkeypatch.delenv(name, raising=False)
        shown = AppTest.from_function(page, default_timeout=60).run()
        assert not shown.exception
        return shown

    return visited


def rows(table):
    return table.value.to_dict("records")


def chart_of(proto):
    """The rows that a chart draws, in the order of its encoding."""
    spec = json.loads(proto.spec)
    (data,) = [proto.data.data] if proto.data.data else [one.data.data for one in proto.datasets]
    table = pyarrow.ipc.open_stream(data).read_all().to_pylist()
    places = spec["encoding"]
    keys = [places[key]["field"] for key in (("y", "color", "x") if "color" in places else ("x", "y"))]
    return [[row[key] for key in keys] for row in table]


def test_it_draws_what_the_report_counted(visit):
    shown = visit()
    assert shown.header[0].value == "Transformers from scratch"
    assert {metric.label: metric.value for metric in shown.metric} == {
        "Graded": "6", "Without a result": "1", "Median points": "1 of 6", "Everything passed": "1",
        "To be graded again": "1",
    }  # fmt: skip
    exercises, beliefs, people = (rows(table) for table in shown.dataframe)
    assert [(row["exercise"], row["passed"], row["tried"]) for row in exercises] == [
        ("attention", 1, 4), ("LayerNorm", 2, 5), ("embed", 5, 6),
    ]  # fmt: skip
    assert beliefs[0]["people"] == 2 and OUTSIDE in beliefs[0].values()
    assert [row["person"] for row in people] == ["ada", "bob", "cyd", "dan", "eve", "fay"]
    assert [text.value for text in shown.text] == ["gil", "fay"]
    assert not shown.error


def test_the_bars_are_the_outcomes(visit):
    bars, points, seconds = (chart_of(element.proto) for element in visit().get("vega_lite_chart"))
    assert ["attention", "passed", 1] in bars and ["embed", "passed", 5] in bars and len(bars) == 10
    assert points[1] == ["10–19 %", 4] and seconds[2] == ["2–5 s", 2]


def test_without_a_roster_nobody_is_missing(visit):
    shown = visit(listed=None)
    assert "Without a result" not in [metric.label for metric in shown.metric]


def test_a_class_with_two_chapters_has_a_choice(visit, folder, people):
    more = dataclasses.replace(people[0], graded=dataclasses.replace(people[0].graded, chapter="ch02_induction"))
    (folder / "results" / "more.json").write_text(more.to_json())
    shown = visit()
    assert shown.selectbox[0].options == ["Transformers from scratch", "Induction heads"]
    shown.selectbox[0].select("Induction heads").run()
    assert not shown.exception and shown.header[0].value == "Induction heads"
    assert [row["person"] for row in rows(shown.dataframe[-1])] == ["ada"]


def test_hostile_names_and_texts_are_shown_as_they_are(visit, folder, hostile):
    (folder / "results" / "mallory.json").write_text(hostile.to_json().encode("utf-8", "replace").decode())
    shown = visit()
    people = rows(shown.dataframe[-1])
    assert one_line(hostile.graded.person)[:60] in [row["person"][:60] for row in people]
    drawn = "".join(str(element.value) for kind in (shown.markdown, shown.caption, shown.warning) for element in kind)
    assert "<script>" not in drawn.replace("\\<", "")
    assert "SECRET" not in json.dumps([rows(table) for table in shown.dataframe])


def test_a_file_that_is_no_result_is_one_line(visit, folder):
    (folder / "results" / "zzz.json").write_text('{"schema": 99}')
    shown = visit()
    assert len(shown.warning) == 1 and "zzz" in shown.warning[0].value and "schema 99" in shown.warning[0].value


def test_no_folder_no_results_no_roster_are_one_sentence(visit, tmp_path):
    for results, listed in ((None, None), (tmp_path / "none", None), (tmp_path, "/no/roster.csv")):
        shown = visit(results, listed)
        assert len(shown.error) == 1 and not shown.dataframe
