import os

import pytest

from course_utils.authoring import new
from course_utils.authoring.cells import read_cells
from course_utils.authoring.new import new_exercise, next_steps
from course_utils.authoring.notebook import chapter_cells
from course_utils.catalog import CourseError, _load, load_catalog


@pytest.fixture
def chapter(tiny):
    return tiny.chapters[0]


def reloaded(chapter):
    _load.cache_clear()
    return load_catalog(chapter.root).chapters[0]


@pytest.mark.parametrize(
    ("after", "order"),
    [
        ("double", ["double", "Half", "Scale"]),
        ("Scale", ["double", "Scale", "Half"]),
        (None, ["double", "Scale", "Half"]),
    ],
)
def test_a_new_exercise_fits_into_a_course_that_still_builds(tiny, chapter, after, order):
    place = tiny.find_exercise(after) if after else None
    paths = new_exercise(tiny, "Half", 'Half "as" much', chapter, place)
    assert paths == [chapter.records, chapter.solution, chapter.tests / "test_half.py"]
    now = reloaded(chapter)
    assert [exercise.name for exercise in now.exercises] == order
    added = now.exercises[order.index("Half")]
    assert added.title == 'Half "as" much'
    assert added.needs == (after or "Scale",)
    stub = next(cell for cell in chapter_cells(now) if cell.exercise == "Half" and cell.role == "stub")
    assert 'raise NotImplementedError("Half")' in stub.source
    assert "# Comments of the author stay." in chapter.records.read_text()
    compile(paths[2].read_text(), "x", "exec")
    assert "MUTANTS" in paths[2].read_text()


def test_what_follows_an_exercise_stays_with_it(tiny, chapter):
    before = [cell.source for cell in read_cells(chapter.solution)]
    new_exercise(tiny, "half", "Half as much", chapter, tiny.find_exercise("double"))
    after = [cell.source for cell in read_cells(chapter.solution)]
    assert [source for source in after if source in before] == before
    assert after.index("double(21)" if "double(21)" in after else before[4]) < next(
        i for i, s in enumerate(after) if "Half" in s
    )


def test_the_rest_of_both_files_is_not_touched(tiny, chapter):
    records, solution = chapter.records.read_text(), chapter.solution.read_text()
    new_exercise(tiny, "half", "Half as much", chapter, tiny.find_exercise("double"))
    head, tail = records.split('\n[[exercise]]\nname = "Scale"')
    now = chapter.records.read_text()
    assert now.startswith(head)
    assert now.endswith(tail)
    assert [line for line in solution.split("\n") if line not in chapter.solution.read_text()] == []


def test_the_first_exercise_of_a_chapter(chapter):
    chapter.records.write_text('title = "T"\nsummary = "S"\nexercise = []\n')
    chapter.solution.write_text("# %% [markdown]\n# # T\n")
    empty = reloaded(chapter)
    new_exercise(load_catalog(chapter.root), "half", "Half as much", empty)
    [added] = reloaded(chapter).exercises
    assert added.needs == ()
    assert "half" in chapter_cells(reloaded(chapter))[-3].source


@pytest.mark.parametrize(
    ("name", "title", "says"),
    [
        ("2x", "New", "can't name an exercise"),
        ("Double", "New", "too close to double"),
        ("half", "Twice as much", "can't be the title"),
        ("half", " ", "can't be the title"),
    ],
)
def test_bad_names_are_refused_and_nothing_is_written(tiny, chapter, name, title, says):
    before = chapter.records.read_text(), chapter.solution.read_text(), sorted(chapter.tests.iterdir())
    with pytest.raises(CourseError, match=says):
        new_exercise(tiny, name, title, chapter)
    assert (chapter.records.read_text(), chapter.solution.read_text(), sorted(chapter.tests.iterdir())) == before


def test_a_check_file_that_exists_is_not_overwritten(tiny, chapter):
    (chapter.tests / "test_half.py").write_text("mine")
    with pytest.raises(CourseError, match="exists already"):
        new_exercise(tiny, "half", "Half", chapter)
    assert (chapter.tests / "test_half.py").read_text() == "mine"


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_everything_or_nothing(tiny, chapter, monkeypatch, fails_at):
    before = chapter.records.read_text(), chapter.solution.read_text()
    calls = []
    real = new.write_atomically

    def failing(path, text):
        calls.append(path)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device", str(path))
        real(path, text)

    monkeypatch.setattr(new, "write_atomically", failing)
    with pytest.raises(CourseError, match="nothing was added"):
        new_exercise(tiny, "half", "Half", chapter)
    assert (chapter.records.read_text(), chapter.solution.read_text()) == before
    assert not (chapter.tests / "test_half.py").exists()
    assert not [name for name in os.listdir(chapter.tests) if name.endswith(".tmp")]


def test_next_steps_name_the_files(chapter):
    assert "tests/ch01_tiny/test_half.py" in next_steps("Half", chapter)
