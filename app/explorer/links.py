"""From an explorer page to the sections that explain what it shows."""

from dataclasses import dataclass

import streamlit as st

from app.pages import Site, link_to_section


@dataclass(frozen=True)
class Explained:
    """A section of a chapter, by its slug."""

    chapter: str
    section: str
    label: str


ATTENTION = (
    Explained("ch01_transformers", "attention-moves-information", "Attention moves information"),
    Explained("ch02_induction", "what-a-head-looks-at", "What a head looks at"),
)
LENS = (Explained("ch02_induction", "what-the-stream-says-on-its-way", "What the stream says on its way"),)
NEXT = (Explained("ch01_transformers", "from-scores-to-text", "From scores to text"),)
ATTRIBUTION = (
    Explained("ch02_induction", "who-raises-the-right-word", "Who raises the right word"),
    Explained("ch03_ioi", "read-the-answer-off-the-stream", "Read the answer off the stream"),
)
PATCHING = (
    Explained("ch03_ioi", "a-scale-from-nothing-to-all", "A scale from nothing to all"),
    Explained("ch03_ioi", "where-the-answer-passes", "Where the answer passes"),
    Explained("ch03_ioi", "which-heads", "Which heads"),
)
ABLATION = (
    Explained("ch02_induction", "take-a-head-away", "Take a head away"),
    Explained("ch02_induction", "what-ablation-cannot-show", "What ablation cannot show"),
)
TRAINING = (Explained("ch02_induction", "the-phase-change", "The phase change"),)
EVERY = (*TRAINING, *ATTENTION, *LENS, *NEXT, *ATTRIBUTION, *PATCHING, *ABLATION)


def draw_links(site: Site, explained: tuple[Explained, ...]) -> None:
    """Links to those of the sections whose chapter this course has."""
    here = [one for one in explained if one.chapter in site.chapters]
    if not here:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Explained in", width="content")
        for one in here:
            chapter = site.catalog.find_chapter(one.chapter)
            label = f"{chapter.number} · {one.label}"
            link_to_section(site, chapter, one.section, label, ":material/menu_book:")
