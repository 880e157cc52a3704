"""The learner's state folder, `.course/`, and the one way in which files are written: whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from course_utils.catalog import CourseError


def state_folder(root: Path) -> Path:
    """`root/.course`, made if it isn't there. Raises OSError where it can't be made."""
    folder = root / ".course"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put `content` into `path`, so that a reader sees all of it or what was there before.

    Text is written as UTF-8, its line ends as given. Raises OSError with `path` as it was; the
    temporary file beside it is taken away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve() if path.is_symlink() else path
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode_for(path))
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def rewrite(path: Path, text: str) -> None:
    """Like `write_atomically`, for a learner's file: keeps its CRLF line ends. Raises CourseError with the remedy."""
    try:
        crlf = path.exists() and b"\r\n" in path.read_bytes()
        write_atomically(path, text.replace("\n", "\r\n") if crlf else text)
    except OSError as error:
        raise CourseError(f"{path} can't be written ({error.strerror}): free space or make it writable.") from None


def _mode_for(path: Path) -> int:
    """The permissions that `path` has, or those a new file would get."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
