"""The files of a pair as they are read, and what they last agreed on, which `.course/pairs.json` keeps."""

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.authoring.cells import Cell, cells_of_notebook, cells_of_script, decode
from course_utils.catalog import Chapter, CourseError
from course_utils.learner.follow import identity
from course_utils.learner.merging import Rows, rows_of
from course_utils.learner.state import state_folder, write_atomically


@dataclass(frozen=True)
class PairFile:
    """One file of the pair as it was read."""

    path: Path
    content: bytes | None  # None: it isn't there, or it is empty

    @property
    def shown(self) -> str:
        return "/".join(self.path.parts[-3:])

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content or b"").hexdigest()

    def text(self) -> str:
        return decode(self.content or b"", self.shown)

    def cells(self) -> list[Cell]:
        text = self.text()
        return cells_of_notebook(text, self.shown) if self.path.suffix == ".ipynb" else cells_of_script(text)


def read_file(path: Path) -> PairFile:
    """Read one file of a pair. Raises CourseError for what is there but can't be read."""
    try:
        content = path.read_bytes()
        return PairFile(path, content if content.strip() else None)  # a file cut to nothing is no edit to follow
    except FileNotFoundError:
        return PairFile(path, None)
    except OSError as error:
        raise CourseError(
            f"{path} can't be read ({error.strerror}): make it a readable file, or move it away."
        ) from None


def document_digest(cells: list[Cell]) -> str:
    """A fingerprint of what a document says: kinds and texts of its cells, empty ones left out.

    >>> document_digest([Cell("code", "%time f()"), Cell("code", "")]) == document_digest([Cell("code", "# %time f()")])
    True
    """
    rows = [identity(cell.kind, cell.source) for cell in cells if cell.source.strip()]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def generated_cells(chapter: Chapter) -> list[Cell]:
    """The document as generated; empty where it can't be generated, so that nothing counts as unedited."""
    from course_utils.authoring.notebook import chapter_cells

    with contextlib.suppress(CourseError):
        return chapter_cells(chapter)
    return []


def chapter_rows(chapter: Chapter, cells: list[Cell]) -> Rows:
    """A key and a digest for each cell; see `rows_of`."""
    return rows_of(cells, [exercise.name for exercise in chapter.exercises])


def records(chapter: Chapter) -> dict[str, dict[str, Any]]:
    """What is kept of each chapter, by key; empty where it can't be understood."""
    try:
        found = json.loads((chapter.root / ".course" / "pairs.json").read_text(encoding="utf-8"))
        return {key: dict(value) for key, value in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def agreed_rows(record: dict[str, Any]) -> Rows:
    """The cells that the files last agreed on; none where the record doesn't tell, and then nothing can be merged."""
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        return [(str(key), str(digest)) for key, digest in (line.rsplit(":", 1) for line in record["cells"])]
    return []


def note(chapter: Chapter, cells: list[Cell]) -> None:
    """Remember what the files agree on. Where that can't be written, the next sync compares the documents again."""
    record = {
        "cells": [f"{key}:{digest}" for key, digest in chapter_rows(chapter, cells)],
        "document": document_digest(cells),
        "ipynb": read_file(chapter.notebook).digest,
        "py": read_file(chapter.script).digest,
    }
    text = json.dumps(records(chapter) | {chapter.key: record}, indent=1, sort_keys=True) + "\n"
    with contextlib.suppress(OSError):
        write_atomically(state_folder(chapter.root) / "pairs.json", text)
