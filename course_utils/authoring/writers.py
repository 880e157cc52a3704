"""Cells written as a py:percent script or as a notebook: the same cells always give the same bytes.

No date, no version and no random id goes in. A script's first line says what it was made from and doubles as its
encoding line (PEP 263): that is the one kind of line that jupytext allows, and keeps, above its header.
"""

import hashlib
import json
from itertools import count

from course_utils.authoring import magics
from course_utils.authoring.cells import Cell

_HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
"""
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_TOP = ("def ", "async ", "class ")


def first_line(source: str) -> str:
    """The line that opens a generated script, for `source` such as "solutions/ch01_transformers.py"."""
    return f"# Generated from {source} by `course build`; yours to edit. -*- coding: utf-8 -*-"


def script_header(source: str) -> str:
    """The first line and jupytext's pairing header."""
    return f"{first_line(source)}\n{_HEADER}"


def write_script(cells: list[Cell], header: str) -> str:
    """The script of these cells below `header` (see `script_header`; "" leaves it out), in jupytext's spacing."""
    blocks = [_block(cell) for cell in cells]
    lines: list[str] = []
    for block in reversed(blocks):
        lines = [*block, *[""] * _blank_lines(block, lines), *lines] if lines else block
    return header + ("\n" if header else "") + "\n".join(lines) + "\n"


def _block(cell: Cell) -> list[str]:
    kind = "" if cell.kind == "code" else f"[{cell.kind}]"
    tags = f"tags={json.dumps(list(cell.tags))}" if cell.tags else ""
    mark = " ".join(filter(None, ("# %%", cell.title, kind, tags)))
    if not cell.source:
        return [mark]
    if cell.kind == "code":
        return [mark, *magics.to_script(cell.source).split("\n")]
    return [mark, *(f"# {line}" if line else "#" for line in cell.source.split("\n"))]


def _blank_lines(block: list[str], rest: list[str]) -> int:
    """One line between cells; two after a definition that code follows, and between code and a definition."""
    if _ends_in_definition(block):
        return 2 if _code_follows(rest) else 1
    ends_in_code = bool(block[-1].strip()) and not block[-1].startswith("#")
    return 2 if ends_in_code and _starts_with_definition(rest) else 1


def _ends_in_definition(block: list[str]) -> bool:
    outside = [line for line, quoted in zip(block, magics.quoted_lines(block), strict=True) if not quoted][::-1]
    for number, line in enumerate(outside):
        if not line.strip():
            if number and not outside[number - 1].strip():
                return False
        elif not line.startswith(("#", " ", ")")):
            return line.startswith(_TOP)
    return False


def _starts_with_definition(lines: list[str]) -> bool:
    for number, (line, quoted) in enumerate(zip(lines, magics.quoted_lines(lines), strict=True)):
        if quoted:
            continue
        if not line.strip():
            if number and not lines[number - 1].strip():
                return False
        elif line.startswith(_TOP):
            return True
        elif not line.startswith(("#", "@", " ", ")")):
            return False
    return False


def _code_follows(lines: list[str]) -> bool:
    for number, line in enumerate(lines):
        if not line.strip():
            if number and not lines[number - 1].strip():
                return False
        elif not line.strip().startswith("#"):
            return True
    return False


def write_notebook(cells: list[Cell], source: str) -> str:
    """The notebook of these cells (format 4.5, no outputs), made from `source` ("solutions/ch01_transformers.py")."""
    used: set[str] = set()
    metadata = {
        "colab": {"provenance": []},
        "generated_from": source,
        "jupytext": {"encoding": first_line(source), "formats": "ipynb,py:percent"},
        "kernelspec": _KERNEL,
        "language_info": {"name": "python"},
    }
    raw = [notebook_cell(cell, new_id(cell, used)) for cell in cells]
    return dump_notebook({"cells": raw, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def new_id(cell: Cell, used: set[str]) -> str:
    """An id from the cell's content that isn't among `used`, to which it is added."""
    digest = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:10]
    candidates = (digest if number == 1 else f"{digest}-{number}" for number in count(1))
    identity = next(candidate for candidate in candidates if candidate not in used)
    used.add(identity)
    return identity


def notebook_cell(cell: Cell, identity: str | None) -> dict:
    """The JSON of one cell without outputs; format 4.4 and earlier have no id."""
    raw: dict = {"cell_type": cell.kind, "metadata": {"tags": list(cell.tags)} if cell.tags else {}}
    raw |= {} if identity is None else {"id": identity}
    raw |= {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    return raw | {"source": source_lines(cell.source)}


def source_lines(source: str) -> list[str]:
    """A cell's text as the list of lines that the format stores."""
    parts = source.split("\n")
    return [*(f"{line}\n" for line in parts[:-1]), *filter(None, parts[-1:])]


def dump_notebook(notebook: dict) -> str:
    """The notebook as Jupyter itself writes it: one line a line of source, so that a diff can be read."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"
