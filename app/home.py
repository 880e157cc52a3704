"""The home page: what the course is, how to work, and the map of its chapters."""

import sys
from pathlib import Path

import streamlit as st

from app.learner import standing_of
from app.pages import Site, link_to_exercise, link_to_section
from app.sections import sections_of
from app.words import no_exception_page
from course_utils.catalog import Catalog, Chapter, course_root
from course_utils.learner.screen import duration, shown_path

_WHAT = """
A course in mechanistic interpretability: what the weights of a language model compute, and how one finds out. It runs
on a laptop, without a network or a GPU. Every exercise is graded, and a wrong answer is told what is probably behind
it, with the smallest input that shows it.

It is for people who write Python and have worked with PyTorch tensors and matrix products. Everything about language
models is explained where it first appears.
"""
_HOW = """
1. Read a section here, or in the chapter's own file. They are the same document.
2. Write the missing body of each exercise in that file, in your editor or as a notebook.
3. Press **Check my file** under the exercise, or let a terminal check it each time you save:
"""


def draw_home(site: Site) -> None:
    """Draw the page."""
    st.set_page_config(page_title="Glassbox: a course in mechanistic interpretability")
    st.title("Glassbox", anchor=False)
    st.markdown(_WHAT)
    st.header("How to work", anchor="how-to-work")
    st.markdown(_HOW)
    st.code(f"{_command()} watch", language=None)
    _draw_files(site.catalog)
    st.header("The chapters", anchor="chapters")
    if not site.catalog.chapters:
        st.markdown("There are no chapters in this course yet.")
    for chapter in site.catalog.chapters:
        with no_exception_page():
            _draw_chapter(site, chapter)


def _command() -> str:
    """`course` as this machine's reader would type it in the folder of the course."""
    installed = Path(sys.executable).with_name("course")
    return shown_path(installed, course_root()) if installed.is_file() else "course"


def _draw_files(catalog: Catalog) -> None:
    if catalog.chapters:
        st.markdown("Your files (the `.ipynb` beside each is the same document):")
        st.code("\n".join(str(chapter.script) for chapter in catalog.chapters), language=None, wrap_lines=True)


def _draw_chapter(site: Site, chapter: Chapter) -> None:
    standing = standing_of(chapter)
    total = len(chapter.exercises)
    left = sum(exercise.minutes for exercise in chapter.exercises if not standing.is_done(exercise))
    rest = f"{duration(left)} to go" if left else "all done"
    with st.container(border=True, key=f"chapter-{chapter.key}"):
        st.subheader(f"{chapter.number} · {chapter.title}", anchor=chapter.key)
        st.markdown(chapter.summary)
        st.progress(standing.done / total if total else 0.0, text=f"{standing.done} of {total} exercises · {rest}")
        st.page_link(site.chapters[chapter.key], label="Open the chapter", icon=":material/menu_book:")
        upcoming = next((e for e in chapter.exercises if not standing.is_done(e)), None)
        if upcoming and standing.done:
            link_to_exercise(site, upcoming, f"Go on with: {upcoming.title}", ":material/arrow_forward:")
        with st.expander("Sections"):
            _draw_sections(site, chapter)


def _draw_sections(site: Site, chapter: Chapter) -> None:
    standing = standing_of(chapter)
    exercises = {exercise.name: exercise for exercise in chapter.exercises}
    for section in sections_of(chapter):
        inside = [exercises[name] for name in section.exercises]
        done = sum(standing.is_done(exercise) for exercise in inside)
        minutes = duration(sum(exercise.minutes for exercise in inside))
        facts = f" · {done} of {len(inside)} exercises · {minutes}" if inside else ""
        link_to_section(site, chapter, section.slug, f"{section.title}{facts}")
