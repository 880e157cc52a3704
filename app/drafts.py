"""What one page knows of the edits in its editors: drafts that the file doesn't hold yet, and what became of others.

The file is the one truth: a draft goes into it as soon as it arrives, unless the file holds another version than the
one that was edited. Then it waits for the learner's choice. `course_utils.learner.editing` does the work on the files.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.editor import sent_draft
from app.learner import refuse_visitors
from app.sections import stamp
from app.words import sentence_of
from course_utils.catalog import Chapter, CourseError, Exercise, load_catalog
from course_utils.grading.client import warm_up
from course_utils.learner import editing
from course_utils.learner.editing import Conflict, Draft
from course_utils.learner.reset import reset_exercise
from course_utils.learner.screen import shown_path


@dataclass(frozen=True)
class Pending:
    """A draft that the file doesn't hold."""

    number: int
    text: str
    digest: str  # of the version that was edited


@dataclass
class Edits:
    """One exercise's edits in this page."""

    pending: Pending | None = None
    seen: int = 0  # the last draft that arrived
    handled: int = 0  # the last draft that was saved or given up
    saved: tuple[int, str] = (0, "")  # the last one that was saved, and the digest of what the file holds since
    trouble: str = ""  # why the pending draft, or the last thing asked for, could not be done
    note: str = ""  # where the copy of a text lies that was replaced
    asked: bool = False  # for the checks, with the keyboard
    said: tuple[int, str] = (0, "")  # what screen readers are told, with its number
    choices: int = 0  # how often a button was pressed that is gone then; the editor gets its focus

    def say(self, text: str) -> None:
        """Have screen readers told."""
        self.said = (self.said[0] + 1, text)


def edits_of(exercise: Exercise) -> Edits:
    """Kept for as long as the page is open."""
    return st.session_state.setdefault(f"edits.{exercise.name}", Edits())


def trouble_of(exercise: Exercise) -> str:
    """The key under which an error of one of the card's buttons waits."""
    return f"trouble.{exercise.name}"


def editor_key(exercise: Exercise) -> str:
    """The key of the exercise's editor."""
    return f"editor-{exercise.slug}"


def draft_of(chapter: Chapter, exercise: Exercise) -> Draft | None:
    """The exercise as the learner's `.py` stands; None where it isn't there or the file can't be read."""
    return _drafts(str(chapter.root), chapter.key, stamp(chapter.script)).get(exercise.name)


@st.cache_resource(max_entries=32, show_spinner=False)
def _drafts(root: str, key: str, script: tuple[tuple[int, int], ...]) -> dict[str, Draft]:
    try:
        return editing.drafts(load_catalog(Path(root)).find_chapter(key))
    except CourseError:
        return {}


def told(chapter: Chapter, exercise: Exercise) -> dict[str, Any]:
    """What the editor's script wants to know, but for the text itself."""
    edits = edits_of(exercise)
    course = hashlib.sha256(str(chapter.root).encode()).hexdigest()[:12]
    return {
        "label": f"Your {exercise.name}, Python. Escape, then Tab, leaves the editor.",
        "place": chapter.script.name,
        "store": f"glassbox.draft.{course}.{exercise.name}",
        "handled": edits.handled,
        "saved": {"number": edits.saved[0], "digest": edits.saved[1]},
        "refused": edits.pending.number if edits.pending and edits.trouble else 0,
        "say": {"number": edits.said[0], "text": edits.said[1]},
        "focus": edits.choices,
    }


def receive(chapter: Chapter, exercise: Exercise) -> None:
    """The editor sent a draft, or took it back: put it into the file if that holds the version that was edited."""
    edits, sent = edits_of(exercise), sent_draft(editor_key(exercise))
    if sent and sent["number"] <= edits.handled:
        return  # it arrived again after it was dealt with: what was said since stays
    edits.trouble, edits.pending = "", None
    if sent:
        edits.note = ""
        # What was typed while an earlier draft was being saved goes on from what the file holds since.
        digest = edits.saved[1] if edits.saved[0] in sent["after"] else sent["digest"]
        edits.pending, edits.seen = Pending(sent["number"], sent["text"], digest), sent["number"]
    if edits.pending and _save(chapter, exercise, edits, edits.pending.digest):
        warm_up()  # the checks will be asked for soon


def arrived_unseen(exercise: Exercise) -> bool:
    """Whether the editor holds a draft that `receive` was not called for, as after the site was started anew."""
    sent = sent_draft(editor_key(exercise))
    return sent is not None and sent["number"] > edits_of(exercise).seen


def keep_mine(chapter: Chapter, exercise: Exercise, digest: str) -> None:
    """Put the pending draft in the place of the version with this digest, which the learner has seen; keep a copy."""
    edits = edits_of(exercise)
    edits.trouble = edits.note = ""
    if _save(chapter, exercise, edits, digest, backup=True):
        edits.choices += 1


def _save(chapter: Chapter, exercise: Exercise, edits: Edits, digest: str, backup: bool = False) -> bool:
    """Whether the pending draft is in the file now."""
    if edits.pending is None:
        return False
    try:
        refuse_visitors()
        result = editing.save(chapter, exercise, edits.pending.text, digest, backup)
    except Exception as error:
        edits.trouble = sentence_of(error)
        edits.say(edits.trouble)
        return False
    if isinstance(result, Conflict):
        edits.say("Your file holds another version. Choose which one to keep.")
        return False
    edits.saved = (edits.pending.number, result.draft.digest)
    _settle(edits)
    notes = [result.news or ""]
    if result.copy:
        notes.append(f"The file as it was before is kept as {shown_path(result.copy, chapter.root)}.")
    edits.note = " ".join(filter(None, notes))
    edits.say("Saved.")
    return True


def take_the_file_s(chapter: Chapter, exercise: Exercise) -> None:
    """Give the pending draft up for what the file holds; keep a copy of it."""
    edits = edits_of(exercise)
    if edits.pending is None:
        return
    edits.trouble = ""
    try:
        refuse_visitors()
        edits.note = _keep(chapter, exercise, edits.pending)
    except CourseError as error:
        edits.trouble = str(error)
        return
    _settle(edits)
    edits.choices += 1
    edits.say("The editor shows your file's version.")


def reset(chapter: Chapter, exercise: Exercise) -> None:
    """Put the stub back into the file. What the file held, and a draft that it didn't hold, are kept."""
    edits = edits_of(exercise)
    edits.trouble = edits.note = ""
    try:
        refuse_visitors()
        notes = [_keep(chapter, exercise, edits.pending)] if edits.pending else []
        copy = reset_exercise(chapter, exercise)
    except Exception as error:
        edits.trouble = sentence_of(error)
        return
    _settle(edits)
    edits.choices += 1
    edits.note = " ".join([f"The stub is back. Your file as it was: {shown_path(copy, chapter.root)}.", *notes])
    edits.say("The stub is back.")


def _keep(chapter: Chapter, exercise: Exercise, pending: Pending) -> str:
    copy = editing.keep_draft(chapter, exercise, pending.text)
    return f"The text that was in the editor is kept as {shown_path(copy, chapter.root)}."


def _settle(edits: Edits) -> None:
    if edits.pending:
        edits.handled = edits.pending.number
    edits.pending = None


def conflict(exercise: Exercise, draft: Draft | None) -> Pending | None:
    """The pending draft, if the file holds a version (`draft`) that it didn't start from."""
    pending = edits_of(exercise).pending
    return pending if pending and draft and pending.digest != draft.digest else None
