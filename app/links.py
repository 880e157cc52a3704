"""Links to places of the course as HTML, for lists that Streamlit's own links can't draw; and what makes them quick."""

import json
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from streamlit.file_util import get_static_dir

from course_utils.authoring.notebook import repository_in
from course_utils.catalog import Chapter, Exercise, course_root


def address_of_section(chapter: Chapter, slug: str) -> str:
    """The address of a section, as seen from any page of the site: none has a slash below the root.

    >>> from course_utils.catalog import load_catalog
    >>> address_of_section(load_catalog().chapters[0], "one-block")
    'ch01_transformers?section=one-block'
    """
    return f"{chapter.key}?{urlencode({'section': slug})}"


def address_of_exercise(exercise: Exercise) -> str:
    """The permalink of an exercise, as seen from any page of the site."""
    return f"{exercise.chapter}?{urlencode({'exercise': exercise.slug})}"


def address_of_term(slug: str) -> str:
    """A term in the glossary."""
    return f"glossary?{urlencode({'term': slug})}"


def address_of_specimen(name: str) -> str:
    """The card of a specimen."""
    return f"glossary?{urlencode({'specimen': name})}"


def link(address: str, label: str, **attributes: str) -> str:
    """A link within the site, as HTML. `label` is plain text; `aria_current` becomes `aria-current`."""
    return link_around(address, escape(label), **attributes)


def link_around(address: str, inside: str, **attributes: str) -> str:
    """The same around HTML."""
    more = "".join(f' {name.replace("_", "-")}="{escape(value)}"' for name, value in attributes.items())
    return f'<a href="{escape(address)}" data-inside="page"{more}>{inside}</a>'


def copy_link(address: str, label: str) -> str:
    """A link that puts its own address on the clipboard, and says so."""
    return f'<a href="{escape(address)}" data-inside="copy" class="gb-copy">{escape(label)}</a>'


@lru_cache(maxsize=1)
def repository() -> str:
    """The address from which one gets the course; empty where the course doesn't say."""
    return repository_in(course_root() / "pyproject.toml")


def draw_html(markup: str, scripted: bool = False) -> None:
    """Draw HTML made by these functions; `scripted` lets a script of ours in it run."""
    st.html(markup, unsafe_allow_javascript=scripted)


def draw_script() -> None:
    """What the links need in the browser, once on each page of the site.

    Without it they still lead where they say, more slowly, and Streamlit's own leave the address as it was.
    """
    st.html(f"<script>{_script()}</script>", unsafe_allow_javascript=True)


@lru_cache(maxsize=1)
def _script() -> str:
    script = Path(__file__).with_name("reading.js").read_text(encoding="utf-8")
    return f"window.glassboxSoon = {json.dumps(_soon_needed())};\n{script}"


def _soon_needed() -> list[str]:
    """Addresses of Streamlit's large scripts that a chapter needs on its first figure, to be fetched before that.

    Their names are Streamlit's own affair: where it has others, the list is empty and the first figure takes longer.
    """
    folder = Path(get_static_dir())
    return [path.relative_to(folder).as_posix() for path in folder.glob("static/js/PlotlyChart.*.js")]
