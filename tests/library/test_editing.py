"""An exercise edited from elsewhere: the file is the one truth, and what doesn't fit into it is refused whole."""

import os

import pytest

from course_utils.authoring.build import build
from course_utils.authoring.cells import read_cells
from course_utils.authoring.stub import replace_source
from course_utils.catalog import CourseError
from course_utils.learner import editing
from course_utils.learner.agreed import document_digest
from course_utils.learner.editing import Conflict, Saved
from course_utils.learner.pairing import sync

STUB = 'def double(x: int) -> int:\n    """Two times x.\n\n    >>> double(3)\n    6\n    """\n    raise NotImplementedError("double")'
MINE = "def double(x: int) -> int:\n    return x + x"


@pytest.fixture
def chapter(tiny):
    build(tiny)
    sync(tiny.chapters[0])
    return tiny.chapters[0]


@pytest.fixture
def double(chapter):
    return chapter.exercises[0]


@pytest.fixture
def draft(chapter, double):
    return editing.read(chapter, double)


def agree(chapter):
    return document_digest(read_cells(chapter.script)) == document_digest(read_cells(chapter.notebook))


def test_what_is_read_is_the_exercise_at_its_line(chapter, draft):
    assert draft.text == STUB
    lines = chapter.script.read_text().split("\n")
    assert lines[draft.first_line - 1] == "def double(x: int) -> int:"
    assert set(editing.drafts(chapter)) == {"double", "Scale"}


def test_saving_replaces_it_alone_and_the_notebook_follows(chapter, double, draft):
    before = chapter.script.read_text()
    saved = editing.save(chapter, double, MINE + "\n\n", draft.digest)
    assert isinstance(saved, Saved) and saved.draft.text == MINE and saved.copy is None
    assert chapter.script.read_text() == before.replace(STUB, MINE)
    assert saved.draft == editing.read(chapter, double)
    assert agree(chapter) and "return x + x" in chapter.notebook.read_text()


def test_a_chain_of_saves_needs_no_reading_between(chapter, double, draft):
    digest = draft.digest
    for body in ("return 1", "return (", 'return """', "return x + x"):
        saved = editing.save(chapter, double, f"def double(x):\n    {body}", digest)
        assert isinstance(saved, Saved)
        digest = saved.draft.digest
    assert agree(chapter)


def test_another_version_in_the_file_is_never_written_over(chapter, double, draft):
    theirs = chapter.script.read_text().replace(STUB, MINE)
    chapter.script.write_text(theirs)
    result = editing.save(chapter, double, "def double(x):\n    return 2", draft.digest)
    assert isinstance(result, Conflict) and result.draft.text == MINE
    assert chapter.script.read_text() == theirs
    kept = editing.save(chapter, double, "def double(x):\n    return 2", result.draft.digest, backup=True)
    assert isinstance(kept, Saved) and kept.copy and kept.copy.read_text() == theirs
    assert "return 2" in chapter.script.read_text()


def test_a_conflict_in_the_notebook_counts_too(chapter, double, draft):
    notebook = chapter.notebook.read_text()
    chapter.notebook.write_text(notebook.replace('raise NotImplementedError(\\"double\\")', "return 3"))
    result = editing.save(chapter, double, MINE, draft.digest)
    assert isinstance(result, Conflict) and result.draft.text.endswith("return 3")


def test_the_same_text_from_both_sides_is_no_conflict(chapter, double, draft):
    chapter.script.write_text(chapter.script.read_text().replace(STUB, MINE))
    assert isinstance(editing.save(chapter, double, MINE, draft.digest), Saved)


def test_an_edit_of_another_exercise_outside_is_kept(chapter, double, draft):
    text = chapter.script.read_text()
    chapter.script.write_text(text.replace('raise NotImplementedError("Scale.forward")', "return x"))
    assert isinstance(editing.save(chapter, double, MINE, draft.digest), Saved)
    assert "        return x\n" in chapter.script.read_text()


def test_an_exercise_that_moved_is_found_where_it_is_now(chapter, double, draft):
    text = chapter.script.read_text()
    chapter.script.write_text(text.replace(STUB, "# a line of mine") + f"\n\n# %%\n{STUB}\n")
    moved = editing.read(chapter, double)
    assert moved.digest == draft.digest and moved.first_line > draft.first_line
    editing.save(chapter, double, MINE, draft.digest)
    assert chapter.script.read_text().endswith(f"# %%\n{MINE}\n")


def test_a_helper_in_the_same_cell_is_edited_with_it(chapter, double, draft):
    with_helper = f"def _twice(x):\n    return x + x\n\n\n{MINE}\n\n\nprint(double(2))"
    editing.save(chapter, double, with_helper, draft.digest)
    assert editing.read(chapter, double).text == with_helper


