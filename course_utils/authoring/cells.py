"""Documents as cells: py:percent scripts and notebooks read into one record.

The reader follows jupytext's percent format, without jupytext: that import alone takes a third of a second, and
`course check` reads a document on every save. A test holds the two readers to the same cells.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_utils.authoring import magics
from course_utils.catalog import CourseError

Kind = Literal["markdown", "code", "raw"]
Role = Literal["prose", "code", "stub", "check", "help", "setup"]

_MARKER = re.compile(r"\s*#\s*%%%*(?:\s+(?P<options>.*))?")
_OPTION = re.compile(r"""(\w[\w-]*)\s*=\s*(\[[^\]]*\]|"[^"]*"|'[^']*'|\S+)""")
_HEADER_EDGE = re.compile(r"#\s*---\s*")
_QUOTED = re.compile(r"[rR]?(\"\"\"|''')\n?(.*?)\n?\1\s*", re.DOTALL)  # prose in a string, as some editors write it
_PREAMBLE = re.compile(r"#!|[ \t\f]*#.*?coding[:=][ \t]*[-_.a-zA-Z0-9]+")


@dataclass(frozen=True)
class Cell:
    """One cell. `source` has no comment marks in front of prose, and no blank lines at its end."""

    kind: Kind
    source: str
    tags: tuple[str, ...] = ()
    first_line: int = 1  # of the source, in the file that it was read from, counted from 1
    title: str = ""  # what stands after `# %%`
    exercise: str | None = None
    role: Role = "code"


def read_cells(path: Path) -> list[Cell]:
    """The cells of a `.py` or `.ipynb`.

    Raises CourseError for a file that isn't there, isn't UTF-8 text, or (`.ipynb`) isn't a notebook.
    """
    text = read_text(path)
    return cells_of_notebook(text, shown=path.name) if path.suffix == ".ipynb" else cells_of_script(text)


def read_text(path: Path) -> str:
    """The file's text with `\\n` line ends and no byte order mark. Raises CourseError when it can't be read."""
    try:
        return decode(path.read_bytes(), path.name)
    except OSError as error:
        raise CourseError(f"{path} can't be read ({error.strerror}). Is the name right?") from None


def decode(content: bytes, shown: str) -> str:
    """Bytes of a text file as `read_text` gives them. Raises CourseError when they aren't UTF-8."""
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise CourseError(f"{shown} isn't UTF-8 text (byte {error.start}): save it as UTF-8 in your editor.") from None


def split_header(text: str) -> tuple[str, str]:
    """The preamble and YAML header of a script, and the rest; the header is "" where there is none.

    >>> split_header("# ---\\n# jupyter: {}\\n# ---\\n\\n# %%\\nx = 1\\n")
    ('# ---\\n# jupyter: {}\\n# ---\\n', '\\n# %%\\nx = 1\\n')
    """
    lines = text.split("\n")
    start = 0
    while start < min(2, len(lines)) and _PREAMBLE.match(lines[start]):
        start += 1
    end = start
    if start < len(lines) and _HEADER_EDGE.fullmatch(lines[start]):
        for number in range(start + 1, len(lines)):
            if not lines[number].startswith("#"):
                break
            if _HEADER_EDGE.fullmatch(lines[number]):
                end = number + 1
                break
    length = sum(len(line) + 1 for line in lines[:end])
    return text[:length], text[length:]


