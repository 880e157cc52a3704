"""`course doctor`: what the course needs of a machine, looked at one by one, each with its remedy."""

import contextlib
import platform
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from importlib import metadata
from pathlib import Path

from course_utils.authoring.cells import read_cells
from course_utils.catalog import Chapter, CourseError, load_catalog
from course_utils.grading.client import NoServer, ping
from course_utils.learner.agreed import document_digest
from course_utils.learner.fingerprints import digests
from course_utils.learner.screen import SITE_PORT
from course_utils.learner.state import state_folder, write_atomically

OLDEST_PYTHON = (3, 11)
LEAST_SPACE = 1 << 30  # bytes on the disk below which trained models may not fit
SLOW_CHECK = 1.0  # seconds for an answer of a warm server
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;+]+)")


class Level(IntEnum):
    """How bad a finding is."""

    OK = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `remedy` is what to do about it, "" when all is well."""

    level: Level
    says: str
    remedy: str = ""


def _ok(says: str) -> Finding:
    return Finding(Level.OK, says)


def _warn(says: str, remedy: str) -> Finding:
    return Finding(Level.WARN, says, remedy)


def _fail(says: str, remedy: str) -> Finding:
    return Finding(Level.FAIL, says, remedy)


def examine(root: Path) -> Iterator[Finding]:
    """Look at everything, the cheap things first."""
    yield python_version()
    yield from packages(root)
    yield state_is_writable(root)
    yield disk_space(root)
    yield from chapter_files(root)
    yield site_port()
    yield jail()
    yield server()


def python_version() -> Finding:
    """New enough for the course's code."""
    version = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding(
            Level.FAIL, f"Python {version} is too old.", "Install Python 3.11 or newer, then run `make course`."
        )
    return _ok(f"Python {version}")


def packages(root: Path) -> Iterator[Finding]:
    """Compare what is installed with requirements.lock."""
    lock = root / "requirements.lock"
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except OSError:
        yield Finding(
            Level.WARN, "requirements.lock is missing, so versions can't be compared.", "Get it from the course."
        )
        return
    pinned = {found[1]: found[2] for line in lines if (found := _PINNED.match(line))}
    missing, other = [], []
    for name, version in pinned.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if installed.split("+")[0] != version:
            other.append(f"{name} {installed} instead of {version}")
    remedy = "Run `make course`, or `pip install -r requirements.lock` in this environment."
    if missing:
        yield _fail(f"Not installed: {_some(missing)}.", remedy)
    if other:
        yield _warn(f"Other versions than the course was tested with: {_some(other)}.", remedy)
    if not missing and not other:
        yield _ok(f"{len(pinned)} packages, all as in requirements.lock")


def state_is_writable(root: Path) -> Finding:
    """Progress and kept copies go to `.course/`."""
    try:
        probe = state_folder(root) / "probe"
        write_atomically(probe, "x")
        probe.unlink()
    except OSError as error:
        remedy = f"Make {root} writable for you (or move the course); until then progress isn't kept."
        return Finding(
            Level.WARN,
            f"{root / '.course'}, where progress is kept, can't be written ({error.strerror}).",
            remedy,
        )
    return _ok("progress can be saved in .course/")


def disk_space(root: Path) -> Finding:
    """Room for what is trained and written."""
    for place in (root, Path(tempfile.gettempdir())):
        free = shutil.disk_usage(place).free
        if free < LEAST_SPACE:
            return _warn(f"Only {free / (1 << 20):.0f} MB are free under {place}.", "Make some room.")
    return _ok("enough disk space")


def chapter_files(root: Path) -> Iterator[Finding]:
    """Each chapter's two files are there and say the same, and hold every exercise."""
    try:
        for chapter in load_catalog(root).chapters:
            yield _pair(chapter)
    except CourseError as error:
        yield _fail(str(error), "If you did not edit that file, get it from the course again.")


def _pair(chapter: Chapter) -> Finding:
    missing = [path.name for path in (chapter.script, chapter.notebook) if not path.is_file()]
    if missing:
        return Finding(
            Level.WARN, f"{' and '.join(missing)} is not there.", f"`course sync {chapter.key[:4]}` makes it."
        )
    try:
        script, notebook = (document_digest(read_cells(path)) for path in (chapter.script, chapter.notebook))
    except CourseError as error:
        return _fail(
            str(error), f"`course check` says the same; `course reset {chapter.key[:4]}` starts the chapter afresh."
        )
    gone = [exercise.name for exercise in chapter.exercises if exercise.name not in digests(chapter)]
    if script != notebook:
        remedy = f"`course sync {chapter.key[:4]}` brings them in step, or says what to do."
        return _warn(f"{chapter.script.name} and its notebook differ.", remedy)
    if gone:
        remedy = f"`course reset {gone[0]}` puts one back."
        return Finding(Level.WARN, f"{chapter.script.name} lacks, or can't be parsed at, {_some(gone)}.", remedy)
    return _ok(f"{chapter.script.name} and its notebook are in step")


def site_port() -> Finding:
    """Whether the site's usual port is free; it is no failure when it isn't."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", SITE_PORT), timeout=0.5):
        return Finding(
            Level.OK, f"port {SITE_PORT} is in use (a site that is open?): `course site` would take the next free one"
        )
    return _ok(f"port {SITE_PORT} is free for `course site`")


def jail() -> Finding:
    """How safely other people's code would run here: only `course grade` asks for it, so the worst is a warning."""
    from course_utils.jail.walls import levels

    try:
        found = levels.strongest()
    except CourseError as error:
        return _warn(f"Other people's code can't be graded here: {error}", "Your own checks don't need it.")
    says = f"other people's code would be graded behind {found.level.name.lower()} ({', '.join(found.parts)})"
    if found.level is levels.Level.BUBBLEWRAP:
        return _ok(says)
    remedy = levels.attempt(levels.Level(found.level + 1)).remedy
    if found.level.certified:
        return Finding(Level.OK, says, f"For a stronger wall: {remedy}")
    return _warn(f"{says}, which is no wall: `course grade` calls no such result safe", remedy)


def server() -> Finding:
    """Start the grading server if need be, then time a second answer."""
    try:
        first = ping()
        warm = ping()
    except NoServer as error:
        return Finding(
            Level.WARN,
            f"The grading server doesn't run ({error}).",
            "Checks work without it, but take a few seconds each.",
        )
    says = f"the grading server answers in {warm * 1000:.0f} ms (the first answer took {first:.1f} s)"
    if warm > SLOW_CHECK:
        return _warn(says, "The machine is very busy: close what else is running.")
    return _ok(says)


def _some(items: list[str], most: int = 4) -> str:
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + rest
