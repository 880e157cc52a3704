"""A chapter's sections, parsed anew only when one of its source files changed."""

from pathlib import Path

import streamlit as st

from course_utils.catalog import Chapter, load_catalog
from course_utils.reading.blocks import Code, Prose, Task
from course_utils.reading.sections import Section, cut, section_with

__all__ = ["Code", "Prose", "Section", "Task", "section_with", "sections_of", "sources_of", "stamp"]


def stamp(*paths: Path) -> tuple[tuple[int, int], ...]:
    """What changes when one of the files does: time and size of each, zeros for one that isn't there."""
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def sources_of(chapter: Chapter) -> tuple[tuple[int, int], ...]:
    """The stamp of all that a chapter's page is made from, but for the figures, which are stamped one by one."""
    made = (chapter.figures / name for name in ("numbers.json", "printed.json"))
    return stamp(chapter.solution, chapter.records, *made)


def sections_of(chapter: Chapter) -> tuple[Section, ...]:
    """The sections in order. Raises CourseError when solutions and catalog disagree."""
    return _sections(str(chapter.root), chapter.key, sources_of(chapter))


# A resource, not data: what is kept is frozen, and a copy for each reader would cost more than all the drawing.
@st.cache_resource(max_entries=64, show_spinner=False)
def _sections(root: str, key: str, sources: tuple[tuple[int, int], ...]) -> tuple[Section, ...]:
    return cut(load_catalog(Path(root)).find_chapter(key))
