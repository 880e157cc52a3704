"""The card of one exercise: what to write, where, a check of the learner's own file, hints and solution."""

from collections.abc import Callable

import streamlit as st

from app import learner
from app.learner import Standing
from app.pages import Site, link_to_exercise
from app.sections import Task
from app.words import plain, tell, told_later
from course_utils.catalog import Chapter, Exercise
from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome, Verdict
from course_utils.learner.progress import State
from course_utils.learner.screen import dots, duration, shown_path


def draw_card(site: Site, chapter: Chapter, task: Task) -> None:
    """Draw the whole card."""
    exercise = site.catalog.find_exercise(task.exercise)
    with st.container(border=True, key=f"exercise-{exercise.slug}"):
        st.subheader(exercise.title, anchor=exercise.slug)
        _draw_facts(site, chapter, exercise)
        st.markdown(task.text)
        st.code(task.stub, language="python", wrap_lines=True)
        _draw_where(chapter, exercise)
        standing = learner.standing_of(chapter)
        if _draw_buttons(site, standing, exercise):
            with st.spinner(f"Checking {exercise.name} …"):
                told_later(_trouble(exercise), learner.check, chapter, exercise)()
            st.rerun()  # the verdict is noted; everything that shows progress is drawn anew
        _draw_last_verdict(standing, exercise)
        if standing.is_done(exercise):
            _draw_next(site, exercise)
        _draw_hints(standing, exercise)
        _draw_solution(exercise)
        tell(_trouble(exercise))


def _trouble(exercise: Exercise) -> str:
    return f"trouble.{exercise.name}"


def _draw_facts(site: Site, chapter: Chapter, exercise: Exercise) -> None:
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


def _draw_where(chapter: Chapter, exercise: Exercise) -> None:
    line = learner.line_of(chapter, exercise)
    place = f", line {line}" if line else ""
    st.caption(f"Write it in `{shown_path(chapter.script, chapter.root)}`{place} (or in the notebook beside it).")


def _draw_buttons(site: Site, standing: Standing, exercise: Exercise) -> bool:
    """The row of buttons. Returns whether a check was asked for; the others act before the page is drawn."""
    shown, last = learner.rungs(exercise, standing), len(exercise.hints)
    with st.container(horizontal=True, gap="small"):
        asked = st.button("Check my file", key=f"check-{exercise.slug}", type="primary", icon=":material/play_arrow:")
        if shown < last and not standing.is_done(exercise):
            st.button(
                f"Hint {shown + 1} of {last}",
                key=f"more-{exercise.slug}",
                icon=":material/lightbulb:",
                on_click=told_later(_trouble(exercise), learner.take_hint, site.catalog, exercise, standing),
            )
        if learner.solution(exercise) is None:
            show = told_later(_trouble(exercise), learner.open_solution, site.catalog, exercise)
            _draw_solution_button(exercise, standing.entry(exercise).passed_once, show)
    return asked


def _draw_solution_button(exercise: Exercise, passed: bool, show: Callable[[], None]) -> None:
    if passed:
        st.button("Compare with the course's solution", key=f"solution-{exercise.slug}", on_click=show)
        return
    with st.popover("Solution"):
        st.markdown("Your own doesn't pass yet. You may look all the same; your progress will note that you did.")
        st.button("Show me the solution", key=f"solution-{exercise.slug}", on_click=show)


def _draw_last_verdict(standing: Standing, exercise: Exercise) -> None:
    if news := learner.merge_news(exercise):
        st.info(plain(news), icon=":material/info:")
    if unsaved := learner.unsaved_verdict(exercise):
        _draw_verdict(exercise, unsaved)
        st.caption("This result could not be saved with your progress: is the folder read-only, or the disk full?")
        return
    verdict = standing.entry(exercise).last_verdict()
    if verdict:
        _draw_verdict(exercise, verdict)
        if remark := _remark(standing.states[exercise.name], verdict):
            st.caption(remark)


def _remark(state: State, verdict: Verdict) -> str | None:
    """How the last verdict stands to what the file holds now."""
    if state is State.CHANGED:
        return "Your file has changed since this check."
    if state is State.LOST:
        return "It passed before; your present version doesn't."
    if state is State.DONE and not verdict.ok:
        return "Another version was checked here. The one that your file holds has passed."
    return None


def _draw_next(site: Site, exercise: Exercise) -> None:
    later = list(site.catalog.exercises)
    later = later[later.index(exercise) + 1 :]
    if later:
        link_to_exercise(site, later[0], f"Next exercise: {later[0].title}", ":material/arrow_forward:")


def _draw_verdict(exercise: Exercise, verdict: Verdict) -> None:
    """The same text as in the terminal. A code block shows every character as it is."""
    mood = {Outcome.PASSED: "passed", Outcome.NOT_ATTEMPTED: "waiting"}.get(verdict.outcome, "wrong")
    with st.container(key=f"verdict-{mood}-{exercise.slug}"):
        st.code(as_text(verdict), language=None, wrap_lines=True)


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
        st.button("Hide the solution", key=f"hide-{exercise.slug}", on_click=learner.close_solution, args=(exercise,))