def test_of_several_exercises_in_a_cell_each_is_edited_alone(chapter, double, draft):
    text = chapter.script.read_text().replace(STUB, "")
    both = text.replace("class Scale", f"{STUB}\n\n\nclass Scale")
    chapter.script.write_text(both)
    assert editing.read(chapter, double).text == STUB
    editing.save(chapter, double, MINE, draft.digest)
    assert chapter.script.read_text() == both.replace(STUB, MINE)


@pytest.mark.parametrize(
    "broken",
    [
        "def double(x:\n    return",
        "def double(x):\nreturn 1",
        'def double(x):\n    """never closed',
        "def double(x):\n\treturn\tx\n        1",
    ],
)
def test_a_text_that_does_not_parse_is_saved_as_typed(chapter, double, draft, broken):
    before = chapter.script.read_text()
    editing.save(chapter, double, broken, draft.digest)
    assert chapter.script.read_text() == before.replace(STUB, broken)
    assert editing.read(chapter, double).text == broken
    assert editing.read(chapter, chapter.exercises[1]).text.startswith("class Scale")
    assert agree(chapter)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def doble(x):\n    return 2 * x", "no longer defines double"),
        ("    def double(x):\n        return 1", "no longer defines double"),
        ("  \n\n", "nothing left of double"),
        ("def double(x):\n    return 1\n\n# %%\nx = 1", "run into the cells around it"),
        ("# %%\ndef double(x):\n    return 1", "run into the cells around it"),
        ("def double(x):\n    return 1\n\n\ndef Scale(x):\n    return 2", "also defines Scale"),
        ("def double(x):\n    return '\udc80'", "can't be saved"),
    ],
)
def test_what_would_not_be_the_exercise_any_more_is_refused(chapter, double, draft, text, says):
    before = chapter.script.read_bytes(), chapter.notebook.read_bytes()
    with pytest.raises(CourseError, match=says):
        editing.save(chapter, double, text, draft.digest)
    assert (chapter.script.read_bytes(), chapter.notebook.read_bytes()) == before


def test_an_unclosed_string_must_not_swallow_the_next_cells(chapter, double, draft):
    text = replace_source(chapter.script.read_text(), "Scale", "class Scale:\n    '''never closed") or ""
    chapter.script.write_text(text)
    with pytest.raises(CourseError, match="run into the cells around it"):
        editing.save(chapter, double, "def double(x):\n    '''never closed either", draft.digest)
    assert chapter.script.read_text() == text


def test_windows_line_ends_tabs_and_other_scripts_stay(chapter, double, draft):
    chapter.script.write_bytes(chapter.script.read_bytes().replace(b"\n", b"\r\n"))
    text = "def double(x):\r\n\treturn x + x  # двоє, 二, 𝑥, \u2028"
    saved = editing.save(chapter, double, text, draft.digest)
    assert saved.draft.text == text.replace("\r\n", "\n")
    content = chapter.script.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert text.encode() in content
    assert agree(chapter)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_sentence(chapter, double, draft):
    chapter.script.parent.chmod(0o555)
    try:
        with pytest.raises(CourseError, match="can't be written"):
            editing.save(chapter, double, MINE, draft.digest)
    finally:
        chapter.script.parent.chmod(0o755)


def test_a_full_disk_leaves_the_files_as_they_were(chapter, double, draft, monkeypatch):
    before = chapter.script.read_bytes(), chapter.notebook.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course_utils.learner.state.write_atomically", full)
    with pytest.raises(CourseError, match="No space left"):
        editing.save(chapter, double, MINE, draft.digest)
    assert (chapter.script.read_bytes(), chapter.notebook.read_bytes()) == before


def test_a_file_saved_in_the_same_moment_is_not_written_over(chapter, double, draft, monkeypatch):
    real = editing._check_intact

    def meanwhile(*arguments):
        real(*arguments)
        chapter.script.write_text(chapter.script.read_text() + "# mine\n")

    monkeypatch.setattr(editing, "_check_intact", meanwhile)
    with pytest.raises(CourseError, match="just now"):
        editing.save(chapter, double, MINE, draft.digest)
    assert chapter.script.read_text().endswith("# mine\n") and STUB in chapter.script.read_text()


def test_an_exercise_that_is_gone_is_said(chapter, double, draft):
    chapter.script.write_text(chapter.script.read_text().replace(STUB, ""))
    assert editing.read(chapter, double) is None
    with pytest.raises(CourseError, match=r"no longer in .*ch01_tiny\.py"):
        editing.save(chapter, double, MINE, draft.digest)


def test_a_text_that_is_given_up_is_kept(chapter, double):
    copies = [editing.keep_draft(chapter, double, f"def double(x): # ε {i}") for i in range(2)]
    assert [copy.read_text() for copy in copies] == ["def double(x): # ε 0", "def double(x): # ε 1"]
    assert all(copy.parent == chapter.root / ".course" / "backups" for copy in copies)
