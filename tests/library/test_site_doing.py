"""The working part of a card without a browser: conflicts, reset, what is missing, and a visitor's card."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the site's own dependency; `pip install streamlit` to run these")

import streamlit
from streamlit.testing.v1 import AppTest

from course_utils.catalog import CourseError
from course_utils.grading.verdict import Outcome, Verdict
from course_utils.learner import editing, progress

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
sys.path.insert(0, str(MAIN.parents[1]))  # as main.py does: app is no installed package

from app import drafts, learner  # noqa: E402
from app.drafts import Edits, Pending  # noqa: E402

HERE, THERE = "def double(x):\n    return 1  # <b>here</b>", "def double(x):\n    return 2  # there"


@pytest.fixture(autouse=True)
def _nothing_cached():
    streamlit.cache_data.clear()
    streamlit.cache_resource.clear()


def visit() -> AppTest:
    page = AppTest.from_file(str(MAIN), default_timeout=60)
    page.query_params["exercise"] = "double"
    return drawn(page.run())


def drawn(page: AppTest) -> AppTest:
    assert not page.exception
    return page


def texts(elements) -> str:
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button}


def mine(course) -> str:
    return editing.read(course.chapter, course.catalog.find_exercise("double")).text


@pytest.fixture
def torn(course) -> AppTest:
    """The page with a draft whose exercise was changed in the file meanwhile."""
    page = visit()
    started = editing.read(course.chapter, course.catalog.find_exercise("double")).digest
    course.answer("double", THERE)
    page.session_state["edits.double"] = Edits(pending=Pending(7, HERE, started))
    return drawn(page.run())


def test_where_one_is_is_said(course):
    page = visit()
    assert "Exercise 1 of 2 in this chapter · not begun" in texts(page.caption)
    course.answer("double", "def double(x: int) -> int:\n    return x + x")
    drawn(page.button(key="check-double").click().run())
    assert "Exercise 1 of 2 in this chapter · :material/check: done" in texts(page.caption)


def test_a_conflict_shows_both_versions_and_checks_nothing(torn, course):
    assert {HERE, THERE} <= {block.value for block in torn.code}
    difference = "-     return 2  # there\n+     return 1  # <b>here</b>"
    assert any(difference in block.value for block in torn.code)
    assert "changed elsewhere" in texts(torn.warning)
    drawn(torn.button(key="check-double").click().run())
    assert progress.load(course.root).of("double").attempts == 0
    assert "choose one of the two versions first" in texts(torn.error)
    assert mine(course) == THERE


def test_a_conflict_hides_the_verdict_on_another_version(torn, course):
    progress.record(course.root, Verdict("double", Outcome.WRONG, "Not so."), "aaaa")
    assert "Not so." not in texts(drawn(torn.run()).code)
    assert "Not so." in texts(drawn(torn.button(key="take-double").click().run()).code)


def test_keeping_mine_keeps_a_copy_of_theirs(torn, course):
    drawn(torn.button(key="keep-double").click().run())
    assert mine(course) == HERE
    assert "keep-double" not in keys(torn)
    (copy,) = (course.root / ".course" / "backups").iterdir()
    assert THERE in copy.read_text() and copy.name in texts(torn.info)


def test_taking_theirs_keeps_a_copy_of_mine(torn, course):
    drawn(torn.button(key="take-double").click().run())
    assert mine(course) == THERE
    assert "take-double" not in keys(torn)
    (copy,) = (course.root / ".course" / "backups").iterdir()
    assert copy.read_text() == HERE and copy.name in texts(torn.info)
    assert torn.session_state["edits.double"].handled == 7


def test_mine_is_not_written_over_a_third_version(torn, course):
    course.answer("double", THERE.replace("2", "3"))  # not seen by the learner yet
    drawn(torn.button(key="keep-double").click().run())
    assert mine(course) == THERE.replace("2", "3")
    assert "keep-double" in keys(torn) and THERE.replace("2", "3") in [block.value for block in torn.code]


def test_reset_keeps_what_the_file_held_and_what_it_did_not(torn, course):
    drawn(torn.button(key="reset-double").click().run())
    assert "NotImplementedError" in mine(course)
    kept = "\n".join(copy.read_text() for copy in (course.root / ".course" / "backups").iterdir())
    assert THERE in kept and HERE in kept
    assert "The stub is back" in texts(torn.info)


def test_an_exercise_that_is_gone_can_be_brought_back(course):
    course.answer("double", "pass")
    page = visit()
    assert "`double` can't be found" in texts(page.warning)
    drawn(page.button(key="reset-double").click().run())
    assert "NotImplementedError" in mine(course) and not page.warning


def test_an_edit_in_the_notebook_is_followed_when_the_page_is_drawn(course):
    page = visit()
    notebook = course.chapter.notebook
    notebook.write_text(notebook.read_text().replace('raise NotImplementedError(\\"double\\")', "return 5"))
    drawn(page.run())
    assert mine(course).endswith("return 5")


@pytest.fixture
def public(monkeypatch):
    monkeypatch.setenv("GLASSBOX_PUBLIC", "1")


def test_a_visitor_reads_ticks_and_runs_nothing(course, public):
    before = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}
    page = visit()
    assert 'raise NotImplementedError("double")' in texts(page.code)
    assert "on your machine" in texts(page.caption)
    assert not {"check-double", "reset-double", "keep-double"} & keys(page)
    drawn(page.button(key="more-double").click().run())
    assert "What is two times x?" in texts(page.markdown)
    drawn(page.button(key="solution-double").click().run())
    assert "shifted = x << 1" in texts(page.code)
    drawn(page.checkbox(key="done-double").check().run())
    assert page.checkbox(key="done-double").value
    assert ":material/check: done" in texts(page.caption)
    drawn(page.checkbox(key="done-double").uncheck().run())
    assert not page.checkbox(key="done-double").value
    assert before == {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}


def test_nothing_of_a_visitor_s_reaches_the_files(course, public):
    exercise = course.catalog.find_exercise("double")
    with pytest.raises(CourseError, match="own machine"):
        learner.check(course.chapter, exercise)
    digest = editing.read(course.chapter, exercise).digest
    sent = {"number": 1, "text": HERE, "digest": digest}
    streamlit.session_state["editor-double"] = {"draft": {**sent, "after": []}}

    def keep_mine(chapter, exercise):
        drafts.keep_mine(chapter, exercise, digest)

    for act in (drafts.receive, keep_mine, drafts.take_the_file_s, drafts.reset):
        streamlit.session_state["edits.double"] = edits = Edits(pending=Pending(**sent))
        act(course.chapter, exercise)
        assert "own machine" in edits.trouble
    assert "NotImplementedError" in mine(course) and not (course.root / ".course" / "backups").exists()
