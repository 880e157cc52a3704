"""The text that is graded, out of a file's bytes: Python as it is, a notebook cut down to its code."""

import json
import subprocess
import sys
from pathlib import Path

from course_utils.staff.intake import notebook_child
from course_utils.staff.intake.files import LARGEST, Refused, refuse_large

PATIENCE = 60.0  # seconds for cutting down a notebook of the largest size on a busy machine


def text_of(content: bytes, suffix: str) -> str:
    """What goes into the jail. Raises Refused for bytes that are no text, and for a notebook that is none."""
    if suffix == ".ipynb":
        return _code_of_notebook(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 text (at byte {error.start}): save it as UTF-8.") from None
    if "\0" in text:
        raise Refused("holds null bytes, so it is no plain text: save it as UTF-8.")
    return text


def _code_of_notebook(content: bytes) -> str:
    """Parsed in a process of its own, under limits of memory and time: JSON can be made to need much of either."""
    child = Path(notebook_child.__file__)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(child)], input=content, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise Refused("is a notebook that can't be read in reasonable time: hand in the .py.") from None
    if done.returncode != 0:
        why = (done.stderr.decode(errors="replace").strip().splitlines() or ["it needs too much memory or time"])[-1]
        raise Refused(f"is not a notebook that can be read ({why}): save it again in Jupyter, or hand in the .py.")
    refuse_large(len(done.stdout), 3 * LARGEST[".py"])  # JSON writes some letters with six
    return done.stdout.decode("ascii")


def code_lines(text: str, suffix: str, *, bare: bool = False) -> str:
    """The code in a text that `text_of` gave.

    bare: without comments, magics and empty lines, so that a script and the notebook it is paired with give the same.
    """
    code = text
    if suffix == ".ipynb":
        code = "\n".join(cell["source"] for cell in json.loads(text)["cells"])
    if not bare:
        return code
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line and line[0] not in "#%!?")
