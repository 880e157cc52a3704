"""A CSV that says whose each file is: columns person, path and, if need be, chapter."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_utils.catalog import CourseError
from course_utils.staff.intake.files import Complaint, Found, Refused, is_wanted, read_file

LARGEST_LIST = 20_000_000  # bytes
MOST_ROWS = 50_000
_COLUMNS = {"person", "path", "chapter"}


@dataclass(frozen=True)
class Row:
    """A row that names a file."""

    person: str
    found: Found
    chapter: str  # "" where the file says it


def rows_of(path: Path) -> Iterator[Row | Complaint]:
    """The rows of a list, and a complaint for each that can't be used. Raises CourseError for no such list at all."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_LIST + 1)
    except OSError as error:
        raise CourseError(f"{path} can't be read: {error.strerror}.") from None
    if len(content) > LARGEST_LIST:
        raise CourseError(f"{path} is larger than {LARGEST_LIST // 1_000_000} MB: is it the list?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8 text: save it as CSV UTF-8.") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # some spreadsheets write semicolons
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [(name or "").strip().lower() for name in reader.fieldnames or []]
    if not {"person", "path"} <= set(header) or len(set(header)) < len(header):
        raise CourseError(f"{path} must begin with a row that names the columns: person,path or person,path,chapter.")
    reader.fieldnames = header
    yield from _rows(reader, path)


def _rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[Row | Complaint]:
    rows = iter(reader)
    for _ in range(MOST_ROWS):
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Complaint(f"{path.name}, line {reader.line_num}", f"is no row of a CSV ({error}): mend it.")
            continue
        where = f"{path.name}, line {reader.line_num}"
        try:
            yield _row(row, path.parent)
        except Refused as why:
            yield Complaint(where, str(why))
    yield Complaint(path.name, f"has more than {MOST_ROWS} rows: only the first {MOST_ROWS} were looked at.")


def _row(row: dict[str, str], folder: Path) -> Row:
    if None in row:  # where DictReader puts what is too much
        raise Refused("has more values than the first row names: a comma in a value needs quotation marks around it.")
    values = {key: (value or "").strip() for key, value in row.items() if key in _COLUMNS}
    for key in ("person", "path"):
        if not values[key]:
            raise Refused(f"has no {key}: fill it in or take the row out.")
    name = values["path"].replace("\\", "/")
    parts = tuple(part for part in PurePosixPath(name).parts if part != ".")
    if "\0" in name:
        raise Refused("has a null byte in its path: mend it.")
    if name.startswith("/") or name[1:2] == ":" or ".." in parts:
        raise Refused(f"points to {name}: paths are relative to the list, and stay in its folder.")
    if not parts or not is_wanted(parts[-1]):
        raise Refused(f"points to {name}, which is neither .py nor .ipynb: name the learner's file.")
    return Row(values["person"], Found(parts, lambda: read_file(folder, parts)), values.get("chapter", ""))
