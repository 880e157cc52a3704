"""The `course` command: what it prints, what it leaves in the files, and its exit status."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from course_utils import cli
from course_utils.catalog import load_catalog
from course_utils.commands import machine
from course_utils.learner import progress, screen

RIGHT = "def double(x: int) -> int:\n    return x + x"
WRONG = "def double(x: int) -> int:\n    return x * x + 1"
COMMANDS = [
    "list",
    "check",
    "watch",
    "hint",
    "solution",
    "reset",
    "sync",
    "progress",
    "doctor",
    "site",
    "specimens",
    "new",
    "build",
    "gate",
]


@dataclass
class Said:
    """What a command printed, and its exit status."""

    out: str
    err: str
    status: int


@pytest.fixture
def run(course, monkeypatch, capsys):
    """Run `course …` in this process, as the entry point would."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["course", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Said(captured.out, captured.err, int(ended.value.code or 0))

    return run


def shell(*arguments: str, **kwargs) -> subprocess.CompletedProcess:
    """Run `course …` in a process of its own."""
    command = [sys.executable, "-m", "course_utils.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, **kwargs)


def test_a_stub_is_not_attempted_and_the_status_says_so(run):
    said = run("check", "double")
    assert said.status == 1
    assert said.out.startswith("· double: not attempted yet")
    assert said.err == ""


def test_the_way_of_a_learner(run, course):
    """Wrong, then right, then the next exercise; `list` and `progress` follow."""
    course.answer("double", WRONG)
    said = run("check", "double")
    assert said.status == 1
    assert "This is what comes out when x is squared." in said.out
    assert "✗ double" in run("list").out

    course.answer("double", RIGHT)
    assert "~ double" in run("list").out
    said = run("check")
    assert said.status == 0
    assert said.out.startswith("✓ double: passed")
    assert said.out.endswith("  Next: course check Scale (Scale by a factor)\n")
    assert "✓ double" in run("list").out
    assert "1 of 2" in run("progress").out
    assert "Next: Scale" in run("progress").out
    assert run("check").out.startswith("· Scale")  # with no name: the next that isn't done
    assert "def double" in course.chapter.notebook.read_text()  # the pair followed


def test_done_holds_only_for_the_source_that_passed(run, course):
    course.answer("double", RIGHT)
    run("check", "double")
    course.answer("double", RIGHT.replace("x + x", "2 * x"))
    assert json.loads(run("list", "--json").out)["chapters"][0]["exercises"][0]["state"] == "changed"
    course.answer("double", RIGHT)
    assert json.loads(run("list", "--json").out)["chapters"][0]["exercises"][0]["state"] == "done"


def test_a_pass_is_kept_and_the_signs_are_explained(run, course):
    course.answer("double", RIGHT)
    run("check", "double")
    course.answer("double", WRONG)
    run("check", "double")
    listed = run("list").out
    assert "! double" in listed
    assert "! passed before, your present version doesn't" in listed.splitlines()[-1]
    assert "edited since" not in listed  # only the signs that are there
    assert "x << 1" in run("solution", "double").out
    assert not progress.load(course.root).of("double").solution_seen
    course.answer("double", RIGHT)
    assert "✓ double" in run("list").out
    assert json.loads(run("progress", "--json").out)["chapters"][0]["done"] == 1


def test_everything_done(run, course):
    course.answer("double", RIGHT)
    course.answer(
        "Scale",
        "class Scale:\n    def __init__(self, f):\n        self.f = f\n    def forward(self, x):\n        return self.f * x",
    )
    said = run("check", "1")
    assert (said.status, said.out.splitlines()[-1]) == (0, "2 of 2 pass.")
    assert run("check").out.strip() == "Every exercise passes: there is nothing left to check."
    assert json.loads(run("check", "--json").out) == {"ok": True, "verdicts": []}
    assert "2 of 2 · all done" in run("progress").out


def test_a_chapter_shows_a_line_each_and_the_first_failure_in_full(run, course):
    course.answer("double", WRONG)
    said = run("check", "ch01")
    assert said.status == 1
    lines = said.out.splitlines()
    assert lines[0].startswith("✗ double")
    assert lines[1].startswith("· Scale")
    assert "Twice two is four." in said.out
    assert lines[-1] == "0 of 2 pass."


def test_json_is_all_that_is_printed_on_stdout(run, course):
    course.answer("double", RIGHT)
    verdict = json.loads(run("check", "double", "--json").out)["verdicts"][0]
    assert (verdict["exercise"], verdict["outcome"], verdict["passed"]) == ("double", "passed", 2)
    listed = json.loads(run("list", "--json").out)["chapters"][0]
    assert [exercise["name"] for exercise in listed["exercises"]] == ["double", "Scale"]
    assert json.loads(run("progress", "--json").out)["next"] == "Scale"


def test_an_edited_notebook_counts_without_being_synced_first(run, course):
    run("sync")
    text = course.chapter.notebook.read_text()
    course.chapter.notebook.write_text(text.replace('raise NotImplementedError(\\"double\\")', "return x + x"))
    assert "return x + x" in course.chapter.notebook.read_text()
    assert "~ double" not in run("list").out
    assert run("check", "double").status == 0
    assert "✓ double" in run("list").out


def test_commands_are_shown_as_they_can_be_typed(run, course, monkeypatch):
    monkeypatch.setattr(screen.shutil, "which", lambda name: None)
    monkeypatch.setattr(screen.sys, "argv", [str(course.root / ".venv" / "bin" / "course")])
    monkeypatch.chdir(course.root)
    assert (
        screen.as_typed("Next: course hint MLP (the course itself)")
        == "Next: .venv/bin/course hint MLP (the course itself)"
    )
    (course.root / "elsewhere").mkdir()
    monkeypatch.chdir(course.root / "elsewhere")
    assert screen.as_typed("course hint MLP") == f"{course.root / '.venv' / 'bin' / 'course'} hint MLP"
    monkeypatch.setattr(screen.shutil, "which", lambda name: "/usr/bin/course")
    assert screen.as_typed("Next: course hint MLP") == "Next: course hint MLP"


def test_another_file_is_judged_and_not_noted(run, course):
    path = course.root / "mine.py"
    path.write_text(RIGHT)
    assert run("check", "double", "--file", str(path)).status == 0
    assert progress.load(course.root).of("double").attempts == 0
    missing = run("check", "double", "--file", "nowhere.py")
    assert (missing.status, missing.err) == (2, "course: nowhere.py is missing: name a file that holds your answer.\n")
    assert "which exercise" in run("check", "--file", str(path)).err


def test_an_unknown_name_lists_the_nearest(run):
    said = run("check", "doubel")
    assert said.status == 2
    assert said.err.startswith("course: No exercise or chapter is called 'doubel'. Nearest: double.")
    assert said.err.count("\n") == 1


def test_hints_come_one_at_a_time_and_are_counted(run, course):
    first, second, third = (run("hint", "double").out for _ in range(3))
    assert first.startswith("Hint 1 of 2 for double (1 more)\n\nWhat is two times x?")
    assert second.startswith("Hint 2 of 2")
    assert "course solution double --anyway" in second
    assert third == second
    assert progress.hint_rungs(course.root, "double") == 2
    assert run("hint", "double", "1").out.startswith("Hint 1 of 2 for double (1 more)")
    assert run("hint", "double", "7").err == "course: double has 2 hints: ask for one from 1 to 2.\n"


def test_the_solution_is_for_those_who_pass_or_insist(run, course):
    refused = run("solution", "double")
    assert refused.status == 2
    assert "`course hint double` has 2 more for you" in refused.err
    assert "x << 1" in run("solution", "double", "--anyway").out
    assert progress.load(course.root).of("double").solution_seen

    course.answer(
        "Scale",
        "class Scale:\n    def __init__(self, f):\n        self.f = f\n    def forward(self, x):\n        return self.f * x",
    )
    run("check", "Scale")
    assert "math.prod" in run("solution", "Scale").out
    assert not progress.load(course.root).of("Scale").solution_seen


def test_reset_keeps_a_copy(run, course):
    course.answer("double", WRONG)
    said = run("reset", "double")
    assert said.status == 0
    copy = re.search(r"\.course/backups/\S+\.py", said.out)
    assert copy
    assert "x * x + 1" in (course.root / copy[0]).read_text()
    assert "NotImplementedError" in course.chapter.script.read_text()
    assert "Chapter 1 is as new" in run("reset", "1").out


def test_both_files_edited_is_refused_until_one_is_kept(run, course):
    run("sync")
    course.answer("double", RIGHT)
    text = course.chapter.notebook.read_text()
    course.chapter.notebook.write_text(text.replace('raise NotImplementedError(\\"double\\")', "return 2 * x"))
    refused = run("check", "double")
    assert refused.status == 2
    assert "both changed double" in refused.err and "--keep py" in refused.err
    as_json = run("check", "double", "--json")
    assert (as_json.status, as_json.err) == (2, "")
    assert "both changed double" in json.loads(as_json.out)["error"]
    assert "kept as" in run("sync", "ch01", "--keep", "py").out
    assert run("check", "double").status == 0
    assert run("sync").out == "Chapter 1: both files hold the same.\n"


def test_two_edited_files_are_merged_and_it_is_said_beside_the_verdict(run, course):
    run("sync")
    course.answer("double", RIGHT)
    text = course.chapter.notebook.read_text()
    course.chapter.notebook.write_text(text.replace("A tiny chapter", "My own chapter"))
    said = run("check", "double", "--json")
    assert json.loads(said.out)["ok"]
    assert said.err.startswith("course: Both files were edited, in different cells: double in ch01_tiny.py")


@pytest.mark.parametrize("command", ["list", "check", "progress"])
def test_a_mistake_is_json_too_where_json_was_asked_for(run, course, command):
    course.chapter.records.write_text("title = 1")
    load_catalog.__globals__["_load"].cache_clear()
    said = run(command, "--json")
    assert (said.status, said.err) == (2, "")
    assert "exercises.toml" in json.loads(said.out)["error"]


def test_a_course_that_is_not_there(monkeypatch, tmp_path):
    done = shell("list", env=os.environ | {"GLASSBOX_ROOT": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr.startswith("course: There is no chapters/ folder")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(run, command):
    said = run(command, "--help")
    assert said.status == 0
    assert f"  course {command}" in said.out
    assert command in run("--help").out


def test_list_loads_nothing_heavy(course):
    code = """if True:
        import sys
        from course_utils import cli
        sys.argv = ["course", "list"]
        try:
            cli.main()
        except SystemExit:
            heavy = {"torch", "numpy", "jupytext", "streamlit", "rich", "IPython", "watchfiles"} & set(sys.modules)
            assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_colours_only_on_a_terminal(course):
    import pty

    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        ours, theirs = pty.openpty()
        env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"} | environment
        subprocess.run(
            [sys.executable, "-m", "course_utils.cli", "check", "double"], stdout=theirs, env=env, check=False
        )
        os.close(theirs)
        assert ("\033[" in os.read(ours, 4096).decode()) is coloured
        os.close(ours)
    assert "\033[" not in shell("check", "double").stdout


def test_the_next_free_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < machine.free_port(port) < port + 50


def test_the_site_says_where_everything_is(run, course, monkeypatch):
    (course.root / "app").mkdir()
    (course.root / "app" / "main.py").write_text("")
    called = []
    monkeypatch.setattr(machine, "_serve", lambda command, *_: called.append(command) or 0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run("site", "--port", str(port), "--no-browser")
    assert said.status == 0
    assert f"Port {port} is taken" in said.out
    assert "chapters/ch01_tiny/ch01_tiny.py" in said.out
    assert "watch" in said.out
    assert "--server.address=localhost" in called[0]
    assert "--browser.gatherUsageStats=false" in called[0]
    assert "--logger.hideWelcomeMessage=true" in called[0]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_what_ends_the_command_ends_the_site(tmp_path, name):
    site = "import time; print('up', flush=True); time.sleep(60)"
    code = f"import sys; from pathlib import Path; from course_utils.commands import machine; print(machine._serve([sys.executable, '-c', {site!r}], Path({str(tmp_path)!r})))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "up\n"
    process.send_signal(getattr(signal, name))
    rest, _ = process.communicate(timeout=10)  # the pipe closes only when the site, which holds it too, is gone
    assert rest.strip() == ("0" if name == "SIGINT" else str(-signal.SIGTERM))


def test_a_course_without_its_site_says_so(run):
    assert run("site").err.startswith("course: The site is missing")


def test_build_check_tells_by_its_status(run, course):
    assert run("build", "--check").status == 0
    course.answer("double", RIGHT)
    said = run("build", "--check")
    assert said.status == 1
    assert "ch01_tiny.py differs from line" in said.out


def test_new_writes_and_says_what_comes_next(run, course):
    said = run("new", "halve", "--title", "Half as much", "--chapter", "1", "--after", "double")
    assert said.status == 0
    assert "course gate halve" in said.out
    assert "halve" in course.chapter.records.read_text()


def test_interrupting_is_quiet(course):
    process = subprocess.Popen(
        [sys.executable, "-m", "course_utils.cli", "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    while "Ctrl-C" not in process.stdout.readline():
        pass
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert (errors, process.returncode) == ("", 0)
