"""Fingerprints of the exercises in a learner's file: what a verdict was about, and whether it still is."""

import contextlib
import hashlib
import re
from pathlib import Path

from course_utils.catalog import Chapter, CourseError

DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)


def digest_of(source: str | None) -> str | None:
    """A short fingerprint of an exercise's source; blank space at the ends of lines doesn't count.

    >>> digest_of("def f():\\n    pass\\n\\n") == digest_of("def f():  \\n    pass")
    True
    """
    if source is None:
        return None
    lines = [line.rstrip() for line in source.strip().splitlines()]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def digests(chapter: Chapter, path: Path | None = None) -> dict[str, str]:
    """The fingerprint of each exercise in the learner's file (default: the chapter's `.py`).

    What isn't there, or can't be parsed, is left out. Only the cells that define an exercise are parsed, since
    `course list` asks this of every chapter.
    """
    from course_utils.authoring.cells import code_cells, read_cells
    from course_utils.authoring.stub import source_of

    found: dict[str, str] = {}
    with contextlib.suppress(CourseError):
        for cell in reversed(list(code_cells(read_cells(path or chapter.script)))):
            defined = set(DEFINITION.findall(cell.source))
            for exercise in chapter.exercises:
                if exercise.name in defined - found.keys():
                    digest = digest_of(source_of(cell.source, exercise.name))
                    found |= {exercise.name: digest} if digest else {}
    return found
