"""Zips as they come from learning platforms, and lists: nothing in them is believed."""

import json
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from course_utils.catalog import Catalog, CourseError
from course_utils.staff.intake import take_in

from .test_intake import TEXT, only_complaint, put, who

GOOD = "bob_ch01_transformers.py"


def zipped(path: Path, entries: dict[str, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../jane_ch01_transformers.py",
        "x/../../jane_ch01_transformers.py",
        "/etc/jane_ch01_transformers.py",
        "C:/jane_ch01_transformers.py",
        "..\\jane_ch01_transformers.py",
    ],
)
def test_names_that_lead_out(small: Catalog, tmp_path: Path, name: str):
    intake = take_in(zipped(tmp_path / "all.zip", {name: TEXT, GOOD: TEXT}), small)
    assert "name" in only_complaint(intake)
    assert who(intake) == [("bob", "ch01_transformers", GOOD)]


def test_a_null_byte_in_a_name(small: Catalog, tmp_path: Path):
    path = zipped(tmp_path / "all.zip", {"jane_ch01Xtransformers.py": TEXT, GOOD: TEXT})
    path.write_bytes(path.read_bytes().replace(b"ch01X", b"ch01\0"))
    intake = take_in(path, small)
    assert "null byte" in only_complaint(intake)
    assert who(intake) == [("bob", "ch01_transformers", GOOD)]


@pytest.mark.parametrize(
    ("name", "size"), [("jane_ch01_transformers.py", 1_900_000), ("jane_ch01_transformers.ipynb", 49_000_000)]
)
def test_what_unpacks_to_far_more_than_it_was(small: Catalog, tmp_path: Path, name: str, size: int):
    intake = take_in(zipped(tmp_path / "all.zip", {name: b" " * size, GOOD: TEXT}), small)
    assert "200 times its size" in only_complaint(intake)
    assert who(intake) == [("bob", "ch01_transformers", GOOD)]


def test_what_is_too_large(small: Catalog, tmp_path: Path):
    path = zipped(tmp_path / "all.zip", {"jane_ch01_transformers.py": b" " * 100_000_000, GOOD: TEXT})
    assert "larger than 2 MB" in only_complaint(take_in(path, small))


def test_an_entry_that_lies_about_its_size(small: Catalog, tmp_path: Path):
    """The table says 100 bytes; 64 MB come out. No more is unpacked than was said."""
    path = zipped(tmp_path / "all.zip", {"jane_ch01_transformers.py": b" " * 64_000_000, GOOD: TEXT})
    data = path.read_bytes().replace(struct.pack("<I", 64_000_000), struct.pack("<I", 100))
    path.write_bytes(data)
    intake = take_in(path, small)
    assert "damaged" in only_complaint(intake)
    assert who(intake) == [("bob", "ch01_transformers", GOOD)]


