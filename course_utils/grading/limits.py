"""A time limit inside one process: an alarm that raises in the judged code, so that its line is known.

It ends a Python loop, not a call into C that never returns: the command line's supervisor kills that from outside.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from course_utils.grading.verdict import TimeUp


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the block after `seconds`. Does nothing outside the main thread or without SIGALRM (Windows)."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(signum: int, frame: FrameType | None) -> None:
        # Again in a moment, for code that swallows the first one in a bare `except:`.
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
