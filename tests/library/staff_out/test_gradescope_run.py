"""`run_autograder`, really run in the layout that Gradescope documents, with what learners may put there."""

import contextlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from course_utils.catalog import load_catalog
from course_utils.jail.walls.levels import strongest
from course_utils.staff.gradescope_zip import autograder_zip

from ..conftest import CHECKS, RECORDS, SOLUTIONS
from .test_exports import assert_gradescope, strictly

RIGHT = "def double(x):\n    return x + x\n\nclass Scale:\n    def __init__(self, factor):\n        self.factor = factor\n\n    def forward(self, x):\n        return x * self.factor\n"
WRONG = RIGHT.replace("x + x", "x * x + 1")
HOSTILE = """\
import json, os, sys
SPOOF = json.dumps({"score": 1000, "tests": [], "output": "<script>alert(1)</script>"})
for place in ("ROOT/results/results.json", "ROOT/run_autograder", "results.json", "/autograder/results/results.json"):
    try:
        open(place, "w").write(SPOOF)
    except OSError:
        pass
seen = ""
for place in ("ROOT/source/secret", "ROOT/source/course/solutions/ch01_transformers.py"):
    try:
        seen += open(place).read()
    except OSError as error:
        seen += "<script>closed</script>"
print(SPOOF, flush=True)

def double(x):
    raise ValueError("\\x1b[2J" + seen)

class Scale:
    def __init__(self, factor):
        os._exit(0)
"""


@pytest.fixture(scope="module")
def level():
    return strongest().level.name.lower()


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    """A course whose first chapter has its real name, which the jail asks for, and two small exercises."""
    root, key = tmp_path_factory.mktemp("course"), "ch01_transformers"
    for folder in (f"chapters/{key}", "solutions", f"tests/{key}"):
        (root / folder).mkdir(parents=True)
    (root / f"chapters/{key}/exercises.toml").write_text(re.sub(r"(minutes = \d+)", r"\1\ntime_limit = 60", RECORDS))
    (root / f"chapters/{key}/{key}.py").write_text("# the stubs\n")
    (root / f"solutions/{key}.py").write_text(SOLUTIONS)
    for slug, text in CHECKS.items():
        (root / f"tests/{key}/test_{slug}.py").write_text(text)
    for name in ("pyproject.toml", "requirements.lock", "README.md", "LICENSE", "LICENSE-TEXT"):
        (root / name).write_text("[project]\ndependencies = []\n" if name == "pyproject.toml" else "")
    return load_catalog(root).chapters[0]


@pytest.fixture(scope="module")
def unpacked(chapter, tmp_path_factory, level):
    """The zip's files where Gradescope puts them, under another root than /autograder."""
    root = tmp_path_factory.mktemp("autograder")
    data = autograder_zip(chapter, b"0123456789abcdef", {"chapter": chapter.key, "require_jail": level})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            os.chmod(archive.extract(info, root / "source"), info.external_attr >> 16 & 0o777)
    users = [{"id": 7, "email": "a@b.org", "name": "</script><script>alert(1)</script>"}, {"id": 5, "name": "=1+1"}]
    (root / "submission_metadata.json").write_text(json.dumps({"id": 1, "users": users}))
    return root


@pytest.fixture
def autograder(unpacked):
    """Nothing handed in yet, no result yet."""
    for name in ("submission", "results"):
        shutil.rmtree(unpacked / name, ignore_errors=True)
        (unpacked / name).mkdir()
    return unpacked


def run(root, path=os.environ["PATH"], before=(), **files):
    """Hand these files in, run the script as Gradescope does, and give back what it said and results.json."""
    for name, text in files.items():
        (root / "submission" / f"{name}.py").write_text(text)
    environment = {
        "PATH": path, "GLASSBOX_AUTOGRADER": str(root), "GLASSBOX_PYTHON": sys.executable,
    }  # fmt: skip
    command = [*before, str(root / "source" / "run_autograder")]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    written = root / "results" / "results.json"
    data = strictly(written.read_text(encoding="utf-8")) if written.exists() else None
    if data:
        assert_gradescope(data)
    return done, data


