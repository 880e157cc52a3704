"""A visitor's progress on a public site, kept by their browser and never by the server.

The browser's store is the truth. What it sends is taken only where the catalog knows it, so nothing that someone typed
into the store is shown or believed. A change that is made here is a note (`done`, an exercise, yes or no) that travels
to the browser, which applies it to its store, so that two open pages don't undo each other's.
"""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from app.words import told_later
from course_utils.catalog import Catalog, load_catalog

STORE = "glassbox.progress"  # the key in the browser's localStorage
_MOST = 100_000  # characters; a store of every exercise of the course takes a hundredth
_KEY = "visitor-store"
_MEMORY = "visitor.memory"  # holds a dot, so no widget has it
_Kind = TypeVar("_Kind", list, dict)


@dataclass(frozen=True)
class VisitorProgress:
    """What a visitor says they have done, by exercises' names: ticked as done, and how many hints they opened."""

    done: frozenset[str] = frozenset()
    hints: dict[str, int] = field(default_factory=dict)


@dataclass
class _Memory:
    """One open page's view of the browser's store: what came from there, and the notes that it hasn't applied yet."""

    session: str = field(default_factory=lambda: secrets.token_hex(8))
    kept: VisitorProgress = field(default_factory=VisitorProgress)
    notes: list[dict[str, Any]] = field(default_factory=list)
    noted: int = 0


def visitor_progress() -> VisitorProgress:
    """The visitor's progress as this page knows it; empty until their browser has said."""
    memory = _memory()
    done, hints = set(memory.kept.done), dict(memory.kept.hints)
    for note in memory.notes:
        name = note["name"]
        if note["what"] == "hint":
            hints[name] = max(hints.get(name, 0), note["value"])
        elif note["value"]:
            done.add(name)
        else:
            done.discard(name)
    return VisitorProgress(frozenset(done), hints)


def mark_done(name: str, done: bool) -> None:
    """Note that the visitor ticked an exercise as done, or no longer; kept when the page is drawn."""
    _note("done", name, bool(done))


def note_hint(name: str, rung: int) -> None:
    """Note that hints up to `rung` (1 is the first) are open."""
    _note("hint", name, int(rung))


def _note(what: str, name: str, value: bool | int) -> None:
    memory = _memory()
    memory.noted += 1
    # A newer note on the same thing stands for the older one, so there are never more than two an exercise.
    memory.notes = [note for note in memory.notes if (note["what"], note["name"]) != (what, name)]
    memory.notes.append({"number": memory.noted, "what": what, "name": name, "value": value})


def _memory() -> _Memory:
    if _MEMORY not in st.session_state:
        st.session_state[_MEMORY] = _Memory()
    return st.session_state[_MEMORY]


def keep_in_browser() -> None:
    """Join the page to the browser's store. Draw it once a page, after everything that may note something."""
    memory = _memory()
    progress = visitor_progress()
    known = {"done": sorted(progress.done), "hints": progress.hints}
    data = {"store": STORE, "session": memory.session, "notes": memory.notes, "known": known}
    with st.container(key="visitor"):
        _store(key=_KEY, data=data, on_kept_change=told_later("visitor.trouble", _receive))


def _receive() -> None:
    """Take what the browser sent. It is someone else's text: whatever isn't as it should be is left out."""
    sent = st.session_state.get(_KEY, {}).get("kept")
    memory = _memory()
    if not isinstance(sent, dict):
        return
    memory.kept = believed(sent.get("progress"), load_catalog())
    applied = sent.get("applied")
    if sent.get("session") == memory.session and isinstance(applied, int):
        memory.notes = [note for note in memory.notes if note["number"] > applied]


def believed(text: object, catalog: Catalog) -> VisitorProgress:
    """The part of a browser's store that the catalog knows.

    >>> believed('{"done": ["<script>"], "hints": 3}', Catalog(()))
    VisitorProgress(done=frozenset(), hints={})
    """
    if not isinstance(text, str) or len(text) > _MOST:
        return VisitorProgress()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return VisitorProgress()
    found = found if isinstance(found, dict) else {}
    rungs = {exercise.name: len(exercise.hints) for exercise in catalog.exercises}
    done, hints = _as(list, found.get("done")), _as(dict, found.get("hints"))
    return VisitorProgress(
        frozenset(name for name in done if isinstance(name, str) and name in rungs),
        # An exact type, as True is an int too.
        {
            name: min(rung, rungs[name])
            for name, rung in hints.items()
            if name in rungs and type(rung) is int and rung > 0
        },
    )


def _as(kind: type[_Kind], value: object) -> _Kind:
    """`value` if it is of this kind, else an empty one."""
    return value if isinstance(value, kind) else kind()


_store = st.components.v2.component(
    "glassbox.visitor", js=Path(__file__).with_name("visitor.js").read_text(encoding="utf-8")
)
