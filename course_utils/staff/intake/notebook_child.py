"""Cuts a notebook on stdin down to its code, on stdout. Run as a script, by itself, for the notebook is anybody's.

Cells that hold no code stay as empty ones, so that "cell 12" is the same cell in both.
"""

import json
import sys

MEMORY = 1 << 30  # bytes of address space
SECONDS = 20  # of processor time
MOST_CELLS = 5000


def code_only(text: str) -> str:
    """The notebook with nothing but the sources of its code cells. Raises ValueError for what is no notebook."""
    notebook = json.loads(text)
    cells = notebook["cells"] if isinstance(notebook, dict) and isinstance(notebook.get("cells"), list) else None
    if cells is None or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError("it has no cells")
    if len(cells) > MOST_CELLS:
        raise ValueError(f"it has more than {MOST_CELLS} cells")
    return json.dumps({"cells": [_cut(cell) for cell in cells]})


def _cut(cell: dict[str, object]) -> dict[str, str]:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    words = [line for line in lines if isinstance(line, str)]
    if cell.get("cell_type") != "code" or len(words) < len(lines):
        return {"cell_type": "markdown", "source": ""}
    return {"cell_type": "code", "source": "".join(words)}


def main() -> None:
    """Exit status 1 and one line on stderr when it can't be done."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except ImportError:  # Windows
        pass
    try:
        sys.stdout.write(code_only(sys.stdin.buffer.read().decode("utf-8-sig")))
    except RecursionError:
        sys.exit("it is nested too deep")
    except MemoryError:
        sys.exit("it needs too much memory")
    except UnicodeDecodeError:
        sys.exit("it is not UTF-8 text")
    except ValueError as error:
        sys.exit(str(error)[:200])


if __name__ == "__main__":
    main()
