"""The pages and the ways between them, made from the catalog."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from course_utils.catalog import Catalog, Chapter, Exercise


@dataclass(frozen=True)
class Site:
    """The catalog with the page of each chapter."""

    catalog: Catalog
    home: StreamlitPage
    chapters: dict[str, StreamlitPage]  # by key

    @property
    def pages(self) -> list[StreamlitPage]:
        return [self.home, *self.chapters.values()]


def make_site(
    catalog: Catalog, draw_home: Callable[["Site"], None], draw_chapter: Callable[["Site", Chapter], None]
) -> Site:
    """One page a chapter. The two arguments draw a page; both are called with the site, when their page is open."""
    chapters: dict[str, StreamlitPage] = {}

    def page_of(chapter: Chapter) -> StreamlitPage:
        title = f"{chapter.number} · {chapter.title}"
        return st.Page(lambda: draw_chapter(site, chapter), title=title, url_path=chapter.key)

    site = Site(catalog, st.Page(lambda: draw_home(site), title="Home", url_path="home", default=True), chapters)
    chapters.update({chapter.key: page_of(chapter) for chapter in catalog.chapters})
    return site


def link_to_exercise(site: Site, exercise: Exercise, label: str, icon: str | None = None) -> None:
    """The permalink of an exercise."""
    st.page_link(site.chapters[exercise.chapter], label=label, icon=icon, query_params={"exercise": exercise.slug})


def link_to_section(site: Site, chapter: Chapter, slug: str, label: str, icon: str | None = None) -> None:
    """A section of a chapter."""
    st.page_link(site.chapters[chapter.key], label=label, icon=icon, query_params={"section": slug})


def go_to(site: Site, exercise: Exercise) -> None:
    """Leave this page for the one on which the exercise is."""
    st.switch_page(site.chapters[exercise.chapter], query_params={"exercise": exercise.slug})


_SCROLL = """
<script>
(() => {
  const page = document.querySelector('[data-testid="stMainBlockContainer"]');
  const go = () => document.getElementById("ANCHOR")?.scrollIntoView();
  const watcher = new ResizeObserver(go);  // what is above the heading may still be loading
  const stop = () => watcher.disconnect();
  ["wheel", "touchstart", "mousedown", "keydown"].forEach((kind) => addEventListener(kind, stop, {once: true}));
  setTimeout(stop, 5000);
  watcher.observe(page);
})()
</script>
"""


def scroll_to(anchor: str) -> None:
    """Bring a heading to the top of the window and hold it there while the page loads, or until the reader moves."""
    st.html(_SCROLL.replace("ANCHOR", anchor), unsafe_allow_javascript=True)
