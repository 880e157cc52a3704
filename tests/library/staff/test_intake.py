"""Whose a file is, which chapter it answers, and one clear line for everything that can't be graded."""

import json
import os
import socket
import stat
import zipfile
from pathlib import Path

import pytest

from course_utils.catalog import Catalog, CourseError
from course_utils.staff.intake import Intake, take_in
from course_utils.staff.intake import files as files_module
from course_utils.staff.store import file_name

from .conftest import RIGHT

TEXT = RIGHT["ch01_transformers"]
MORE = RIGHT["ch02_induction"]


def put(folder: Path, name: str, content: str | bytes = TEXT) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def notebook(*sources: str, **more: object) -> str:
    cells = [{"cell_type": "code", "source": source, "outputs": [{"data": "x" * 50}]} for source in sources]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": ["# Hello"]}, *cells], "nbformat": 4, **more})


def who(intake: Intake) -> list[tuple[str, str, str]]:
    return [(one.person, one.chapter.key, one.file) for one in intake.submissions]


def only_complaint(intake: Intake) -> str:
    (complaint,) = intake.complaints
    text = str(complaint)
    assert text.isprintable()
    assert len(text) < 700
    return text


# Whose a file is


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("jane_ch01_transformers.py", "jane"),
        ("jane-ch01_transformers.py", "jane"),
        ("ch01_transformers_jane.py", "jane"),
        ("Doe, Jane ch01_transformers.py", "Doe, Jane"),
        ("doejane_LATE_12345_678901_ch01_transformers-2.py", "doejane"),
        ("lovelaceada_LATE_222_333_ch01_transformers-1.py", "lovelaceada"),
        ("doejane_12345_67890_ch01_transformers.py", "doejane"),
        ("doe_jane_123_ch01_transformers.py", "doe_jane_123"),
        ("student_2024_01_ch01.py", "student_2024_01"),
        ("jane_CH01_tiny.py", "jane"),
        ("jane.py", "jane"),
        ("jane/ch01_transformers.py", "jane"),
        ("jane/answers.py", "jane"),
        ("jane/week 1/ch01_transformers.py", "jane"),
        ("Jane Doe_2231_assignsubmission_file_/ch01_transformers.py", "Jane Doe_2231"),
        ("jane/chapters/ch01_transformers/ch01_transformers.py", "jane"),
        ("export/jane_ch01_transformers.py", "jane"),
        ("Zoë Å_ch01_transformers.py", "Zoë Å"),
    ],
)
def test_a_name_says_whose_it_is(small: Catalog, handed_in: Path, name: str, person: str):
    put(handed_in, name)
    intake = take_in(handed_in, small)
    assert who(intake) == [(person, "ch01_transformers", name)]
    assert not intake.complaints


def test_a_folder_around_everything_is_nobody(small: Catalog, handed_in: Path):
    put(handed_in, "export_7/jane/ch01_transformers.py")
    put(handed_in, "export_7/bob/ch01_transformers.py")
    assert [one.person for one in take_in(handed_in, small).submissions] == ["bob", "jane"]


def test_folder_zip_and_csv_give_the_same(small: Catalog, handed_in: Path, tmp_path: Path):
    put(handed_in, "jane_ch01_transformers.py")
    put(handed_in, "bob_ch02_induction.ipynb", notebook(MORE))
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(handed_in.iterdir()):
            archive.write(path, path.name)
    put(handed_in, "list.csv", "person,path\nbob,bob_ch02_induction.ipynb\njane,jane_ch01_transformers.py\n")
    one, two, three = (take_in(path, small) for path in (handed_in, tmp_path / "all.zip", handed_in / "list.csv"))
    assert one == two == three
    assert [(s.person, s.chapter.key) for s in one.submissions] == [
        ("bob", "ch02_induction"),
        ("jane", "ch01_transformers"),
    ]


