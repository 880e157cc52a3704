"""A chapter's page: one section at a time, chosen by the page's address."""

import streamlit as st

from app.exercise import draw_card
from app.figures import draw_figure
from app.pages import Site, link_to_section, scroll_to
from app.sections import Code, Prose, Section, Task, section_with, sections_of
from app.words import no_exception_page, plain
from course_utils.catalog import Chapter, slug_of

TOP = "chapter"  # anchor of the page's first heading


def draw_chapter(site: Site, chapter: Chapter) -> None:
    """Draw the section that the address names: `?section=…`, or the one that holds `?exercise=…`, or the first."""
    sections = sections_of(chapter)
    st.title(f"{chapter.number} · {chapter.title}", anchor=TOP)
    section, target = _asked_for(chapter, sections)
    number = sections.index(section)
    st.set_page_config(page_title=f"{section.title} · {chapter.title} · Glassbox")
    _draw_selector(sections, number)
    st.header(section.title, anchor=section.slug)
    for block in section.blocks:
        with no_exception_page():
            _draw_block(site, chapter, block)
    _draw_neighbours(site, chapter, sections, number)
    _arrive(chapter, section, target)


def _asked_for(chapter: Chapter, sections: tuple[Section, ...]) -> tuple[Section, str | None]:
    """The section to draw, and the slug of the exercise to scroll to, if the address names one of this chapter."""
    slug = st.query_params.get("exercise")
    for exercise in chapter.exercises:
        section = section_with(sections, exercise.name)
        if slug and slug_of(slug) == exercise.slug and section:
            return section, exercise.slug
    asked = st.query_params.get("section")
    found = next((section for section in sections if section.slug == asked), None)
    if asked and not found:
        st.info(plain(f"This chapter has no section “{asked}”: here is its beginning."), icon=":material/info:")
    return found or sections[0], None


def _draw_selector(sections: tuple[Section, ...], number: int) -> None:
    titles = {section.slug: f"{i}. {section.title}" for i, section in enumerate(sections, 1)}
    # Each section has a key of its own, so that the address decides what is chosen.
    key = f"choose-{sections[number].slug}"

    def choose() -> None:
        if st.session_state.get(key) in titles:
            st.query_params.from_dict({"section": st.session_state[key]})

    st.selectbox(
        f"Section {number + 1} of {len(sections)}",
        list(titles),
        index=number,
        format_func=lambda slug: titles.get(slug, slug),
        key=key,
        on_change=choose,
    )


def _draw_block(site: Site, chapter: Chapter, block: Prose | Code | Task) -> None:
    if isinstance(block, Prose):
        st.markdown(block.text)
    elif isinstance(block, Task):
        draw_card(site, chapter, block)
    else:
        st.code(block.source, language="python", wrap_lines=True)
        if block.figures or block.printed:
            with st.expander("Show what comes out") if block.folded else st.container():
                _draw_outcome(chapter, block)


def _draw_outcome(chapter: Chapter, block: Code) -> None:
    if block.printed:
        st.caption("prints:")
        with st.container(key=f"printed-{block.key}"):
            st.code(block.printed, language=None, wrap_lines=True)
    for slug in block.figures:
        draw_figure(chapter, slug)


def _draw_neighbours(site: Site, chapter: Chapter, sections: tuple[Section, ...], number: int) -> None:
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute", key="neighbours"):
        if number > 0:
            before = sections[number - 1]
            link_to_section(site, chapter, before.slug, f"Previous: {before.title}", ":material/arrow_back:")
        if number + 1 < len(sections):
            after = sections[number + 1]
            link_to_section(site, chapter, after.slug, f"Next: {after.title}", ":material/arrow_forward:")
        else:
            st.page_link(site.home, label="Back to the map of the course", icon=":material/map:")


def _arrive(chapter: Chapter, section: Section, target: str | None) -> None:
    """Scroll once for each new place, so that a check or a hint leaves the page where it is."""
    place = (chapter.key, section.slug, target)
    before = st.session_state.get("place")
    st.session_state["place"] = place
    if place != before and (before or target):
        scroll_to(target or TOP)
