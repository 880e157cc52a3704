"""The working part of an exercise's card, on one's own machine: editor, checks, conflict, reset, last verdict."""

import sys

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import drafts, learner
from app.conflict import draw_conflict
from app.drafts import Edits
from app.editor import draw_editor
from app.learner import Standing
from app.lookout import look_out
from app.words import plain, tell, told_later
from course_utils.catalog import Chapter, Exercise
from course_utils.grading.report import as_text
from course_utils.grading.verdict import Outcome, Verdict
from course_utils.learner.progress import State
from course_utils.learner.screen import shown_path

_SEEN = "work.seen"  # what they were when the page was drawn
_STATES = {
    State.NEW: "not begun",
    State.FAILING: ":material/close: does not pass yet",
    State.LOST: ":material/close: passed before, does not now",
    State.CHANGED: ":material/edit: changed since its last check",
    State.DONE: ":material/check: done",
}


def prepare(chapter: Chapter) -> None:
    """What the cards of a page need once: the learner's files in step, and a look-out."""
    learner.follow(chapter)
    st.session_state[_SEEN] = learner.changes_outside(chapter)
    look_out(lambda: st.session_state.get(_SEEN) != learner.changes_outside(chapter))


def draw_place(chapter: Chapter, standing: Standing, exercise: Exercise) -> None:
    """Where one is: which exercise of the chapter this is, and how it stands."""
    number = chapter.exercises.index(exercise) + 1
    state = _STATES[standing.states[exercise.name]]
    st.caption(f"Exercise {number} of {len(chapter.exercises)} in this chapter · {state}", width="content")


def draw_own_file(chapter: Chapter, exercise: Exercise) -> None:
    """The editor, over what the learner's file holds."""
    draft = drafts.draft_of(chapter, exercise)
    shown = shown_path(chapter.script, chapter.root)
    if draft is None:
        st.warning(
            f"`{exercise.name}` can't be found in `{shown}`: mend the file, or bring the stub back with **Reset**.",
            icon=":material/warning:",
        )
        return
    edits = drafts.edits_of(exercise)

    def asked() -> None:
        edits.asked = True

    receive = told_later(drafts.trouble_of(exercise), _receive, chapter, exercise)
    draw_editor(drafts.editor_key(exercise), draft, drafts.told(chapter, exercise), receive, asked)
    if drafts.arrived_unseen(exercise):
        receive()
        st.rerun()


def _receive(chapter: Chapter, exercise: Exercise) -> None:
    """Take the editor's draft. The page's own save is no reason to draw all of it anew while one works on a card."""
    seen = st.session_state.get(_SEEN) == learner.changes_outside(chapter)
    drafts.receive(chapter, exercise)
    if seen:
        st.session_state[_SEEN] = learner.changes_outside(chapter)


def draw_run_button(exercise: Exercise) -> bool:
    """Whether the checks were asked for, with the button or with the keyboard."""
    pressed = st.button(
        "Run checks",
        key=f"check-{exercise.slug}",
        type="primary",
        icon=":material/play_arrow:",
        help="Saves and checks. In the editor: Ctrl+Enter (⌘+Enter on a Mac)",
    )
    edits = drafts.edits_of(exercise)
    asked, edits.asked = pressed or edits.asked, False
    return asked


def draw_reset(chapter: Chapter, exercise: Exercise) -> None:
    """A button that asks once more before it acts."""
    # A new key each time it was used: else it would stay open.
    with st.popover("Reset", key=f"reset-{exercise.slug}-{drafts.edits_of(exercise).choices}"):
        st.markdown("Put the stub back into your file? What you have there now is kept as a copy.")
        st.button(
            "Put the stub back",
            key=f"reset-{exercise.slug}",
            on_click=told_later(drafts.trouble_of(exercise), drafts.reset, chapter, exercise),
        )


def run_checks(chapter: Chapter, exercise: Exercise, busy: DeltaGenerator) -> None:
    """Judge the file, unless a draft still waits to get into it. Ends this run of the page.

    busy: where to say that it takes a moment.
    """
    edits = drafts.edits_of(exercise)
    if edits.pending is None:
        edits.trouble = edits.note = ""
        busy.caption(f"Checking {exercise.name} …")
        told_later(drafts.trouble_of(exercise), learner.check, chapter, exercise)()
        edits.say(_verdict_in_short(chapter, exercise))
    elif drafts.conflict(exercise, drafts.draft_of(chapter, exercise)):
        edits.trouble = "Nothing was checked: choose one of the two versions first."
        edits.say(edits.trouble)
    st.rerun()  # the verdict is noted; everything that shows progress is drawn anew


def _verdict_in_short(chapter: Chapter, exercise: Exercise) -> str:
    if said := st.session_state.get(drafts.trouble_of(exercise)):
        return str(said)
    verdict = learner.unsaved_verdict(exercise) or learner.standing_of(chapter).entry(exercise).last_verdict()
    return _on_the_page(verdict) if verdict else ""


def _on_the_page(verdict: Verdict) -> str:
    """The text of the terminal, without the command that a button of the card stands for."""
    verdict = verdict.with_(next_step="") if verdict.next_step.startswith("course hint ") else verdict
    return as_text(verdict, width=sys.maxsize)  # the browser wraps


def draw_news(chapter: Chapter, exercise: Exercise) -> None:
    """What stands between the learner and a check, and where copies of replaced texts lie."""
    edits, draft = drafts.edits_of(exercise), drafts.draft_of(chapter, exercise)
    pending = drafts.conflict(exercise, draft)
    with st.container():
        if draft and pending:
            draw_conflict(chapter, exercise, draft, pending)
    with st.container():
        _draw_words(edits)
        tell(drafts.trouble_of(exercise))


def _draw_words(edits: Edits) -> None:
    if edits.trouble:
        st.error(plain(edits.trouble), icon=":material/error:")
    if edits.note:
        st.info(plain(edits.note), icon=":material/info:")


def draw_last_verdict(chapter: Chapter, standing: Standing, exercise: Exercise) -> None:
    """The last verdict, with a remark where the file holds another version than the one that was judged.

    None while two versions wait for a choice: it would be read as the verdict on what the editor shows.
    """
    if drafts.conflict(exercise, drafts.draft_of(chapter, exercise)):
        return
    with st.container():
        if news := learner.merge_news(exercise):
            st.info(plain(news), icon=":material/info:")
    with st.container():
        _draw_verdict_and_remark(standing, exercise)


def _draw_verdict_and_remark(standing: Standing, exercise: Exercise) -> None:
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


def _draw_verdict(exercise: Exercise, verdict: Verdict) -> None:
    """The same text as in the terminal. A code block shows every character as it is."""
    mood = {Outcome.PASSED: "passed", Outcome.NOT_ATTEMPTED: "waiting"}.get(verdict.outcome, "wrong")
    with st.container(key=f"verdict-{mood}-{exercise.slug}"):
        st.code(_on_the_page(verdict), language=None, wrap_lines=True)
