"""`course grade` as staff run it: what is on the screen, what a program reads, and the exit status."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import RIGHT
from .test_intake import put
from .test_run import wait_until


def course(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "course_utils.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def one_and_a_bad_one(small, handed_in: Path) -> Path:
    put(handed_in, "ann_ch02_induction.py", RIGHT["ch02_induction"])
    put(handed_in, "=1+1\x1b[2J_ch02_induction.py", "x")
    return handed_in


def test_on_the_screen_and_for_a_program(one_and_a_bad_one: Path, tmp_path: Path):
    out = tmp_path / "out"
    done = course("grade", one_and_a_bad_one, "--out", out, "--require-jail", "landlock")
    assert done.returncode == 1  # something was refused
    assert "ann     ch02_induction  1/1     1/1" in done.stdout
    assert f"1 graded now, 0 before, 1 not graded. Results: {out}" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("not graded: =1+1\\x1b[2J_ch02_induction.py: has signs in its name")

    done = course("grade", one_and_a_bad_one, "--out", out, "--require-jail", "landlock", "--json")
    report = json.loads(done.stdout)
    assert (report["graded"], report["from_before"], report["ok"], done.stderr) == (0, 1, False, "")
    assert report["results"][0]["points"] == 1

    next(one_and_a_bad_one.glob("=*")).unlink()
    assert course("grade", one_and_a_bad_one, "--out", out, "--require-jail", "landlock").returncode == 0


def test_progress_on_a_terminal(one_and_a_bad_one: Path, tmp_path: Path):
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "course_utils.cli",
        "grade",
        str(one_and_a_bad_one),
        "--out",
        str(tmp_path / "out"),
    ]
    command += ["--require-jail", "landlock"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 4096):
                shown += block
        except OSError:  # the other end is closed
            pass
        process.wait()
    os.close(ours)
    assert " 0/1  starting" in shown.decode()
    assert " 1/1  ann" in shown.decode()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing"], "nothing to grade at missing"),
        (["IN", "--require-jail", "fort"], "no level of the jail"),
        (["IN", "--chapter", "ch09"], "No exercise or chapter"),
        (["IN", "--secret-file", "missing"], "can't be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(one_and_a_bad_one: Path, tmp_path: Path, words: list[str], says: str):
    words = [str(one_and_a_bad_one) if word == "IN" else word for word in words]
    done = course("grade", *words, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("course: ")
    assert says in line


def test_a_weak_jail_must_be_asked_for_by_name(one_and_a_bad_one: Path):
    done = course("grade", "--help")
    assert "[default: namespaces]" in done.stdout
    assert "rlimits" in done.stdout


def test_ctrl_c_says_what_is_kept(one_and_a_bad_one: Path, tmp_path: Path):
    put(one_and_a_bad_one, "zoe_ch02_induction.py", "while True: pass\n")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "course_utils.cli", "grade", str(one_and_a_bad_one), "--out", str(out)]
    command += ["--require-jail", "landlock", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: list(out.glob("results/ann.*")) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        said, error = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert error == "stopped; 1 result is kept, the same command goes on.\n"


def test_a_regrade_speaks_of_unchanged_files_only(one_and_a_bad_one: Path, tmp_path: Path):
    words = ("grade", one_and_a_bad_one, "--out", tmp_path / "out", "--require-jail", "landlock")
    course(*words)
    (one_and_a_bad_one / "ann_ch02_induction.py").rename(one_and_a_bad_one / "bea_ch02_induction.py")
    done = course(*words, "--regrade")
    assert "No outcome changed in the files that are the same as before; new and changed files" in done.stdout
    assert "results of earlier runs without a file here: ann/ch02 (`course grades drop`" in done.stdout
