"""What an exception says to the learner: its type and message, and the remedy where the type tells it. No torch."""

import re
import traceback
from collections.abc import Collection

from course_utils.grading.frames import elsewhere
from course_utils.grading.names import remedy_for_name

_OUT_OF_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory|Cannot allocate memory", re.I)
_STUB = re.compile(r"([A-Za-z_]\w*)(\.\w+)?")


def crash_sentence(exercise: str, error: BaseException, skipped: Collection[str]) -> str:
    """The sentence on an exception in the learner's code.

    skipped: names that their file binds in demonstration cells, which a check does not run.
    """
    if there := elsewhere(error):
        return there.sentence
    kind = type(error)
    if isinstance(error, SystemExit):
        return "Your code called exit(), which ends the whole program: take it out, and `return` instead."
    if isinstance(error, KeyboardInterrupt):
        return "The check was interrupted while your code ran: check again."
    if isinstance(error, RecursionError):
        return f"RecursionError: {exercise} calls itself without end: is there a case in which it stops?"
    if kind.__module__ == "bdb" or (kind is EOFError and "EOF when reading" in text_of(error)):
        return f"{kind.__name__}: a check can't be paused: take breakpoint() and input() out."
    if kind is AssertionError and not text_of(error):
        return "AssertionError: your own `assert` does not hold for these values."
    message = message_of(error)
    if kind is NameError and isinstance(error, NameError) and (remedy := remedy_for_name(error, skipped, exercise)):
        return f"{message}{remedy}"
    return message


def text_of(error: BaseException) -> str:
    """`str(error)`, or nothing where the learner's own `__str__` fails."""
    try:
        return str(error)
    except Exception:
        return ""


def message_of(error: BaseException) -> str:
    """The type and message of an exception, in one line of at most 300 characters."""
    if there := elsewhere(error):
        return there.line
    if type(error) is NameError:  # later Pythons add a guess of their own to it
        message = f"NameError: {text_of(error)}"
    else:
        message = " ".join("".join(traceback.format_exception_only(error)).split())
    # The module that a learner's own exception class is said to be in, and that of the course's.
    message = message.removeprefix("submission.").removeprefix("course_utils.records.")
    return message if len(message) <= 300 else message[:299] + "…"


def stub_reached(error: BaseException) -> tuple[str, str] | None:
    """What the stub says that raised this: `("LayerNorm.forward", "LayerNorm")`; None for any other exception."""
    if not isinstance(error, NotImplementedError):
        return None
    match = _STUB.fullmatch(text_of(error))
    return (match.group(0), match.group(1)) if match else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: torch says so in a RuntimeError."""
    full = isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(text_of(error))
    return isinstance(error, MemoryError) or bool(full)
