"""Results are read from a class's database, or from copied files, and nothing there is changed."""

import hashlib

import pytest

from course_utils.catalog import CourseError
from course_utils.staff.intake.files import Complaint
from course_utils.staff.reading import read_results
from course_utils.staff.store import DATABASE, FOLDER, Store


@pytest.fixture
def graded(tmp_path, people):
    """A folder as `course grade` leaves it."""
    path = tmp_path / "a class? #1%"
    path.mkdir()
    with Store(path) as store:
        for number, result in enumerate(reversed(people)):
            store.add(f"key{number}", result)
        store.refuse([Complaint("x/ch01.py", "is too large.")])
    return path


def state(folder):
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*") if path.is_file()}


def test_of_the_database(graded, people):
    before = state(graded)
    read = read_results(graded)
    assert read.results == tuple(people)
    assert read.complaints == ("x/ch01.py: is too large.",)
    assert state(graded) == before


def test_of_files_where_there_is_no_database(graded, people):
    (graded / DATABASE).unlink()
    (graded / FOLDER / "zoe.json").write_bytes(b"\xff{")
    read = read_results(graded)
    assert read.results == tuple(people)
    assert len(read.complaints) == 1 and read.complaints[0].startswith("zoe.json is no results file")
    assert read_results(graded / FOLDER) == read


def test_what_can_t_be_read_is_one_sentence(graded, tmp_path):
    (graded / DATABASE).write_bytes(b"no database" * 1000)
    for folder in (graded, tmp_path / "nowhere", tmp_path):
        with pytest.raises(CourseError):
            read_results(folder)
