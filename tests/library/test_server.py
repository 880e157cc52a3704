"""The grading server and its judging children: whatever a submission does, there is a typed verdict, and soon."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from course_utils.grading.address import server_address
from course_utils.grading.client import check_in_child, judge_once, ping
from course_utils.grading.request import Request
from course_utils.grading.verdict import Outcome, Verdict
from course_utils.learner.pairing import sync

RIGHT = "def double(x):\n    return x + x"
IMPORTS = "import ctypes, os, subprocess, sys, time, torch\n"


def judged(course, body: str, path: Path | None = None, **changes) -> Verdict:
    """The verdict on `def double(x): <body>`, under a limit that the test can wait for."""
    path = path or course.root / "answer.py"
    lines = body.replace("\n", "\n    ")
    path.write_text(f"{IMPORTS}\ndef double(x):\n    {lines}\n")
    exercise = replace(course.catalog.find_exercise("double"), **{"time_limit": 0.6, **changes})
    return check_in_child(exercise, path)


def test_a_right_answer_passes_and_what_it_prints_is_kept(course):
    verdict = judged(course, "print('hello', x)\nreturn x + x", time_limit=5)
    assert verdict.ok, verdict
    assert verdict.printed == "hello 2\nhello 0"
    assert (verdict.passed, verdict.total) == (2, 2)


def test_a_wrong_answer_comes_back_with_its_evidence(course):
    verdict = judged(course, "return x * x + 1", time_limit=5)
    assert (verdict.outcome, verdict.check) == (Outcome.WRONG, "test_two_gives_four")
    assert verdict.belief == "x is squared"


ENDINGS = {
    "exit": ("sys.exit(0)", Outcome.CRASHED, "exit()"),
    "os._exit": ("print('before')\nos._exit(0)", Outcome.CRASHED, "exit code 0"),
    "segmentation fault": ("print('before')\nctypes.string_at(0)", Outcome.CRASHED, "segmentation fault"),
    "abort": ("os.abort()", Outcome.CRASHED, "abort"),
    "killed": ("os.kill(os.getpid(), 9)", Outcome.OUT_OF_MEMORY, "killed from outside"),
    "interrupt": ("raise KeyboardInterrupt", Outcome.CRASHED, "interrupted"),
    "endless loop": ("while True: pass", Outcome.TIMEOUT, "0.6 s"),
    "one large tensor": ("torch.zeros(50 << 30)", Outcome.OUT_OF_MEMORY, "4 GiB"),
    "endless recursion": ("return double(x)", Outcome.CRASHED, "without end"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_is_a_typed_verdict_that_names_the_check(course, ending):
    body, outcome, words = ENDINGS[ending]
    verdict = judged(course, body)
    assert verdict.outcome is outcome, verdict
    assert words in verdict.says
    assert verdict.check == "test_two_gives_four"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("ctypes.string_at(0)", "ctypes.string_at(0)"),
        ("while True: x += 1", "while True: x += 1"),
        # The alarm can't end this one: it is swallowed, and swallowed again.
        ("while True:\n    try:\n        while True: x += 1\n    except BaseException: pass", "while True: x += 1"),
        # Nor this one: a call into C that holds the interpreter.
        ("ctypes.PyDLL(None).sleep(60)", "ctypes.PyDLL(None).sleep(60)"),
    ],
)
def test_a_killed_child_leaves_the_learners_line(course, body, line):
    verdict = judged(course, body)
    assert verdict.where
    assert verdict.where.endswith("answer.py, in double")
    assert verdict.code == line


def test_small_allocations_meet_the_memory_limit_too(course):
    verdict = judged(course, "kept = []\nwhile True: kept.append([0] * 100_000)", time_limit=9, memory_mb=200)
    assert verdict.outcome is Outcome.OUT_OF_MEMORY, verdict
    assert "in double" in (verdict.where or "")


def test_a_loop_while_the_file_is_loaded_ends_too(course):
    path = course.root / "answer.py"
    path.write_text("class Loops:\n    while True: pass\n\ndef double(x):\n    return x + x\n")
    verdict = check_in_child(replace(course.catalog.find_exercise("double"), time_limit=0.5), path)
    assert verdict.outcome is Outcome.TIMEOUT
    assert verdict.check is None


def test_a_hundred_megabytes_of_output_cost_little(course):
    started = time.monotonic()
    verdict = judged(course, "for _ in range(10_000): print('y' * 4_999)\nreturn x + x", time_limit=9)
    assert verdict.ok, verdict
    assert verdict.printed.startswith("yyy")
    assert verdict.printed.endswith("(99,999,500 more bytes not shown)")
    assert len(verdict.printed) < 600
    assert time.monotonic() - started < 4


def test_processes_left_behind_are_ended(course):
    marker = course.root / "pids"
    body = f"""
    children = [subprocess.Popen(["sleep", "60"], start_new_session=new) for new in (True, False)]
    with open({str(marker)!r}, "a") as file: print(*(child.pid for child in children), file=file)
    return x + x"""
    assert judged(course, body.replace("\n    ", "\n").strip(), time_limit=9).ok
    pids = [int(word) for word in marker.read_text().split()]
    assert len(pids) == 4
    assert not [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_nothing_can_be_read_from_stdin_and_no_descriptor_is_inherited(course):
    body = "print(sys.stdin.read() == '', sorted(map(int, os.listdir('/proc/self/fd')))[:3])\nreturn x + x"
    assert judged(course, body, time_limit=9).printed.startswith("True [0, 1, 2]")


def test_a_notebook_is_judged_as_well(course):
    course.answer("double", RIGHT)
    sync(course.chapter)
    assert check_in_child(course.catalog.find_exercise("double"), course.chapter.notebook).ok


def test_two_submissions_at_once(course):
    results = {}
    for number in (1, 2, 3):
        path = course.root / f"answer{number}.py"
        body = "time.sleep(0.3)\nreturn x + x" if number < 3 else "os._exit(0)"
        threading.Thread(
            target=lambda p=path, n=number, b=body: results.update({n: judged(course, b, p, time_limit=9)})
        ).start()
    deadline = time.monotonic() + 10
    while len(results) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [results[n].ok for n in (1, 2, 3)] == [True, True, False]


def test_a_client_that_hangs_up_ends_its_check(course):
    ping()
    marker = course.root / "pid"
    path = course.root / "answer.py"
    path.write_text(
        f"import os, time\ndef double(x):\n    open({str(marker)!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
    )
    request = Request(str(course.root), replace(course.catalog.find_exercise("double"), time_limit=60), str(path))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server_address()))
        connection.sendall(request.to_json().encode() + b"\n")
        _wait(lambda: marker.exists() and marker.read_text())
    _wait(lambda: not _runs(int(marker.read_text())))


def _wait(condition, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_one_shot_process_gives_the_same_verdict(course):
    path = course.root / "answer.py"
    path.write_text(f"{IMPORTS}\ndef double(x):\n    print('once')\n    os._exit(3)\n")
    verdict = judge_once(Request(str(course.root), course.catalog.find_exercise("double"), str(path)))
    assert verdict.outcome is Outcome.CRASHED
    assert "exit code 3" in verdict.says
    assert verdict.printed == "once"


def test_where_nothing_can_be_forked_the_answer_is_judged_in_the_process_itself(course):
    request = Request(str(course.root), course.catalog.find_exercise("double"), str(course.root / "answer.py"))
    (course.root / "answer.py").write_text("def double(x):\n    print('here')\n    return x + x\n")
    code = "import os; del os.fork; from course_utils.grading import worker; worker.main()"
    done = subprocess.run(
        [sys.executable, "-c", code], input=request.to_json(), capture_output=True, text=True, check=True
    )
    verdict = Verdict.from_dict(json.loads(done.stdout))
    assert verdict.ok
    assert verdict.printed == "here\nhere"
