"""A class's results on disk: one SQLite file that is the truth, and a JSON file a person and chapter made from it.

Tables of `class.sqlite`:
  result    every result ever made here, by a key over all that it follows from; `json` is the results file's text
  exercise  a result's exercises, one row each, for questions about the class
  class     which result counts now for a person and chapter, and which one counted before it
  refused   what was handed in last and couldn't be graded, with the reason
  refused_person  whose that is, where it is known
  meta      the version of these tables
A result and its rows are written in one transaction, so a run that is killed loses at most what was being graded.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from course_utils.catalog import CourseError
from course_utils.learner.state import write_atomically
from course_utils.staff.intake.files import Complaint
from course_utils.staff.results import SCHEMA, NotAResult, Provenance, Result

DATABASE = "class.sqlite"
FOLDER = "results"  # of the JSON files
ASIDE = "dropped"  # where those go that count no more
_VERSION = f"1.{SCHEMA}"
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS result (
    key TEXT PRIMARY KEY, person TEXT NOT NULL, chapter TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
    points INTEGER NOT NULL, max_points INTEGER NOT NULL, undecided INTEGER NOT NULL, passed INTEGER NOT NULL,
    exercises INTEGER NOT NULL, jail TEXT NOT NULL, course TEXT NOT NULL, checks TEXT NOT NULL, lock TEXT NOT NULL,
    seed TEXT NOT NULL, graded_at TEXT NOT NULL, seconds REAL NOT NULL, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS exercise (
    key TEXT NOT NULL REFERENCES result ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL,
    outcome TEXT NOT NULL, points INTEGER NOT NULL, max_points INTEGER NOT NULL, failed_check TEXT, belief TEXT,
    seconds REAL, PRIMARY KEY (key, name));
CREATE TABLE IF NOT EXISTS class (
    person TEXT NOT NULL, chapter TEXT NOT NULL, key TEXT NOT NULL REFERENCES result, previous TEXT,
    PRIMARY KEY (person, chapter));
CREATE TABLE IF NOT EXISTS refused (place INTEGER PRIMARY KEY, name TEXT NOT NULL, says TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused_person (person TEXT PRIMARY KEY);
"""


def key_of(person: str, chapter: str, sha256: str, suffix: str, seed: str, provenance: Provenance) -> str:
    """What a result is found by: all that it follows from, the jail aside (see `Store.found`)."""
    words = [SCHEMA, person, chapter, sha256, suffix, seed, provenance.compared()]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def file_name(person: str, chapter: str) -> str:
    """The name of a results file: the person as far as letters allow, and a mark where two could fall together."""
    plain = re.sub(r"[^a-z0-9._-]+", "_", person.lower())[:80]
    mark = "" if plain == person else "-" + hashlib.sha256(person.encode()).hexdigest()[:8]
    return f"{plain}{mark}.{chapter}.json"


@dataclass(frozen=True)
class Row:
    """What counts now for a person and chapter."""

    key: str
    previous: str | None
    result: Result


