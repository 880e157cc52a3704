"""The course site: `streamlit run app/main.py`, or `course site`. Draws pages; the rest of app/ says how."""

import sys
from pathlib import Path

import streamlit as st

_ROOT = str(Path(__file__).resolve().parent.parent)
if _ROOT not in sys.path:  # Streamlit puts this file's folder on the path, not the one above it
    sys.path.insert(0, _ROOT)

from app.chapter import draw_chapter  # noqa: E402
from app.home import draw_home  # noqa: E402
from app.learner import standing_of  # noqa: E402
from app.pages import Site, go_to, link_to_exercise, make_site  # noqa: E402
from app.words import no_exception_page, plain  # noqa: E402
from course_utils.catalog import CourseError, load_catalog  # noqa: E402


def main() -> None:
    """Draw the page that the address asks for, and the sidebar."""
    st.set_page_config(page_title="Glassbox", layout="centered")
    st.html(Path(__file__).with_name("style.css"))
    site = make_site(load_catalog(), draw_home, draw_chapter)
    page = st.navigation(site.pages)
    with no_exception_page():
        _follow_permalink(site, page.url_path)
        page.run()
    with st.sidebar, no_exception_page():
        _draw_progress(site)


def _follow_permalink(site: Site, open_page: str) -> None:
    """From any page, `?exercise=layer_norm` leads to that exercise."""
    wanted = st.query_params.get("exercise")
    if not wanted:
        return
    try:
        exercise = site.catalog.find_exercise(wanted)
    except CourseError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    if exercise.chapter != open_page:
        go_to(site, exercise)


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


with no_exception_page():
    main()
