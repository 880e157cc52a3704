"""The code cells of a learner's `.py` or `.ipynb`, with the line numbers that they have in the file."""

import json
import linecache
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from course_utils.authoring.magics import to_script
from course_utils.grading.frames import display_name
from course_utils.grading.verdict import NotLoadable

LARGEST_FILE = {".py": 2_000_000, ".ipynb": 50_000_000}  # bytes; a notebook holds its figures too
FARTHEST = 80  # columns into a line up to which a syntax error's caret is shown in its place
_CELL = re.compile(r"^# ?%%", re.MULTILINE)


def code_cells(path: Path, whole: bool = False, data: bytes | None = None) -> Iterator[tuple[str, str, int]]:
    """Each code cell: its file name for tracebacks, its source, and how many lines of the file stand before it.

    whole: as the file stands, a `.py` in one piece and a notebook's cells with their magics. That needs no parser of
    Python, to which a hostile text could be a great burden, so it is what is read where nothing confines the reader.
    data: what the file holds, where it isn't on this disk.
    Raises NotLoadable when the file can't be read.
    """
    shown = display_name(str(path))
    try:
        largest = LARGEST_FILE.get(path.suffix, LARGEST_FILE[".py"])
        if (path.stat().st_size if data is None else len(data)) > largest:
            step = "make the file smaller, then check again"
            raise NotLoadable(
                f"{shown} is larger than {largest // 1_000_000} MB: take out what isn't code.", next_step=step
            )
        text = (path.read_bytes() if data is None else data).decode("utf-8-sig")
    except FileNotFoundError:
        raise NotLoadable(f"{shown} is missing.", next_step=f"course reset {path.stem} writes it anew") from None
    except OSError as error:
        raise NotLoadable(
            f"{shown} can't be read: {error.strerror}.", next_step="mend that, then check again"
        ) from None
    except UnicodeDecodeError as error:
        step = "save it as UTF-8, then check again"
        raise NotLoadable(f"{shown} is not UTF-8 text (at byte {error.start}).", next_step=step) from None
    if "\0" in text:
        step = "save it as UTF-8, then check again"
        raise NotLoadable(f"{shown} holds null bytes, so it is no plain text.", next_step=step)
    text = text.replace("\r\n", "\n")
    if path.suffix == ".ipynb":
        yield from _notebook_cells(path, text, shown, magics=whole)
        return
    if whole:
        yield str(path), text, 0
        return
    starts = [0, *(match.start() for match in _CELL.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        cell = text[start:end]
        if not cell.startswith(("# %% [markdown]", "# %% [md]", "#%% [markdown]")):
            yield str(path), cell, text.count("\n", 0, start)


def _notebook_cells(path: Path, text: str, shown: str, magics: bool) -> Iterator[tuple[str, str, int]]:
    """magics: leave them as they are. A line has the same number either way."""
    try:
        cells = json.loads(text)["cells"]
        code = [(i, "".join(cell["source"])) for i, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        step = f"course reset {path.stem} writes it anew and keeps a copy"
        raise NotLoadable(f"{shown} is not a Jupyter notebook (JSON with cells).", next_step=step) from None
    for i, source in code:
        label = f"{path} (cell {i})"
        if not magics:
            source = to_script(source)
            linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
        yield label, source, 0


def syntax_error(error: SyntaxError, label: str, before_it: int = 0) -> NotLoadable:
    """What the learner reads: message, line and caret, in their file. before_it: lines that the cell stands below."""
    line = (error.text or "").rstrip("\n")
    indent = len(line) - len(line.lstrip())
    line, before = line.strip(), max((error.offset or 1) - 1 - indent, 0)
    if before > FARTHEST:  # bring the caret into view
        line, before = f"…{line[before - FARTHEST // 2 :]}", FARTHEST // 2 + 1
    code = f"{line}\n{' ' * before}^" if line else None
    where = f"line {(error.lineno or 1) + before_it} of {display_name(label)}"
    return NotLoadable(
        f"{type(error).__name__}: {error.msg}.", where, code, next_step="mend that line, then check again"
    )
