"""The site, served for real from a copy of the course, and a headless Chromium that notes what it asks for."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from course_utils.authoring.trial import Served, serving

WATCH = Path(__file__).resolve().parent / "watch"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_NO_STREAMLIT = "the site's own dependency is not installed"
# Below a page's own path Streamlit looks for its server first, and then finds it at the root.
_LOOKED_FOR = ("_stcore/health", "_stcore/host-config")


@dataclass
class Log:
    """What the browser did in all tests of a run."""

    outside: list[str] = field(default_factory=list)  # addresses on other machines
    errors: list[str] = field(default_factory=list)  # of the console, and uncaught ones


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test of the browser that fails is run once more, and the summary counts it as run again.

    On a machine with other work to do, a page may be drawn while the pointer is on its way to what it is to press.
    """
    if config.pluginmanager.hasplugin("rerunfailures"):
        here = Path(__file__).resolve().parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """The real course in a folder of its own, with untouched stubs, as on a learner's machine."""
    pytest.importorskip("streamlit", reason=_NO_STREAMLIT)
    with serving("--server.address=localhost") as site:
        yield site


@pytest.fixture(scope="session")
def served_public() -> Iterator[Served]:
    """The same, open to visitors. `watched` in its folder names every file written and every program started."""
    pytest.importorskip("streamlit", reason=_NO_STREAMLIT)
    with serving("--server.address=127.0.0.1", GLASSBOX_PUBLIC="1", PYTHONPATH=str(WATCH)) as site:
        yield site


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
def untouched(served: Served) -> Iterator[None]:
    """The learner's files as they were again after the test, and no record of what was tried in it."""
    files = [path for chapter in served.catalog.chapters for path in (chapter.script, chapter.notebook)]
    before = {path: path.read_bytes() for path in files}
    yield
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)
    (served.folder / ".course" / "progress.json").unlink(missing_ok=True)


@pytest.fixture
def open_page(context: Any, served: Served, untouched: None, log: Log) -> Iterator[Any]:
    """Open an address of the site: `open_page("/?exercise=x", width=390, dark=True)`.

    The test fails if any of its pages asked another machine for something, or complained.
    """
    yield from _opener(context, served, log)


@pytest.fixture
def open_public(browser: Any, served_public: Served, log: Log) -> Iterator[Any]:
    """Like `open_page`, of the public site, in a browser profile that keeps nothing from test to test."""
    profile = browser.new_context()
    yield from _opener(profile, served_public, log)
    profile.close()


def _opener(context: Any, served: Served, log: Log) -> Iterator[Any]:
    def opened(path: str = "/", width: int = 1280, dark: bool = False) -> Any:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(60_000)
        page.on("request", lambda request: _note(log.outside, request.url, served.address))
        page.on("websocket", lambda opened: _note(log.outside, opened.url, served.address))
        page.on("pageerror", lambda error: log.errors.append(str(error)))
        page.on("console", lambda said: _complain(log, said))
        page.goto(served.address + path)
        page.wait_for_selector("h1")
        return page

    outside, errors = len(log.outside), len(log.errors)
    yield opened
    for page in context.pages:
        page.close()
    assert log.outside[outside:] == []
    assert log.errors[errors:] == []


def _note(outside: list[str], url: str, address: str) -> None:
    ours = (address, address.replace("http", "ws", 1), "data:", "blob:")
    if not url.startswith(ours):
        outside.append(url)


def _complain(log: Log, said: Any) -> None:
    if said.type == "error" and not said.location.get("url", "").endswith(_LOOKED_FOR):
        log.errors.append(said.text)
