"""The whole site: which pages there are, what draws them, and the sidebar beside each."""

import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app import explorer, visitor
from app.chapter import draw_chapter
from app.home import draw_home
from app.learner import standing_of
from app.links import draw_script
from app.mode import called_from_elsewhere, is_public
from app.pages import Drawing, Site, go_to, link_to_exercise, make_site
from app.words import no_exception_page, plain, told_later
from course_utils.catalog import CourseError, load_catalog

_HERE = Path(__file__).resolve().parent
_LONGEST = 100  # characters that anyone would type or that an address would hold
_SEARCH_BOX = "search-box"
_ASKED = "search.asked"  # holds a dot, so no widget has it
_ELSEWHERE = (
    "This site was not called as localhost, or through a proxy, so it runs nobody's code. If none but you can reach "
    "it, start it with `GLASSBOX_PUBLIC=0 course site`."
)


def draw_site() -> None:
    """Draw the page that the address asks for, and the sidebar."""
    st.set_page_config(page_title="Glassbox", page_icon=str(_HERE / "favicon.svg"), layout="centered")
    st.html(_HERE / "style.css")
    st.html(_HERE / "care.html", unsafe_allow_javascript=True)
    draw_script()
    site = make_site(load_catalog(), _drawing())
    page = st.navigation(site.sections, expanded=True)
    with no_exception_page():
        _follow_permalink(site, page.url_path)
        page.run()
    with st.sidebar, no_exception_page():
        _draw_search_box(site)
        _draw_progress(site)
        if called_from_elsewhere():
            st.caption(_ELSEWHERE)
    if is_public():
        with no_exception_page():
            visitor.keep_in_browser()


def _drawing() -> Drawing:
    """What draws the pages. Each module is imported when one of its pages is opened."""
    staffed = bool(os.environ.get("GLASSBOX_RESULTS")) and not is_public()
    return Drawing(
        home=draw_home,
        search=_later("app.search", "draw_search"),
        glossary=_later("app.glossary", "draw_glossary"),
        chapter=draw_chapter,
        explorer=explorer.pages(),
        staff=_later("app.staff", "draw_staff") if staffed else None,
    )


def _later(module: str, name: str) -> Callable[[Site], None]:
    def draw(site: Site) -> None:
        getattr(importlib.import_module(module), name)(site)

    return draw


def _draw_search_box(site: Site) -> None:
    """A box that leads to the search page from anywhere."""
    if asked := st.session_state.pop(_ASKED, ""):
        st.switch_page(site.search, query_params={"q": asked})
    ask = told_later("search.trouble", _ask)
    st.text_input("Search the course", key=_SEARCH_BOX, on_change=ask, icon=":material/search:", max_chars=_LONGEST)


def _ask() -> None:
    st.session_state[_ASKED] = st.session_state[_SEARCH_BOX].strip()
    st.session_state[_SEARCH_BOX] = ""


def _follow_permalink(site: Site, open_page: str) -> None:
    """From any page, `?exercise=layer_norm` leads to that exercise."""
    wanted = st.query_params.get("exercise", "")[:_LONGEST]
    if not wanted:
        return
    try:
        exercise = site.catalog.find_exercise(wanted)
    except CourseError as error:
        st.info(plain(_for_reader(str(error))), icon=":material/info:")
        return
    if exercise.chapter != open_page:
        go_to(site, exercise)


def _for_reader(sentence: str) -> str:
    """A sentence about an unknown name, for someone who may have no terminal of the course's.

    >>> _for_reader("No exercise is called 'x'. `course list` shows them all.")
    "No exercise is called 'x'. The chapters show them all."
    """
    sentence = re.sub(r" \(`course list[^`]*`\)", "", sentence)
    return sentence.replace("`course list` shows", "The chapters show")


def _draw_progress(site: Site) -> None:
    standings = {chapter.key: standing_of(chapter) for chapter in site.catalog.chapters}
    exercises = list(site.catalog.exercises)
    done = sum(standing.done for standing in standings.values())
    st.progress(done / len(exercises) if exercises else 0.0, text=f"{done} of {len(exercises)} exercises done")
    upcoming = next((e for e in exercises if not standings[e.chapter].is_done(e)), None)
    if upcoming:
        st.caption("Next exercise")
        link_to_exercise(site, upcoming, upcoming.title, ":material/arrow_forward:")
    elif exercises:
        st.caption("Every exercise passes.")
