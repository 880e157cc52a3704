"""Text on a page that came from elsewhere (a verdict, an error), and what keeps an exception off the page."""

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import streamlit as st

from app.mode import is_public
from course_utils.catalog import CourseError

_FAULT = (
    "Something went wrong in the course itself, which is not your mistake. The terminal that runs the site shows the "
    "details; `course doctor` looks for the cause."
)
_PUBLIC_FAULT = "Something went wrong here, which is not your mistake: reload the page, or try another one meanwhile."


def plain(text: str) -> str:
    r"""`text` as Markdown that shows every character as it is.

    >>> plain("2 * <b>$x$</b>")
    '2 \\* \\<b\\>\\$x\\$\\</b\\>'
    """
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|$~:&@])", r"\\\1", text)


def sentence_of(error: Exception) -> str:
    """What to tell the reader of the page. An error that isn't theirs to mend goes to the terminal in full."""
    if isinstance(error, CourseError):
        return without_places(str(error)) if is_public() else str(error)
    traceback.print_exception(error, file=sys.stderr)
    return _PUBLIC_FAULT if is_public() else _FAULT


def without_places(text: str) -> str:
    """`text` without the names of this machine's folders, which are no visitor's business.

    >>> without_places(f"There is no model in {Path(__file__).parent.parent}/course_utils.")
    'There is no model in the course/course_utils.'
    """
    for place in (os.environ.get("GLASSBOX_ROOT"), Path(__file__).resolve().parent.parent, Path.home()):
        if place and len(str(place)) > 1:
            text = text.replace(str(place), "the course")
    return text


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
