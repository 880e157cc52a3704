import shutil

import pytest

from course_utils.authoring.build import build
from course_utils.authoring.cells import read_cells
from course_utils.authoring.notebook import chapter_cells
from course_utils.catalog import CourseError
from course_utils.learner.agreed import document_digest
from course_utils.learner.pairing import sync
from course_utils.learner.reset import reset_chapter, reset_exercise

DOUBLE, SCALE = 'raise NotImplementedError("double")', 'raise NotImplementedError("Scale.forward")'


@pytest.fixture
def chapter(tiny):
    build(tiny)
    sync(tiny.chapters[0])
    return tiny.chapters[0]


@pytest.fixture
def fresh(chapter):
    return chapter.script.read_text()


def by_name(chapter, name):
    return next(exercise for exercise in chapter.exercises if exercise.name == name)


def agree(chapter):
    return document_digest(read_cells(chapter.script)) == document_digest(read_cells(chapter.notebook))


@pytest.mark.parametrize(
    "body", ["return 2 * x", "return (", '"""never closed', "x = '\n    return", "return 1\n    # mine\n\n    # more"]
)
def test_the_stub_comes_back_and_the_rest_stays(chapter, fresh, body):
    mine = fresh.replace(DOUBLE, body).replace(SCALE, "return x * self.factor")
    chapter.script.write_text(mine)
    copy = reset_exercise(chapter, by_name(chapter, "double"))
    assert copy.read_text() == mine
    assert chapter.script.read_text() == fresh.replace(SCALE, "return x * self.factor")
    assert agree(chapter)


def test_a_syntax_error_in_another_exercise_does_not_matter(chapter, fresh):
    mine = fresh.replace(DOUBLE, "return (").replace(SCALE, "return 1")
    chapter.script.write_text(mine)
    reset_exercise(chapter, by_name(chapter, "Scale"))
    assert chapter.script.read_text() == fresh.replace(DOUBLE, "return (")


def test_work_in_the_notebook_is_reset_and_kept(chapter, fresh):
    notebook = chapter.notebook.read_text().replace(DOUBLE.replace('"', '\\"'), "return 2 * x")
    chapter.notebook.write_text(notebook)
    copy = reset_exercise(chapter, by_name(chapter, "double"))
    assert "return 2 * x" in copy.read_text()
    assert chapter.script.read_text() == fresh
    assert agree(chapter)


def stub_cell(chapter, name):
    return next(cell.source for cell in chapter_cells(chapter) if cell.exercise == name and cell.role == "stub")


@pytest.mark.parametrize("name", ["double", "Scale"])
def test_a_deleted_stub_comes_back_before_its_check(chapter, fresh, name):
    gone = fresh.replace(f"# %%\n{stub_cell(chapter, name)}\n\n\n", "")
    assert len(gone) < len(fresh)
    chapter.script.write_text(gone)
    reset_exercise(chapter, by_name(chapter, name))
    assert [cell.source for cell in read_cells(chapter.script)] == [cell.source for cell in chapter_cells(chapter)]
    assert agree(chapter)


def test_with_its_check_gone_too_it_comes_after_the_exercise_before(chapter, fresh):
    gone = fresh.replace(f"# %%\n{stub_cell(chapter, 'Scale')}\n\n\n# %%\ncheck(Scale)\n\n", "")
    chapter.script.write_text(gone)
    reset_exercise(chapter, by_name(chapter, "Scale"))
    sources = [cell.source for cell in read_cells(chapter.script)]
    assert sources[sources.index(stub_cell(chapter, "Scale")) - 1] == '# hint("double")\n# solution("double")'


def test_with_everything_gone_it_comes_last(chapter):
    chapter.script.write_text("# %%\nx = 1\n")
    reset_exercise(chapter, by_name(chapter, "double"))
    assert chapter.script.read_text() == f"# %%\nx = 1\n\n\n# %%\n{stub_cell(chapter, 'double')}\n"


def test_a_renamed_exercise_counts_as_deleted(chapter, fresh):
    chapter.script.write_text(fresh.replace("def double(", "def dubble("))
    reset_exercise(chapter, by_name(chapter, "double"))
    text = chapter.script.read_text()
    assert text.index("def dubble") < text.index("def double") < text.index("check(double)")


def test_crlf_stays(chapter, fresh):
    chapter.script.write_bytes(fresh.replace(DOUBLE, "return 1").replace("\n", "\r\n").encode())
    reset_exercise(chapter, by_name(chapter, "double"))
    assert chapter.script.read_bytes() == fresh.replace("\n", "\r\n").encode()


def test_two_edited_files_are_refused(chapter, fresh):
    chapter.script.write_text(fresh.replace(DOUBLE, "return 1"))
    chapter.notebook.write_text(chapter.notebook.read_text().replace(DOUBLE.replace('"', '\\"'), "return 2"))
    before = chapter.script.read_bytes(), chapter.notebook.read_bytes()
    with pytest.raises(CourseError, match="neither was changed"):
        reset_exercise(chapter, by_name(chapter, "double"))
    assert (chapter.script.read_bytes(), chapter.notebook.read_bytes()) == before


def test_nothing_is_reset_when_no_copy_can_be_kept(chapter, fresh, monkeypatch):
    mine = fresh.replace(DOUBLE, "return 1")
    chapter.script.write_text(mine)
    sync(chapter)
    shutil.rmtree(chapter.root / ".course")
    (chapter.root / ".course").write_text("")
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    with pytest.raises(CourseError, match="Read-only"):
        reset_exercise(chapter, by_name(chapter, "double"))
    assert chapter.script.read_text() == mine


def test_a_whole_chapter_is_reset_whatever_state_it_is_in(chapter, fresh):
    notebook = chapter.notebook.read_text()
    chapter.script.write_bytes(b"\xff not text")
    chapter.notebook.write_text("{")
    copy = reset_chapter(chapter)
    assert copy.read_bytes() == b"\xff not text"
    assert [path.read_text() for path in copy.parent.glob("*.ipynb")] == ["{"]
    assert (chapter.script.read_text(), chapter.notebook.read_text()) == (fresh, notebook)
    assert sync(chapter) is None
