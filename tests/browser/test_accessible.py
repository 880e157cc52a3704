"""For those who use a keyboard, a screen reader or need contrast: axe on every page, and a walk without a mouse."""

import re

import pytest

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")

SLUG, NAME = "layer_norm", "LayerNorm"
WIDTHS, THEMES = (1280, 390), ("light", "dark")
PAGES = {
    "/": "#chapters",
    "/ch01_transformers": ".st-key-neighbours",
    "/ch03_ioi": ".st-key-neighbours",
    "/search?q=residual": "[data-testid='stMain'] a",
    "/glossary": "[data-testid='stMain'] h2, [data-testid='stMain'] h3",
    "/prompt": "#tokens",
    "/attribution": ".st-key-explorer-bar",
    "/patching": ".st-key-explorer-bar",
    "/ablation": ".st-key-explorer-bar",
}
# What Streamlit draws itself and can't be mended from outside: rule, where, why. Nothing else is let pass.
STREAMLIT_S_OWN: list[tuple[str, str, str]] = []

QUIET = """() => {
    const idle = document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");
    window.quietPolls = idle ? (window.quietPolls || 0) + 1 : 0;
    return window.quietPolls % 8 === 7;
}"""


def settled(page):
    """Wait until the script has run to its end, and what mends the page has seen it."""
    page.wait_for_function(QUIET, polling=100)
    return page


def findings(page):
    """What axe holds to be serious or critical on this page, on a desk and on a phone, in light and in dark."""
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            settled(page)
            found += [f"{width} {theme}: {line}" for line in serious(page)]
    return found


def serious(page):
    return [
        f"{violation['id']} ({violation['impact']}): {node['target']} {node['html'][:150]} {node['failureSummary'][:200]}"
        for violation in axe.Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not any(rule == violation["id"] and where in str(node["target"]) for rule, where, _ in STREAMLIT_S_OWN)
    ]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_serious_finding(open_page, path):
    page = open_page(path)
    page.locator(PAGES[path]).first.wait_for()
    assert findings(page) == []


def test_an_exercise_with_verdict_hint_and_solution_has_none_either(open_page, served):
    chapter = served.catalog.chapter_of(served.catalog.find_exercise(NAME))
    stubs = chapter.script.read_text()
    chapter.script.write_text(stubs.replace(f'raise NotImplementedError("{NAME}.forward")', "return 2 * x"))
    page = settled(open_page(f"/?exercise={SLUG}"))
    box = page.locator(f".st-key-exercise-{SLUG}")
    box.get_by_role("button", name="Run checks").click()
    box.locator("[class*='st-key-verdict-wrong']").wait_for()
    settled(page)
    if (more := box.get_by_role("button", name=re.compile("Hint 1 of"))).count():
        more.click()
    box.get_by_text(re.compile("^Hint 1 of")).first.wait_for()
    settled(page)
    box.get_by_role("button", name="Solution").click()
    page.get_by_role("button", name="Show me the solution").click()
    box.get_by_role("button", name="Hide the solution").wait_for()
    assert findings(page) == []


@pytest.mark.parametrize("path", ["/", f"/?exercise={SLUG}"])
def test_nor_has_the_public_site(open_public, path):
    assert findings(settled(open_public(path))) == []


FOCUSED = """() => {
    const element = document.activeElement;
    const words = element.matches("a, button, summary, input") ? element.innerText : "";
    return (element.getAttribute("aria-label") || words).trim();
}"""


def focused(page):
    """The words on the link or button that has the focus."""
    return page.evaluate(FOCUSED)


def tab_to(page, words, most=150):
    """Press Tab until the focus is on something that says this, and show that one sees where it is."""
    for _ in range(most):
        if page.evaluate("document.activeElement.matches('.cm-content')"):
            page.keyboard.press("Escape")  # in the editor, Tab indents
        page.keyboard.press("Tab")
        if re.search(words, focused(page)):
            seen = page.evaluate(
                "(() => { const style = getComputedStyle(document.activeElement);"
                " return style.outlineStyle !== 'none' && style.outlineWidth !== '0px' || style.boxShadow !== 'none'; })()"
            )
            assert seen, f"no sign that the focus is on {words!r}"
            return
    raise AssertionError(f"the Tab key did not reach {words!r} in {most} steps")


def skip(page):
    """Past the sidebar, by the first link of the page."""
    page.locator("[data-testid='stSkipToContent']").focus()
    page.keyboard.press("Enter")


def test_a_walk_through_the_course_without_a_mouse(open_page, served):
    page = settled(open_page("/"))
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to main content"
    tab_to(page, "Transformers from scratch")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/ch01_transformers"))
    settled(page)
    links = page.locator(".st-key-neighbours")
    while page.locator("[class*='st-key-exercise-']").count() == 0:
        before = page.locator("h2").first.inner_text()
        skip(page)
        tab_to(page, "Next: ")
        page.keyboard.press("Enter")
        links.get_by_text(f"Previous: {before}").wait_for()
        settled(page)
    card = page.locator("[class*='st-key-exercise-']").first
    skip(page)
    tab_to(page, "^(play_arrow)?\\s*Run checks")
    page.keyboard.press("Enter")
    card.locator("[class*='st-key-verdict-']").wait_for()
    settled(page)
    tab_to(page, "Hint 1 of")
    page.keyboard.press("Enter")
    card.locator("[class*='st-key-hint-']").first.wait_for()
    settled(page)
    before = page.locator("h2").first.inner_text()
    tab_to(page, "Next: ")
    page.keyboard.press("Enter")
    links.get_by_text(f"Previous: {before}").wait_for()


def test_the_editor_lets_the_keyboard_out_again(open_page):
    page = settled(open_page(f"/?exercise={SLUG}"))
    editor = page.locator(f".st-key-exercise-{SLUG} .cm-content").first
    editor.wait_for()
    editor.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not editor.evaluate("element => element.contains(document.activeElement)")
