"""The explorer in a real browser: typing a prompt, heads, patching, ablation, a phone, and no request to elsewhere."""

import re

import pytest

QUIET = """() => {
    const idle = document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");
    window.quietPolls = idle ? (window.quietPolls || 0) + 1 : 0;
    return window.quietPolls % 6 === 5;
}"""
PAGES = ("prompt", "attribution", "patching", "ablation")
GIVING = "specimen=attn-only-4l"
# How many of the large pattern's pixels are coloured: something is drawn, and not only axes.
COLOURED = """canvas => {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let i = 0; i < data.length; i += 4) count += data[i + 3] > 200 && data[i + 2] - data[i] > 80;
    return count;
}"""


def settled(page):
    page.wait_for_function(QUIET, polling=100)
    return page


def frame_of(page):
    return page.frame_locator("iframe[title*='attention_frame']")


def large_pattern(page):
    canvas = frame_of(page).locator("#large canvas")
    canvas.wait_for()
    for _ in range(50):  # the drawing comes a moment after its canvas
        if canvas.evaluate(COLOURED) > 500:
            break
        page.wait_for_timeout(100)
    return canvas


def test_a_typed_prompt_is_cut_into_tokens(open_page):
    page = settled(open_page("/prompt"))
    page.get_by_label("Prompt", exact=True).fill("Ada met a zebra <b>")
    page.keyboard.press("Enter")
    page.locator(".gx-tokens li", has_text="met").wait_for()
    labels = page.locator(".gx-tokens li").evaluate_all("all => all.map(one => one.firstChild.textContent)")
    assert labels == ["start", "Ada", "met", "a", "␣", *"zebra", "␣", *"<b>"]
    assert "prompt=Ada" in page.url
    assert page.locator("[data-testid='stAlert']").count() == 0


def test_attention_is_drawn_and_a_head_is_changed_by_keyboard(open_page, log):
    before = len(log.outside)
    page = settled(open_page("/prompt?specimen=attn-only-2l"))
    first = large_pattern(page)
    assert first.evaluate(COLOURED) > 500
    picture = first.evaluate("canvas => canvas.toDataURL()")
    button = frame_of(page).get_by_role("button", name="Head 1.3")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("head=3"))
    assert button.get_attribute("aria-pressed") == "true"
    assert large_pattern(page).evaluate("canvas => canvas.toDataURL()") != picture
    assert "head 1.3" in frame_of(page).locator("#large").get_attribute("aria-label")
    page.get_by_text("The same as a table").click()
    page.get_by_text("Head 1.3: where each token looks most").first.wait_for()
    assert [url for url in log.outside[before:] if "circuitsvis" in url or "unpkg" in url] == []


def test_another_layer_draws_other_heads(open_page):
    page = settled(open_page(f"/prompt?{GIVING}"))
    large_pattern(page)
    page.get_by_role("radiogroup", name="Layer").get_by_text("3", exact=True).click()
    frame_of(page).get_by_role("button", name="Head 3.7").wait_for()
    assert frame_of(page).get_by_role("button").count() == 8


def test_the_map_of_patching_and_back_again(open_page):
    page = settled(open_page(f"/patching?{GIVING}"))
    table = page.locator("table.gx-table")
    row = table.locator("tr", has_text="Ada ← Boris").locator("td")
    assert row.first.inner_text() == "+1.00"
    page.get_by_text("heads", exact=True).click()
    table.get_by_text("head 7").wait_for()
    assert table.locator("tbody tr").count() == 4
    page.get_by_label("Second prompt").fill("Ada gave a lamp to")
    page.keyboard.press("Enter")
    alert = page.locator("[data-testid='stAlert']")
    alert.wait_for()
    assert "15 and 6 tokens" in alert.inner_text()
    page.go_back()
    table.wait_for()