@pytest.mark.parametrize("names", [("straße", "strasse"), ("\ufb01ona", "fiona"), ("Ἰάσων", "Ιάσων")])
def test_names_that_only_look_alike_are_two_people(small: Catalog, handed_in: Path, names: tuple[str, str]):
    for name in names:
        put(handed_in, f"{name}_ch01_transformers.py", f"{TEXT}\nx = {name!r}\n")
    intake = take_in(handed_in, small)
    assert not intake.complaints
    assert {one.person for one in intake.submissions} == set(names)
    assert len({file_name(name, "ch01_transformers").casefold() for name in names}) == 2


@pytest.mark.parametrize("names", [("Jane", "jane"), ("ÅSA", "åsa"), ("A\u030asa", "\xc5sa"), ("ΛΟΥΚΑΣ", "λουκας")])
def test_spellings_of_one_name_are_one_person(small: Catalog, tmp_path: Path, names: tuple[str, str]):
    """In a zip, for a folder may not tell them apart."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in names:
            archive.writestr(f"{name}_ch01_transformers.py", f"{TEXT}\nx = {name!r}\n")
    complaint = only_complaint(take_in(tmp_path / "all.zip", small))
    assert "handed in 2 files for ch01_transformers that differ" in complaint


def test_one_file_alone(small: Catalog, handed_in: Path):
    assert who(take_in(put(handed_in, "jane_ch01_transformers.py"), small)) == [
        ("jane", "ch01_transformers", "jane_ch01_transformers.py")
    ]


def test_a_file_that_names_nobody(small: Catalog, handed_in: Path):
    put(handed_in, "ch01_transformers.py")
    assert "doesn't say whose it is" in only_complaint(take_in(handed_in, small))


# Which chapter it answers


def test_the_first_line_of_a_generated_file_says_the_chapter(small: Catalog, handed_in: Path):
    put(handed_in, "jane.py", "# Generated from solutions/ch02_induction.py by `course build`; yours to edit.\n" + TEXT)
    assert who(take_in(handed_in, small)) == [("jane", "ch02_induction", "jane.py")]


def test_what_it_defines_says_the_chapter(small: Catalog, handed_in: Path):
    put(handed_in, "jane.ipynb", notebook("import torch", MORE))
    assert who(take_in(handed_in, small)) == [("jane", "ch02_induction", "jane.ipynb")]


def test_chapter_option_takes_what_says_nothing_and_passes_over_the_rest(small: Catalog, handed_in: Path):
    put(handed_in, "jane.py", "x = 1\n")
    put(handed_in, "jane/ch02_induction.py", MORE)
    put(handed_in, "bob.py", MORE)
    intake = take_in(handed_in, small, small.chapters[0])
    assert who(intake) == [("jane", "ch01_transformers", "jane.py")]
    assert intake.passed_over == 2
    assert not intake.complaints


def test_a_chapter_that_is_not_in_the_catalog(small: Catalog, handed_in: Path):
    put(handed_in, "jane_ch09_magic.py")
    put(handed_in, "bob_ch01_transformers.py")
    intake = take_in(handed_in, small)
    assert "ch09_magic" in only_complaint(intake)
    assert "ch01_transformers, ch02_induction" in only_complaint(intake)
    assert [one.person for one in intake.submissions] == ["bob"]


def test_neither_name_nor_content_says_the_chapter(small: Catalog, handed_in: Path):
    put(handed_in, "jane.py", "x = 1\n")
    assert "--chapter" in only_complaint(take_in(handed_in, small))


def test_a_helper_beside_the_real_thing_is_no_trouble(small: Catalog, handed_in: Path):
    put(handed_in, "jane/ch01_transformers.py")
    put(handed_in, "jane/tools.py", "x = 1\n")
    put(handed_in, "jane/draft.py", "def double(x): return x\n")
    put(handed_in, "jane/.ipynb_checkpoints/ch01_transformers-checkpoint.ipynb", "{}")
    intake = take_in(handed_in, small)
    assert who(intake) == [("jane", "ch01_transformers", "jane/ch01_transformers.py")]
    assert not intake.complaints


# Two files of one person


def test_a_script_and_its_notebook_are_one_file(small: Catalog, handed_in: Path):
    put(
        handed_in,
        "jane/ch01_transformers.py",
        "# %% [markdown]\n# Hello\n\n# %%\n# %time x\nimport math\n\n# %%\n" + TEXT,
    )
    put(handed_in, "jane/ch01_transformers.ipynb", notebook("%time x\nimport math", *TEXT.split("# %%\n")))
    intake = take_in(handed_in, small)
    assert who(intake) == [("jane", "ch01_transformers", "jane/ch01_transformers.py")]
    assert not intake.complaints


def test_two_files_that_differ_are_refused_and_the_rest_is_graded(small: Catalog, handed_in: Path):
    put(handed_in, "jane/ch01_transformers.py")
    put(handed_in, "jane_ch01_transformers.py", TEXT + "x = 1\n")
    put(handed_in, "jane_ch02_induction.py", MORE)
    put(handed_in, "bob_ch01_transformers.py")
    intake = take_in(handed_in, small)
    assert only_complaint(intake).startswith("jane: handed in 2 files for ch01_transformers that differ")
    assert [(s.person, s.chapter.key) for s in intake.submissions] == [
        ("bob", "ch01_transformers"),
        ("jane", "ch02_induction"),
    ]


# What can't be read


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("jane_ch01_transformers.py", b"x = '\xff'\n", "not UTF-8 text (at byte 5)"),
        ("jane_ch01_transformers.py", b"x = 1\0\n", "null bytes"),
        ("jane_ch01_transformers.ipynb", b"not json", "not a notebook"),
        ("jane_ch01_transformers.ipynb", b'{"cells": 3}', "it has no cells"),
        ("jane_ch01_transformers.ipynb", b"[" * 2_000_000, "nested too deep"),
        ("jane_ch01_transformers.ipynb", b'{"cells":[' + b"{}," * 6000 + b"{}]}", "more than 5000 cells"),
        ("jane_ch01_transformers.ipynb", b'{"cells":[],"n":' + b"9" * 100_000 + b"}", "not a notebook"),
        ("jane_ch01_transformers.ipynb", b'{"a":[' + b"[]," * 16_500_000 + b'1],"cells":[]}', "too much memory"),
        ("jane_ch01_transformers.ipynb", b'\xff{"cells":[]}', "not UTF-8"),
    ],
)
def test_one_line_for_what_cannot_be_read(small: Catalog, handed_in: Path, name: str, content: bytes, says: str):
    put(handed_in, name, content)
    put(handed_in, "bob_ch01_transformers.py")
    intake = take_in(handed_in, small)
    assert says in only_complaint(intake)
    assert [one.person for one in intake.submissions] == ["bob"]


@pytest.mark.parametrize(
    ("name", "limit"), [("jane_ch01_transformers.py", "2 MB"), ("jane_ch01_transformers.ipynb", "50 MB")]
)
def test_a_hundred_megabytes_are_refused_unread(small: Catalog, handed_in: Path, name: str, limit: str):
    with put(handed_in, name).open("r+b") as file:
        file.truncate(100_000_000)
    assert f"larger than {limit}" in only_complaint(take_in(handed_in, small))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(small: Catalog, handed_in: Path):
    put(handed_in, "jane_ch01_transformers.py").chmod(0)
    assert "can't be read (Permission denied)" in only_complaint(take_in(handed_in, small))


def test_a_file_that_goes_away_while_it_is_looked_at(small: Catalog, handed_in: Path, monkeypatch):
    path = put(handed_in, "jane_ch01_transformers.py")
    found = list(files_module.files_in(handed_in))
    path.unlink()
    with pytest.raises(files_module.Refused, match="can't be read"):
        found[0].read()


def link(folder: Path, target: Path) -> None:
    (folder / "jane_ch01_transformers.py").symlink_to(target)


def link_to_folder(folder: Path, target: Path) -> None:
    (folder / "jane").symlink_to(target.parent)


def hard_link(folder: Path, target: Path) -> None:
    os.link(target, folder / "jane_ch01_transformers.py")


def fifo(folder: Path, target: Path) -> None:
    os.mkfifo(folder / "jane_ch01_transformers.py")


def listening(folder: Path, target: Path) -> None:
    here = os.getcwd()
    os.chdir(folder)  # a socket's path must be short
    try:
        socket.socket(socket.AF_UNIX).bind("jane_ch01_transformers.py")
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (link, "is a link"),
        (link_to_folder, "is a link"),
        (hard_link, "hard link"),
        (fifo, "no plain file"),
        (listening, "can't be read"),
    ],
)
def test_what_is_no_file_of_its_own(small: Catalog, handed_in: Path, tmp_path: Path, make, says: str):
    make(handed_in, put(tmp_path / "elsewhere", "ch01_transformers.py"))
    put(handed_in, "bob_ch01_transformers.py")
    intake = take_in(handed_in, small)
    assert says in only_complaint(intake)
    assert [one.person for one in intake.submissions] == ["bob"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device(small: Catalog, handed_in: Path):
    os.mknod(handed_in / "jane_ch01_transformers.py", 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero
    assert "no plain file" in only_complaint(take_in(handed_in, small))


def test_a_folder_swapped_for_a_link_is_not_followed(small: Catalog, handed_in: Path, tmp_path: Path):
    secret = put(tmp_path / "secrets", "ch01_transformers.py", "x = 'secret'\n")
    put(handed_in, "jane/ch01_transformers.py")
    (found,) = files_module.files_in(handed_in)
    (handed_in / "jane").rename(handed_in / "was")
    (handed_in / "jane").symlink_to(secret.parent)
    with pytest.raises(files_module.Refused):
        found.read()


@pytest.mark.parametrize(
    "name",
    [
        "jane\x1b[31m_ch01_transformers.py",
        "jane\n_ch01_transformers.py",
        "ja\u202ene_ch01_transformers.py",
        "j" * 150 + "_ch01_transformers.py",
        "a:b_ch01_transformers.py",
    ],
)
def test_names_that_are_none(small: Catalog, handed_in: Path, name: str):
    put(handed_in, name)
    assert "name" in only_complaint(take_in(handed_in, small))


def test_a_name_that_is_no_text(small: Catalog, handed_in: Path):
    (handed_in / os.fsdecode(b"ja\xffne_ch01_transformers.py")).write_text(TEXT)
    (complaint,) = take_in(handed_in, small).complaints
    assert "name" in complaint.says
    assert complaint.where.encode() == b"ja\\udcffne_ch01_transformers.py"  # fit for a file and a database


def test_a_file_in_a_folder_with_an_odd_name_is_shown_plainly(small: Catalog, handed_in: Path):
    put(handed_in, "jane/\x1b[2J/ch01_transformers.py")
    assert who(take_in(handed_in, small)) == [("jane", "ch01_transformers", "jane/\\x1b[2J/ch01_transformers.py")]


def test_folders_without_end(small: Catalog, handed_in: Path):
    put(handed_in, "/".join("d" * 20) + "/ch01_transformers.py")
    put(handed_in, "bob_ch01_transformers.py")
    assert "folders deep" in only_complaint(take_in(handed_in, small))


def test_nothing_at_all(small: Catalog, handed_in: Path, tmp_path: Path):
    for path in (handed_in, put(tmp_path, "notes.txt"), tmp_path / "missing", tmp_path / "missing.zip"):
        with pytest.raises(CourseError):
            take_in(path, small)


def test_only_bad_files_is_a_report_and_no_error(small: Catalog, handed_in: Path):
    put(handed_in, "jane_ch01_transformers.py", b"\xff")
    assert len(take_in(handed_in, small).complaints) == 1


def test_an_archive_in_the_folder_is_not_opened(small: Catalog, handed_in: Path):
    put(handed_in, "jane.tar.gz", b"x")
    put(handed_in, "bob_ch01_transformers.py")
    assert "unpack it" in only_complaint(take_in(handed_in, small))
