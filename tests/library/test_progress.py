"""The progress file: a cache that survives anything and stops nothing."""

import json
import os
import subprocess
import sys
import threading

import pytest

from course_utils.grading.verdict import Outcome, Verdict
from course_utils.learner import progress
from course_utils.learner.fingerprints import digest_of, digests
from course_utils.learner.progress import State

PASSED = Verdict("double", Outcome.PASSED, "all checks passed", passed=2, total=2)
WRONG = Verdict("double", Outcome.WRONG, "not so", check="test_two", total=2)


@pytest.fixture(autouse=True)
def _fresh_warnings(monkeypatch):
    monkeypatch.setattr(progress, "_warned", set())


def test_what_is_noted_comes_back(tmp_path):
    progress.record(tmp_path, WRONG, "aaaa")
    progress.record(tmp_path, PASSED, "bbbb")
    progress.note_hint(tmp_path, "double", 2)
    progress.note_hint(tmp_path, "double", 1)
    progress.note_solution(tmp_path, "double")
    entry = progress.load(tmp_path).of("double")
    assert (entry.attempts, entry.hints, entry.solution_seen, entry.digest) == (2, 2, True, "bbbb")
    assert entry.last_verdict() == PASSED
    assert progress.load(tmp_path).of("nothing") == progress.Entry()


def test_a_stub_and_our_own_faults_are_no_attempts(tmp_path):
    for outcome in (Outcome.NOT_ATTEMPTED, Outcome.GRADER_ERROR):
        progress.record(tmp_path, Verdict("double", outcome, ""), "aaaa")
    assert progress.load(tmp_path).of("double").attempts == 0


@pytest.mark.parametrize(
    ("outcome", "digest", "state"),
    [
        (Outcome.PASSED, "aaaa", State.DONE),
        (Outcome.PASSED, "bbbb", State.CHANGED),
        (Outcome.PASSED, None, State.CHANGED),
        (Outcome.TIMEOUT, "aaaa", State.FAILING),
        (Outcome.NOT_ATTEMPTED, "aaaa", State.NEW),
    ],
)
def test_the_state_depends_on_the_present_source(tmp_path, outcome, digest, state):
    progress.record(tmp_path, Verdict("double", outcome, ""), "aaaa")
    assert progress.load(tmp_path).state("double", digest) is state


def test_a_pass_is_kept_whatever_other_version_is_checked_after_it(tmp_path):
    for digest in ("aaaa", "bbbb"):
        progress.record(tmp_path, PASSED, digest)
    progress.record(tmp_path, WRONG, "cccc")
    known = progress.load(tmp_path)
    states = {digest: known.state("double", digest) for digest in ("aaaa", "bbbb", "cccc", "dddd")}
    assert states == {"aaaa": State.DONE, "bbbb": State.DONE, "cccc": State.LOST, "dddd": State.CHANGED}
    progress.record(tmp_path, Verdict("double", Outcome.NOT_ATTEMPTED, ""), "eeee")  # a stub again
    assert progress.load(tmp_path).state("double", "eeee") is State.LOST


@pytest.mark.parametrize(
    ("outcome", "live", "state"),
    [
        (Outcome.WRONG, False, State.LOST),  # another exercise that it calls was broken, say
        (Outcome.WRONG, True, State.DONE),  # something else in the notebook is broken
        (Outcome.TIMEOUT, False, State.DONE),  # the machine was busy
    ],
)
def test_the_very_source_that_passed_may_fail_later(tmp_path, outcome, live, state):
    progress.record(tmp_path, PASSED, "aaaa")
    progress.record(tmp_path, Verdict("double", outcome, ""), "aaaa", live=live)
    known = progress.load(tmp_path)
    assert known.state("double", "aaaa") is state
    assert known.of("double").passed_once


def test_a_pass_of_an_earlier_version_of_the_file_counts(tmp_path):
    folder = tmp_path / ".course"
    folder.mkdir()
    entry = {"outcome": "passed", "digest": "aaaa", "attempts": 1}
    (folder / "progress.json").write_text(json.dumps({"version": 1, "exercises": {"double": entry}}))
    progress.record(tmp_path, WRONG, "bbbb")
    assert progress.load(tmp_path).state("double", "aaaa") is State.DONE


