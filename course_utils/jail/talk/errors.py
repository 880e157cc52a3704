"""Exceptions on the wire: which kind, what it says, and at which line of the learner's own file.

One that came out of a check's own code (a callback of it) stays there: inside, a stand-in of the same built-in kind is
raised in its place, and when it comes out of the learner's code, the check gets its own exception back.
"""

import builtins
from typing import Any

from course_utils.catalog import CourseError
from course_utils.grading.crash import crash_sentence, message_of, text_of
from course_utils.grading.frames import Elsewhere, Place, innermost_frame
from course_utils.grading.verdict import TimeUp
from course_utils.jail.talk.names import plain_name, shown_name

MOST_SAID = 2000  # characters of a message
KINDS: dict[str, type[BaseException]] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
} | {"CourseError": CourseError, "TimeUp": TimeUp}
_NOT_BUILT = (BaseExceptionGroup, GeneratorExit, StopIteration, StopAsyncIteration)
_ARGUMENTS: dict[type[BaseException], tuple[Any, ...]] = {  # of those that a text is not enough for
    UnicodeDecodeError: ("utf-8", b"?", 0, 1, "?"),
    UnicodeEncodeError: ("utf-8", "?", 0, 1, "?"),
    UnicodeTranslateError: ("?", 0, 1, "?"),
}


class TooLarge(Exception):
    """What came back is more than a message holds."""


def kind_of(error: BaseException) -> str:
    """The name of the nearest kind of exception that both sides know."""
    return next(name for base in type(error).__mro__ for name, known in KINDS.items() if known is base)


def told_of(error: BaseException, exercise: str, skipped: Any) -> dict[str, Any]:
    """What the jail tells of an exception that came out of the learner's code."""
    told: dict[str, Any] = {
        "kind": kind_of(error),
        "name": type(error).__name__,
        "module": str(type(error).__module__),
        "text": text_of(error)[:MOST_SAID],
        "line": message_of(error)[:MOST_SAID],
        "sentence": crash_sentence(exercise, error, skipped)[:MOST_SAID],
        "missing": error.name if isinstance(error, NameError) else None,
    }
    frame = innermost_frame(error.__traceback__)
    told["at"] = [frame.filename, frame.lineno or 0, frame.name] if frame else None
    return told


def as_text(told: dict[str, Any], key: str) -> str:
    """A text of what was told. Raises ValueError for anything else."""
    text = told[key]
    if not isinstance(text, str):
        raise ValueError("no text")
    return text[:MOST_SAID]


def error_from(told: dict[str, Any], place: Place | None) -> BaseException:
    """The exception to raise in the check, with where and what its own side says of it."""
    kind = KINDS[as_text(told, "kind")]
    name, text = shown_name(told["name"]), as_text(told, "text")
    error = _made(kind, name, text, as_text(told, "module"))
    if type(error) is NameError and plain_name(told["missing"]):
        error.name = told["missing"]
    error.elsewhere = Elsewhere(place, as_text(told, "line"), as_text(told, "sentence"))  # type: ignore[attr-defined]
    return error


def _made(kind: type[BaseException], name: str, text: str, module: str) -> BaseException:
    if issubclass(kind, _NOT_BUILT):  # those that mean something to the interpreter
        kind = RuntimeError
    if kind.__name__ == name and kind not in _ARGUMENTS:
        plain = kind(text) if text else kind()
        if text_of(plain) == text:
            return plain
    body = {"__module__": module if module in ("builtins", "submission") else "elsewhere", "__str__": lambda self: text}
    made: BaseException = type(name, (kind,), body)(*_ARGUMENTS.get(kind, (text,)))
    return made
