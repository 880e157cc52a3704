"""Single keys from a terminal, without waiting for Return and without blocking."""

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Keys = Callable[[], str]


@contextmanager
def pressed_keys() -> Iterator[Keys | None]:
    """A function that gives the keys pressed since it was last called; None where stdin is no terminal."""
    if not sys.stdin.isatty():
        yield None
        return
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield _windows_keys
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)  # Ctrl-C still works
        yield lambda: _waiting(fd)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _waiting(fd: int) -> str:
    return os.read(fd, 64).decode(errors="ignore") if select.select([fd], [], [], 0)[0] else ""


def _windows_keys() -> str:
    import msvcrt

    found = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined]
        found += msvcrt.getwch()  # type: ignore[attr-defined]
    return found
