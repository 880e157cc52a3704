"""The site, served for real from a copy of the course, and a headless Chromium that notes what it asks for."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from course_utils.authoring.build import build
from course_utils.catalog import Catalog, course_root, load_catalog

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Below a page's own path Streamlit looks for its server first, and then finds it at the root.
_LOOKED_FOR = ("_stcore/health", "_stcore/host-config")


@dataclass
class Served:
    """A running site, and the course that it serves."""

    address: str
    catalog: Catalog


@dataclass
class Log:
    """What the browser did in all tests of a run."""

    outside: list[str] = field(default_factory=list)  # addresses on other machines
    errors: list[str] = field(default_factory=list)  # of the console, and uncaught ones


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """The real course in a folder of its own, with untouched stubs."""
    pytest.importorskip("streamlit", reason="the site's own dependency is not installed")
    folder = Path(tempfile.mkdtemp(prefix="gb"))  # short, as the path of the grader's socket must be
    catalog = _copy(folder)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(MAIN), f"--server.port={port}"]
    environment = os.environ | {"GLASSBOX_ROOT": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://localhost:{port}/_stcore/health", process)
            yield Served(f"http://localhost:{port}", catalog)
        finally:
            process.terminate()
    shutil.rmtree(folder, ignore_errors=True)


def _copy(folder: Path) -> Catalog:
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


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        assert process.poll() is None, "the site ended before it answered"
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the site did not answer within 30 s")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; skipped, with the reason, where one of them is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is missing: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Inside a container Chromium's own sandbox can't start; it only ever sees this page.
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def log() -> Log:
    """Filled by every page that a test opens."""
    return Log()


@pytest.fixture(scope="session")
def context(browser: Any) -> Any:
    """One for all tests, so that the site's scripts are fetched once."""
    return browser.new_context()


@pytest.fixture
def open_page(context: Any, served: Served, log: Log) -> Iterator[Any]:
    """Open an address of the site: `open_page("/?exercise=x", width=390, dark=True)`."""

    def opened(path: str = "/", width: int = 1280, dark: bool = False) -> Any:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(60_000)
        page.on("request", lambda request: _note(log.outside, request.url, served.address))
        page.on("pageerror", lambda error: log.errors.append(str(error)))
        page.on("console", lambda said: _complain(log, said))
        page.goto(served.address + path)
        page.wait_for_selector("h1")
        return page

    yield opened
    for page in context.pages:
        page.close()


def _note(outside: list[str], url: str, address: str) -> None:
    ours = (address, address.replace("http", "ws", 1), "data:", "blob:")
    if not url.startswith(ours):
        outside.append(url)


def _complain(log: Log, said: Any) -> None:
    if said.type == "error" and not said.location.get("url", "").endswith(_LOOKED_FOR):
        log.errors.append(said.text)
