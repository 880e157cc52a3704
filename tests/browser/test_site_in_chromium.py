"""The site as a reader sees it, in a real browser: every section, a permalink, a check, hints, dark, a phone."""

import re

import pytest

from course_utils.authoring.cells import read_cells, read_text
from course_utils.authoring.prose import figures_shown
from course_utils.authoring.stub import replace_source, source_of

EXERCISE, SLUG = "LayerNorm", "layer_norm"
DRAWN = ".katex-error, [data-testid='stException'], [data-testid='stAlert']"

# The state is also "not running" for a moment before a run begins, so it must hold for some polls in a row.
QUIET = """() => {
    const idle = document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");
    window.quietPolls = idle ? (window.quietPolls || 0) + 1 : 0;
    return window.quietPolls % 6 === 5;
}"""
CHARTS = "count => document.querySelectorAll(\"[data-testid='stPlotlyChart']\").length === count"


@pytest.fixture
def card(open_page):
    """The page at the permalink of one exercise."""
    page = open_page(f"/?exercise={SLUG}")
    page.wait_for_selector(f".st-key-exercise-{SLUG}")
    return page


def figures_of(chapter):
    """How many figures each section shows, by its title."""
    counts, title = {}, ""
    for cell in read_cells(chapter.solution):
        if cell.kind == "markdown":
            title = [title, *re.findall(r"^## (.*)$", cell.source, re.MULTILINE)][-1]
        else:
            counts[title] = counts.get(title, 0) + len(figures_shown(cell.source))
    return counts


def settled(page):
    """Wait until the script has run to its end, and no other run followed at once."""
    page.wait_for_function(QUIET, polling=100)
    return page


def test_every_section_is_drawn_whole(open_page, served):
    chapter = served.catalog.chapters[0]
    page = open_page(f"/{chapter.key}")
    expected, seen, cards = figures_of(chapter), [], 0
    while True:
        links = page.locator(".st-key-neighbours")
        (links.get_by_text(f"Previous: {seen[-1]}", exact=True) if seen else links).wait_for()
        links.get_by_text(re.compile("^(Next: |Back to the map)")).first.wait_for()  # the last thing on a page
        settled(page)
        seen.append(page.locator("h2").first.inner_text())
        page.wait_for_function(CHARTS, arg=expected.get(seen[-1], 0))
        assert page.locator(DRAWN).all_inner_texts() == [], f"in the section {seen[-1]}"
        assert "has not been computed yet" not in page.locator("body").inner_text()
        assert page.locator("h1").count() == page.locator("h2").count() == 1
        cards += page.locator("[class*='st-key-exercise-']").count()
        onward = links.get_by_text(re.compile("^Next: "))
        if onward.count() == 0:
            break
        onward.click()
    assert len(seen) == len(set(seen)) > 4
    assert cards == len(chapter.exercises)
    assert sum(expected.values()) == len(
        {path.stem for path in chapter.figures.glob("*.json")} - {"numbers", "printed"}
    )


def test_from_a_permalink_and_a_wrong_answer_to_a_right_one(card, served):
    card.wait_for_function(f"() => document.getElementById('{SLUG}').getBoundingClientRect().top < 200")
    assert f"?exercise={SLUG}" in card.url and "Glassbox" in card.title()
    exercise = served.catalog.find_exercise(EXERCISE)
    chapter = served.catalog.chapter_of(exercise)
    stub = f'raise NotImplementedError("{EXERCISE}.forward")'
    text = read_text(chapter.script)
    chapter.script.write_text(text.replace(stub, 'print("<b>bold</b> $x$")\n        return 2 * x'))
    box = card.locator(f".st-key-exercise-{SLUG}")
    box.get_by_role("button", name="Check my file").click()
    verdict = box.locator("[class*='st-key-verdict-wrong']")
    verdict.wait_for()
    assert f"✗ {EXERCISE}: not yet" in verdict.inner_text()
    assert "<b>bold</b> $x$" in verdict.inner_text()  # shown as typed, not as HTML or a formula

    box.get_by_role("button", name=re.compile("Hint 1 of")).click()
    box.get_by_role("button", name=re.compile("Hint 2 of")).wait_for()
    box.get_by_text(re.compile("^Hint 1 of")).first.wait_for()  # the new button is drawn before the hint's text

    answer = source_of(read_text(chapter.solution), EXERCISE)
    right = replace_source(read_text(chapter.script), EXERCISE, answer or "")
    chapter.script.write_text(right or "")
    box.get_by_role("button", name="Check my file").click()
    box.locator("[class*='st-key-verdict-passed']").wait_for()
    done = f"1 of {len(list(served.catalog.exercises))} exercises done"
    card.locator("section").first.get_by_text(done).first.wait_for()
    box.get_by_role("button", name="Compare with the course's solution").click()
    box.get_by_role("button", name="Hide the solution").wait_for()


def test_the_selector_and_the_address_agree(card):
    settled(card)
    option = card.get_by_role("option").nth(1)
    for _ in range(10):  # the page scrolls to the exercise once, and that closes the list again
        card.get_by_role("combobox").click()
        card.wait_for_timeout(500)
        if option.is_visible():
            break
    option.click()
    card.wait_for_url(re.compile(r"\?section="))
    chosen = card.url.partition("section=")[2]
    settled(card)
    card.locator(f"#{chosen}").wait_for()
    card.go_back()
    card.locator(f".st-key-exercise-{SLUG}").wait_for()


@pytest.mark.parametrize("path", ["/", f"/?exercise={SLUG}"])
def test_nothing_sticks_out_on_a_phone(open_page, path):
    page = settled(open_page(path, width=390))
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    main = page.locator("[data-testid='stMain']")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_dark_follows_the_reader_s_system(open_page):
    page = settled(open_page("/", dark=True))
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", colour)[:3]) < 60


def test_no_request_left_the_machine_and_nothing_complained(open_page, log):
    settled(open_page("/"))
    assert log.outside == []
    assert log.errors == []
