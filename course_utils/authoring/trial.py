"""The course on trial: a copy of it in a folder of its own, and the site served from there, as a learner would have it.

For tests in a browser, benchmarks and screenshots, which must not touch the checkout's own files.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_utils.authoring.build import build
from course_utils.catalog import Catalog, CourseError, course_root, load_catalog

_PATIENCE = 60.0  # seconds for a site to answer, on a busy machine


@dataclass(frozen=True)
class Served:
    """A running site: where it answers, the course that it serves, its folder, and the process's number."""

    address: str
    catalog: Catalog
    folder: Path
    process: int


def copy_course(folder: Path) -> Catalog:
    """Copy what the site draws into `folder`, with untouched stubs, and read it from there."""
    source = course_root()
    shutil.copytree(source / "solutions", folder / "solutions")
    shutil.copy(source / "pyproject.toml", folder)
    for chapter in load_catalog(source).chapters:
        there = folder / "chapters" / chapter.key
        there.mkdir(parents=True)
        shutil.copy(chapter.records, there)
        if chapter.figures.is_dir():
            shutil.copytree(chapter.figures, there / "figures")
        shutil.copytree(chapter.tests, folder / "tests" / chapter.key)
    catalog = load_catalog(folder)
    build(catalog)
    return catalog


@contextlib.contextmanager
def serving(*flags: str, path: str = "", **environment: str) -> Iterator[Served]:
    """Serve the site from a fresh copy until the block ends.

    `flags` are Streamlit's, `path` is the part of the address below which it is served, `environment` is added to the
    site's own. Raises CourseError when it doesn't answer.
    """
    main = course_root() / "app" / "main.py"
    folder = Path(tempfile.mkdtemp(prefix="gb"))  # short, as the path of the grader's socket must be
    try:
        catalog = copy_course(folder)
        port = _unused_port()
        own = [f"--server.port={port}", f"--server.baseUrlPath={path}", *flags]
        settings = os.environ | {"GLASSBOX_ROOT": str(folder), "XDG_RUNTIME_DIR": str(folder)} | environment
        command = [sys.executable, "-m", "streamlit", "run", str(main), *own]
        with subprocess.Popen(command, cwd=folder, env=settings, stdout=subprocess.DEVNULL) as process:
            try:
                address = "/".join(part for part in (f"http://localhost:{port}", path) if part)
                _wait_for(f"{address}/_stcore/health", process)
                yield Served(address, catalog, folder, process.pid)
            finally:
                process.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise CourseError("The site did not answer: try `course site`, and read what it says.")
