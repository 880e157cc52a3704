"""A results folder held by one command at a time."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from course_utils.catalog import CourseError


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold the results folder for this process alone. The lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        file = open(out / ".lock", "a")  # noqa: SIM115
    except OSError as error:
        raise CourseError(f"{out} can't be written ({error.strerror}): name another folder with --out.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(
                f"Another `course grade` is at work in {out}: wait for it, or name another --out."
            ) from None
        yield
