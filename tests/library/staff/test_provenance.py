"""What makes older results another course's, and what doesn't."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from course_utils.catalog import Catalog
from course_utils.staff import provenance as module
from course_utils.staff.provenance import provenance

from .conftest import CHECKS
from .examples import HERE
from .test_intake import put


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A copy of the package without weights, and two small files in the place of these."""
    copy = tmp_path / "course_utils"
    shutil.copytree(module._PACKAGE, copy, ignore=shutil.ignore_patterns("weights", "__pycache__"))
    for name in ("attn-only-2l", "attn-only-4l"):
        put(copy, f"specimens/weights/{name}/model.safetensors", "x")
    monkeypatch.setattr(module, "_PACKAGE", copy)
    module._grader.cache_clear()
    yield copy
    module._grader.cache_clear()


def seen(small: Catalog, place: int = 0) -> dict[str, str]:
    module._grader.cache_clear()
    return provenance(small.chapters[place]).compared()


@pytest.mark.parametrize(
    "name",
    ["grading/compare.py", "jail/talk/driver.py", "jail/a_new_one.py", "model/config.py", "data/sentences.py",
     "specimens/load.py", "authoring/stub.py", "records.py", "staff/judging.py", "staff/seeds.py"],
)  # fmt: skip
def test_code_that_judges_counts(small: Catalog, package: Path, name: str):
    before = seen(small)
    put(package, name, "# changed")
    after = seen(small)
    assert {key for key in before if before[key] != after[key]} == {"grader"}


@pytest.mark.parametrize(
    "name",
    ["staff/exports/html.py", "staff/report.py", "commands/staff.py", "authoring/build.py", "explore/lens.py",
     "specimens/training.py", "specimens/facts/ioi.py", "specimens/weights/attn-only-4l/model.safetensors",
     "../app/staff.py", "../tests/ch02_induction/test_half.py", "../solutions/ch02_induction.py"],
)  # fmt: skip
def test_what_decides_nothing_about_chapter_1_does_not(small: Catalog, package: Path, name: str):
    before = seen(small)
    put(small.chapters[0].root if name.startswith("../") else package, name.removeprefix("../"), "# changed")
    assert seen(small) == before


def test_a_specimen_counts_where_it_is_named(small: Catalog, package: Path):
    check = CHECKS["ch01_transformers/test_double.py"]
    put(small.chapters[0].root, "tests/ch01_transformers/test_double.py", check + 'NAME = "attn-only-2l"\n')
    before = seen(small)
    put(package, "specimens/weights/attn-only-4l/model.safetensors", "changed")
    assert seen(small) == before
    put(package, "specimens/weights/attn-only-2l/model.safetensors", "changed")
    assert seen(small)["grader"] != before["grader"]


@pytest.mark.parametrize("name", ["tests/ch01_transformers/test_double.py", "solutions/ch01_transformers.py"])
def test_a_chapters_own_files_count_for_it_alone(small: Catalog, name: str):
    one, two = seen(small), seen(small, 1)
    put(small.chapters[0].root, name, "# changed")
    assert seen(small)["checks"] != one["checks"]
    assert seen(small, 1) == two


def test_the_version_of_the_course_alone_decides_nothing():
    assert replace(HERE, course="9.9.9+abc").compared() == HERE.compared()
    assert replace(HERE, course="0.1.0+abd").compared() != HERE.compared()