def test_a_pass_without_a_known_source_is_not_done(tmp_path):
    progress.record(tmp_path, PASSED, None)
    assert progress.load(tmp_path).state("double", None) is not State.DONE


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"exercises": 3}', '{"exercises": {"double": {"hints": 1}, "x": 7}}', "\0"]
)
def test_a_file_that_makes_no_sense_is_kept_aside(tmp_path, capsys, text):
    folder = tmp_path / ".course"
    folder.mkdir()
    (folder / "progress.json").write_text(text)
    progress.record(tmp_path, PASSED, "aaaa")
    (aside,) = folder.glob("progress.unreadable-*.json")
    assert aside.read_text() == text
    assert "counts start afresh" in capsys.readouterr().err
    assert progress.load(tmp_path).of("double").outcome == "passed"


def test_keys_of_a_later_version_are_let_be(tmp_path):
    progress.record(tmp_path, PASSED, "aaaa")
    path = tmp_path / ".course" / "progress.json"
    data = json.loads(path.read_text())
    data["exercises"]["double"]["stars"] = 5
    path.write_text(json.dumps(data))
    assert progress.load(tmp_path).of("double").outcome == "passed"


def test_a_file_that_cannot_be_written_costs_one_warning(tmp_path, capsys, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress, "write_atomically", full)
    progress.record(tmp_path, PASSED, "aaaa")
    progress.note_hint(tmp_path, "double", 1)
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "can't be written (No space left on device): checks go on" in errors


def test_a_state_folder_that_cannot_be_made_costs_one_warning_too(tmp_path, capsys):
    (tmp_path / ".course").write_text("a file where the folder should be")
    progress.record(tmp_path, PASSED, "aaaa")
    assert progress.load(tmp_path) == progress.Progress()
    assert "can't be written" in capsys.readouterr().err


def test_a_kill_in_the_middle_of_a_write_loses_nothing(tmp_path):
    progress.record(tmp_path, PASSED, "aaaa")
    code = """if True:
        import os, sys
        from pathlib import Path
        from course_utils.learner import progress, state
        os.replace = lambda *_: os._exit(9)
        progress.note_hint(Path(sys.argv[1]), "double", 2)
    """
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    assert progress.load(tmp_path).of("double").outcome == "passed"
    progress.note_hint(tmp_path, "double", 1)  # nor is the lock still held
    assert progress.hint_rungs(tmp_path, "double") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="files are locked only where there is fcntl")
def test_two_writers_lose_none_of_each_others_notes(tmp_path):
    def note(name):
        for _ in range(20):
            progress.record(tmp_path, Verdict(name, Outcome.WRONG, ""), "aaaa")

    writers = [threading.Thread(target=note, args=(name,)) for name in ("double", "Scale")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [progress.load(tmp_path).of(name).attempts for name in ("double", "Scale")] == [20, 20]


def test_both_files_of_a_pair_give_the_same_fingerprints(course):
    script = digests(course.chapter)
    assert set(script) == {"double", "Scale"}
    assert digests(course.chapter, course.chapter.notebook) == script


def test_a_comment_or_a_docstring_is_no_change_and_a_number_is():
    one = "def f(x):\n    return x + 1"
    assert digest_of(one) == digest_of('def f(x):\n    """One more."""\n\n    # why\n    return x + 1  # so\n')
    assert digest_of(one) != digest_of(one.replace("1", "2"))
    assert digest_of("def f(:  # a") != digest_of("def f(:  # b")


def test_a_slip_in_one_exercise_leaves_the_others_known(course):
    text = course.chapter.script.read_text()
    course.chapter.script.write_text(text.replace("def double(x: int)", "def double(x: int"))
    assert set(digests(course.chapter)) == {"Scale"}
    course.chapter.script.unlink()
    assert digests(course.chapter) == {}
