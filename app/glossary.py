"""The glossary's page, the cards of the specimens on it, and the prose of a chapter with its terms explained."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from itertools import groupby
from pathlib import Path

import streamlit as st

from app.links import address_of_section, address_of_term, copy_link, draw_html, link
from app.pages import Site, scroll_to
from app.sections import Code, Section, sections_of, sources_of, stamp
from course_utils.catalog import Chapter, load_catalog
from course_utils.reading.glossary import Glossary, Term, Use, first_uses, glossary_path, read_glossary
from course_utils.reading.markup import unmarked

_CARDS = Path(__file__).resolve().parent.parent / "course_utils" / "specimens" / "README.md"
Stamp = tuple[tuple[int, int], ...]


def glossary_of(root: Path) -> Glossary:
    """The glossary, read anew when the file changed. Raises CourseError for what is wrong in it."""
    return _glossary(str(root), stamp(glossary_path(root)))


@st.cache_resource(max_entries=8, show_spinner=False)
def _glossary(root: str, stamped: Stamp) -> Glossary:
    return read_glossary(Path(root))


def explained(chapter: Chapter, section: Section) -> Section:
    """The section of `sections_of`, in which each term carries its definition where it is first used.

    Its Markdown is for a page that lets HTML through: no HTML but that of the definitions is in it.
    """
    stamped = stamp(glossary_path(chapter.root))
    return _explained(str(chapter.root), chapter.key, section.slug, sources_of(chapter), stamped, section)


@st.cache_resource(max_entries=256, show_spinner=False)
def _explained(root: str, key: str, slug: str, sources: Stamp, stamped: Stamp, _section: Section) -> Section:
    return _with_terms(_section, _glossary(root, stamped), key)


def _with_terms(section: Section, glossary: Glossary, chapter: str) -> Section:
    seen: set[str] = set()
    blocks = []
    for block in section.blocks:
        name = "reveals" if isinstance(block, Code) else "text"
        marked = glossary.mark(getattr(block, name), chapter, seen, section.slug)
        blocks.append(replace(block, **{name: marked}))  # type: ignore[arg-type]
    return replace(section, blocks=tuple(blocks))


def draw_glossary(site: Site) -> None:
    """The page: every term, or the card of the specimen that the address names (`?specimen=…`)."""
    specimen = st.query_params.get("specimen")
    if specimen and (card := _card(specimen)):
        _draw_card(site, specimen, card)
    else:
        _draw_terms(site)


def _draw_terms(site: Site) -> None:
    st.set_page_config(page_title="Glossary · Glassbox")
    st.title("Glossary", anchor=False)
    chapters = site.catalog.chapters
    glossary = glossary_of(chapters[0].root) if chapters else Glossary(())
    if not glossary.terms:
        st.markdown("This course has no glossary yet.")
        return
    st.markdown(
        f"{len(glossary.terms)} words of the field, as this course uses them. In a chapter, a word with dots under it "
        "shows its definition when you point at it, tap it or reach it with the Tab key."
    )
    uses = _uses(str(chapters[0].root), tuple(map(sources_of, chapters)), stamp(glossary_path(chapters[0].root)))
    wanted = st.query_params.get("term")
    draw_html("".join(_letters(glossary, uses, wanted)))
    if wanted in uses and st.session_state.get("glossary.term") != wanted:
        scroll_to(f"term-{wanted}")
    st.session_state["glossary.term"] = wanted


@st.cache_resource(max_entries=4, show_spinner=False)
def _uses(root: str, sources: tuple[Stamp, ...], stamped: Stamp) -> dict[str, tuple[Use, ...]]:
    chapters = load_catalog(Path(root)).chapters
    return first_uses(_glossary(root, stamped), [(chapter, sections_of(chapter)) for chapter in chapters])


def _letters(glossary: Glossary, uses: dict[str, tuple[Use, ...]], wanted: str | None) -> Iterator[str]:
    """The terms under their first letters, and above them links to the letters."""
    by_letter = [(letter, list(terms)) for letter, terms in groupby(glossary.terms, lambda term: term.name[0].upper())]
    links = " ".join(link(address_of_term(terms[0].slug), letter) for letter, terms in by_letter)
    yield f'<nav class="gb-letters" aria-label="Letters">{links}</nav>'
    for letter, terms in by_letter:
        rows = "".join(_row(term, uses[term.slug], term.slug == wanted) for term in terms)
        yield f'<h2 class="gb-letter">{escape(letter)}</h2><dl class="gb-glossary">{rows}</dl>'


def _row(term: Term, uses: tuple[Use, ...], wanted: bool) -> str:
    places = " · ".join(
        link(address_of_section(use.chapter, use.section.slug), f"{use.chapter.number} · {unmarked(use.section.title)}")
        for use in uses
    )
    where = f'<p class="gb-where">First used in {places}</p>' if places else ""
    return (
        f'<div id="term-{term.slug}"{" class=gb-wanted" if wanted else ""}><dt>{escape(term.name)} '
        f"{copy_link(address_of_term(term.slug), 'Copy link')}</dt><dd>{with_code(term.definition)}{where}</dd></div>"
    )


def with_code(definition: str) -> str:
    """A definition as HTML: what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(definition))


def _card(name: str) -> str | None:
    """The card of a specimen, in Markdown, as the specimens' own README has it."""
    try:
        text = _CARDS.read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(rf"^### {re.escape(name)}\n(.*?)(?=^###? |^<!-- end|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else None


def _draw_card(site: Site, name: str, card: str) -> None:
    st.set_page_config(page_title=f"{name} · Glassbox")
    st.title(name, anchor=False)
    st.caption("A specimen of this course: a small model that was trained, and what has been measured on it.")
    about, _, findings = card.partition("\n\n")
    st.markdown(about)
    told = "Show what has been found in it: a chapter about it lets you find most of this yourself"
    with st.expander(told, key=f"found-{name}"):
        st.markdown(findings)
    st.caption(f"`course specimens verify {name}` measures all of this again.")
    st.page_link(site.glossary, label="To the glossary", icon=":material/book_2:")
