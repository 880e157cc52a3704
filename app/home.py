"""The home page: what the course is, the map of its chapters and where one is on it, and how to work."""

import sys
from html import escape
from pathlib import Path

import streamlit as st

from app.contents import mark, progress_of
from app.learner import Standing, standing_of
from app.links import address_of_exercise, address_of_section, draw_html, link, link_around, repository
from app.mode import is_public
from app.pages import Site
from app.sections import Section, section_with, sections_of
from app.words import no_exception_page
from course_utils.catalog import Catalog, Chapter, Exercise, course_root
from course_utils.learner.screen import duration, shown_path
from course_utils.reading.markup import unmarked

_WHAT = """
What do the weights of a language model compute, and how does one find out? This course in mechanistic interpretability
runs on a laptop without a GPU, and once it is installed it needs no network. {graded}

It is for people who write Python and have worked with PyTorch tensors and matrix products. Everything about language
models is explained where it first appears.
"""
_GRADED = """
Every exercise is graded, and a wrong answer is told what is probably behind it, with the smallest input that shows it.
"""
_GRADED_PUBLIC = """
Here you can read it all, look inside the models, and open the exercises with their hints and solutions. On your own
machine every exercise is graded as well, and a wrong answer is told what is probably behind it.
"""
_HOW = """
1. **Read** a section here, or in the chapter's own file; they are the same document. Where it says *Predict before you
   run*, write your guess down before you open what comes out.
2. **Write** the missing body of each exercise in the editor on its card. What you type is saved in the chapter's own
   file when you leave the editor, with Ctrl+S, and before each check. You may as well edit that file, or the notebook
   beside it, in a program of your own: the page shows what they hold, and asks you where both were changed.
3. **Check** with *Run checks*, or Ctrl+Enter in the editor (⌘+Enter on a Mac). A wrong answer gets one sentence and the
   smallest case that shows it. *Hint* opens one hint at a time, and *Solution* what the course would have written.

A terminal can check too, each time you save:
"""
_HOW_PUBLIC = """
1. **Read** a section. Where it says *Predict before you run*, write your guess down before you open what comes out.
2. **Try** the exercises. This page runs nobody's code: to have your answers checked, take the course on {home}.
   Here you can open hints, look at solutions, and tick what you have done.
3. What you tick stays in this browser, and nowhere else.
"""


def draw_home(site: Site) -> None:
    """Draw the page."""
    st.set_page_config(page_title="Glassbox: a course in mechanistic interpretability")
    st.title("Glassbox", anchor=False)
    st.markdown(_WHAT.format(graded=(_GRADED_PUBLIC if is_public() else _GRADED).strip()))
    standings: dict[str, Standing] = {}
    with no_exception_page():
        standings = {chapter.key: standing_of(chapter) for chapter in site.catalog.chapters}
        draw_html(_where_you_are(site.catalog, standings))
    st.header("The chapters", anchor="chapters")
    if not site.catalog.chapters:
        st.markdown("There are no chapters in this course yet.")
    for chapter in site.catalog.chapters:
        with no_exception_page():
            if chapter.key in standings:
                draw_html(_chapter(chapter, sections_of(chapter), standings[chapter.key]))
    st.header("How to work", anchor="how-to-work")
    _draw_how(site.catalog)


def _draw_how(catalog: Catalog) -> None:
    if is_public():
        home = f"[your own machine]({repository()})" if repository() else "your own machine"
        st.markdown(_HOW_PUBLIC.format(home=home))
        return
    st.markdown(_HOW)
    st.code(f"{_command()} watch", language=None)
    if catalog.chapters:
        st.markdown("Your files (the `.ipynb` beside each is the same document):")
        st.code("\n".join(str(chapter.script) for chapter in catalog.chapters), language=None, wrap_lines=True)


def _command() -> str:
    """`course` as this machine's reader would type it in the folder of the course."""
    installed = Path(sys.executable).with_name("course")
    return shown_path(installed, course_root()) if installed.is_file() else "course"


def _next(catalog: Catalog, standings: dict[str, Standing]) -> Exercise | None:
    return next((e for e in catalog.exercises if not standings[e.chapter].is_done(e)), None)


