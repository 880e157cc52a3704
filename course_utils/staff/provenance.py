"""What takes part in a result besides the file: versions, the lock, the checks. Imports no torch."""

import hashlib
import platform
from collections.abc import Iterable
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from course_utils.catalog import Chapter
from course_utils.staff.results import Provenance

_PACKAGE = Path(__file__).resolve().parent.parent
# What decides a verdict: a change in any of these makes older results another course's.
_DECIDES = ("records.py", "catalog.py", "authoring", "data", "grading", "jail", "model", "specimens")
_OF_STAFF = ("grader.py", "task.py", "judging.py", "blame.py", "seeds.py")


def provenance(chapter: Chapter) -> Provenance:
    """The versions and fingerprints that a result of this chapter carries, as they are now."""
    lock = chapter.root / "requirements.lock"
    return Provenance(
        course=f"{_version('glassbox')}+{_grader()[:12]}",
        torch=_version("torch"),
        python=platform.python_version(),
        lock=hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else "",
        checks=_digest([chapter.records, chapter.solution, *sorted(chapter.tests.glob("*.py"))], chapter.root),
    )


@lru_cache
def _grader() -> str:
    """A fingerprint of the code that judges, specimens' weights included."""
    paths = [_PACKAGE / name for name in _DECIDES] + [_PACKAGE / "staff" / name for name in _OF_STAFF]
    files = [path for path in paths if path.is_file()]
    for folder in (path for path in paths if path.is_dir()):
        files += [file for kind in ("*.py", "*.safetensors", "*.json") for file in folder.rglob(kind)]
    return _digest(sorted(files), _PACKAGE)


def _digest(files: Iterable[Path], root: Path) -> str:
    """SHA-256 over the names and contents of files."""
    whole = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        whole.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
