"""How long a learner waits for a verdict, beside what loading torch alone takes, measured in the same run.

Prints medians and their ratio to `python -c "import torch"`: a cold check starts the grading server, a warm one finds
it running.
Run from the course's folder: `python bench/bench_check.py [--runs 5] [--exercise LayerNorm]`.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from course_utils.catalog import Exercise, load_catalog
from course_utils.grading.client import check_in_child


def seconds(action: Callable[[], object]) -> float:
    """What one call takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def import_torch() -> None:
    subprocess.run([sys.executable, "-c", "import torch"], check=True)


def course_check(exercise: Exercise, path: Path) -> None:
    """The whole command, interpreter and all; the reference passes, so the status must be 0."""
    command = [sys.executable, "-m", "course_utils.cli", "check", exercise.name, "--file", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def cold(exercise: Exercise, path: Path) -> float:
    """A check for which no server runs yet: each time in a fresh folder for its socket."""
    folder = tempfile.mkdtemp(prefix="gb")
    os.environ["XDG_RUNTIME_DIR"] = folder
    taken = seconds(lambda: check_in_child(exercise, path))
    shutil.rmtree(folder)  # the server ends when it sees this
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="cold starts; five times as many warm checks")
    parser.add_argument("--exercise", help="default: the first of the course")
    arguments = parser.parse_args()
    catalog = load_catalog()
    exercise = catalog.find_exercise(arguments.exercise) if arguments.exercise else next(catalog.exercises)
    path = catalog.chapter_of(exercise).solution

    rows: dict[str, list[float]] = {name: [] for name in ("import torch", "cold check", "warm check", "course check")}
    for _ in range(arguments.runs):  # in turns, so that a busy moment hits all alike
        rows["import torch"].append(seconds(import_torch))
        rows["cold check"].append(cold(exercise, path))
    folder = tempfile.mkdtemp(prefix="gb")
    os.environ["XDG_RUNTIME_DIR"] = folder
    check_in_child(exercise, path)
    for _ in range(5 * arguments.runs):
        rows["warm check"].append(seconds(lambda: check_in_child(exercise, path)))
    rows["course check"] = [seconds(lambda: course_check(exercise, path)) for _ in range(arguments.runs)]
    shutil.rmtree(folder)

    base = statistics.median(rows["import torch"])
    notes = {
        "import torch": 'python -c "import torch"',
        "cold check": "check_in_child, no server yet",
        "warm check": "check_in_child, server running",
        "course check": "the whole command, server running",
    }
    print(f"{exercise.name}, the reference as the answer; medians of {arguments.runs} runs ({5 * arguments.runs} warm)")
    for name, times in rows.items():
        middle = statistics.median(times)
        print(f"  {notes[name]:34} {1000 * middle:7.0f} ms  {middle / base:6.3f} of import torch")


if __name__ == "__main__":
    main()
