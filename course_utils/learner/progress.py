"""What the learner has done, in `.course/progress.json`. A cache: whatever it says, work is judged from their files.

Losing it loses only counts, so nothing here stops work: a file that can't be read is set aside, and one that can't be
written costs one warning.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from course_utils.catalog import Chapter
from course_utils.grading.verdict import Outcome, Verdict
from course_utils.learner.fingerprints import digests
from course_utils.learner.state import state_folder, write_atomically

_VERSION = 1
_KEPT = 20  # passing versions of an exercise that are remembered
_warned: set[Path] = set()


class State(StrEnum):
    """Where the learner stands with one exercise."""

    NEW = "new"  # never tried
    FAILING = "failing"
    LOST = "lost"  # passed once, but the version that was checked last doesn't
    CHANGED = "changed"  # edited since the last check
    DONE = "done"


@dataclass(frozen=True)
class Entry:
    """What is known of one exercise."""

    outcome: str = ""  # of the last check; "" when there was none
    digest: str = ""  # of the source that was judged then
    attempts: int = 0  # checks of a source that had been worked on
    hints: int = 0  # rungs of the ladder that were shown
    solution_seen: bool = False
    verdict: dict[str, Any] | None = None  # the last one, for whoever draws it
    passed_once: bool = False
    passing: list[str] = field(default_factory=list)  # digests of sources that passed, the latest last

    def passes(self, digest: str | None) -> bool:
        """Whether a source with this digest has passed."""
        return bool(digest) and digest in self.passing

    def last_verdict(self) -> Verdict | None:
        """The last verdict as a record; None when there is none, or none that can be read."""
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return Verdict.from_dict(self.verdict) if self.verdict else None
        return None


@dataclass(frozen=True)
class Progress:
    """The entries by exercise name. A name that isn't there has an empty entry."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def of(self, name: str) -> Entry:
        return self.entries.get(name, Entry())

    def state(self, name: str, digest: str | None) -> State:
        """Where the learner stands with an exercise whose source has this fingerprint now.

        Done if this very source passed, whatever else was checked since.
        """
        entry = self.of(name)
        if entry.passes(digest):
            return State.DONE
        if entry.outcome in ("", Outcome.NOT_ATTEMPTED):
            return State.LOST if entry.passed_once else State.NEW
        if entry.digest != digest or entry.outcome == Outcome.PASSED:
            return State.CHANGED
        return State.LOST if entry.passed_once else State.FAILING


def states(chapter: Chapter, progress: Progress | None = None) -> dict[str, State]:
    """The state of each of the chapter's exercises, as its `.py` stands now."""
    known = progress or load(chapter.root)
    now = digests(chapter)
    return {exercise.name: known.state(exercise.name, now.get(exercise.name)) for exercise in chapter.exercises}


def load(root: Path) -> Progress:
    """Read the progress file. One that can't be understood is kept beside a new one, and a warning says where."""
    path = _path(root)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(Entry)}
        return Progress(
            {
                str(name): _with_pass(Entry(**{key: value for key, value in entry.items() if key in known}))
                for name, entry in data["exercises"].items()
            }
        )
    except FileNotFoundError:
        return Progress()
    except OSError as error:
        _warn(path, f"{path} can't be read ({error.strerror}): counts start afresh.")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        aside = path.with_name(f"progress.unreadable-{time.strftime('%Y%m%d-%H%M%S')}.json")
        with contextlib.suppress(OSError):
            path.rename(aside)
            _warn(path, f"The progress file could not be understood: it is kept as {aside}, and counts start afresh.")
    return Progress()


def _with_pass(entry: Entry) -> Entry:
    """The entry with what it says of the last check noted as a pass too, if it was one."""
    if entry.outcome != Outcome.PASSED:
        return entry
    earlier = [digest for digest in entry.passing if digest != entry.digest]
    latest = [entry.digest] if entry.digest else []
    return replace(entry, passed_once=True, passing=[*earlier, *latest][-_KEPT:])


def record(root: Path, verdict: Verdict, digest: str | None, live: bool = False) -> None:
    """Note a verdict on the source with this digest. An untouched stub is no attempt, and a pass is kept.

    live: an object in a notebook was judged, among whatever else lives there; then a failure doesn't tell that the same
    source in a file, which passed, does no longer.
    """
    outcome = verdict.outcome
    refuted = {digest} if outcome in (Outcome.WRONG, Outcome.CRASHED, Outcome.NOT_LOADABLE) and not live else set()

    def change(entry: Entry) -> Entry:
        attempt = outcome not in (Outcome.NOT_ATTEMPTED, Outcome.GRADER_ERROR)
        changed = replace(
            entry,
            outcome=str(outcome),
            digest=digest or "",
            attempts=entry.attempts + attempt,
            verdict=verdict.to_dict(),
            passing=[known for known in entry.passing if known not in refuted],
        )
        return _with_pass(changed)

    _update(root, verdict.exercise, change)


def hint_rungs(root: Path, name: str) -> int:
    """How many rungs of this exercise's hint ladder the learner has seen."""
    return load(root).of(name).hints


def note_hint(root: Path, name: str, rungs: int) -> None:
    """Note that the first `rungs` hints have been shown."""
    _update(root, name, lambda entry: replace(entry, hints=max(entry.hints, rungs)))


def note_solution(root: Path, name: str) -> None:
    """Note that the solution has been shown."""
    _update(root, name, lambda entry: replace(entry, solution_seen=True))


def _path(root: Path) -> Path:
    return root / ".course" / "progress.json"


def _update(root: Path, name: str, change: Callable[[Entry], Entry]) -> None:
    try:
        with _locked(root):
            entries = load(root).entries
            entries = {**entries, name: change(entries.get(name, Entry()))}
            data = {"version": _VERSION, "exercises": {key: asdict(entries[key]) for key in sorted(entries)}}
            write_atomically(_path(root), json.dumps(data, indent=1) + "\n")
    except OSError as error:
        path = _path(root)
        _warn(path, f"{path} can't be written ({error.strerror}): checks go on, but progress isn't kept.")


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Keep a notebook and a terminal from losing each other's notes. Does nothing where files can't be locked."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(state_folder(root) / "progress.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _warn(path: Path, message: str) -> None:
    """Say it once a process: on stderr, where it doesn't mix with what a program reads."""
    if path not in _warned:
        _warned.add(path)
        print(f"course: {message}", file=sys.stderr)
