"""What `run_autograder` does in Gradescope's container: `course grade` on one submission, then results.json.

Fails closed: where this container can't grade as staff asked, nothing is written, Gradescope shows its own error, and
what is printed here tells staff why. A file that can't be graded gets no points and the reason.
"""

import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.catalog import CourseError
from course_utils.learner.state import write_atomically
from course_utils.staff.exports.gradescope import gradescope, ungraded
from course_utils.staff.intake.files import Complaint, Found, Other, files_in
from course_utils.staff.intake.unusable import remedy
from course_utils.staff.reading import read_results

_LIST = ".handed-in.csv"


@dataclass(frozen=True)
class Settings:
    """`autograder.json`, as `course gradescope` wrote it."""

    chapter: str
    require_jail: str


def grade_one(root: Path) -> str:
    """The text of results.json for what lies in `root/submission`.

    Raises CourseError where this machine can't grade it as staff asked.
    """
    settings = Settings(**json.loads((root / "source" / "autograder.json").read_text(encoding="utf-8")))
    found = list(files_in(root / "submission"))
    files = [one for one in found if isinstance(one, Found)]
    if not files:
        reasons = [str(one) for one in found if isinstance(one, Complaint)]
        says = remedy([one.parts[-1] for one in found if isinstance(one, Other)])
        return ungraded([f"There is no .py and no .ipynb in what you handed in: {says}", *reasons])
    listed = root / _LIST
    try:
        _write_list(listed, _person(root), files)
        with tempfile.TemporaryDirectory(prefix="glassbox-") as folder:
            return _graded(listed, root / "source" / "secret", settings, Path(folder))
    finally:
        listed.unlink(missing_ok=True)


def _write_list(path: Path, person: str, files: list[Found]) -> None:
    """Everything handed in is one person's, whatever it is called; which file answers the chapter, the file says."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("person", "path"))
        writer.writerows((person, f"submission/{one.shown}") for one in files)


def _graded(listed: Path, secret: Path, settings: Settings, folder: Path) -> str:
    options = ["--out", str(folder), "--chapter", settings.chapter, "--require-jail", settings.require_jail]
    options += ["--secret-file", str(secret), "--workers", "1", "--json"]
    command = [sys.executable, "-m", "course_utils.cli", "grade", str(listed), *options]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    print(done.stderr, end="", file=sys.stderr)  # for staff; Gradescope shows it to nobody else
    said = _said(done.stdout)
    if done.returncode not in (0, 1) or "error" in said:
        raise CourseError(said.get("error") or f"`course grade` ended with {done.returncode}; see above.")
    if not said["results"]:
        nothing = [f"None of the files answers {settings.chapter}: hand in {settings.chapter}.py or .ipynb."]
        return ungraded([f"{one['where']}: {one['says']}" for one in said["refused"]] or nothing)
    (result,) = read_results(folder).results
    return gradescope(result)


def _said(output: str) -> dict[str, Any]:
    try:
        said = json.loads(output)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _person(root: Path) -> str:
    """Who handed it in, by Gradescope's numbers, so that seeds stay the same and no name is needed."""
    try:
        data = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))
        numbers = sorted(int(user["id"]) for user in data["users"])
    except (OSError, ValueError, KeyError, TypeError):
        numbers = []
    return "-".join(["user", *map(str, numbers)]) if numbers else "somebody"


def main() -> None:
    """`python -m course_utils.staff.gradescope_run /autograder`."""
    root = Path(sys.argv[1])
    try:
        text = grade_one(root)
        write_atomically(root / "results" / "results.json", text)
    except (CourseError, OSError, KeyError, TypeError, ValueError) as error:
        sys.exit(f"Not graded, and no results.json written: {error}")
    print(f"Graded: {root / 'results' / 'results.json'}")


if __name__ == "__main__":
    main()
