"""The learner's side of a page: where they stand, and the three things they can ask for.

Their code runs in the grader's process, never in this one. Whatever the progress file can't keep (a read-only folder)
is kept in the session, so that the page still answers.
"""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.sections import stamp
from course_utils.authoring.cells import read_text
from course_utils.authoring.stub import find_definition
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
    known = progress.load(chapter.root)
    now = _digests(str(chapter.root), chapter.key, stamp(chapter.script))
    return Standing(known, {e.name: known.state(e.name, now.get(e.name)) for e in chapter.exercises})


@st.cache_data(max_entries=32, show_spinner=False)
def _digests(root: str, key: str, script: tuple[tuple[int, int], ...]) -> dict[str, str]:
    return digests(load_catalog(Path(root)).find_chapter(key))


def line_of(chapter: Chapter, exercise: Exercise) -> int | None:
    """The line of the learner's `.py` on which the exercise begins; None when it isn't there or can't be read."""
    return _lines(str(chapter.root), chapter.key, stamp(chapter.script)).get(exercise.name)


@st.cache_data(max_entries=32, show_spinner=False)
def _lines(root: str, key: str, script: tuple[tuple[int, int], ...]) -> dict[str, int]:
    chapter = load_catalog(Path(root)).find_chapter(key)
    try:
        text = read_text(chapter.script)
    except CourseError:
        return {}
    found = {exercise.name: find_definition(text, exercise.name) for exercise in chapter.exercises}
    return {name: place[0] + 1 for name, place in found.items() if place}


def check(chapter: Chapter, exercise: Exercise) -> None:
    """Judge the learner's file and note the verdict. Raises CourseError when the pair of files can't be judged."""
    said = sync_pair(chapter)
    st.session_state[_key("merged", exercise)] = said if isinstance(said, MergeNews) else None
    verdict = check_exercise(chapter, exercise)
    kept = progress.load(chapter.root).of(exercise.name).last_verdict() == verdict
    st.session_state[_key("unsaved", exercise)] = None if kept else verdict


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
    ladder.next_hint(catalog, exercise, rung)
    st.session_state[_key("hints", exercise)] = rung


def rungs(exercise: Exercise, standing: Standing) -> int:
    """How many hints are on the page."""
    seen = max(standing.entry(exercise).hints, st.session_state.get(_key("hints", exercise), 0))
    return min(seen, len(exercise.hints))


def open_solution(catalog: Catalog, exercise: Exercise) -> None:
    """Put the reference solution on the page. Noted when the learner's own has never passed."""
    st.session_state[_key("solution", exercise)] = ladder.solution_text(catalog, exercise, anyway=True)


def close_solution(exercise: Exercise) -> None:
    """Take it off again."""
    st.session_state.pop(_key("solution", exercise), None)


def solution(exercise: Exercise) -> str | None:
    """The reference solution, if it is open on the page."""
    return st.session_state.get(_key("solution", exercise))