def test_on_every_way_from_page_to_page_the_form_shows_what_is_computed(open_page):
    prompt = "Ada met Boris"
    page = settled(open_page(f"/prompt?specimen=attn-only-2l&prompt={prompt}&position=1&answer=kite&step=500"))
    ways = [(one, other) for one in PAGES for other in PAGES if one != other]
    path = ["prompt"]
    while ways:  # along each way once: an edge that is left, or else any
        there = next((other for one, other in ways if one == path[-1]), None) or ways[0][0]
        ways = [way for way in ways if way != (path[-1], there)]
        path.append(there)
    for number, name in enumerate(path[1:]):
        title = name.capitalize()
        where = "[data-testid='stSidebarNav'] a" if number % 2 else ".st-key-explorer-links a"
        page.locator(where, has_text=title).click()
        page.get_by_role("heading", name=title, exact=True, level=1).wait_for()
        settled(page)
        assert page.get_by_label("Prompt", exact=True).input_value() == prompt, path[: number + 2]
        assert page.get_by_label("Checkpoint").input_value().startswith("after 500 steps")
        if name in ("prompt", "attribution"):
            assert page.get_by_label("After which token?").input_value() == "1 · Ada"
        if name in ("attribution", "ablation"):
            assert page.get_by_label("Right word").input_value() == "kite"


def test_two_changes_right_after_each_other_are_both_kept(open_page):
    page = settled(open_page(f"/patching?{GIVING}"))
    pair = [f"When Ada and Boris went to the market, {name} gave a lamp to" for name in ("Ada", "Boris")]
    for wait in (0, 50, 100, 200, 300, 500):
        for label, text in zip(("Prompt", "Second prompt"), pair, strict=True):
            page.get_by_label(label, exact=True).fill(text)
            page.keyboard.press("Enter")
            page.wait_for_timeout(wait)
        page.locator("table.gx-table th", has_text=f"{'Boris' if wait in (0, 100, 300) else 'Ada'} ← ").wait_for()
        settled(page)
        assert [page.get_by_label(label, exact=True).input_value() for label in ("Prompt", "Second prompt")] == pair
        pair.reverse()


def test_a_switch_changes_the_numbers(open_page):
    page = settled(open_page(f"/ablation?{GIVING}&fill=resample"))
    metric = page.locator("[data-testid='stMetricValue']")
    assert metric.inner_text() == "+14.88 logits"
    page.get_by_role("button", name="1.1", exact=True).click()
    page.get_by_role("button", name="1.4", exact=True).click()
    page.wait_for_function("() => document.querySelector('[data-testid=stMetricValue]')?.innerText.startsWith('−')")
    settled(page)
    assert "off=1.1" in page.url
    assert page.locator("table.gx-table tbody th").first.inner_text() == "Boris"


def test_a_link_opens_the_same_view(open_page):
    page = settled(open_page("/ablation?specimen=microworld-4l&prompt=Ada+met+Boris&off=0.1,mlp2"))
    page.get_by_text("without 0.1, MLP 2").wait_for()
    assert page.get_by_label("Prompt", exact=True).input_value() == "Ada met Boris"
    link = page.get_by_role("link", name="Link to this view").get_attribute("href")
    assert "off=0.1" in link and "Ada" in link


@pytest.mark.parametrize("path", PAGES)
def test_nothing_sticks_out_on_a_phone_in_the_dark(open_page, path):
    page = settled(open_page(f"/{path}?specimen=microworld-4l", width=390, dark=True))
    page.locator("table.gx-table").first.wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    main = page.locator("[data-testid='stMain']")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_no_serious_finding_of_axe(open_page, path, dark):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
    page = settled(open_page(f"/{path}?specimen=microworld-4l&off=1.1,mlp3", dark=dark))
    page.locator("table.gx-table").first.wait_for()
    page.wait_for_timeout(500)  # what is being replaced fades out
    found = axe.Axe().run(page, context="[data-testid='stMain']").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


def test_the_site_s_process_stays_small(open_page, served):
    for path in PAGES:
        settled(open_page(f"/{path}?specimen=microworld-4l"))
    with open(f"/proc/{served.process}/status") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident / 1024 < 700


def test_nothing_complained(open_page, log):
    settled(open_page("/patching"))
    assert log.errors == []
