"""Runs that are killed, repeated and re-graded: nothing is lost, nothing is graded twice, nothing is left behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_utils.catalog import CourseError, load_catalog
from course_utils.cli import app
from course_utils.staff import pool
from course_utils.staff.reading import read_results
from course_utils.staff.run import Order, run
from course_utils.staff.store import DATABASE
from course_utils.staff.summary import Change

from .conftest import CHECKS, RIGHT, tasks_for
from .test_intake import put

TEXT = RIGHT["ch01_transformers"]
PEOPLE = ("ann", "ben", "cat", "dan", "eve", "fay")


@pytest.fixture
def class_of_six(small, handed_in: Path) -> Path:
    for number, person in enumerate(PEOPLE):
        put(handed_in, f"{person}_ch01_transformers.py", TEXT + f"\n# {number}\n")
    return handed_in


def stored(out: Path) -> dict[str, str]:
    """Every result in the database with its text, times and all."""
    if not (out / DATABASE).exists():
        return {}
    with sqlite3.connect(f"file:{out / DATABASE}?mode=ro", uri=True, timeout=30) as db:
        try:
            return dict(db.execute("SELECT person, json FROM result"))
        except sqlite3.OperationalError:  # the tables aren't there yet
            return {}


def processes_of(root: Path) -> list[int]:
    """Who works for the course in this folder, by the environment that they were started with."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"GLASSBOX_ROOT={root}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def wait_until(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_killed_again_and_again(class_of_six: Path, tmp_path: Path):
    """kill -9 while files are being graded; each time what was done stays as it was, and the rest goes on."""
    root, out = load_catalog().chapters[0].root, tmp_path / "out"
    command = [sys.executable, "-m", "course_utils.cli", "grade", str(class_of_six), "--out", str(out)]
    command += ["--require-jail", "landlock", "--workers", "2"]
    before: dict[str, str] = {}
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_until(lambda: len(stored(out)) > len(before) or process.poll() is not None)  # noqa: B023
            process.send_signal(signal.SIGKILL)
        now = stored(out)
        assert before.items() <= now.items()
        assert len(now) < len(PEOPLE), "it was too quick to be killed"
        before = now
    wait_until(lambda: not processes_of(root), 20)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(PEOPLE) - len(before)} graded now, {len(before)} before." in done.stdout
    assert before.items() <= stored(out).items()
    assert sorted(stored(out)) == list(PEOPLE)
    assert sorted(path.read_text() for path in (out / "results").glob("*.json")) == sorted(stored(out).values())
    wait_until(lambda: not processes_of(root), 20)


def test_a_workbench_that_dies_is_replaced(class_of_six: Path):
    pool_of_two = pool._Pool(tasks_for(class_of_six, load_catalog()), 2)
    try:
        results = pool_of_two.results()
        done = [next(results)]
        next(iter(pool_of_two.hands)).process.kill()
        done += results
    finally:
        pool_of_two.close()
    assert sorted(task.person for task, _ in done) == list(PEOPLE)
    assert all(result.graded.totals.points == 8 for _, result in done)


def test_a_file_that_brings_the_grader_down_is_undecided_and_the_next_is_graded(class_of_six: Path, monkeypatch):
    """Not a thing that is known to happen; but if it does, it is one file's trouble and costs its author nothing."""
    first, second, *_ = tasks_for(class_of_six, load_catalog())
    kill = {first.person}
    give = pool.Workbench.give

    def give_and_kill(bench, task):
        give(bench, task)
        if task.person in kill:
            bench.process.kill()

    monkeypatch.setattr(pool.Workbench, "give", give_and_kill)
    by_person = {task.person: result.graded for task, result in pool.graded_here([first, second], 1)}
    assert by_person["ann"].totals.undecided == by_person["ann"].totals.max_points == 8
    assert "ended before it was done" in by_person["ann"].exercises[0].verdict.says
    assert by_person["ben"].totals.points == 8


def test_a_regrade_says_whose_outcome_changed(class_of_six: Path, tmp_path: Path):
    for person in PEOPLE[2:]:
        (class_of_six / f"{person}_ch01_transformers.py").unlink()
    put(class_of_six, "ben_ch01_transformers.py", TEXT.replace("return x + x", "return x * 3 - 1"))  # right for 1 alone
    root = load_catalog().chapters[0].root
    check = CHECKS["ch01_transformers/test_double.py"]
    lenient = check.replace("def test_anything_is_doubled", "def not_yet").replace(
        'MUTANTS = [\n    Mutant("x is squared and one is added", "x + x", "x * x + 1", check="test_anything_is_doubled"),\n]',
        "",
    )
    put(root, "tests/ch01_transformers/test_double.py", lenient)
    order = Order(class_of_six, tmp_path / "out", "landlock")
    first = run(order, load_catalog())
    assert [one.graded.totals.points for one in first.results] == [8, 8]

    put(root, "tests/ch01_transformers/test_double.py", check)
    with pytest.raises(
        CourseError,
        match=r"2 of these files were graded here before, .* the checks, solution or exercises\.toml of ch01 changed",
    ):
        run(order, load_catalog())
    again = run(Order(class_of_six, tmp_path / "out", "landlock", regrade=True), load_catalog())
    assert again.changes == (Change("ben", "ch01_transformers", "double", "passed", "wrong", -1),)
    assert [one.graded.totals.points for one in again.results] == [8, 7]
    assert run(order, load_catalog()).from_before == 2  # nothing is stale any more


def test_results_whose_file_is_gone_are_named_and_can_be_taken_out(class_of_six: Path, tmp_path: Path):
    for person in PEOPLE[2:]:
        (class_of_six / f"{person}_ch01_transformers.py").unlink()
    order = Order(class_of_six, tmp_path / "out", "landlock", workers=2)
    assert run(order, load_catalog()).absent == ()
    file = class_of_six / "ben_ch01_transformers.py"
    away = file.rename(class_of_six / "away.txt")
    assert run(order, load_catalog()).absent == ("ben/ch01",)
    assert run(replace(order, only=load_catalog().chapters[1]), load_catalog()).absent == ()

    runner = CliRunner()
    words = ["grades", "drop", str(order.out), "ben", "--chapter"]
    with pytest.raises(CourseError, match="no results of ben for ch02_induction"):
        runner.invoke(app, [*words, "ch02"], catch_exceptions=False)
    done = runner.invoke(app, [*words, "ch01"], catch_exceptions=False)
    assert done.stdout == "Taken out: dropped/ben.ch01_transformers.json\n"
    assert not (order.out / "results" / "ben.ch01_transformers.json").exists()
    assert (order.out / "dropped" / "ben.ch01_transformers.json").is_file()
    assert run(order, load_catalog()).absent == ()
    assert [one.graded.person for one in read_results(order.out).results] == ["ann"]

    away.rename(file)  # it is handed in again, and need not be graded again
    assert run(order, load_catalog()).from_before == 2
