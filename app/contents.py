"""The table of contents of a chapter: all its sections, what is done in each, and the one that is open."""

from collections.abc import Sequence
from html import escape

from app.learner import Standing
from app.links import address_of_exercise, address_of_section, link
from course_utils.catalog import Chapter, Exercise
from course_utils.reading.markup import unmarked
from course_utils.reading.sections import PAPERS, WHOLE, Section

NAMES = {PAPERS: "Papers named here", WHOLE: "All on one page, to print"}

# After the next picture: to ask for a place while the page is being put together costs a layout of all of it.
_TO_OPEN = """requestAnimationFrame(() => setTimeout(() => {
  const nav = document.querySelector(".gb-contents"), open = nav?.querySelector(".gb-wide a[aria-current]");
  if (open) nav.scrollTop = open.offsetTop - nav.clientHeight / 2;
}))"""


def contents(chapter: Chapter, sections: Sequence[Section], open_slug: str, standing: Standing) -> str:
    """The table as HTML: a list beside the text where there is room, and one that folds open above it elsewhere.

    It ends with a script that brings the open section into view where the list is longer than the window.
    """
    titles = {
        section.slug: f"{number}. {unmarked(section.title)}" for number, section in enumerate(sections, 1)
    } | NAMES
    rows = "".join(_row(chapter, section, open_slug, standing) for section in sections)
    more = "".join(f"<li>{_link(chapter, slug, name, open_slug)}</li>" for slug, name in NAMES.items())
    lists = f'<ol>{rows}</ol><ul class="gb-more">{more}</ul>'
    here = escape(titles[open_slug])
    return (
        '<nav class="gb-contents" aria-label="Sections of this chapter">'
        f'<details class="gb-narrow"><summary>Sections <span>{here}</span></summary>{lists}</details>'
        f'<div class="gb-wide"><p>{_summary(chapter, standing)}</p>{lists}</div></nav><script>{_TO_OPEN}</script>'
    )


def progress_of(section: Section, exercises: dict[str, Exercise], standing: Standing) -> tuple[int, int]:
    """How many of the section's exercises are done, and how many it has."""
    return sum(standing.is_done(exercises[name]) for name in section.exercises), len(section.exercises)


def mark(done: int, total: int) -> str:
    """What a section's exercises come to, short for the eye and in words for a screen reader; "" where it has none."""
    if not total:
        return ""
    shown = "✓" if done == total else f"{done}/{total}"
    kind = "done" if done == total else "begun" if done else "open"
    said = f", {done} of {total} exercises done"
    return (
        f'<span class="gb-mark gb-{kind}" aria-hidden="true">{shown}</span><span class="gb-said">{escape(said)}</span>'
    )


def _summary(chapter: Chapter, standing: Standing) -> str:
    return escape(f"{standing.done} of {len(chapter.exercises)} exercises done")


def _row(chapter: Chapter, section: Section, open_slug: str, standing: Standing) -> str:
    exercises = {exercise.name: exercise for exercise in chapter.exercises}
    is_open = section.slug == open_slug
    inside = _tasks([exercises[name] for name in section.exercises], standing) if is_open else ""
    line = _link(chapter, section.slug, unmarked(section.title), open_slug) + mark(
        *progress_of(section, exercises, standing)
    )
    return f"<li{' class=gb-here' if is_open else ''}><div>{line}</div>{inside}</li>"


def _link(chapter: Chapter, slug: str, title: str, open_slug: str) -> str:
    current = {"aria_current": "page"} if slug == open_slug else {}
    return link(address_of_section(chapter, slug), title, **current)


def _tasks(exercises: list[Exercise], standing: Standing) -> str:
    rows = "".join(
        f"<li><div>{link(address_of_exercise(exercise), exercise.title)}{_tick(standing.is_done(exercise))}</div></li>"
        for exercise in exercises
    )
    return f"<ul>{rows}</ul>" if rows else ""


def _tick(done: bool) -> str:
    return (
        '<span class="gb-mark gb-done" aria-hidden="true">✓</span><span class="gb-said">, done</span>' if done else ""
    )
