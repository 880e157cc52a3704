"""Edits to a reference, and what is compiled from them."""

import shutil
from pathlib import Path

import pytest

from course_utils.catalog import CourseError, load_catalog
from course_utils.grading.mutants import Accepted, Edit, Mutant, load_reference
from course_utils.grading.verdict import NotLoadable

TOY = Path(__file__).parent.parent / "submissions" / "_course"


@pytest.fixture
def centre(tmp_path, monkeypatch):
    shutil.copytree(TOY, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("GLASSBOX_ROOT", str(tmp_path))
    return load_catalog().find_exercise("centre")


def test_the_text_must_occur_once():
    assert Edit("b", "x").apply("abc") == "axc"
    for text, count in (("ac", 0), ("abab", 2)):
        with pytest.raises(CourseError, match=f"occurs {count} times in the reference, not once: 'b'"):
            Edit("b", "x").apply(text)


def test_a_whole_replacement_needs_no_text():
    assert Mutant.whole("b", "def f(): pass", check="test_a").edit.apply("anything") == "def f(): pass"
    assert Accepted.whole("why", "def f(): pass").edit.apply("anything") == "def f(): pass"
    assert Mutant("b", "old", "new", check="test_a").edit == Accepted("why", "old", "new").edit


def test_the_reference_is_the_exercise_alone(centre):
    reference = load_reference(centre)
    assert reference.source.startswith("def centre(x: Tensor)")
    assert "class Affine" not in reference.source
    assert reference.thing.__name__ == "centre"


def test_a_variant_sees_the_solutions_imports_and_leaves_the_reference_alone(centre):
    import torch

    reference = load_reference(centre)
    x = torch.tensor([[1.0, 3.0]])
    variant = reference.variant(Edit("x.mean(-1, keepdim=True)", "torch.ones(1)"), "ones")
    assert variant(x).tolist() == [[0.0, 2.0]]
    assert reference.thing(x).tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def centre(x: return", "SyntaxError"),
        ("def another(x): pass", "the source does not define centre"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_mutant_that_is_no_python_or_another_thing_is_said(centre, source, words):
    with pytest.raises(CourseError, match=f"centre, 'label': {words}"):
        load_reference(centre).compile(source, "label")


def test_decorators_belong_to_the_source(centre, tmp_path):
    path = tmp_path / "solutions/ch01_toy.py"
    path.write_text(path.read_text().replace("def centre", "@torch.no_grad()\ndef centre"))
    assert load_reference(centre).source.startswith("@torch.no_grad()\ndef centre")


def test_a_solution_without_the_exercise(centre, tmp_path):
    (tmp_path / "solutions/ch01_toy.py").write_text("def another(): pass\n")
    with pytest.raises(CourseError, match=r"solutions/ch01_toy.py does not define centre"):
        load_reference(centre)


def test_no_solution_at_all(centre, tmp_path):
    (tmp_path / "solutions/ch01_toy.py").unlink()
    with pytest.raises(NotLoadable, match="missing"):
        load_reference(centre)