class Store:
    """The results of one class, a context manager. Used by one process at a time; others may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._db = sqlite3.connect(folder / DATABASE, timeout=30, isolation_level=None)
            self._db.executescript("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
            self._db.executescript(_TABLES)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?)", (_VERSION,))
            (version,) = self._db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        except sqlite3.Error as error:
            raise CourseError(f"{folder / DATABASE} can't be used ({error}): name another folder with --out.") from None
        if version != _VERSION:
            raise CourseError(
                f"{folder / DATABASE} was written by another version of the course: name another folder with --out."
            )

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let go of the file. What a damaged one gave rise to becomes a CourseError."""
        self._db.close()
        if isinstance(error, sqlite3.Error | NotAResult):
            where = self.folder / DATABASE
            raise CourseError(f"{where} is damaged ({error}): move it away, and grade again.") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise CourseError(f"{self.folder / DATABASE} can't be written ({error}): free space there.") from None

    def found(self, key: str) -> Result | None:
        """The result of this key, if there is one in which everything is decided."""
        row = self._db.execute("SELECT json FROM result WHERE key = ? AND undecided = 0", (key,)).fetchone()
        return Result.from_json(row[0]) if row else None

    def add(self, key: str, result: Result) -> None:
        """Keep a result, and let it count for its person and chapter; then write its file."""
        graded, totals, timing = result.graded, result.graded.totals, result.timing
        values = (
            key, graded.person, graded.chapter, graded.file, graded.sha256, totals.points, totals.max_points,
            totals.undecided, totals.passed, totals.exercises, graded.jail.level, graded.provenance.course,
            graded.provenance.checks, graded.provenance.lock, graded.seed, timing.graded_at, timing.seconds,
            result.to_json(),
        )  # fmt: skip
        rows = [
            (key, place, row.name, str(row.outcome), row.points, row.max_points, row.verdict.check, row.verdict.belief,
             timing.exercises.get(row.name))
            for place, row in enumerate(graded.exercises)
        ]  # fmt: skip
        with self._transaction():
            self._db.execute("DELETE FROM exercise WHERE key = ?", (key,))
            marks = ", ".join("?" * len(values))
            names = ", ".join(column[0] for column in self._db.execute("SELECT * FROM result LIMIT 0").description)
            updates = ", ".join(f"{name} = excluded.{name}" for name in names.split(", ")[1:])
            self._db.execute(f"INSERT INTO result VALUES ({marks}) ON CONFLICT (key) DO UPDATE SET {updates}", values)
            self._db.executemany("INSERT INTO exercise VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._count(graded.person, graded.chapter, key)
        self._write(result)

    def let_count(self, key: str, result: Result) -> None:
        """Let a result that is kept count (again); its file may be missing after a kill."""
        with self._transaction():
            self._count(result.graded.person, result.graded.chapter, key)
        self._write(result)

    def _count(self, person: str, chapter: str, key: str) -> None:
        self._db.execute(
            "INSERT INTO class VALUES (?, ?, ?, NULL) ON CONFLICT (person, chapter) DO UPDATE "
            "SET previous = key, key = excluded.key WHERE key != excluded.key",
            (person, chapter, key),
        )

    def _write(self, result: Result) -> None:
        path = self.folder / FOLDER / file_name(result.graded.person, result.graded.chapter)
        text = result.to_json()
        try:
            if not path.is_file() or path.read_bytes() != text.encode():
                write_atomically(path, text)
        except OSError as error:
            raise CourseError(f"{path} can't be written ({error.strerror}): free space there.") from None

    def drop(self, person: str, chapter: str) -> Path:
        """Let nothing count for a person and chapter. Its file is moved aside, and the database keeps the result."""
        with self._transaction():
            self._db.execute("DELETE FROM class WHERE person = ? AND chapter = ?", (person, chapter))
        path = self.folder / FOLDER / file_name(person, chapter)
        aside = self.folder / ASIDE / path.name
        try:
            if path.is_file():
                aside.parent.mkdir(exist_ok=True)
                path.replace(aside)
        except OSError as error:
            raise CourseError(f"{path} can't be moved to {aside} ({error.strerror}): move it yourself.") from None
        return aside

    def counting(self) -> dict[tuple[str, str], Row]:
        """What counts now, by person and chapter, in that order."""
        found = {}
        query = (
            "SELECT person, chapter, key, previous, json FROM class JOIN result USING (key, person, chapter) "
            "ORDER BY person, chapter"
        )
        for person, chapter, key, previous, text in self._db.execute(query):
            found[person, chapter] = Row(key, previous, Result.from_json(text))
        return found

    def by_key(self, key: str) -> Result | None:
        """A result that is kept, whether it counts or not."""
        row = self._db.execute("SELECT json FROM result WHERE key = ?", (key,)).fetchone()
        return Result.from_json(row[0]) if row else None

    def refuse(self, complaints: Iterable[Complaint]) -> None:
        """Note what of the present hand-in isn't graded, in place of what was noted before."""
        with self._transaction():
            found = list(complaints)
            for name in ("refused", "refused_person"):
                self._db.execute(f"DELETE FROM {name}")
            self._db.executemany("INSERT INTO refused (name, says) VALUES (?, ?)", [(c.where, c.says) for c in found])
            people = sorted({(c.person,) for c in found if c.person})
            self._db.executemany("INSERT INTO refused_person VALUES (?)", people)