def cells_of_script(text: str) -> list[Cell]:
    """The cells of a py:percent script; code before the first marker is a cell too.

    A marker inside a triple-quoted string is no marker, unless a string in the file is never closed: then every marker
    counts, so that one slip doesn't join all the cells after it. Code below prose, where its marker was forgotten, is a
    cell of its own: taken for prose it would be lost, as a comment, when the file is next written.
    """
    header, _ = split_header(text)
    begin = header.rstrip("\n").count("\n") + bool(header)
    lines = text.split("\n")
    *quoted, unclosed = magics.quoted_lines([*lines[begin:], ""])
    outside = [begin + i for i, inside in enumerate(quoted) if unclosed or not inside]
    marks = [i for i in outside if "%%" in lines[i] and _MARKER.fullmatch(lines[i])]
    cells = []
    before = lines[begin : marks[0] if marks else len(lines)]
    if any(line.strip() for line in before):
        cells.append(_cell("", before, begin + 1))
    for mark, end in zip(marks, [*marks[1:], len(lines)], strict=False):
        match = _MARKER.fullmatch(lines[mark])
        assert match
        cells.append(_cell(match["options"] or "", lines[mark + 1 : end], mark + 2))
        if cells[-1].kind == "markdown" and (code := _code_below_prose(lines, mark + 1, end)) < end:
            prose = _cell(match["options"] or "", lines[mark + 1 : code], mark + 2)
            cells[-1:] = [*([prose] if prose.source.strip() else []), _cell("", lines[code:end], code + 1)]
    return cells


def _code_below_prose(lines: list[str], begin: int, end: int) -> int:
    """Where code begins in the lines of a markdown cell (all from 0); `end` where there is none."""
    if _QUOTED.fullmatch("\n".join(lines[begin:end]).rstrip()):
        return end
    return next((i for i in range(begin, end) if lines[i].strip() and not lines[i].lstrip().startswith("#")), end)


def _cell(options: str, lines: list[str], first_line: int) -> Cell:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    settings = dict(_OPTION.findall(options))
    title = _OPTION.sub("", options)
    kind: Kind = "markdown" if re.search(r"\[(markdown|md)\]", title) else "raw" if "[raw]" in title else "code"
    title = re.sub(r"\[(markdown|md|raw)\]", "", title).strip()
    source = magics.to_notebook("\n".join(lines)) if kind == "code" else _uncomment(lines)
    if "language" in settings:  # how jupytext writes a %%bash cell
        source = f"%%{_literal(settings['language'])}\n{_uncomment(lines)}"
    found = _literal(settings.get("tags", "[]"))
    tags = tuple(str(tag) for tag in found) if isinstance(found, list) else ()
    return Cell(kind, source, tags, first_line, title, role="code" if kind == "code" else "prose")


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _uncomment(lines: list[str]) -> str:
    if quoted := _QUOTED.fullmatch("\n".join(lines)):
        return str(quoted[2])
    return "\n".join(line[2:] if line[:2] == "# " else line.removeprefix("#") for line in lines)


def cells_of_notebook(text: str, shown: str = "The notebook") -> list[Cell]:
    """The cells of an `.ipynb`. `first_line` counts lines of source over all cells, as if they were joined."""
    cells = []
    line = 1
    for raw in load_notebook(text, shown)["cells"]:
        source = source_of_cell(raw).rstrip("\n")
        tags = tuple(raw.get("metadata", {}).get("tags", ()))
        cells.append(Cell(raw["cell_type"], source, tags, line, role="code" if raw["cell_type"] == "code" else "prose"))
        line += source.count("\n") + 1
    return cells


def load_notebook(text: str, shown: str = "The notebook") -> dict:
    """The notebook's JSON, checked as far as we use it.

    Raises CourseError for text that isn't JSON and for JSON that isn't a notebook of format 4.
    """
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        raise CourseError(
            f"{shown} is not a notebook: its text isn't JSON{where}. "
            "Mend it, or delete it: it is made again from the .py."
        ) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4 or not all(_is_cell(cell) for cell in cells):
        raise CourseError(
            f"{shown} is not a notebook of format 4. "
            "Save it again with Jupyter, or delete it: it is made again from the .py."
        )
    return notebook


def _is_cell(cell: object) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("markdown", "code", "raw")
        and isinstance(cell.get("source", ""), str | list)
        and isinstance(cell.get("metadata", {}), dict)
    )


def source_of_cell(raw: dict) -> str:
    """The text of a notebook's cell, which the format may hold as one string or as lines."""
    source = raw.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def code_cells(cells: list[Cell]) -> Iterator[Cell]:
    """Only the code."""
    return (cell for cell in cells if cell.kind == "code")
