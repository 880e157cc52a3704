"""Which line of *their* file an exception came from. Our frames, torch's and the standard library's are never shown."""

import linecache
import re
import sys
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_ROOT = Path(__file__).resolve().parents[2]
_OURS = tuple(str(_ROOT / folder) for folder in ("course_utils", ".venv")) + tuple(
    str(Path(sysconfig.get_path(key))) for key in ("stdlib", "platstdlib", "purelib", "platlib")
)
_OURS += tuple(folder for folder in sys.path if (Path(folder) / "torch").is_dir())  # behind a wall: somewhere else
_CHECK_FILE = re.compile(r"/tests/ch\d\d_\w+/test_\w+\.py$")
REFERENCE = "<reference"  # file names of code compiled by the grader itself begin so


@dataclass(frozen=True)
class Place:
    """A line of the learner's file."""

    text: str  # "line 143 of chapters/ch01_transformers/ch01_transformers.py, in forward"
    code: str  # the line itself, stripped


@dataclass(frozen=True)
class Elsewhere:
    """What another process says of an exception that was raised there: it is the attribute `elsewhere` of ours."""

    place: Place | None  # the innermost line of the learner's code
    line: str  # as `crash.message_of` says it there
    sentence: str  # as `crash.crash_sentence`


def elsewhere(error: BaseException) -> Elsewhere | None:
    """Where the exception really comes from, if it was raised in another process."""
    found = getattr(error, "elsewhere", None)
    return found if isinstance(found, Elsewhere) else None


def is_theirs(filename: str) -> bool:
    """Whether a code object with this file name belongs to the learner."""
    if filename.startswith(("<frozen", "<string", "<__array_function__", REFERENCE)):
        return False
    if "/site-packages/" in filename or "/dist-packages/" in filename:
        return False
    return not filename.startswith(_OURS) and not _CHECK_FILE.search(filename)


def where_in_theirs(error: BaseException) -> Place | None:
    """The innermost line of the learner's code in the traceback, or None when none of it took part."""
    if there := elsewhere(error):
        return there.place
    return innermost(error.__traceback__)


def innermost(tb: TracebackType | None) -> Place | None:
    """Like `where_in_theirs`, from a traceback."""
    last = innermost_frame(tb)
    return place(last.filename, last.lineno or 0, last.name) if last else None


def innermost_frame(tb: TracebackType | None) -> traceback.FrameSummary | None:
    """The innermost frame of the learner's code in a traceback."""
    frames = [frame for frame in traceback.extract_tb(tb) if is_theirs(frame.filename)]
    return frames[-1] if frames else None


def place(filename: str, line: int, function: str) -> Place:
    """Describe a line; paths are shown relative to the course, a notebook's cell as a cell."""
    text = f"line {line} of {display_name(filename)}"
    if function not in ("<module>", "<lambda>"):
        text += f", in {function}"
    return Place(text, linecache.getline(filename, line).strip())


def display_name(filename: str) -> str:
    """How a file name is shown: relative to the course's root where it lies under it.

    >>> display_name(str(_ROOT / "chapters" / "ch01_x" / "ch01_x.py"))
    'chapters/ch01_x/ch01_x.py'
    """
    if "ipykernel" in filename or filename.startswith("<ipython-input"):
        return "your cell"
    for root in (_ROOT, Path.cwd()):
        if filename.startswith(f"{root}/"):
            return filename[len(str(root)) + 1 :]
    return filename
