"""The card of one exercise: what to write, the work on it (app/work.py), hints and solution.

A visitor of a public site gets the stub in place of an editor, and a box to tick: nobody's code runs there.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from app import drafts, learner, visitor, work
from app.editor import load_editors
from app.learner import Standing
from app.links import repository
from app.mode import is_public
from app.pages import Site, link_to_exercise
from app.sections import Task
from app.words import no_exception_page, tell, told_later
from course_utils.catalog import Chapter, Exercise
from course_utils.learner.screen import dots, duration

_AT_HOME = (
    "To write your own and have it checked, take the course on your machine{where}. It is free, and needs no GPU; a "
    "network is needed once, to get it. `make course` in its folder sets it up and opens this page with an editor here."
)


def prepare_chapter() -> None:
    """What the cards of all sections share. Draw it once on each page of a chapter, above everything that differs.

    So it is in the browser before the first section with an exercise is opened, and stays from section to section.
    """
    if not is_public():
        load_editors()


def prepare_cards(chapter: Chapter) -> None:
    """What the cards of a page share. Draw it once on each page that has any, above them."""
    if not is_public():
        work.prepare(chapter)


def draw_card(site: Site, chapter: Chapter, task: Task) -> None:
    """Draw the whole card."""
    exercise = site.catalog.find_exercise(task.exercise)
    with st.container(border=True, key=f"exercise-{exercise.slug}"):
        st.subheader(exercise.title, anchor=exercise.slug)
        (_draw_for_visitor if is_public() else _draw_for_learner)(site, chapter, task, exercise)


@st.fragment  # what is done in one card draws this card alone
def _draw_for_learner(site: Site, chapter: Chapter, task: Task, exercise: Exercise) -> None:
    with no_exception_page():
        standing = learner.standing_of(chapter)
        _draw_task(site, chapter, standing, task, exercise)
        work.draw_own_file(chapter, exercise)
        with st.container(horizontal=True, gap="small"):
            asked = work.draw_run_button(exercise)
            _draw_help_buttons(site, standing, exercise)
            work.draw_reset(chapter, exercise)
        # What comes and goes has a container of its own that is always there: the browser can't follow when, between
        # two runs that overlap, an element stands where a container stood.
        with st.container():
            _draw_solution(exercise)
        busy = st.empty()  # no spinner: the browser draws one between the others, and loses count of them
        if asked:
            work.run_checks(chapter, exercise, busy)
        work.draw_news(chapter, exercise)
        work.draw_last_verdict(chapter, standing, exercise)
        with st.container():
            if standing.is_done(exercise):
                _draw_next(site, exercise)
        with st.container():
            _draw_hints(standing, exercise)


def _draw_for_visitor(site: Site, chapter: Chapter, task: Task, exercise: Exercise) -> None:
    standing = learner.standing_of(chapter)
    _draw_task(site, chapter, standing, task, exercise)
    st.code(task.stub, language="python", wrap_lines=True)
    st.caption(_AT_HOME.format(where=f": [get it here]({repository()})" if repository() else ""))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _draw_help_buttons(site, standing, exercise)
        _draw_tick_box(standing, exercise)
    with st.container():
        _draw_solution(exercise)
    if standing.is_done(exercise):
        _draw_next(site, exercise)
    _draw_hints(standing, exercise)
    tell(drafts.trouble_of(exercise))


def _draw_task(site: Site, chapter: Chapter, standing: Standing, task: Task, exercise: Exercise) -> None:
    work.draw_place(chapter, standing, exercise)  # on a line of its own: its length changes with what is done
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"`{exercise.name}` · about {duration(exercise.minutes)} · "
            f":gray[{dots(exercise)}] difficulty {exercise.difficulty} of 5",
            width="content",
        )
        link_to_exercise(site, exercise, "Link to this exercise", ":material/link:")
    if exercise.needs:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("Builds on", width="content")
            for name in exercise.needs:
                link_to_exercise(site, site.catalog.find_exercise(name), f"`{name}`")
    st.markdown(task.text, unsafe_allow_html=True)  # the glossary's definitions, as app/chapter.py draws them


def _draw_help_buttons(site: Site, standing: Standing, exercise: Exercise) -> None:
    """The next hint and the solution, each where there is one to ask for."""
    shown, last, trouble = learner.rungs(exercise, standing), len(exercise.hints), drafts.trouble_of(exercise)
    if last and (is_public() or not standing.is_done(exercise)):
        st.button(
            f"Hint {min(shown + 1, last)} of {last}",
            key=f"more-{exercise.slug}",
            icon=":material/lightbulb:",
            disabled=shown >= last,  # not taken away: the button beside it would come under the pointer
            on_click=told_later(trouble, learner.take_hint, site.catalog, exercise, standing),
        )
    show = told_later(trouble, learner.open_solution, site.catalog, exercise)
    _draw_solution_button(exercise, standing.entry(exercise).passed_once, show)


def _draw_solution_button(exercise: Exercise, passed: bool, show: Callable[[], None]) -> None:
    """It shows and hides. The key of a button that only changes its words stays, and the focus with it."""
    is_open, key = learner.solution(exercise) is not None, f"solution-{exercise.slug}"
    if passed or is_open:
        words = "Hide the solution" if is_open else "Compare with the course's solution"
        hide = partial(learner.close_solution, exercise)
        st.button(words, key=key, on_click=hide if is_open else show)
        return
    with st.popover("Solution"):
        st.markdown(
            "You learn more by trying first. Show it all the same?"
            if is_public()
            else "Your own doesn't pass yet. You may look all the same; your progress will note that you did."
        )
        st.button("Show me the solution", key=key, on_click=show)


def _draw_tick_box(standing: Standing, exercise: Exercise) -> None:
    key = f"done-{exercise.slug}"
    st.session_state[key] = standing.is_done(exercise)  # the browser's store decides, not the widget
    st.checkbox("Done", key=key, on_change=lambda: visitor.mark_done(exercise.name, st.session_state[key]))


def _draw_next(site: Site, exercise: Exercise) -> None:
    later = list(site.catalog.exercises)
    later = later[later.index(exercise) + 1 :]
    if later:
        link_to_exercise(site, later[0], f"Next exercise: {later[0].title}", ":material/arrow_forward:")


def _draw_hints(standing: Standing, exercise: Exercise) -> None:
    shown = learner.rungs(exercise, standing)
    for number, hint in enumerate(exercise.hints[:shown], 1):
        with st.container(key=f"hint-{exercise.slug}-{number}"):
            st.markdown(f"**Hint {number} of {len(exercise.hints)}.** {hint.strip()}")


def _draw_solution(exercise: Exercise) -> None:
    source = learner.solution(exercise)
    if source is not None:
        st.markdown("**The course's solution**")
        st.code(source, language="python", wrap_lines=True)
