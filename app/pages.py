"""The pages and the ways between them, made from the catalog."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from course_utils.catalog import Catalog, Chapter, Exercise

if TYPE_CHECKING:
    from app.explorer import ExplorerPage


@dataclass(frozen=True)
class Site:
    """The catalog with every page of the site; the dictionaries are by the page's address."""

    catalog: Catalog
    home: StreamlitPage
    search: StreamlitPage
    glossary: StreamlitPage
    chapters: dict[str, StreamlitPage]
    explorer: dict[str, StreamlitPage]
    staff: StreamlitPage | None

    @property
    def sections(self) -> dict[str, list[StreamlitPage]]:
        """The pages as the sidebar lists them."""
        listed = {
            "": [self.home, self.search, self.glossary],
            "Chapters": list(self.chapters.values()),
            "Look inside": list(self.explorer.values()),
            "Staff": [self.staff] if self.staff else [],
        }
        return {title: pages for title, pages in listed.items() if pages}


@dataclass(frozen=True)
class Drawing:
    """What draws each kind of page. Each is called with the site when its page is open."""

    home: Callable[[Site], None]
    search: Callable[[Site], None]
    glossary: Callable[[Site], None]
    chapter: Callable[[Site, Chapter], None]
    explorer: Sequence["ExplorerPage"]
    staff: Callable[[Site], None] | None


def make_site(catalog: Catalog, drawing: Drawing) -> Site:
    """The site's pages: home, one a chapter, the explorer's, search, glossary, and the staff's if there is one."""
    chapters: dict[str, StreamlitPage] = {}
    explorer: dict[str, StreamlitPage] = {}

    def page(draw: Callable[[Site], None], title: str, url_path: str) -> StreamlitPage:
        # No icon: Streamlit would make it the tab's too, and fetch that from another machine.
        return st.Page(lambda: draw(site), title=title, url_path=url_path)

    site = Site(
        catalog,
        home=st.Page(lambda: drawing.home(site), title="Home", url_path="home", default=True),
        search=page(drawing.search, "Search", "search"),
        glossary=page(drawing.glossary, "Glossary", "glossary"),
        chapters=chapters,
        explorer=explorer,
        staff=page(drawing.staff, "Results", "staff") if drawing.staff else None,
    )
    for chapter in catalog.chapters:
        draw = partial(_swapped, drawing.chapter, chapter)
        chapters[chapter.key] = page(draw, f"{chapter.number} · {chapter.title}", chapter.key)
    for look in drawing.explorer:
        explorer[look.url_path] = page(look.draw, look.title, look.url_path)
    return site


def _swapped(draw: Callable[[Site, Chapter], None], chapter: Chapter, site: Site) -> None:
    draw(site, chapter)


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
  const started = performance.now();
  const isLoading = () => {
    const state = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState;
    return state !== "notRunning" || !document.getElementById("ANCHOR") ||
      document.querySelector('[data-testid="stSkeleton"]') !== null;
  };
  let quiet;
  const watcher = new ResizeObserver(() => {  // what is above the heading may still be loading
    go();
    wait();
  });
  const stop = () => {
    watcher.disconnect();
    clearTimeout(quiet);
  };
  const wait = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => (isLoading() && performance.now() - started < 60000 ? (go(), wait()) : stop()), 3000);
  };
  window.glassboxHold?.();
  window.glassboxHold = stop;
  ["wheel", "touchstart", "mousedown", "keydown"].forEach((kind) => addEventListener(kind, stop, {once: true}));
  watcher.observe(page);
  wait();
})()
</script>
"""


def scroll_to(anchor: str) -> None:
    """Bring a heading to the top of the window and hold it there until the page is quiet, or the reader moves."""
    st.html(_SCROLL.replace("ANCHOR", anchor), unsafe_allow_javascript=True)
