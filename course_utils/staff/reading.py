"""A class's results as a report reads them: from the folder that `course grade` wrote, changing nothing in it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from course_utils.catalog import CourseError
from course_utils.staff.results import NotAResult, Result
from course_utils.staff.store import DATABASE, FOLDER

_COUNTING = "SELECT json FROM class JOIN result USING (key, person, chapter) ORDER BY person, chapter"
_REFUSED = "SELECT name, says FROM refused ORDER BY place"
_HAS_PEOPLE = "SELECT 1 FROM sqlite_master WHERE name = 'refused_person'"
_PEOPLE = "SELECT person FROM refused_person ORDER BY person"


@dataclass(frozen=True)
class Read:
    """The results that count, and one line for each file that was not graded or could not be read."""

    results: tuple[Result, ...]  # by person, then by chapter
    complaints: tuple[str, ...]
    refused: tuple[str, ...] = ()  # the people whose files these are, where that is known


def read_results(folder: Path) -> Read:
    """The results in a folder: of its database, or, where only the JSON files were copied here, of those.

    Raises CourseError where there are neither, or the database can't be read.
    """
    if (folder / DATABASE).is_file():
        return _of_database(folder / DATABASE)
    files = sorted(folder.glob("*.json")) or sorted((folder / FOLDER).glob("*.json"))
    if not files:
        raise CourseError(f"There are no results in {folder}: `course grade SUBMISSIONS --out {folder}` makes them.")
    found = list(_of_files(files))
    results = sorted(
        (one for one in found if isinstance(one, Result)), key=lambda one: (one.graded.person, one.graded.chapter)
    )
    return Read(tuple(results), tuple(one for one in found if isinstance(one, str)))


def _of_database(path: Path) -> Read:
    try:
        database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=30)
        try:
            texts = [text for (text,) in database.execute(_COUNTING)]
            refused = [f"{name}: {says}" for name, says in database.execute(_REFUSED)]
            known = database.execute(_HAS_PEOPLE).fetchone()  # not in a database of an older course
            people = [person for (person,) in database.execute(_PEOPLE)] if known else []
        finally:
            database.close()
        return Read(tuple(Result.from_json(text) for text in texts), tuple(refused), tuple(people))
    except (sqlite3.Error, NotAResult) as error:
        remedy = "run the same `course grade` again, which mends it, or grade into another folder"
        raise CourseError(f"{path} can't be read ({error}): {remedy}.") from None


def _of_files(files: list[Path]) -> Iterator[Result | str]:
    for path in files:
        try:
            yield Result.from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, NotAResult) as error:
            yield f"{path.name} is no results file: {error}"
