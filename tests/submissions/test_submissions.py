"""A folder for each bad submission: the answer as a learner may leave it, and the report that they read.

`answer.py` (or `answer.ipynb`; none where the file is missing) takes the place of the learner's chapter in the small
course of `_course/`. The first line of `report.txt` is the outcome, the rest is the text, to the letter. It comes out
of the path that every check goes: client, server, forked child, supervisor. After a change to the wording,
`GLASSBOX_WRITE_REPORTS=1 pytest tests/submissions` writes the reports anew, to be read in the diff.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils.catalog import load_catalog
from course_utils.grading.client import check_in_child
from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome

HERE = Path(__file__).parent
CASES = sorted(path.name for path in HERE.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))
EXERCISE = re.compile(r"^\S (\w+):", re.MULTILINE)
WORST = 15.0  # seconds that no check may take, on a busy machine either


@pytest.fixture(scope="module")
def course() -> Iterator[Path]:
    """A copy of the small course, so that paths in messages and what a submission writes stay inside it."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="gb") as folder:
        root = Path(folder).resolve()
        shutil.copytree(HERE / "_course", root, dirs_exist_ok=True)
        (root / "run").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(root / "run"))  # a server of its own, which ends with this folder
        patch.setenv("GLASSBOX_ROOT", str(root))
        yield root


def judged(root: Path, case: Path, name: str):
    """The verdict on a case's answer, put where a learner would have it."""
    chapter = load_catalog(root).chapters[0]
    for path in (chapter.script, chapter.notebook):
        path.unlink(missing_ok=True)
    answer = next(case.glob("answer.*"), case / "answer.py")
    path = chapter.script.with_suffix(answer.suffix)
    if answer.exists():
        shutil.copy(answer, path)
    return check_in_child(load_catalog(root).find_exercise(name), path)


@pytest.mark.parametrize("case", CASES)
def test_the_report_is_the_expected_one(course, case):
    report = HERE / case / "report.txt"
    expected = report.read_text(encoding="utf-8")
    name = EXERCISE.search(expected)
    assert name, "the report's second line names the exercise"
    verdict = judged(course, HERE / case, name[1])
    text = as_text(verdict)
    if os.environ.get("GLASSBOX_WRITE_REPORTS"):
        report.write_text(f"{verdict.outcome}\n{text}\n", encoding="utf-8")
        return
    assert f"{verdict.outcome}\n{text}\n" == expected
    assert verdict.outcome in set(Outcome) - {Outcome.GRADER_ERROR}
    assert len(text.splitlines()) <= 12
    assert all(character.isprintable() or character == "\n" for character in text)
    assert verdict.seconds < WORST
