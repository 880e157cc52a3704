"""The search page: the query stands in the address, and each result leads to its section or exercise."""

from html import escape
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from app.glossary import Stamp, glossary_of, with_code
from app.links import (
    address_of_exercise,
    address_of_section,
    address_of_term,
    draw_html,
    link,
    link_around,
)
from app.pages import Site
from app.sections import sections_of, sources_of, stamp
from course_utils.catalog import load_catalog
from course_utils.reading.glossary import glossary_path
from course_utils.reading.markup import unmarked
from course_utils.reading.search import Found, Hit, Index, make_index, nearest, search

_LONGEST = 100  # characters of a query


def draw_search(site: Site) -> None:
    """Draw the page for `?q=…`."""
    st.set_page_config(page_title="Search · Glassbox")
    st.title("Search", anchor=False)
    query = _ask()
    if not query:
        st.markdown("Looks through the text, code and exercises of all chapters. Hints and solutions stay closed.")
    elif site.catalog.chapters:
        _draw_term(site, query)
        index = _index(site)
        found = search(index, query)
        draw_html(results(found, query, nearest(index, query) if found.partly or not found.hits else ()))


def _ask() -> str:
    """The box. Its content and the address are one."""
    query = st.query_params.get("q", "")[:_LONGEST].strip()
    key = f"query-{query}"  # a key of its own for each query, so that the address decides what the box holds

    def change() -> None:
        st.query_params.from_dict({"q": said} if (said := st.session_state[key].strip()) else {})

    st.text_input(
        "Search all chapters and exercises",
        value=query,
        key=key,
        on_change=change,
        max_chars=_LONGEST,
        icon=":material/search:",
        placeholder="residual stream, LayerNorm, path patching …",
    )
    return query


def _index(site: Site) -> Index:
    """The index of the course, made anew when a source of a chapter changed."""
    chapters = site.catalog.chapters
    root = chapters[0].root
    return _indexed(str(root), tuple(map(sources_of, chapters)), stamp(glossary_path(root)))


@st.cache_resource(max_entries=2, show_spinner="Reading the chapters …")
def _indexed(root: str, sources: tuple[Stamp, ...], stamped: Stamp) -> Index:
    chapters = load_catalog(Path(root)).chapters
    terms = glossary_of(Path(root)).terms
    return make_index([(chapter, sections_of(chapter)) for chapter in chapters], [term.spellings for term in terms])


def _draw_term(site: Site, query: str) -> None:
    """The definition, where the query is a word of the glossary."""
    term = glossary_of(site.catalog.chapters[0].root).find(query)
    if term:
        name = link(address_of_term(term.slug), term.name)
        draw_html(f'<p class="gb-answer"><strong>{name}</strong>: {with_code(term.definition)}</p>')


def results(found: Found, query: str, near: tuple[str, ...] = ()) -> str:
    """The list of results as HTML; whatever the reader typed and whatever the course says is escaped in it."""
    shown = f"“{escape(query)}”"
    links = ", ".join(link(f"search?{urlencode({'q': one})}", one) for one in near)
    nearest_ones = f'<p class="gb-count">Nearest: {links}.</p>' if links else ""
    if not found.hits:
        return (
            f'<p role="status">Nothing in the course has {shown}. Fewer or shorter words find more: the beginning of '
            f"a word is enough.</p>{nearest_ones}"
        )
    places = f"{found.total} place{'s' if found.total > 1 else ''}"
    said = f"{places} for {shown}" if not found.partly else f"No place has all words of {shown}; {places} have some"
    cut = f", the best {len(found.hits)} shown" if found.total > len(found.hits) else ""
    rows = "".join(_row(hit) for hit in found.hits)
    return f'<p role="status" class="gb-count">{said}{cut}</p>{nearest_ones}<ol class="gb-results">{rows}</ol>'


def _row(hit: Hit) -> str:
    place = hit.place
    chapter = f"{place.chapter.number} · {place.chapter.title}"
    if place.exercise:
        address, kind = address_of_exercise(place.exercise), f"Exercise · {chapter} · {unmarked(place.section.title)}"
    else:
        address, kind = address_of_section(place.chapter, place.section.slug), f"Section · {chapter}"
    pieces = "".join(f"<mark>{escape(text)}</mark>" if found else escape(text) for text, found in hit.snippet)
    head = link_around(address, escape(unmarked(place.title)))
    return f'<li><h2>{head}</h2><p class="gb-where">{escape(kind)}</p><p class="gb-snippet">{pieces}</p></li>'
