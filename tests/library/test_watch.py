"""`course watch`: what a save does, what a key does, and that nothing ends it."""

import os
import subprocess
import sys
import time

import pytest
from watchfiles import Change

from course_utils.learner import progress
from course_utils.learner.pairing import sync
from course_utils.learner.watch import Watcher

RIGHT = "def double(x: int) -> int:\n    return x + x"
WRONG = "def double(x: int) -> int:\n    return x * x + 1"


class Watching:
    """A watcher whose words are kept; `save` is a save in an editor."""

    def __init__(self, course) -> None:
        self.course = course
        sync(course.chapter)
        self.lines: list[str] = []
        self.watcher = Watcher(course.catalog, (course.chapter,), self.lines.append)

    def save(self, source: str, name: str = "double") -> str:
        self.course.answer(name, source)
        return self.saved()

    def saved(self, path=None) -> str:
        return self._said(lambda: self.watcher.saved({(Change.modified, str(path or self.course.chapter.script))}))

    def press(self, key: str) -> str:
        return self._said(lambda: self.watcher.pressed(key))

    def _said(self, action) -> str:
        self.lines.clear()
        action()
        return "\n".join(self.lines)


@pytest.fixture
def watching(course):
    return Watching(course)


def test_a_save_checks_what_was_edited(watching):
    assert "This is what comes out when x is squared." in watching.save(WRONG)
    said = watching.save(RIGHT)
    assert "✓ double: passed" in said
    assert "Next: course check Scale" in said
    assert progress.load(watching.course.root).of("double").attempts == 2


def test_the_notebook_follows_and_its_save_counts_as_well(watching):
    watching.save(WRONG)
    notebook = watching.course.chapter.notebook
    assert "x * x + 1" in notebook.read_text()
    assert watching.saved(notebook) == ""  # our own write
    notebook.write_text(notebook.read_text().replace("x * x + 1", "x + x"))
    assert "✓ double: passed" in watching.saved(notebook)
    assert "x + x" in watching.course.chapter.script.read_text()


def test_an_edit_outside_the_exercises_checks_the_next_undone_one(watching):
    watching.save(RIGHT)
    script = watching.course.chapter.script
    script.write_text(script.read_text() + "\n# %%\nprint('mine')\n")
    assert "· Scale: not attempted" in watching.saved()
    assert watching.saved() == ""  # the same text again


def test_an_error_in_the_file_is_said_with_its_line(watching):
    said = watching.save("def double(x:\n    return x + x")
    assert "SyntaxError" in said
    assert "line" in said
    script = watching.course.chapter.script
    script.write_text(script.read_text().replace("def double(x:", "def double(x):"))
    assert "✓ double" in watching.saved()


def test_whatever_goes_wrong_the_watch_goes_on(watching, monkeypatch):
    notebook = watching.course.chapter.notebook
    text = notebook.read_text()
    notebook.write_text("{")
    assert "not a notebook" in watching.saved(notebook)
    notebook.write_text(text)
    with monkeypatch.context() as broken:
        broken.setattr("course_utils.learner.watch.sync_pair", lambda chapter: 1 / 0)
        assert "ZeroDivisionError: division by zero). Still watching." in watching.save(WRONG)
    assert "✓ double: passed" in watching.save(RIGHT)


def test_both_files_edited_is_said(watching):
    notebook = watching.course.chapter.notebook
    notebook.write_text(notebook.read_text().replace("A tiny chapter", "My chapter"))
    said = watching.save(RIGHT)
    assert "double in ch01_tiny.py" in said and "✓ double: passed" in said  # different cells: both are kept
    notebook.write_text(notebook.read_text().replace("x + x", "2 * x"))
    assert "both changed double" in watching.save(WRONG)


def test_keys(watching):
    assert "· double" in watching.press("c")
    assert "Hint 1 of 2 for double" in watching.press("h")
    assert "Hint 2 of 2 for double" in watching.press("h")
    assert "· Scale" in watching.press("n")
    assert "· double" in watching.press("n")  # around the end
    assert watching.press("l").splitlines()[-1] == "· not started"
    assert watching.press("x") == ""


def test_everything_done_is_said(watching):
    watching.save(RIGHT)
    scale = "class Scale:\n    def __init__(self, f):\n        self.f = f\n    def forward(self, x):\n        return self.f * x"
    assert "Every exercise here passes." in watching.save(scale, "Scale")
    assert "Every exercise here passes." in watching.press("n")


@pytest.mark.parametrize("terminal", [True, False])
def test_the_real_thing(course, terminal):
    """A process, a save in an editor, a verdict within two seconds; q on a terminal, an interrupt without one."""
    import pty
    import signal

    sync(course.chapter)
    ours, theirs = pty.openpty()
    stdin = theirs if terminal else subprocess.DEVNULL
    command = [sys.executable, "-m", "course_utils.cli", "watch"]
    process = subprocess.Popen(command, stdin=stdin, stdout=theirs, stderr=theirs, env=os.environ | {"NO_COLOR": "1"})
    os.close(theirs)
    _read_until(ours, "q quit" if terminal else "Ctrl-C ends")
    time.sleep(0.3)  # until the folder is really watched
    started = time.monotonic()
    course.answer("double", RIGHT)
    _read_until(ours, "double: passed")
    assert time.monotonic() - started < 3.5  # the server may be starting; see bench/ for the times that matter
    if terminal:
        os.write(ours, b"l")
        _read_until(ours, "✓ double")
        os.write(ours, b"q")
    else:
        process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    os.close(ours)


def _read_until(fd: int, words: str) -> None:
    seen = ""
    while words not in seen:
        seen += os.read(fd, 4096).decode(errors="replace")
