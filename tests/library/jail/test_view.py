"""What of this machine is shown in the jail, and what is staged there."""

import ast
import os
import sys
import tempfile
from pathlib import Path

import pytest

from course_utils.catalog import load_catalog
from course_utils.jail.walls import stage, view
from course_utils.jail.walls.levels import JailError
from course_utils.jail.walls.readable import ensure_readable
from course_utils.records import CourseError

CHAPTERS = load_catalog().chapters


def test_the_packages_are_those_that_the_course_needs_and_what_they_need():
    names = {name for name, _ in view.view().packages}
    assert {"torch", "numpy", "einops", "jaxtyping", "sympy"} <= names
    assert not names & {
        "course_utils",
        "transformer_lens",
        "transformers",
        "pytest",
        "_pytest",
        "IPython",
        "site-packages",
    }
    assert all(path.exists() for _, path in view.view().packages)


def test_python_is_shown_and_nothing_that_is_installed_beside_it():
    seen = view.view(packages=False)
    assert not seen.packages
    assert any(seen.python == path or path in seen.python.parents for path in seen.shared)
    for path in seen.readable():
        assert not {"site-packages", "dist-packages"} & set(path.parts), path
    if sys.prefix != sys.base_prefix:
        assert not any(Path(sys.prefix) in (path, *path.parents) for path in seen.shared)
    for folder in seen.hidden:
        assert folder.parent in seen.listable()


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(view, "PACKAGES", ("torch", "no-such-package-here"))
    with pytest.raises(CourseError, match="no-such-package-here is not installed: run `make course`"):
        view._packages()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.key)
def test_no_answer_is_staged(tmp_path, chapter):
    stage.stage(chapter, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".py"}
    text = "\n".join(path.read_text() for path in files)
    tree = ast.parse(chapter.solution.read_text())
    for node in tree.body:
        if getattr(node, "name", None) in {exercise.name for exercise in chapter.exercises}:
            body = ast.get_source_segment(chapter.solution.read_text(), node.body[-1])
            assert len(body) < 60 or body not in text, node.name
    for path in (tmp_path, *tmp_path.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.key)
def test_what_a_chapter_imports_is_loaded_beforehand(chapter):
    modules = stage.modules_of(chapter)
    assert modules[0] == "torch"
    assert {"jaxtyping", "einops"} <= set(modules)
    assert len(set(modules)) == len(modules)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the rights of files as Unix has them")
def test_a_folder_that_its_owner_alone_may_enter_is_named():
    stranger = 65534 if os.geteuid() != 65534 else 65533
    with tempfile.TemporaryDirectory(prefix="gb-open-") as folder:
        place = Path(folder, "closed", "python")
        place.mkdir(parents=True)
        Path(folder).chmod(0o755)
        ensure_readable([place], stranger)
        place.parent.chmod(0o700)
        ensure_readable([place], os.geteuid())
        with pytest.raises(JailError, match=rf"user {stranger}, who may not read {place.parent}\.") as caught:
            ensure_readable([place], stranger)
    assert "/opt" in caught.value.remedy
