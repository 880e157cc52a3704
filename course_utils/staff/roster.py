"""Who should hand in: the people of a CSV file."""

import csv
from pathlib import Path

from course_utils.catalog import CourseError

_PERSON_HEADS = ("person", "email", "id", "student", "name")


def read_roster(path: Path) -> tuple[str, ...]:
    """The people of a CSV file: its column "person" (or email, id, student, name), else its first column.

    Raises CourseError for a file that can't be read or names nobody.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"The roster {path} can't be read ({error}): give a CSV file in UTF-8.") from None
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    known = next((head for head in _PERSON_HEADS if head in heads), None)
    column = heads.index(known) if known else 0
    people = [row[column].strip() for row in (rows[1:] if known else rows) if len(row) > column and row[column].strip()]
    if not people:
        raise CourseError(f"The roster {path} names nobody: give a CSV file with a column “person”.")
    return tuple(dict.fromkeys(people))
