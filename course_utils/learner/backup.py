"""Copies of what a learner wrote, kept in `.course/backups` before anything of theirs is overwritten."""

import os
import tempfile
import time
import warnings
from pathlib import Path

from course_utils.catalog import CourseError, course_root
from course_utils.learner.state import state_folder


def keep_copy(path: Path, root: Path | None = None) -> Path:
    """Copy `path` byte for byte and return where the copy lies, for example `.course/backups/ch01.20260131-142500.py`.

    Where the backup folder can't be written, the copy goes to the temporary folder and a warning says so. Raises
    CourseError when neither can be written: then nothing may be overwritten either.
    """
    try:
        content = path.read_bytes()
        return _copy(path, content, root or course_root())
    except OSError as error:
        raise CourseError(
            f"No copy of {path.name} can be kept ({error.strerror}), so it was left as it is: free some space first."
        ) from None


def keep_text(name: str, text: str, root: Path) -> Path:
    """Keep a text that no file holds, as `keep_copy` does; `name` is the file's (`layer_norm.py`), to get a date."""
    try:
        return _copy(Path(name), text.encode("utf-8", "backslashreplace"), root)
    except OSError as error:
        raise CourseError(f"No copy of your text can be kept ({error.strerror}): free some space first.") from None


def _copy(path: Path, content: bytes, root: Path) -> Path:
    try:
        folder = state_folder(root) / "backups"
        folder.mkdir(exist_ok=True)
        return _write_new(folder, path, content)
    except OSError as error:
        copy = _write_new(Path(tempfile.mkdtemp(prefix="glassbox-")), path, content)
        warnings.warn(f"The backup folder can't be written ({error.strerror}): the copy is {copy}.", stacklevel=2)
        return copy


def _write_new(folder: Path, path: Path, content: bytes) -> Path:
    """Write under the first free name; "x" never replaces an earlier copy."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 10_000):
        again = f"-{number}" if number > 1 else ""
        copy = folder / f"{path.stem}.{stamp}{again}{path.suffix}"
        try:
            with open(copy, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return copy
        except FileExistsError:
            continue
    raise FileExistsError(17, "too many copies in one second", str(folder))
