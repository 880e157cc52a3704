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
# What decides a verdict: a change in any of these makes older results another course's. Not here: the site, exports,
# whatever makes chapters, trains specimens or writes about them.
_DECIDES = (
    *("__init__.py", "records.py", "catalog.py", "data", "grading", "jail", "model"),
    *(f"authoring/{name}.py" for name in ("__init__", "cells", "magics", "stub")),
    *(f"specimens/{name}.py" for name in ("__init__", "files", "load", "recipe")),
    *(f"staff/{name}.py" for name in ("grader", "task", "judging", "blame", "seeds")),
)
_KINDS = ("*.py", "*.safetensors", "*.json")


def provenance(chapter: Chapter) -> Provenance:
    """The versions and fingerprints that a result of this chapter carries, as they are now."""
    lock = chapter.root / "requirements.lock"
    files = [chapter.records, chapter.solution, *sorted(chapter.tests.rglob("*.py"))]
    return Provenance(
        course=f"{_version('glassbox')}+{_grader(_specimens(files))[:12]}",
        torch=_version("torch"),
        python=platform.python_version(),
        lock=hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else "",
        checks=_digest(files, chapter.root),
    )


def _specimens(files: Iterable[Path]) -> tuple[str, ...]:
    """The specimens that a chapter's files name, all of them where they name none but speak of some."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    shipped = sorted(path.name for path in (_PACKAGE / "specimens" / "weights").glob("[!.]*"))
    named = tuple(name for name in shipped if name in text)
    return named or (tuple(shipped) if "specimen" in text else ())


@lru_cache
def _grader(specimens: tuple[str, ...]) -> str:
    """A fingerprint of the code that judges, and of the weights that the chapter's files look at."""
    of_specimens = [f"specimens/recipes/{name.replace('-', '_')}.py" for name in specimens]
    of_specimens += [f"specimens/weights/{name}" for name in specimens]
    paths = [_PACKAGE / name for name in (*_DECIDES, *of_specimens)]
    files = [path for path in paths if path.is_file()]
    for folder in (path for path in paths if path.is_dir()):
        files += [file for kind in _KINDS for file in folder.rglob(kind)]
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
