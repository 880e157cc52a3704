"""The papers that a chapter names, each with links to the sections that do."""

from html import escape

import streamlit as st

from app.links import address_of_section, draw_html, link
from app.sections import sections_of, sources_of, stamp
from course_utils.catalog import Chapter
from course_utils.reading.markup import unmarked
from course_utils.reading.papers import Paper, papers_of, papers_path, read_works


def draw_papers(chapter: Chapter) -> None:
    """Draw the list, or say that there is none."""
    papers = _papers(chapter, str(chapter.root), chapter.key, sources_of(chapter) + stamp(papers_path(chapter.root)))
    if not papers:
        st.markdown("This chapter names no papers.")
        return
    st.markdown("Every paper that the text names, and the sections in which it does.")
    draw_html(f'<ul class="gb-papers">{"".join(_row(chapter, paper) for paper in papers)}</ul>')


@st.cache_resource(max_entries=64, show_spinner=False)
def _papers(_chapter: Chapter, root: str, key: str, sources: tuple[tuple[int, int], ...]) -> tuple[Paper, ...]:
    return papers_of(sections_of(_chapter), read_works(_chapter.root))


def _row(chapter: Chapter, paper: Paper) -> str:
    places = ", ".join(
        link(address_of_section(chapter, section.slug), unmarked(section.title)) for section in paper.sections
    )
    title = f"<cite>{escape(paper.work.title)}</cite>" if paper.work else ""
    if paper.work and paper.work.address:
        title = f'<a href="{escape(paper.work.address)}" target="_blank" rel="noopener noreferrer">{title}</a>'
    return f"<li>{escape(paper.authors)} ({paper.year}): {title + '<br>in ' if title else ''}{places}</li>"