def test_more_entries_than_a_class_has(small: Catalog, tmp_path: Path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(51_000):
            archive.writestr(zipfile.ZipInfo(f"{i}.txt"), b"")
    with pytest.raises(CourseError, match="more than 50000 files"):
        take_in(path, small)


def test_more_entries_than_the_end_of_the_archive_says(small: Catalog, tmp_path: Path):
    """Their number stands in the archive twice where it is large, and may say two different things."""
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(GOOD, TEXT)
        for i in range(70_000):
            archive.writestr(zipfile.ZipInfo(f"{i}.txt"), b"")
    data = bytearray(path.read_bytes())
    struct.pack_into("<HH", data, data.rfind(b"PK\x05\x06") + 8, 1, 1)
    path.write_bytes(data)
    with pytest.raises(CourseError, match="more than 50000 files"):
        take_in(path, small)


def test_a_table_of_contents_that_is_too_large_is_not_loaded(small: Catalog, tmp_path: Path, monkeypatch):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(GOOD, TEXT)
        for i in range(40):
            entry = zipfile.ZipInfo(f"{i}.txt")
            entry.comment = b"x" * 60_000
            archive.writestr(entry, b"")
    monkeypatch.setattr("course_utils.staff.intake.archive.MOST_CONTENTS", 1 << 20)
    with pytest.raises(CourseError, match="more than 50000 files"):
        take_in(path, small)


def test_a_large_file_in_a_zip_is_read_all_the_same(small: Catalog, tmp_path: Path):
    book = json.dumps({"cells": [{"cell_type": "code", "source": TEXT, "outputs": ["x" * (20 << 20)]}]})
    path = zipped(tmp_path / "all.zip", {"bob_ch01_transformers.ipynb": book}, zipfile.ZIP_STORED)
    assert who(take_in(path, small)) == [("bob", "ch01_transformers", "bob_ch01_transformers.ipynb")]


def test_a_zip_in_the_zip_is_not_opened(small: Catalog, tmp_path: Path):
    inner = zipped(tmp_path / "inner.zip", {"jane_ch01_transformers.py": TEXT})
    intake = take_in(zipped(tmp_path / "all.zip", {"inner.zip": inner.read_bytes(), GOOD: TEXT}), small)
    assert "unpack it" in only_complaint(intake)


def test_links_and_devices_in_a_zip(small: Catalog, tmp_path: Path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, kind in enumerate((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR)):
            info = zipfile.ZipInfo(f"p{number}_ch01_transformers.py")
            info.external_attr = (kind | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
        archive.writestr(GOOD, TEXT)
    intake = take_in(path, small)
    assert len(intake.complaints) == 3
    assert all("link or a device" in str(complaint) for complaint in intake.complaints)
    assert who(intake) == [("bob", "ch01_transformers", GOOD)]


def test_a_password(small: Catalog, tmp_path: Path):
    path = zipped(tmp_path / "all.zip", {"jane_ch01_transformers.py": TEXT}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    assert "encrypted" in only_complaint(take_in(path, small))


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing(small: Catalog, tmp_path: Path, packing: int):
    assert "unusual" in only_complaint(take_in(zipped(tmp_path / "all.zip", {GOOD: TEXT}, packing), small))


def test_a_damaged_entry(small: Catalog, tmp_path: Path):
    path = zipped(tmp_path / "all.zip", {"jane_ch01_transformers.py": TEXT, GOOD: TEXT}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"x + x", b"x - x", 1))
    intake = take_in(path, small)
    assert "damaged" in only_complaint(intake)
    assert len(intake.submissions) == 1


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"hello" * 100, b"PK\x05\x06" + b"\0" * 5, b"PK\x05\x06" + b"\xff" * 18]
)
def test_what_is_no_zip(small: Catalog, tmp_path: Path, content: bytes):
    with pytest.raises(CourseError, match="zip"):
        take_in(put(tmp_path, "all.zip", content), small)


def test_a_zip_cut_short(small: Catalog, tmp_path: Path):
    path = zipped(tmp_path / "all.zip", {GOOD: TEXT})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CourseError, match="not all of it"):
        take_in(path, small)


def test_what_a_mac_puts_into_a_zip_is_passed_over(small: Catalog, tmp_path: Path):
    entries = {"__MACOSX/._bob_ch01_transformers.py": b"\xff\0", ".DS_Store": b"", "class/": b"", f"class/{GOOD}": TEXT}
    assert who(take_in(zipped(tmp_path / "all.zip", entries), small)) == [("bob", "ch01_transformers", f"class/{GOOD}")]


# Lists


def listed(folder: Path, *rows: str, header: str = "person,path,chapter") -> Path:
    put(folder, "a.py")
    put(folder, GOOD)
    return put(folder, "list.csv", "\n".join([header, *rows]) + "\n")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("jane,missing_ch01.py,", "can't be read"),
        ("jane,,ch01", "no path"),
        (",a.py,ch01", "no person"),
        ("jane", "no path"),
        ("jane,a.py,ch01,more", "more values"),
        ("jane,a.py,ch09", "no chapter of this course"),
        ("jane,../a.py,ch01", "stay in its folder"),
        ("jane,/etc/passwd.py,ch01", "stay in its folder"),
        ("jane,C:\\a.py,ch01", "stay in its folder"),
        ("jane,list.csv,ch01", "neither .py nor .ipynb"),
        ("../jane,a.py,ch01", "signs in its name"),
        ("...,a.py,ch01", "without a name"),
        ('"jane,a.py,ch01', "no row of a CSV"),
        ("jane,a\0.py,ch01", "null"),
    ],
)
def test_odd_rows(small: Catalog, handed_in: Path, row: str, says: str):
    intake = take_in(listed(handed_in, f"bob,{GOOD},", row), small)
    assert says in only_complaint(intake)
    assert who(intake) == [("bob", "ch01_transformers", GOOD)]


def test_what_a_spreadsheet_writes(small: Catalog, handed_in: Path):
    path = listed(handed_in, "Doe; Jane", header="x")
    path.write_bytes("\ufeffPerson;Path;Chapter;Mail\r\nDoe, Jane;a.py;ch01;x@y\r\n\r\n".encode())
    assert who(take_in(path, small)) == [("Doe, Jane", "ch01_transformers", "a.py")]


def test_a_list_without_names_of_columns(small: Catalog, handed_in: Path):
    with pytest.raises(CourseError, match="person,path"):
        take_in(listed(handed_in, header="jane,a.py"), small)


def test_a_link_that_a_list_points_to(small: Catalog, handed_in: Path):
    path = listed(handed_in, "jane,l.py,ch01")
    (handed_in / "l.py").symlink_to("/etc/passwd")
    assert "can't be read" in only_complaint(take_in(path, small))
