"""The two HTML pages in a real browser: nothing runs, nothing is fetched, nothing sticks out, everyone can read them."""

import shutil

import pytest

from course_utils.staff.exports.class_page import class_page
from course_utils.staff.exports.page import page
from course_utils.staff.report import class_reports
from course_utils.staff.roster import read_roster

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is missing: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Inside a container Chromium's own sandbox can't start; it only ever sees these pages.
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def pages(people, hostile, roster, tmp_path):
    """The files, by name: of a learner, of one who is hostile, of the class with both."""
    texts = {
        "learner": page(people[1], "Transformers"),
        "hostile": page(hostile, values=True),
        "class": class_page(class_reports([*people, hostile], read_roster(roster))),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (tmp_path / f"{name}.html").as_uri() for name in texts}


@pytest.mark.parametrize("name", ["learner", "hostile", "class"])
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_nothing_runs_is_fetched_or_sticks_out(browser, pages, name, width, scheme):
    shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked, said = [], []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: said.append(message.text))
    shown.on("dialog", lambda dialog: said.append(dialog.message))
    shown.goto(pages[name])
    assert asked == [pages[name]] and said == []  # a style that the policy refuses would be told on the console
    assert shown.evaluate("document.scripts.length") == 0
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    colour = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 29)")
    bars = shown.locator("svg[role=img] rect:not(.track)")
    assert bars.count() >= 2 and all(bar.bounding_box()["width"] > 2 for bar in bars.all()[:5])
    shown.close()


@pytest.mark.parametrize("name", ["learner", "class"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_them(browser, pages, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # for axe's own script
    shown = context.new_page()
    shown.goto(pages[name])
    found = axe.Axe().run(shown).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
    context.close()
