"""Whatever is broken behind the site, its reader gets a sentence: no exception ever reaches a page."""

import builtins
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the site's own dependency; `pip install streamlit` to run these")

import streamlit
from streamlit.testing.v1 import AppTest

from course_utils.catalog import load_catalog
from course_utils.learner import state
from course_utils.learner.public import PUBLIC
from course_utils.specimens import files

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
EXPLORER = ["prompt", "attribution", "patching", "ablation"]


@pytest.fixture
def course(course):
    """The tiny course, of which the site's caches know nothing yet."""
    streamlit.cache_data.clear()
    streamlit.cache_resource.clear()
    load_catalog.__globals__["_load"].cache_clear()
    return course


def visit(path: str = "", **address: str) -> AppTest:
    """Open the page at a path of the site."""
    page = AppTest.from_file(str(MAIN), default_timeout=120).run()
    pages = page._registered_pages.items()
    page._page_hash = next((key for key, known in pages if known.get("url_pathname") == path), "")
    assert page._page_hash or not path, f"the site has no page {path}"
    for name, value in address.items():
        page.query_params[name] = value
    return drawn(page.run())


def drawn(page: AppTest) -> AppTest:
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    """Everything that the page says went wrong, as one reads it."""
    boxes = [*page.error, *page.warning, *page.info]
    return "\n".join(str(box.value) for box in boxes).replace("\\", "")


def full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("text", ["", "title = 3", "[[exercise]]", "not toml at all", "\x00\xff"])
def test_a_broken_catalog(course, text):
    course.chapter.records.write_text(text)
    assert "exercises.toml" in said(visit())


@pytest.mark.parametrize("text", ["# %%\ndef (", "", "\x00", "# %% [markdown]\n# Only words\n"])
def test_a_broken_chapter(course, text):
    course.chapter.solution.write_text(text)
    assert said(visit("ch01_tiny"))
    assert visit().title[0].value == "Glassbox"
    drawn(visit("search", q="double"))
    drawn(visit("glossary"))


def test_a_chapter_that_is_gone(course):
    course.chapter.solution.unlink()
    assert "ch01_tiny.py" in said(visit("ch01_tiny"))


@pytest.mark.parametrize("name", ["ch01_tiny.py", "ch01_tiny.ipynb"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{", None])
def test_a_learner_s_file_that_is_broken_or_gone(course, name, content):
    path = course.root / "chapters" / "ch01_tiny" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    page = visit("ch01_tiny", exercise="double")
    assert "Twice as much" in [heading.value for heading in page.subheader]
    drawn(page.button(key="check-double").click().run())


FIGURES = [
    "{",
    "[]",
    "3",
    '{"data": 3}',
    '{"data": [{"type": "no such thing"}], "layout": {"title": "x"}}',
    '{"layout": []}',
]


@pytest.mark.parametrize("text", FIGURES)
def test_a_broken_figure(course, text):
    course.chapter.solution.write_text(course.chapter.solution.read_text() + '\n# %%\nshow(fig, "line")\n')
    course.chapter.figures.mkdir(exist_ok=True)
    (course.chapter.figures / "line.json").write_text(text)
    page = visit("ch01_tiny", exercise="double")
    assert "Twice as much" in [heading.value for heading in page.subheader]


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"a": [1]})])
@pytest.mark.parametrize("name", ["numbers.json", "printed.json"])
def test_broken_numbers(course, name, text):
    course.chapter.figures.mkdir(exist_ok=True)
    (course.chapter.figures / name).write_text(text)
    visit("ch01_tiny", exercise="double")


@pytest.mark.parametrize("path", EXPLORER)
def test_a_specimen_that_is_not_there(course, path, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "WEIGHTS", tmp_path)
    page = visit(path)
    assert len(page.title) == 1 and "specimen" in said(page)


@pytest.mark.parametrize("path", EXPLORER)
def test_a_specimen_whose_weights_are_broken(course, path, monkeypatch, tmp_path):
    for name in files.shipped():
        (tmp_path / name).mkdir()
        for part in files.folder_of(name).glob("*.*"):
            (tmp_path / name / part.name).write_bytes(part.read_bytes()[:100])
    monkeypatch.setattr(files, "WEIGHTS", tmp_path)
    assert said(visit(path))


def test_a_full_disk(course, monkeypatch):
    page = visit("ch01_tiny", exercise="double")
    monkeypatch.setattr(state.os, "replace", full)
    for key in ("check-double", "more-double", "solution-double", "reset-double"):
        drawn(page.button(key=key).click().run())


@pytest.mark.parametrize(
    "address", [{"section": "\x00"}, {"exercise": "../../etc"}, {"exercise": "<b>" * 900}, {"q": "("}]
)
def test_an_address_that_means_nothing(course, address):
    for path in ("", "ch01_tiny", "search", "glossary"):
        page = visit(path, **address)
        assert not any("<b>" in box.value or len(box.value) > 600 for box in [*page.error, *page.warning, *page.info])


@pytest.mark.parametrize(
    "address", [{"specimen": "x"}, {"prompt": "\x00"}, {"prompt": "a " * 5000}, {"layer": "-7"}, {"position": "x"}]
)
@pytest.mark.parametrize("path", EXPLORER)
def test_an_address_that_means_nothing_to_the_explorer(course, path, address):
    assert visit(path, **address).title


def test_a_part_of_the_site_that_is_missing(course, monkeypatch):
    whole = builtins.__import__

    def without(name, *rest):
        if name == "app.home":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return whole(name, *rest)

    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert "course doctor" in said(drawn(AppTest.from_file(str(MAIN), default_timeout=60).run()))


@pytest.mark.parametrize("broken", ["records", "solution"])
def test_visitors_are_not_told_where_things_are(course, monkeypatch, broken):
    monkeypatch.setenv(PUBLIC, "1")
    getattr(course.chapter, broken).write_text("def (")
    page = visit() if broken == "records" else visit("ch01_tiny")
    assert said(page) and str(course.root) not in said(page)
    assert "terminal" not in said(page)
