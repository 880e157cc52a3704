"""The learner's side of a page: where they stand, and the three things they can ask for.

Their code runs in the grader's process, never in this one. Whatever the progress file can't keep (a read-only folder)
is kept in the session, so that the page still answers. On a public site nothing runs and nothing is written: what a
visitor did is kept by their browser (app/visitor.py).
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app import visitor
from app.mode import is_public
from app.sections import stamp
from course_utils.authoring.cells import read_text
from course_utils.authoring.stub import source_of
from course_utils.catalog import Catalog, Chapter, CourseError, Exercise, load_catalog
from course_utils.grading.verdict import Verdict
from course_utils.learner import ladder, progress
from course_utils.learner.checking import check_exercise, sync_pair
from course_utils.learner.fingerprints import digests
from course_utils.learner.pairing import MergeNews
from course_utils.learner.progress import Entry, Progress, State


@dataclass(frozen=True)
class Standing:
    """Where the learner stands with one chapter, as their file is now."""

    known: Progress
    states: dict[str, State]

    @property
    def done(self) -> int:
        return sum(state is State.DONE for state in self.states.values())

    def entry(self, exercise: Exercise) -> Entry:
        return self.known.of(exercise.name)

    def is_done(self, exercise: Exercise) -> bool:
        return self.states[exercise.name] is State.DONE


def standing_of(chapter: Chapter) -> Standing:
    """Read afresh on each draw, so that a check in a terminal shows here too; only parsing is kept."""
    if is_public():
        return _visitor_s(chapter)
    known = progress.load(chapter.root)
    now = _digests(str(chapter.root), chapter.key, stamp(chapter.script))
    return Standing(known, {e.name: known.state(e.name, now.get(e.name)) for e in chapter.exercises})


def _visitor_s(chapter: Chapter) -> Standing:
    """As they ticked it: nobody checked."""
    said = visitor.visitor_progress()
    states = {e.name: State.DONE if e.name in said.done else State.NEW for e in chapter.exercises}
    return Standing(Progress({name: Entry(hints=rungs) for name, rungs in said.hints.items()}), states)


@st.cache_data(max_entries=32, show_spinner=False)
def _digests(root: str, key: str, script: tuple[tuple[int, int], ...]) -> dict[str, str]:
    return digests(load_catalog(Path(root)).find_chapter(key))


def follow(chapter: Chapter) -> None:
    """Let the `.py` follow a notebook that was edited outside, where that can be done; a check says why it can't."""
    if is_public():
        return
    now, key = stamp(chapter.script, chapter.notebook), f"learner.followed.{chapter.key}"
    if st.session_state.get(key) != now:
        with contextlib.suppress(CourseError, OSError):
            _note_merge(chapter, sync_pair(chapter))
        st.session_state[key] = stamp(chapter.script, chapter.notebook)


def changes_outside(chapter: Chapter) -> tuple[tuple[int, int], ...]:
    """What changes when the learner's files or progress do."""
    return stamp(chapter.script, chapter.notebook, chapter.root / ".course" / "progress.json")


def check(chapter: Chapter, exercise: Exercise) -> None:
    """Judge the learner's file and note the verdict. Raises CourseError when the pair of files can't be judged."""
    refuse_visitors()
    _note_merge(chapter, sync_pair(chapter))
    st.session_state[_key("merged", exercise)] = st.session_state.pop(f"learner.merged.{chapter.key}", None)
    verdict = check_exercise(chapter, exercise)
    kept = progress.load(chapter.root).of(exercise.name).last_verdict() == verdict
    st.session_state[_key("unsaved", exercise)] = None if kept else verdict


def refuse_visitors() -> None:
    """Raise CourseError on a public site. Its pages have no way to ask; this is the lock behind the missing door."""
    if is_public():
        raise CourseError("This site runs nobody's code and keeps no files: take the course on your own machine.")


def _note_merge(chapter: Chapter, said: str | None) -> None:
    """Keep what was said of a merge of the chapter's two files for the next check to tell."""
    if isinstance(said, MergeNews):
        st.session_state[f"learner.merged.{chapter.key}"] = str(said)


def _key(what: str, exercise: Exercise) -> str:
    """A key of the session that no widget has: theirs hold no dot."""
    return f"learner.{what}.{exercise.name}"


def unsaved_verdict(exercise: Exercise) -> Verdict | None:
    """The last verdict of this session, if the progress file could not keep it."""
    return st.session_state.get(_key("unsaved", exercise))


def merge_news(exercise: Exercise) -> str | None:
    """What the last check of this exercise had to say of its two files, if it merged them."""
    return st.session_state.get(_key("merged", exercise))


def take_hint(catalog: Catalog, exercise: Exercise, standing: Standing) -> None:
    """Climb one rung."""
    rung = min(rungs(exercise, standing) + 1, len(exercise.hints))
    if is_public():
        visitor.note_hint(exercise.name, rung)
        return
    ladder.next_hint(catalog, exercise, rung)
    st.session_state[_key("hints", exercise)] = rung


def rungs(exercise: Exercise, standing: Standing) -> int:
    """How many hints are on the page."""
    seen = max(standing.entry(exercise).hints, st.session_state.get(_key("hints", exercise), 0))
    return min(seen, len(exercise.hints))


def open_solution(catalog: Catalog, exercise: Exercise) -> None:
    """Put the reference solution on the page. Noted when the learner's own has never passed."""
    if is_public():
        text = source_of(read_text(catalog.chapter_of(exercise).solution), exercise.name)
    else:
        text = ladder.solution_text(catalog, exercise, anyway=True)
    st.session_state[_key("solution", exercise)] = text


def close_solution(exercise: Exercise) -> None:
    """Take it off again."""
    st.session_state.pop(_key("solution", exercise), None)


def solution(exercise: Exercise) -> str | None:
    """The reference solution, if it is open on the page."""
    return st.session_state.get(_key("solution", exercise))
