"""`course build`: write every generated file from its source, or say which ones differ."""

import hashlib
import json
import re
import tempfile
from pathlib import Path

from course_utils.authoring.execute import execute_chapter, replace_figures
from course_utils.authoring.notebook import documents
from course_utils.authoring.tolerance import differences
from course_utils.catalog import Catalog, Chapter, CourseError
from course_utils.learner.backup import keep_copy
from course_utils.learner.state import state_folder, write_atomically
from course_utils.reading.glossary import glossary_path
from course_utils.reading.papers import papers_path

_IGNORED = {"__pycache__", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db"}


def build(catalog: Catalog, check: bool = False, execute: bool = False) -> list[str]:
    """Make the generated files of every chapter; returns one line for each that was written.

    With `check` nothing is written: the lines name each file that differs byte for byte from what its source gives,
    and the first line of it that does. With `execute` the solution notebook runs first, and gives the figures, the
    numbers that the prose states and the text that the cells print; with both, those are compared with the committed
    ones (see `differences`).
    A file that `build` did not write itself, such as a learner's, is copied to `.course/backups` before it is replaced.

    Raises CourseError for a source that can't be built and for a cell that fails.
    """
    return [line for chapter in catalog.chapters for line in _build_chapter(chapter, check, execute)]


def _build_chapter(chapter: Chapter, check: bool, execute: bool) -> list[str]:
    said: list[str] = []
    if execute:
        with tempfile.TemporaryDirectory(prefix="glassbox-figures-") as folder:
            execute_chapter(chapter, Path(folder))
            said += differences(chapter, Path(folder)) if check else replace_figures(chapter, Path(folder))
    wanted = documents(chapter)
    stale = {path: text for path, text in wanted.items() if _bytes(chapter.root / path) != text.encode()}
    if check:
        return said + [f"{path} {_first_difference(chapter.root / path, text)}" for path, text in stale.items()]
    for path, text in stale.items():
        said.append(f"{path} written{_keep(chapter.root / path, chapter.root)}")
        write_atomically(chapter.root / path, text)
    _remember(chapter.root, wanted)
    return said


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _first_difference(path: Path, text: str) -> str:
    """Where the file leaves what was expected, for example "differs from line 12 on: '…' should be '…'"."""
    if not path.is_file():
        return "is missing"
    have, want = path.read_bytes().decode("utf-8", "replace").split("\n"), text.split("\n")
    for number, (is_now, should_be) in enumerate(zip(have, want, strict=False), 1):
        if is_now != should_be:
            return f"differs from line {number} on: {is_now[:60]!r} should be {should_be[:60]!r}"
    longer = "too long" if len(have) > len(want) else "cut off"
    return f"is {longer} from line {min(len(have), len(want)) + 1} on"


def _keep(path: Path, root: Path) -> str:
    """Keep a copy of what is about to be replaced, unless an earlier build wrote it; says where."""
    content = _bytes(path)
    if content is None or _built(root).get(path.relative_to(root).as_posix()) == _digest(content):
        return ""
    return f"; what was there is kept as {keep_copy(path, root)}"


def _built(root: Path) -> dict[str, str]:
    """The digest of each file as `build` last wrote it."""
    try:
        return dict(json.loads((root / ".course" / "built.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _remember(root: Path, texts: dict[str, str]) -> None:
    known = _built(root)
    now = known | {path: _digest(text.encode()) for path, text in texts.items()}
    if now != known:
        write_atomically(state_folder(root) / "built.json", json.dumps(now, indent=1, sort_keys=True) + "\n")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stray_files(catalog: Catalog) -> list[str]:
    """Files under chapters/, solutions/ and the chapters' tests/ that no record accounts for, as paths below the root.

    A figure is accounted for when its name stands, quoted, in the solutions.
    """
    if not catalog.chapters:
        return []
    root = catalog.chapters[0].root
    known = {glossary_path(root), papers_path(root)} | {
        path for chapter in catalog.chapters for path in _accounted(chapter)
    }
    folders = [root / "chapters", root / "solutions", *(chapter.tests for chapter in catalog.chapters)]
    found = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    strays = {path for path in found if path not in known and not _IGNORED & set(path.relative_to(root).parts)}
    return sorted(path.relative_to(root).as_posix() for path in strays)


def _accounted(chapter: Chapter) -> set[Path]:
    try:
        named = set(re.findall(r"[\"']([\w-]+)[\"']", chapter.solution.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CourseError(f"solutions/{chapter.key}.py is missing: chapter {chapter.key} is made from it.") from None
    figures = {chapter.figures / f"{name}{suffix}" for name in named for suffix in (".json", ".svg")}
    documents = {chapter.records, chapter.script, chapter.notebook, chapter.solution, chapter.solution_notebook}
    checks = {chapter.check_file(exercise) for exercise in chapter.exercises}
    return documents | checks | figures | {chapter.figures / "numbers.json", chapter.figures / "printed.json"}
