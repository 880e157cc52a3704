"""What a chapter's jail holds: enough for its exercises (`test_equal.py` runs them all on it), and no answer."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from course_utils.catalog import CourseError, load_catalog
from course_utils.jail.walls import inside

CHAPTERS = {chapter.key: chapter for chapter in load_catalog().chapters}
NEVER = (
    *("grading.checks", "grading.mutants", "grading.compare", "grading.diagnose", "grading.explain", "grading.judge"),
    *(
        "grading.hidden",
        "grading.watched",
        "jail.talk.session",
        "jail.talk.proxy",
        "jail.talk.firewall",
        "jail.talk.lent",
        "jail.walls.inside",
    ),
    *("specimens", "specimens.load", "specimens.facts", "learner", "commands", "authoring.gate", "authoring.stub"),
    *("model.patching", "staff"),
)
TRY = """
import importlib, sys
found = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        found.append(name)
    except ModuleNotFoundError:
        pass
print(*found)
"""


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    """A chapter's folder, by its key."""
    folders = {}

    def get(key):
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp(key)
            inside.stage(CHAPTERS[key], folders[key])
        return folders[key]

    return get


def python(folder, code, *args):
    """What a Python prints that has only this folder and the packages."""
    env = {**os.environ, "PYTHONPATH": f"{folder}:{sysconfig.get_path('purelib')}"}
    command = [sys.executable, "-S", "-c", code, *args]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("key", CHAPTERS)
def test_what_answers_the_exercises_cannot_be_imported(key, staged):
    wanted = [f"course_utils.{name}" for name in NEVER]
    assert python(staged(key), TRY, *wanted, "solutions", "tests", f"solutions.{key}", "conftest") == []


def test_chapter_1_has_no_model_and_the_later_ones_do(staged):
    assert python(staged("ch01_transformers"), TRY, "course_utils.model", "course_utils.model.sampling") == []
    assert python(staged("ch02_induction"), TRY, "course_utils.model") == ["course_utils.model"]


@pytest.mark.parametrize("key", CHAPTERS)
def test_no_file_of_the_folder_holds_a_check_or_a_weight(key, staged):
    files = [path for path in staged(key).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".py"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert "MUTANTS" not in text
    assert "def test_" not in text


def test_what_is_emptied_says_so(staged):
    code = """
from course_utils.model import composition_scores
try:
    composition_scores(None, None)
except RuntimeError as error:
    print(error)
"""
    assert " ".join(python(staged("ch02_induction"), code)).startswith("composition_scores is left out here")


def test_a_chapter_that_is_not_known_and_a_function_that_is_not_there(tmp_path):
    import dataclasses

    other = dataclasses.replace(CHAPTERS["ch02_induction"], key="ch99_other")
    with pytest.raises(CourseError, match="ch99_other"):
        inside.stage(other, tmp_path)
    with pytest.raises(CourseError, match="gone"):
        inside.without_bodies("def f(): pass", ("gone",))


def test_every_file_of_the_list_exists():
    package = Path(inside.__file__).parents[2]
    assert [name for name in inside.FILES if not (package / name).exists()] == []
