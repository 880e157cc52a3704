"""Hand-ins of which nothing can be graded: one line each, and none for what isn't somebody's."""

from pathlib import Path

import pytest

from course_utils.catalog import Catalog, CourseError
from course_utils.staff.intake import take_in

from .test_intake import MORE, TEXT, notebook, only_complaint, put, who
from .test_intake_zip_csv import zipped

BOB = "bob/ch01_transformers.py"


def from_folder(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True) if name.endswith("/") else put(folder, name)
    return folder


def from_zip(folder: Path, names: list[str]) -> Path:
    return zipped(folder / "all.zip", dict.fromkeys(names, TEXT))


@pytest.mark.parametrize("handed", [from_folder, from_zip])
@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["jane/ch01_transformers.py.txt"], "jane: holds nothing that can be graded (ch01_transformers.py.txt): "),
        (["jane/ch01_transformers.PY.txt"], "rename ch01_transformers.PY.txt to ch01_transformers.PY."),
        (["jane/work.pdf", "jane/notes.md"], "(notes.md, work.pdf): a chapter is a .py or an .ipynb."),
        (["jane/a.md", "jane/b.md", "jane/c.md", "jane/d/e.md"], "(a.md, b.md, c.md, 1 more)"),
        (["jane/"], "jane: holds nothing that can be graded (it is empty)"),
        (["jane/.ipynb_checkpoints/ch01.ipynb"], "jane: holds nothing that can be graded (it is empty)"),
        (["jane/.DS_Store"], "jane: holds nothing that can be graded (it is empty)"),
        (["jane_ch01_transformers.py.txt"], "rename jane_ch01_transformers.py.txt to jane_ch01_transformers.py."),
        (["jane_ch01.docx"], "jane_ch01.docx: is nothing that can be graded"),
        (["doejane_12345_67890_essay.pdf"], "doejane_12345_67890_essay.pdf: is nothing that can be graded"),
    ],
)
def test_nobody_vanishes(small: Catalog, handed_in: Path, handed, names: list[str], says: str):
    intake = take_in(handed(handed_in, [*names, BOB]), small)
    assert says in only_complaint(intake)
    assert [one.person for one in intake.submissions] == ["bob"]


@pytest.mark.parametrize("handed", [from_folder, from_zip])
@pytest.mark.parametrize(
    "names",
    [
        ["bob/notes.md", "bob/figures/one.png"],
        ["bob/empty/"],
        ["roster.csv", "README.md"],
        ["zoe_ch01.py", "zoe_ch01.pdf"],
        ["doejane_12345_67890_ch01.py", "doejane_12345_67891_essay.pdf"],
        [".git/config", "__MACOSX/bob/x.txt"],
    ],
)
def test_what_is_beside_a_hand_in_is_nobodys(small: Catalog, handed_in: Path, handed, names: list[str]):
    assert not take_in(handed(handed_in, [*names, BOB]), small).complaints


@pytest.mark.parametrize("handed", [from_folder, from_zip])
def test_a_class_that_handed_in_nothing_usable_is_listed(small: Catalog, handed_in: Path, handed):
    intake = take_in(handed(handed_in, ["export/jane/a.pdf", "export/bob/b.pdf", "export/zoe/"]), small)
    assert sorted(complaint.where for complaint in intake.complaints) == ["export/bob", "export/jane", "export/zoe"]


def test_what_is_called_like_a_chapter_shows_a_wrapper(small: Catalog, handed_in: Path):
    put(handed_in, "class/bob/ch01_transformers.py")
    put(handed_in, "class/jane/ch01_transformers.py.txt")
    intake = take_in(handed_in, small)
    assert [one.person for one in intake.submissions] == ["bob"]
    assert only_complaint(intake).startswith("class/jane: ")


def test_a_folder_with_an_archive_or_a_link_has_its_own_line(small: Catalog, handed_in: Path):
    put(handed_in, "jane/work.zip", b"x")
    put(handed_in, BOB)
    assert "unpack it" in only_complaint(take_in(handed_in, small))


def test_one_unusable_file_alone(small: Catalog, handed_in: Path):
    with pytest.raises(CourseError, match=r"rename jane_ch01\.py\.txt to jane_ch01\.py"):
        take_in(put(handed_in, "jane_ch01.py.txt"), small)
    with pytest.raises(CourseError, match=r"a \.py or an \.ipynb"):
        take_in(put(handed_in, "notes.pdf"), small)


# Empty files


@pytest.mark.parametrize("name", ["jane_ch01_transformers.py", "jane/ch01_transformers.py", "jane.py"])
@pytest.mark.parametrize("content", ["", " \n\n", "# Exercises\n\n  # none\n", "\ufeff"])
def test_an_empty_file_is_one_line(small: Catalog, handed_in: Path, name: str, content: str):
    put(handed_in, name, content)
    intake = take_in(handed_in, small, small.chapters[0])
    assert "the file is empty" in only_complaint(intake)
    assert not intake.submissions


def test_an_empty_notebook(small: Catalog, handed_in: Path):
    put(handed_in, "jane_ch01.ipynb", notebook("", "# nothing"))
    assert "the file is empty" in only_complaint(take_in(handed_in, small))


def test_an_empty_helper_is_no_trouble(small: Catalog, handed_in: Path):
    put(handed_in, "bob/__init__.py", "")
    put(handed_in, BOB)
    assert not take_in(handed_in, small).complaints


# Whose it is, where two could be one


def test_canvas_numbers_stay_where_two_people_have_one_name(small: Catalog, handed_in: Path):
    put(handed_in, "doejane_11111_67890_ch01.py")
    put(handed_in, "doejane_LATE_22222_67891_ch02.py", MORE)
    put(handed_in, "lovelaceada_LATE_222_333_ch01.py")
    people = [person for person, *_ in who(take_in(handed_in, small))]
    assert people == ["doejane_11111", "doejane_22222", "lovelaceada"]


def test_capitals_make_no_second_person(small: Catalog, handed_in: Path):
    put(handed_in, "Doe, Jane/ch01_transformers.py")
    put(handed_in, "doe, jane/ch02_induction.py", MORE)
    intake = take_in(handed_in, small)
    assert [person for person, *_ in who(intake)] == ["Doe, Jane", "Doe, Jane"]
    put(handed_in, "doe, jane/ch01_transformers.py", TEXT + "\nx = 1\n")
    intake = take_in(handed_in, small)
    assert "handed in 2 files for ch01_transformers that differ" in only_complaint(intake)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("jane/a.pdf", ""),
        ("jane_ch01.py.txt", TEXT),
        ("jane_12345_67890_x.pdf", ""),
        ("jane_ch01.py", ""),
        ("jane_ch01.py", b"\xff"),
        ("jane/ch09.py", TEXT),
    ],
)
def test_a_complaint_names_the_person(small: Catalog, handed_in: Path, name: str, content: str):
    put(handed_in, name, content)
    assert [one.person for one in take_in(handed_in, small).complaints] == ["jane"]
