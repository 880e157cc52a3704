"""Text on a page that came from elsewhere (a verdict, an error), and what keeps an exception off the page."""

import contextlib
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import streamlit as st

from course_utils.catalog import CourseError

_FAULT = (
    "Something went wrong in the course itself, which is not your mistake. The terminal that runs the site shows the "
    "details; `course doctor` looks for the cause."
)


def plain(text: str) -> str:
    r"""`text` as Markdown that shows every character as it is.

    >>> plain("2 * <b>$x$</b>")
    '2 \\* \\<b\\>\\$x\\$\\</b\\>'
    """
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|$~:&@])", r"\\\1", text)


def sentence_of(error: Exception) -> str:
    """What to tell the reader of the page. An error that isn't theirs to mend goes to the terminal in full."""
    if isinstance(error, CourseError):
        return str(error)
    traceback.print_exception(error, file=sys.stderr)
    return _FAULT


@contextlib.contextmanager
def no_exception_page() -> Iterator[None]:
    """Draw an error as one sentence in its place; the rest of the page goes on."""
    try:
        yield
    except Exception as error:
        st.error(plain(sentence_of(error)), icon=":material/error:")


def told_later(key: str, action: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    """`action` as a callback that can't raise: its error waits under `key` in the session for `tell`."""

    def call() -> None:
        try:
            action(*arguments)
        except Exception as error:
            st.session_state[key] = sentence_of(error)

    return call


def tell(key: str) -> None:
    """Draw the error that a callback left under `key`, once."""
    if said := st.session_state.pop(key, None):
        st.error(plain(said), icon=":material/error:")
