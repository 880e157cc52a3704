"""The site as a reader sees it, in a real browser: sections, contents, links, definitions, search, print, a phone."""

import re

import pytest

from course_utils.authoring.cells import read_cells
from course_utils.authoring.prose import figures_shown
from course_utils.reading.blocks import Code
from course_utils.reading.sections import cut

SLUG = "layer_norm"
FOLD = "[data-testid='stExpander'] details"
DRAWN = ".katex-error, [data-testid='stException'], [data-testid='stAlert']"
SECTION = "/ch02_induction?section=text-that-repeats-itself"  # it has a question to answer before one looks

# The state is also "not running" for a moment before a run begins, so it must hold for some polls in a row.
QUIET = """() => {
    const idle = document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");
    window.quietPolls = idle ? (window.quietPolls || 0) + 1 : 0;
    return window.quietPolls % 6 === 5;
}"""
CHARTS = "count => document.querySelectorAll(\"[data-testid='stPlotlyChart']\").length === count"
STICKS_OUT = """() => [...document.querySelectorAll("[data-testid='stMain'] *")].filter(one => {
    const box = one.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !one.closest("pre, .cm-editor, .katex, [data-testid='stPlotlyChart'], table, iframe");
}).slice(0, 3).map(one => one.outerHTML.slice(0, 120))"""


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


def marked(page):
    """Leave a mark that only a new load of the page takes away."""
    page.evaluate("window.sameLoad = true")
    return page


def test_a_fold_that_was_opened_opens_no_other(open_page, served):
    """What comes out in the next section is still to be predicted, on the same place of the page or not."""
    slugs = []
    chapter = served.catalog.find_chapter("ch02_induction")
    for section in cut(chapter):
        if any(isinstance(block, Code) and block.folded and block.has_outcome for block in section.blocks):
            slugs.append(section.slug)
    assert len(slugs) > 2
    page = settled(open_page(f"/{chapter.key}?section={slugs[0]}"))
    for slug in slugs[1:4]:
        page.locator(FOLD).first.locator("summary").click()
        page.locator(f"{FOLD}[open]").first.wait_for()
        page.locator(f".gb-wide a[href$='section={slug}']").click()
        page.wait_for_url(re.compile(f"section={slug}"))
        settled(page)
        page.locator(FOLD).first.wait_for()
        assert page.locator(f"{FOLD}[open]").count() == 0, slug


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
        assert page.locator(".gb-wide a[aria-current]").count() == 1
        assert page.locator("h1 .gb-term, h2 .gb-term, h3 .gb-term, code .gb-term, .katex .gb-term").count() == 0
        terms = page.locator(".gb-term").all_text_contents()
        assert len(terms) == len({term.lower() for term in terms})
        cards += page.locator("[class*='st-key-exercise-']").count()
        onward = links.get_by_text(re.compile("^Next: "))
        if onward.count() == 0:
            break
        onward.click()
    assert len(seen) == len(set(seen)) > 4 and seen[-1] == "Papers named here"
    assert cards >= len(chapter.exercises)
    assert sum(expected.values()) == len(
        {path.stem for path in chapter.figures.glob("*.json")} - {"numbers", "printed"}
    )


def test_a_permalink_leads_to_its_exercise_from_anywhere(open_page):
    page = open_page(f"/?exercise={SLUG}")
    page.locator(f".st-key-exercise-{SLUG}").wait_for()
    page.wait_for_function(f"() => document.getElementById('{SLUG}').getBoundingClientRect().top < 200")
    assert f"/ch01_transformers?exercise={SLUG}" in page.url and "Glassbox" in page.title()


def test_the_contents_lead_to_a_section_without_loading_the_page_anew(open_page):
    page = marked(settled(open_page("/ch01_transformers")))
    page.locator(".gb-wide").get_by_role("link", name="One block").click()
    page.get_by_role("heading", name="One block", level=2).wait_for()
    page.wait_for_function("() => document.getElementById('chapter').getBoundingClientRect().top > 0")
    assert page.url.endswith("/ch01_transformers?section=one-block")
    assert page.locator(".gb-wide a[aria-current]").inner_text() == "One block"
    page.locator(".gb-wide").get_by_role("link", name="Wire the residual stream").press("Enter")  # its exercise
    page.wait_for_url(re.compile(r"\?exercise=transformer_block"))
    settled(page).go_back()
    page.wait_for_url(re.compile(r"\?section=one-block"))
    settled(page)
    page.locator(".st-key-neighbours").get_by_text("Next: From vectors back to tokens").click()
    page.get_by_role("heading", name="From vectors back to tokens", level=2).wait_for()
    assert page.url.endswith("?section=from-vectors-back-to-tokens")  # so that it can be kept, and loaded again
    for before in ("One block", "Introduction"):
        settled(page).go_back()
        page.get_by_role("heading", name=before, level=2).wait_for()
    assert page.evaluate("window.sameLoad")


def test_on_a_phone_the_contents_fold_open(open_page):
    page = marked(settled(open_page("/ch01_transformers", width=390)))
    assert not page.locator(".gb-wide").is_visible()
    page.locator(".gb-narrow summary").click()
    page.locator(".gb-narrow").get_by_role("link", name="One block").click()
    page.get_by_role("heading", name="One block", level=2).wait_for()
    assert page.evaluate("window.sameLoad") and "One block" in page.locator(".gb-narrow summary").inner_text()


