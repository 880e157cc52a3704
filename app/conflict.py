"""Two versions of one exercise, the file's and the editor's, for the learner to choose from."""

import difflib

import streamlit as st

from app import drafts
from app.drafts import Pending
from app.words import told_later
from course_utils.catalog import Chapter, Exercise
from course_utils.learner.editing import Draft


def draw_conflict(chapter: Chapter, exercise: Exercise, draft: Draft, pending: Pending) -> None:
    """Both versions, and a button for each. Nothing is written before one is chosen."""
    trouble = drafts.trouble_of(exercise)
    with st.container(key=f"conflict-{exercise.slug}"):
        st.warning(
            "Your file was changed elsewhere while you were writing here. Both versions are kept until you choose.",
            icon=":material/call_split:",
        )
        st.markdown("**What differs**: `-` is in your file, `+` in the editor above")
        st.code(_difference(draft.text, pending.text), language=None, wrap_lines=True)
        with st.expander("Both versions in full"):
            st.markdown(f"**In your file** (from line {draft.first_line})")
            st.code(draft.text, language="python", wrap_lines=True)
            st.markdown("**In the editor above**")
            st.code(pending.text, language="python", wrap_lines=True)
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Take the file's",
                key=f"take-{exercise.slug}",
                on_click=told_later(trouble, drafts.take_the_file_s, chapter, exercise),
            )
            st.button(
                "Keep mine",
                key=f"keep-{exercise.slug}",
                on_click=told_later(trouble, drafts.keep_mine, chapter, exercise, draft.digest),
            )


def _difference(theirs: str, mine: str) -> str:
    """The lines that two versions don't share, each with its neighbours.

    >>> print(_difference("a\\nb\\nc", "a\\nB\\nc"))
      a
    - b
    + B
      c
    """
    lines = difflib.unified_diff(theirs.splitlines(), mine.splitlines(), n=1, lineterm="")
    parts = (line for line in list(lines)[3:])  # after the two names and the first place
    return "\n".join("⋯" if line.startswith("@@") else f"{line[0]} {line[1:]}" for line in parts)
