"""The store: what is kept, what counts, and what a reader finds whenever a writer was killed."""

import json
import sqlite3
from dataclasses import replace

import pytest

from course_utils.catalog import CourseError
from course_utils.grading.verdict import Outcome
from course_utils.staff.intake import Complaint
from course_utils.staff.reading import read_results
from course_utils.staff.results import Result
from course_utils.staff.store import DATABASE, Store, file_name, key_of

from .examples import HERE, result, row


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as one:
        yield one


def test_kept_and_found_again(store, tmp_path):
    store.add("k1", result())
    assert store.found("k1") == result()
    assert store.found("k2") is None
    (file,) = (tmp_path / "results").iterdir()
    assert Result.from_json(file.read_text()) == result()
    assert file.name == "jane.ch01_transformers.json"


def test_rows_for_questions_about_the_class(store, tmp_path):
    store.add("k1", result())
    with sqlite3.connect(tmp_path / DATABASE) as db:
        rows = db.execute(
            "SELECT name, outcome, points, max_points, seconds FROM exercise ORDER BY position"
        ).fetchall()
    assert rows == [("double", "passed", 2, 2, 0.5), ("Scale", "wrong", 0, 5, None)]


def test_a_newer_result_counts_and_the_one_before_is_remembered(store, tmp_path):
    newer = result("jane", row("double", Outcome.WRONG))
    store.add("k1", result())
    store.add("k2", newer)
    (counts,) = store.counting().values()
    assert (counts.key, counts.previous, counts.result) == ("k2", "k1", newer)
    assert (
        json.loads((tmp_path / "results" / "jane.ch01_transformers.json").read_text())["graded"]["totals"]["points"]
        == 0
    )
    store.let_count("k1", result())
    (counts,) = store.counting().values()
    assert (counts.key, counts.previous) == ("k1", "k2")


def test_the_same_twice_changes_nothing(store):
    for _ in range(2):
        store.add("k1", result())
        store.let_count("k1", result())
    (counts,) = store.counting().values()
    assert counts.previous is None


def test_what_is_undecided_is_not_used_again(store):
    store.add("k1", result("jane", row("double", Outcome.GRADER_ERROR)))
    assert store.found("k1") is None
    store.add("k1", result())
    assert store.found("k1") == result()


def test_a_file_that_is_missing_or_spoilt_is_written_anew(store, tmp_path):
    store.add("k1", result())
    path = tmp_path / "results" / "jane.ch01_transformers.json"
    for spoil in (path.unlink, lambda: path.write_text("{")):
        spoil()
        store.let_count("k1", result())
        assert Result.from_json(path.read_text()) == result()


def test_a_transaction_that_breaks_off_leaves_nothing(store, tmp_path):
    broken = result("jane", row("double"), row("double"))  # one exercise twice: the second row is refused
    with pytest.raises(CourseError):
        store.add("k1", broken)
    assert store.counting() == {}
    assert store.by_key("k1") is None
    assert not (tmp_path / "results").exists()


def test_refused_is_what_was_refused_last(store, tmp_path):
    store.refuse([Complaint("a.py", "is bad."), Complaint("b.py", "is bad.")])
    assert read_results(tmp_path).refused == ()
    store.refuse([Complaint("c.py", "is worse.", "cat"), Complaint("d.py", "too.", "cat")])
    assert read_results(tmp_path).refused == ("cat",)
    store.refuse([Complaint("c.py", "is worse.")])
    assert read_results(tmp_path).refused == ()
    with sqlite3.connect(tmp_path / DATABASE) as db:
        assert db.execute("SELECT name, says FROM refused").fetchall() == [("c.py", "is worse.")]


def test_reading_a_class(store, tmp_path):
    for person in ("zoë", "Jane", "jane"):
        store.add(person, result(person))
    assert [person for person, _ in store.counting()] == ["Jane", "jane", "zoë"]
    assert read_results(tmp_path).results == tuple(row.result for row in store.counting().values())


def test_names_of_files_never_fall_together():
    people = ["jane", "Jane", "JANE", "ja ne", "ja_ne", "zoë", "zoe", "../x", "..", "x/y", "=1+1", "a" * 100, "a" * 99]
    names = [file_name(person, "ch01_transformers").lower() for person in people]
    assert len(set(names)) == len(people)
    assert all("/" not in name and len(name) < 130 for name in names)
    assert file_name("jane", "ch01_transformers") == "jane.ch01_transformers.json"


def test_every_part_of_the_key_counts():
    base = ("jane", "ch01", "ab", ".py", "5eed", HERE)
    keys = {key_of(*base)}
    for place in range(5):
        keys.add(key_of(*(one + "x" if i == place else one for i, one in enumerate(base[:5])), HERE))
    for part in ("course", "torch", "python", "lock", "checks"):
        keys.add(key_of(*base[:5], replace(HERE, **{part: "x"})))
    assert len(keys) == 11


@pytest.mark.parametrize("content", [b"not a database, but long enough to be taken for one" * 100, None])
def test_a_database_of_something_else(tmp_path, content):
    path = tmp_path / DATABASE
    if content:
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as db:
            db.executescript(
                "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); INSERT INTO meta VALUES ('version', '0')"
            )
    with pytest.raises(CourseError, match="--out"):
        Store(tmp_path)


def test_a_damaged_result_is_a_sentence(tmp_path):
    with Store(tmp_path) as store:
        store.add("k1", result())
    with sqlite3.connect(tmp_path / DATABASE) as db:
        db.execute("UPDATE result SET json = '{'")
    with pytest.raises(CourseError, match="damaged"), Store(tmp_path) as store:
        store.counting()
