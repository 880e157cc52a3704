"""A chapter's page: one section at a time, chosen by the page's address; or its papers, or all of it to print."""

import streamlit as st

from app.contents import NAMES, contents
from app.exercise import draw_card, prepare_cards, prepare_chapter
from app.figures import draw_figure, sources_line
from app.glossary import explained
from app.learner import standing_of
from app.links import address_of_section, copy_link, draw_html
from app.pages import Site, link_to_section, scroll_to
from app.papers import draw_papers
from app.sections import Code, Prose, Section, Task, section_with, sections_of
from app.words import no_exception_page, plain
from course_utils.catalog import Chapter, slug_of
from course_utils.learner.screen import duration
from course_utils.reading.sections import PAPERS, WHOLE

TOP = "chapter"  # anchor of the page's first heading


def draw_chapter(site: Site, chapter: Chapter) -> None:
    """Draw what the address names: `?section=…`, or the section that holds `?exercise=…`, or the first section."""
    sections = sections_of(chapter)
    st.title(f"{chapter.number} · {chapter.title}", anchor=TOP)
    slug, target = _asked_for(chapter, sections)
    draw_html(contents(chapter, sections, slug, standing_of(chapter)), scripted=True)
    prepare_chapter()
    name = NAMES.get(slug) or next(section.title for section in sections if section.slug == slug)
    st.set_page_config(page_title=f"{name} · {chapter.title} · Glassbox")
    if slug == PAPERS:
        st.header(name, anchor=PAPERS)
        draw_papers(chapter)
    elif slug == WHOLE:
        _draw_whole(chapter, sections)
    else:
        _draw_section(site, chapter, sections, slug)
    if slug != WHOLE:
        _draw_neighbours(site, chapter, sections, slug)
    _arrive(chapter, slug, target)


def _asked_for(chapter: Chapter, sections: tuple[Section, ...]) -> tuple[str, str | None]:
    """The slug of what to draw, and that of the exercise to scroll to, if the address names one of this chapter."""
    asked = st.query_params.get("exercise")
    for exercise in chapter.exercises:
        section = section_with(sections, exercise.name)
        if asked and slug_of(asked) == exercise.slug and section:
            return section.slug, exercise.slug
    slug = st.query_params.get("section")
    if slug in NAMES or any(section.slug == slug for section in sections):
        return str(slug), None
    if slug:
        st.info(plain(f"This chapter has no section “{slug}”: here is its beginning."), icon=":material/info:")
    return sections[0].slug, None


def _draw_section(site: Site, chapter: Chapter, sections: tuple[Section, ...], slug: str) -> None:
    number, section = next((i, section) for i, section in enumerate(sections, 1) if section.slug == slug)
    st.header(section.title, anchor=slug)
    minutes = sum(exercise.minutes for exercise in chapter.exercises if exercise.name in section.exercises)
    facts = [f"Section {number} of {len(sections)}", *([f"exercises of about {duration(minutes)}"] if minutes else [])]
    link = copy_link(address_of_section(chapter, slug), "Copy link to this section")
    draw_html(f'<p class="gb-facts">{" · ".join(facts)} · {link}</p>')
    if section.exercises:
        with no_exception_page():
            prepare_cards(chapter)
    for block in explained(chapter, section).blocks:
        with no_exception_page():
            if isinstance(block, Task):
                draw_card(site, chapter, block)
            else:
                _draw_block(chapter, slug, block)


def _draw_block(chapter: Chapter, page: str, block: Prose | Code) -> None:
    if isinstance(block, Prose):
        draw_prose(block.text)
        return
    with st.container(key=f"code-{block.key}"):
        st.code(block.source, language="python", wrap_lines=True)
    if block.has_outcome:
        # By its key a browser tells this fold from the one that stood in the same place of the section before.
        fold = f"fold-{chapter.key}-{page}-{block.key}"
        with st.expander("Show what comes out", key=fold) if block.folded else st.container():
            _draw_outcome(chapter, block)
            draw_prose(block.reveals)


def draw_prose(text: str) -> None:
    """Markdown of `explained`: the only HTML in it is that of the definitions."""
    if text:
        st.markdown(text, unsafe_allow_html=True)


def _draw_outcome(chapter: Chapter, block: Code) -> None:
    if block.printed:
        draw_html(sources_line("Printed", block))
        with st.container(key=f"printed-{block.key}"):
            st.code(block.printed, language=None, wrap_lines=True)
    for slug in block.figures:
        draw_figure(chapter, slug)
    if block.figures:
        draw_html(sources_line("Computed", block))


def _draw_whole(chapter: Chapter, sections: tuple[Section, ...]) -> None:
    """Everything to read, in one piece: a handout when printed. An exercise shows its task, and no more."""
    titles = {exercise.name: exercise for exercise in chapter.exercises}
    draw_html('<p class="gb-facts">Everything to read, for the printer: use your browser\'s Print.</p>')
    for section in sections:
        st.header(section.title, anchor=section.slug)
        for block in explained(chapter, section).blocks:
            with no_exception_page():
                if isinstance(block, Task):
                    st.subheader(titles[block.exercise].title, anchor=titles[block.exercise].slug)
                    draw_prose(block.text)
                    st.code(block.stub, language="python", wrap_lines=True)
                else:
                    _draw_block(chapter, WHOLE, block)
    st.header(NAMES[PAPERS], anchor=PAPERS)
    draw_papers(chapter)


def _draw_neighbours(site: Site, chapter: Chapter, sections: tuple[Section, ...], slug: str) -> None:
    places = [(section.slug, section.title) for section in sections] + [(PAPERS, NAMES[PAPERS])]
    number = [place for place, _ in places].index(slug)
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute", key="neighbours"):
        if number > 0:
            before, title = places[number - 1]
            link_to_section(site, chapter, before, f"Previous: {title}", ":material/arrow_back:")
        if number + 1 < len(places):
            after, title = places[number + 1]
            link_to_section(site, chapter, after, f"Next: {title}", ":material/arrow_forward:")
        else:
            st.page_link(site.home, label="Back to the map of the course", icon=":material/map:")


def _arrive(chapter: Chapter, slug: str, target: str | None) -> None:
    """Scroll once for each new place, so that a check or a hint leaves the page where it is."""
    place = (chapter.key, slug, target)
    before = st.session_state.get("place")
    st.session_state["place"] = place
    if place != before and (before or target):
        scroll_to(target or TOP)