@contextlib.contextmanager
def settings_of(root, **changes):
    """Other settings than the zip was made with, for a while."""
    path = root / "source" / "autograder.json"
    before = path.read_text()
    path.write_text(json.dumps(json.loads(before) | changes))
    try:
        yield
    finally:
        path.write_text(before)


def test_a_right_answer(autograder, level):
    done, data = run(autograder, answers=RIGHT)
    assert done.returncode == 0, done.stderr
    assert [(test["score"], test["max_score"]) for test in data["tests"]] == [(1, 1), (2, 2)], data["tests"]
    assert data["score"] == 3 and f"Jail: {level}." in data["output"]
    assert data["extra_data"]["glassbox"]["person"] == "user-5-7"
    assert sorted(path.name for path in autograder.iterdir()) == [
        "results", "source", "submission", "submission_metadata.json",
    ]  # fmt: skip


def test_a_wrong_answer_is_told_why(autograder):
    _, data = run(autograder, answers=WRONG)
    assert [test["tags"] for test in data["tests"]] == [["wrong"], ["passed"]], data["tests"]
    assert data["score"] == 2
    assert "Twice two is four." in data["tests"][0]["output"]
    assert "This is what comes out when x is squared." in data["tests"][0]["output"]


def test_a_hostile_answer_gains_and_learns_nothing(autograder):
    done, data = run(autograder, answers=HOSTILE.replace("ROOT", str(autograder)))
    assert data["score"] == 0 and len(data["tests"]) == 2
    shown = json.dumps(data) + done.stdout
    for secret in ("0123456789abcdef", "the secret is a shift", "<script>", "1000", "\x1b"):
        assert secret not in shown, secret
    assert (autograder / "source" / "run_autograder").read_text().startswith("#!")


def test_nothing_and_two_files_are_told(autograder):
    _, nothing = run(autograder)
    assert nothing["score"] == 0 and "There is no .py and no .ipynb" in nothing["output"]
    _, two = run(autograder, one=RIGHT, two=WRONG)
    assert two["score"] == 0 and "2 files" in two["output"] and not two["tests"]


def test_no_result_is_written_where_the_jail_is_too_weak(autograder, tmp_path):
    """A container without a bubblewrap that works, where staff ask for one."""
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with settings_of(autograder, require_jail="bubblewrap"):
        done, data = run(autograder, path=f"{tmp_path}:{os.environ['PATH']}", answers=RIGHT)
    assert data is None and done.returncode == 1
    assert "bubblewrap" in done.stderr and "--require-jail" in done.stderr


CONTAINER = [sys.executable, str(Path(__file__).with_name("like_a_container.py"))]
LEVEL = "from course_utils.jail.walls.levels import strongest; print(strongest().level.name.lower())"


@pytest.fixture(scope="module")
def docker_like():
    """The command that runs another one with what root may do in a container with Docker's defaults."""
    if os.geteuid() != 0 or platform.machine() != "x86_64" or not shutil.which("setpriv"):
        pytest.skip("imitating a container needs root on x86-64 Linux, and setpriv")
    return CONTAINER


def test_a_container_without_namespaces_grades_nothing_by_default(autograder, docker_like):
    with settings_of(autograder, require_jail="namespaces"):
        done, data = run(autograder, before=docker_like, answers=RIGHT)
    assert data is None and done.returncode == 1
    assert "Not graded, and no results.json written" in done.stderr


def test_a_container_without_namespaces_grades_at_the_level_that_it_has(autograder, docker_like):
    there = subprocess.run([*docker_like, sys.executable, "-c", LEVEL], capture_output=True, text=True)
    if there.returncode:
        pytest.skip(f"a container like that could not run this Python: {there.stderr.strip().splitlines()[-1]}")
    level = there.stdout.strip()
    assert level in ("landlock", "rlimits")
    with settings_of(autograder, require_jail=level):
        _, data = run(autograder, before=docker_like, answers=RIGHT)
    assert data["score"] == 3 and f"Jail: {level}." in data["output"]
