"""The site's pages, run without a browser: what they say, what their buttons do, and that no error leaves them."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the site's own dependency; `pip install streamlit` to run these")

import streamlit
from streamlit.testing.v1 import AppTest

from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome
from course_utils.learner import progress

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
RIGHT = "def double(x: int) -> int:\n    return x + x"
WRONG = 'def double(x: int) -> int:\n    print("<b>$x$</b> **not bold**")\n    return x * x + 1'


@pytest.fixture
def course(course):
    """The tiny course, with nothing kept from another test."""
    streamlit.cache_data.clear()
    streamlit.cache_resource.clear()
    return course


def visit(**address: str) -> AppTest:
    """Open the home page with these query parameters, and follow where they lead."""
    page = AppTest.from_file(str(MAIN), default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    return drawn(page.run())


def drawn(page: AppTest) -> AppTest:
    assert not page.exception
    return page


def texts(elements) -> str:
    return "\n".join(str(element.value) for element in elements)


def codes(page: AppTest) -> str:
    return texts(page.code)


def test_a_permalink_opens_the_section_of_its_exercise(course):
    page = visit(exercise="double")
    assert page.title[0].value == "1 · A tiny chapter"
    assert page.header[0].value == "Numbers"
    assert [heading.value for heading in page.subheader] == ["Twice as much", "Scale by a factor"]
    assert "shifted" not in codes(page)  # a line of the solution
    assert "check(double)" not in codes(page) and "google.colab" not in codes(page)


def test_a_wrong_answer_gets_the_terminal_s_text_and_a_right_one_counts(course):
    course.answer("double", WRONG)
    page = visit(exercise="double")
    drawn(page.button(key="check-double").click().run())
    verdict = progress.load(course.root).of("double").last_verdict()
    assert verdict and verdict.outcome is Outcome.WRONG
    assert verdict.next_step == "course hint double"  # which the card has a button for
    assert as_text(verdict.with_(next_step=""), width=1000) in [block.value for block in page.code]
    assert "<b>" not in texts(page.markdown)  # what they printed is only ever in a code block
    course.answer("double", RIGHT)
    drawn(page.run())
    assert "changed since this check" in texts(page.caption)
    drawn(page.button(key="check-double").click().run())
    assert "✓ double: passed" in codes(page)
    assert page.button(key="solution-double").label == "Compare with the course's solution"


def test_hints_come_one_rung_at_a_time_and_are_counted(course):
    page = visit(exercise="double")
    drawn(page.button(key="more-double").click().run())
    assert "What is two times x?" in texts(page.markdown) and "x + x" not in texts(page.markdown)
    drawn(page.button(key="more-double").click().run())
    assert "x + x" in texts(page.markdown)
    assert progress.hint_rungs(course.root, "double") == 2
    assert page.button(key="more-double").disabled
    assert "x + x" in texts(visit(exercise="double").markdown)


def test_the_solution_comes_when_asked_for_and_is_noted(course):
    page = visit(exercise="double")
    assert page.button(key="solution-double").label == "Show me the solution"
    drawn(page.button(key="solution-double").click().run())
    assert "shifted = x << 1" in codes(page)
    assert progress.load(course.root).of("double").solution_seen
    drawn(page.button(key="solution-double").click().run())
    assert "shifted" not in codes(page)


def test_an_unknown_exercise_and_section_are_said(course):
    assert "Nearest: double" in texts(visit(exercise="dubble").info).replace("\\", "")
    page = visit(exercise="double")
    page.query_params.clear()
    page.query_params["section"] = "<b>nope"
    drawn(page.run())
    assert "no section “<b>nope”" in texts(page.info).replace("\\", "")
    assert "<b>" not in texts(page.info)
    assert page.header[0].value == "Introduction"


def test_two_edited_files_are_refused_in_one_sentence(course):
    page = visit(exercise="double")
    course.answer("double", RIGHT)
    notebook = course.chapter.notebook
    notebook.write_text(notebook.read_text().replace('NotImplementedError(\\"double\\")', "ValueError"))
    drawn(page.button(key="check-double").click().run())
    assert len(page.error) == 1 and "ch01_tiny" in page.error[0].value.replace("\\", "")


def test_two_files_that_were_merged_are_said_above_the_verdict(course):
    page = visit(exercise="double")
    course.answer("double", RIGHT)
    notebook = course.chapter.notebook
    notebook.write_text(notebook.read_text().replace("A tiny chapter", "My chapter"))
    drawn(page.button(key="check-double").click().run())
    assert "Both files were edited, in different cells" in texts(page.info)
    assert "✓ double: passed" in codes(page)


def test_a_pass_is_kept_when_another_version_fails(course):
    course.answer("double", RIGHT)
    page = visit(exercise="double")
    drawn(page.button(key="check-double").click().run())
    course.answer("double", WRONG)
    drawn(page.button(key="check-double").click().run())
    assert "It passed before" in texts(page.caption)
    assert page.button(key="solution-double").label == "Compare with the course's solution"
    course.answer("double", RIGHT)
    drawn(page.run())
    assert "The one that your file holds has passed" in texts(page.caption)
    assert "Next exercise: Scale by a factor" in str([link.label for link in page.get("page_link")])


@pytest.mark.parametrize("broken", ["numbers.json", "solution", "progress"])
def test_a_broken_file_never_makes_an_exception_page(course, broken):
    if broken == "numbers.json":
        (course.chapter.figures / broken).write_text("{")
    elif broken == "solution":
        course.chapter.solution.write_text("# %%\ndef (")
    else:
        (course.root / ".course").mkdir(exist_ok=True)
        (course.root / ".course" / "progress.json").write_text('{"exercises": {"double": {"hints": "many"}}}')
    page = visit(exercise="double")
    assert len(page.error) >= 1
    assert visit().title[0].value == "Glassbox"


def test_a_verdict_that_can_t_be_saved_is_shown_all_the_same(course, monkeypatch):
    monkeypatch.setattr(progress, "write_atomically", _full)
    course.answer("double", RIGHT)
    page = visit(exercise="double")
    drawn(page.button(key="check-double").click().run())
    assert "✓ double: passed" in codes(page)
    assert "could not be saved" in texts(page.caption)
    drawn(page.button(key="more-double").click().run())
    assert "What is two times x?" in texts(page.markdown)


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_folder_without_chapters_is_one_sentence(course, monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path / "empty"))
    page = visit()
    assert len(page.error) == 1 and "GLASSBOX_ROOT" in page.error[0].value.replace("\\", "")


def test_the_site_s_process_loads_no_torch(course):
    program = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        f"page = AppTest.from_file({str(MAIN)!r}, default_timeout=60); page.query_params['exercise'] = 'double'; "
        "page.run(); page.button(key='check-double').click().run(); assert not page.exception; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120).returncode == 0