def _where_you_are(catalog: Catalog, standings: dict[str, Standing]) -> str:
    """What is done of the whole course, and the one link to go on with."""
    exercises = list(catalog.exercises)
    if not exercises:
        return ""
    done = sum(standing.done for standing in standings.values())
    upcoming = _next(catalog, standings)
    if upcoming is None:
        return '<div class="gb-here-box"><p><strong>Every exercise passes.</strong> What remains is your own.</p></div>'
    chapter = catalog.chapter_of(upcoming)
    section = section_with(sections_of(chapter), upcoming.name)
    if done:
        go_on = link(address_of_exercise(upcoming), f"Continue: {upcoming.title}", **{"class": "gb-button"})
        place = f" · {unmarked(section.title)}" if section else ""
        facts = f"Chapter {chapter.number}{place} · about {duration(upcoming.minutes)}"
    else:
        first = sections_of(chapter)[0]
        go_on = link(address_of_section(chapter, first.slug), "Begin with chapter 1", **{"class": "gb-button"})
        facts = f"{chapter.title} · {len(exercises)} exercises in {len(catalog.chapters)} chapters"
    left = sum(e.minutes for e in exercises if not standings[e.chapter].is_done(e))
    said = f"{done} of {len(exercises)} exercises done · {_about(left)} of exercises to go"
    bar = _bar(done, len(exercises))
    head = f"<div>{go_on}<p>{escape(facts)}</p></div>"
    return f'<div class="gb-here-box">{head}{bar}<p>{escape(said)}{_last_read(catalog)}</p></div>'


def _last_read(catalog: Catalog) -> str:
    """A link back to the section that was open before this page, if one was in this session."""
    key, slug, _ = st.session_state.get("place", ("", "", None))
    for chapter in catalog.chapters:
        for section in sections_of(chapter) if chapter.key == key else ():
            if section.slug == slug:
                title = f"{chapter.number} · {unmarked(section.title)}"
                return f" · you were reading {link(address_of_section(chapter, slug), title)}"
    return ""


def _bar(done: int, total: int) -> str:
    return (
        f'<div class="gb-bar" role="progressbar" aria-valuemin="0" aria-valuemax="{total}" aria-valuenow="{done}" '
        f'aria-label="{done} of {total} exercises done"><div style="width: {100 * done / total:.1f}%"></div></div>'
    )


def _chapter(chapter: Chapter, sections: tuple[Section, ...], standing: Standing) -> str:
    """One stop of the map: what it teaches, how long it takes, how far one is, and a step for each section."""
    total = len(chapter.exercises)
    exercises = {exercise.name: exercise for exercise in chapter.exercises}
    title = link(address_of_section(chapter, sections[0].slug), chapter.title)
    rows = "".join(_section(chapter, section, exercises, standing) for section in sections)
    steps = "".join(_step(chapter, section, exercises, standing) for section in sections)
    return (
        f'<section class="gb-chapter" id="{chapter.key}"><h3><span>{chapter.number}</span>{title}'
        f"{mark(standing.done, total)}</h3><p>{escape(chapter.summary)}</p>"
        f'<div class="gb-steps" aria-hidden="true">{steps}</div>'
        f'<details><summary>{len(sections)} sections <span class="gb-facts">{escape(_time(chapter, standing))}</span>'
        f"</summary><ol>{rows}</ol></details></section>"
    )


def _time(chapter: Chapter, standing: Standing) -> str:
    total, left = len(chapter.exercises), sum(e.minutes for e in chapter.exercises if not standing.is_done(e))
    rest = "" if not standing.done else f", {_about(left).removeprefix('about ')} to go" if left else ", all done"
    return f"{total} exercises of {_about(chapter.minutes)}{rest}"


def _about(minutes: int) -> str:
    """A length of time as one plans it.

    >>> _about(25), _about(130), _about(450)
    ('25 min', 'about 2 h', 'about 7.5 h')
    """
    return f"about {round(minutes / 30) / 2:g} h" if minutes >= 90 else duration(minutes)


def _state(section: Section, exercises: dict[str, Exercise], standing: Standing) -> str:
    done, total = progress_of(section, exercises, standing)
    return "reading" if not total else "done" if done == total else "begun" if done else "open"


def _step(chapter: Chapter, section: Section, exercises: dict[str, Exercise], standing: Standing) -> str:
    """A box as wide as the section's exercises are long. For the mouse; the list under it is for everybody."""
    minutes = sum(exercises[name].minutes for name in section.exercises)
    done, total = progress_of(section, exercises, standing)
    facts = f" · {done} of {total} exercises · {duration(minutes)}" if total else ""
    attributes = {
        "class": f"gb-step gb-{_state(section, exercises, standing)}",
        "style": f"flex-grow: {max(minutes, 5)}",
        "title": f"{unmarked(section.title)}{facts}",
        "tabindex": "-1",
    }
    return link_around(address_of_section(chapter, section.slug), "", **attributes)


def _section(chapter: Chapter, section: Section, exercises: dict[str, Exercise], standing: Standing) -> str:
    minutes = duration(sum(exercises[name].minutes for name in section.exercises)) if section.exercises else ""
    title = link(address_of_section(chapter, section.slug), unmarked(section.title))
    return f"<li><div>{title}<span>{minutes} {mark(*progress_of(section, exercises, standing))}</span></div></li>"