def test_the_links_of_a_section_and_of_an_exercise_are_copied(open_page, served, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = settled(open_page("/ch01_transformers?section=one-block"))
    page.get_by_role("link", name="Copy link to this section").click()
    page.get_by_text("Link copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"{served.address}/ch01_transformers?section=one-block"
    page.get_by_role("link", name="Link to this exercise").click()
    page.wait_for_url(re.compile(r"\?exercise=transformer_block"))
    copied = f"{served.address}/ch01_transformers?exercise=transformer_block"
    page.wait_for_function("async address => await navigator.clipboard.readText() === address", arg=copied)


def test_a_word_tells_what_it_means_to_mouse_and_keyboard(open_page):
    page = settled(open_page("/ch01_transformers?section=the-residual-stream"))
    word = page.locator(".gb-term", has_text="residual stream").first
    told = page.locator(f"#{word.get_attribute('aria-describedby')}")
    assert not told.is_visible()
    word.hover()
    assert told.is_visible() and "d_model numbers" in told.inner_text()
    page.mouse.move(5, 5)
    assert not told.is_visible()
    word.focus()
    assert told.is_visible()
    box = told.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280
    page.keyboard.press("Escape")
    assert not told.is_visible()
    page.keyboard.press("Tab")
    assert page.locator(".gb-term:focus").count() == 1


def test_on_a_phone_a_word_tells_at_the_foot_of_the_window(open_page):
    page = settled(open_page("/ch01_transformers?section=the-residual-stream", width=390, dark=True))
    page.locator(".gb-term", has_text="residual stream").first.click()
    box = page.locator(".gb-term:focus + .gb-def").bounding_box()
    assert box["x"] == 0 and box["width"] == 390 and box["y"] + box["height"] == 900


def test_what_comes_out_waits_until_it_is_asked_for(open_page):
    page = settled(open_page(SECTION))
    question = page.locator("[data-testid='stExpander']").first
    told = question.locator("[data-testid='stMarkdownContainer'] p").last
    assert not told.is_visible() and not question.locator("[data-testid='stPlotlyChart']").first.is_visible()
    question.locator("summary").click()
    told.wait_for()
    assert told.is_visible() and question.get_by_text("Computed by").is_visible()
    question.locator(".main-svg").first.wait_for()  # the figure takes its room, and what stands below it moves
    settled(page)
    card = question.get_by_role("link", name="attn-only-2l").last
    card.click()
    page.get_by_role("heading", name="attn-only-2l", level=1).wait_for()


def test_search_leads_to_the_place_and_back(open_page):
    page = marked(settled(open_page("/")))
    page.get_by_label("Search the course").fill("Causal MÁSK")
    page.get_by_label("Search the course").press("Enter")
    page.wait_for_url(re.compile(r"/search\?q="))
    first = page.locator(".gb-results li").first
    first.get_by_role("link", name="Hide the future").wait_for()
    assert "causal" in first.locator("mark").first.inner_text().lower()
    assert page.locator(".gb-answer").inner_text().startswith("causal mask:")
    first.get_by_role("link").click()
    page.locator(".st-key-exercise-causal_mask").wait_for()
    page.go_back()
    page.locator(".gb-results").wait_for()
    assert page.evaluate("window.sameLoad")


def test_what_is_typed_into_the_search_stays_text(open_page):
    page = settled(open_page("/search?q=%3Cimg%20src%3Dx%20onerror%3D%22window.bad%3D1%22%3E%20**head**"))
    page.locator(".gb-results").wait_for()
    assert page.locator("[data-testid='stMain'] img").count() == 0 and not page.evaluate("window.bad")
    assert '<img src=x onerror="window.bad=1"> **head**' in page.locator(".gb-count").first.inner_text()


def test_the_glossary_leads_to_the_first_use(open_page):
    page = marked(settled(open_page("/glossary?term=k-composition")))
    row = page.locator("#term-k-composition")
    page.wait_for_function("() => document.getElementById('term-k-composition').getBoundingClientRect().top < 300")
    row.get_by_role("link", name="2 · Two heads in a row").click()
    page.get_by_role("heading", name="Two heads in a row", level=2).wait_for()
    assert page.evaluate("window.sameLoad")


def test_on_paper_there_is_text_and_nothing_to_press(open_page):
    page = settled(open_page(SECTION))
    page.wait_for_function(CHARTS, arg=1)
    page.emulate_media(media="print")
    told = page.locator("[data-testid='stExpander'] [data-testid='stMarkdownContainer'] p").last
    assert told.is_visible()
    for gone in ("[data-testid='stSidebar']", ".gb-contents", ".st-key-neighbours", ".gb-copy"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator("button:visible").count() == 0
    cut = page.evaluate(
        "() => [...document.querySelectorAll('.stCode pre')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert cut == 0
    assert page.locator("[data-testid='stPlotlyChart']").first.is_visible()


@pytest.mark.parametrize("path", ["/", f"/?exercise={SLUG}", SECTION, "/search?q=head", "/glossary"])
def test_nothing_sticks_out_on_a_phone(open_page, path):
    page = settled(open_page(path, width=390))
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(STICKS_OUT) == []
    main = page.locator("[data-testid='stMain']")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_dark_follows_the_reader_s_system_in_text_and_figures(open_page):
    page = settled(open_page("/ch02_induction?section=the-first-proof-a-stripe", dark=True))
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", colour)[:3]) < 60
    page.locator(".js-plotly-plot .xtick text").first.wait_for()
    ink = page.locator(".js-plotly-plot .xtick text").first.evaluate("e => getComputedStyle(e).fill")
    assert min(int(part) for part in re.findall(r"\d+", ink)[:3]) > 140
