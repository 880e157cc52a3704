"""Fingerprints of the exercises in a learner's file: what a verdict was about, and whether it still is."""

import ast
import contextlib
import hashlib
import re
from pathlib import Path

from course_utils.catalog import Chapter, CourseError

DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)


def digest_of(source: str | None) -> str | None:
    """A short fingerprint of an exercise's source; comments, docstrings and blank space don't count.

    >>> digest_of("def f():\\n    pass\\n\\n") == digest_of("def f():  # why\\n\\n    pass")
    True
    """
    if source is None:
        return None
    return hashlib.sha256(_what_runs(source).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _what_runs(source: str) -> str:
    """The source as its syntax tree has it, without docstrings; as written where it doesn't parse."""
    try:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node):
                del node.body[0]
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "\n".join(line.rstrip() for line in source.strip().splitlines())


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
