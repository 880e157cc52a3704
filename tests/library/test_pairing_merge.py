"""Both files of a pair edited: put together where no cell was changed twice, refused with names where one was."""

import json
import random

import pytest

from course_utils.authoring.build import build
from course_utils.authoring.cells import Cell, read_cells
from course_utils.catalog import CourseError
from course_utils.learner.agreed import document_digest
from course_utils.learner.merging import Clash, Merged, different, merge, rows_of
from course_utils.learner.pairing import MergeNews, sync

DOUBLE, SCALE = 'raise NotImplementedError("double")', 'raise NotImplementedError("Scale.forward")'


@pytest.fixture(params=["seen", "never seen"])
def chapter(tiny, request):
    build(tiny)
    if request.param == "seen":
        sync(tiny.chapters[0])
    return tiny.chapters[0]


def edit(path, old, new):
    old, new = (json.dumps(text)[1:-1] if path.suffix == ".ipynb" else text for text in (old, new))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def contents(chapter):
    return [path.read_bytes() for path in (chapter.script, chapter.notebook)]


def backups(chapter):
    return sorted((chapter.root / ".course" / "backups").glob("*"))


def agree(chapter):
    return document_digest(read_cells(chapter.script)) == document_digest(read_cells(chapter.notebook))


def test_two_exercises_edited_in_two_files_are_put_together(chapter):
    edit(chapter.script, DOUBLE, "return 2 * x")
    edit(chapter.notebook, SCALE, "return self.factor * x")
    before = contents(chapter)
    said = sync(chapter)
    assert isinstance(said, MergeNews)
    assert "double in ch01_tiny.py, Scale in ch01_tiny.ipynb." in said
    for text in (chapter.script.read_text(), chapter.notebook.read_text()):
        assert "return 2 * x" in text and "return self.factor * x" in text
    assert agree(chapter)
    assert sorted(copy.read_bytes() for copy in backups(chapter)) == sorted(before)
    assert all(copy.name in said for copy in backups(chapter))
    assert sync(chapter) is None


def test_an_exercise_and_a_note_beside_it_are_put_together(chapter):
    edit(chapter.script, DOUBLE, "return 2 * x")
    edit(chapter.notebook, "Say what", "My note: say what")
    said = sync(chapter)
    assert "double in" in said and "the cell “## Numbers”" in said
    assert "My note" in chapter.script.read_text() and "return 2 * x" in chapter.notebook.read_text()


@pytest.mark.parametrize("adds", ["script", "notebook"])
def test_cells_added_on_one_side_stay(chapter, adds):
    if adds == "script":
        chapter.script.write_text(
            chapter.script.read_text().replace("# %%\ncheck(double)", "# %%\nmine = 1\n\n# %%\ncheck(double)")
        )
        edit(chapter.notebook, DOUBLE, "return 2 * x")
    else:
        notebook = json.loads(chapter.notebook.read_text())
        cell = {
            "cell_type": "code",
            "id": "m",
            "metadata": {},
            "source": "mine = 1",
            "execution_count": None,
            "outputs": [],
        }
        notebook["cells"].insert(3, cell)
        chapter.notebook.write_text(json.dumps(notebook))
        edit(chapter.script, DOUBLE, "return 2 * x")
    assert isinstance(sync(chapter), MergeNews)
    for text in (chapter.script.read_text(), chapter.notebook.read_text()):
        assert "mine = 1" in text and "return 2 * x" in text
    assert agree(chapter)


def test_one_exercise_edited_in_both_is_refused_by_name(chapter):
    edit(chapter.script, DOUBLE, "return 2 * x")
    edit(chapter.script, SCALE, "return 0.0")
    edit(chapter.notebook, DOUBLE, "return x + x")
    before = contents(chapter)
    with pytest.raises(CourseError, match=r"both changed double; neither was changed.*--keep py"):
        sync(chapter)
    assert contents(chapter) == before
    assert backups(chapter) == []


def test_cells_that_came_in_both_are_refused_with_the_exercises_that_differ(chapter):
    for path in (chapter.script, chapter.notebook):
        edit(path, DOUBLE, "return 2 * x")
    edit(chapter.script, SCALE, "return 0.0")
    chapter.script.write_text(chapter.script.read_text() + "\n# %%\nmine = 1\n")
    notebook = json.loads(chapter.notebook.read_text())
    notebook["cells"].append({"cell_type": "markdown", "id": "m", "metadata": {}, "source": "mine too"})
    chapter.notebook.write_text(json.dumps(notebook))
    before = contents(chapter)
    with pytest.raises(CourseError, match="and they differ in Scale; neither was changed"):
        sync(chapter)
    assert contents(chapter) == before


def test_a_record_of_an_earlier_version_refuses_rather_than_guesses(chapter):
    sync(chapter)
    path = chapter.root / ".course" / "pairs.json"
    record = json.loads(path.read_text())
    del record["ch01_tiny"]["cells"]
    path.write_text(json.dumps(record))
    edit(chapter.script, DOUBLE, "return 2 * x")
    edit(chapter.notebook, SCALE, "return 0.0")
    with pytest.raises(CourseError, match="they differ in double, Scale"):
        sync(chapter)


def test_a_second_write_that_fails_loses_nothing(chapter, monkeypatch):
    edit(chapter.script, DOUBLE, "return 2 * x")
    edit(chapter.notebook, SCALE, "return self.factor * x")
    from course_utils.learner import pairing

    write = pairing.rewrite

    def full(path, text):
        if path == chapter.notebook:
            raise CourseError("the disk is full")
        write(path, text)

    with monkeypatch.context() as broken:
        broken.setattr(pairing, "rewrite", full)
        with pytest.raises(CourseError, match="full"):
            sync(chapter)
    sync(chapter)
    assert agree(chapter)
    assert "return 2 * x" in chapter.notebook.read_text() and "self.factor * x" in chapter.script.read_text()


def documents(words):
    return [Cell("code", f"def f{word}():\n    pass" if word.isdigit() else word) for word in words]


def test_whatever_is_merged_no_edit_is_lost():
    """Random edits, insertions and deletions: every new text of either side is in the merged document."""
    names = [f"f{number}" for number in range(10)]
    outcomes = set()
    for seed in range(300):
        rng = random.Random(seed)
        base = documents([*"0a1b2c3d4e"])
        sides = [list(base), list(base)]
        for which, side in enumerate(sides):
            for _ in range(rng.randint(1, 3)):
                at = rng.randrange(len(side))
                kind = rng.choice(["edit", "edit", "edit", "insert", "delete"])
                text = f"{side[at].source}\n# side {which} {rng.random()}"
                side[at : at + (kind != "insert")] = [] if kind == "delete" else [Cell("code", text)]
        found = merge(rows_of(base, names), *sides, names)
        outcomes.add(type(found))
        if isinstance(found, Merged):
            kept = {cell.source for cell in found.cells}
            lost = [cell.source for side in sides for cell in side if cell not in base and cell.source not in kept]
            assert not lost, (seed, lost)
    assert outcomes == {Merged, Clash}


def test_exercises_that_differ_are_named_once():
    rows = [rows_of(documents(words), ["f1", "f2"]) for words in ("1a2", "1b")]
    assert different(*rows) == ("f2",)
