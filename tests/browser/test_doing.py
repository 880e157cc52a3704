"""Working in the page, in a real browser: the editor over the learner's file, checks, conflicts, reset, a phone."""

import json
import re

import pytest

from course_utils.authoring.cells import read_text
from course_utils.authoring.stub import source_of

EXERCISE, SLUG = "LayerNorm", "layer_norm"
STUB = f'raise NotImplementedError("{EXERCISE}.forward")'


@pytest.fixture
def chapter(served):
    return served.catalog.chapter_of(served.catalog.find_exercise(EXERCISE))


@pytest.fixture
def desk(open_page, chapter):
    """Opens the card, and waits until one can type in it. The browser forgets its drafts after the test."""
    pages = []

    def opened(**options):
        page = open_page(f"/?exercise={SLUG}", **options)
        box = page.locator(f".st-key-exercise-{SLUG}")
        box.locator(".cm-content").wait_for()
        pages.append(page)
        return page, box

    yield opened
    for page in pages:
        page.evaluate("localStorage.clear()")


def mine(chapter):
    return source_of(read_text(chapter.script), EXERCISE) or ""


def write_outside(chapter, old, new):
    text = read_text(chapter.script)
    assert text.count(old) == 1
    chapter.script.write_text(text.replace(old, new))


def type_answer(page, box, text):
    """Put `text` in the place of the stub's last line, as a learner does."""
    box.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Shift+Home")
    page.keyboard.type(text)


def shown(box):
    return "\n".join(box.locator(".cm-line").all_inner_texts())


def until(page, condition, *arguments):
    """Wait for what only Python can see, such as a file."""
    for _ in range(100):
        if condition(*arguments):
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come about within 10 s")


def test_what_is_typed_is_saved_and_checked_with_ctrl_enter(desk, chapter):
    page, box = desk()
    first = next(
        number for number, line in enumerate(read_text(chapter.script).split("\n"), 1) if "class LayerNorm(" in line
    )
    assert str(first) in box.locator(".cm-lineNumbers").inner_text().split("\n")
    assert "Exercise 8 of" in box.inner_text() and "not begun" in box.inner_text()
    type_answer(page, box, "return 2 * x  # ε")
    top = page.evaluate("document.querySelector('.st-key-exercise-layer_norm').getBoundingClientRect().top")
    page.keyboard.press("Control+Enter")
    verdict = box.locator("[class*='st-key-verdict-wrong']")
    verdict.wait_for()
    assert f"✗ {EXERCISE}: not yet" in verdict.inner_text()
    assert mine(chapter).endswith("        return 2 * x  # ε")
    cells = json.loads(chapter.notebook.read_text())["cells"]
    assert any("return 2 * x  # ε" in "".join(cell["source"]) for cell in cells)
    voice = box.get_by_role("status").filter(has_text="not yet")
    voice.wait_for(state="attached")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")
    assert top == page.evaluate("document.querySelector('.st-key-exercise-layer_norm').getBoundingClientRect().top")
    box.get_by_text("Saved in ch01_transformers.py").wait_for()
    box.get_by_text("does not pass yet").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_beginning_of_a_line_stays_in_view(desk, width):
    page, box = desk(width=width)
    type_answer(page, box, "return x  # " + "and so on " * 20)
    page.keyboard.press("Shift+Home")
    page.keyboard.type("return x")
    assert box.locator(".cm-scroller").evaluate("it => [it.scrollLeft, it.scrollWidth - it.clientWidth]") == [0, 0]
    line, numbers = box.locator(".cm-line").last.bounding_box(), box.locator(".cm-gutters").bounding_box()
    assert line["x"] >= numbers["x"] + numbers["width"]


def test_checks_amid_edits_from_outside_leave_the_page_whole(desk, chapter):
    page, box = desk()
    text = read_text(chapter.script)
    for number in range(6):
        chapter.script.write_text(text.replace(STUB, f"return x * {number}  # outside"))
        page.wait_for_timeout(300 * number)  # the page looks at the file every two seconds
        box.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(" !")
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(400)
        if (take := box.get_by_role("button", name="Take the file's")).count():
            take.click()
    page.keyboard.press("Escape")
    box.get_by_role("button", name="Run checks").click()
    box.locator("[class*='st-key-verdict-wrong']").or_(box.get_by_text("choose one of the two")).first.wait_for()


def test_a_page_that_lost_count_of_its_elements_is_drawn_again_with_what_was_typed(desk, chapter, log):
    messages = pytest.importorskip("streamlit.proto.ForwardMsg_pb2")
    page, box = desk()
    lines = []
    page.route_web_socket("**/_stcore/stream", lambda line: (line.connect_to_server(), lines.append(line)))
    page.reload()
    box.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("  # half a thought")
    page.evaluate("window.sameLoad = true")
    wrong = messages.ForwardMsg()  # what a run left undone makes of the next: an element is to hold others
    wrong.metadata.delta_path.extend([0, 0, 0, 0])
    wrong.delta.new_element.markdown.body = "on nothing"
    lines[-1].send(wrong.SerializeToString())
    page.wait_for_function("() => !window.sameLoad && document.querySelector('h1')")
    box.get_by_text("# half a thought").wait_for()
    until(page, lambda: "# half a thought" in mine(chapter))
    assert "'setIn' cannot be called on an ElementNode" in log.errors
    log.errors.clear()


def test_typing_on_while_it_is_being_saved_is_no_conflict(desk, chapter):
    page, box = desk()
    type_answer(page, box, "return x  # ")
    for letter in "abcdefgh":
        page.keyboard.type(letter)
        page.keyboard.press("Control+s")
        page.wait_for_timeout(30)
    until(page, lambda: mine(chapter).endswith("# abcdefgh"))
    box.get_by_text("Saved in ch01_transformers.py").wait_for()
    assert box.locator(f".st-key-conflict-{SLUG}").count() == 0


def test_the_button_saves_what_was_typed_and_a_right_answer_leads_on(desk, chapter):
    page, box = desk()
    right = (source_of(read_text(chapter.solution), EXERCISE) or "").partition("def forward")[2].partition("\n")[2]
    type_answer(page, box, "pass")
    page.keyboard.press("Shift+Home")
    page.keyboard.insert_text(right.strip())
    box.get_by_role("button", name="Run checks").click()
    box.locator("[class*='st-key-verdict-passed']").wait_for()
    assert page.evaluate("document.activeElement.innerText.includes('Run checks')")
    box.get_by_text(re.compile("^Next exercise: ")).first.wait_for()
    box.get_by_role("button", name="Compare with the course's solution").focus()
    page.keyboard.press("Enter")
    box.get_by_role("button", name="Hide the solution").wait_for()
    assert page.evaluate("document.activeElement.innerText") == "Hide the solution"
    page.keyboard.press("Enter")
    box.get_by_role("button", name="Compare with the course's solution").wait_for()


def test_a_text_that_does_not_parse_is_saved_as_typed(desk, chapter):
    page, box = desk()
    type_answer(page, box, "return (2 *")
    page.keyboard.press("Delete")  # the bracket that the editor closed
    page.keyboard.press("Control+Enter")
    box.locator("[class*='st-key-verdict-wrong']").wait_for()
    assert "        return (2 *\n" in read_text(chapter.script)
    assert "return (2 *" in shown(box)


def test_an_edit_outside_shows_up_in_an_untouched_editor(desk, chapter):
    _, box = desk()
    write_outside(chapter, STUB, "return x - 1  # from my own editor")
    box.get_by_text("# from my own editor").wait_for()
    notebook = chapter.notebook.read_text()
    assert notebook.count("# from my own editor") == 1  # it follows, and is edited in its turn
    chapter.notebook.write_text(notebook.replace("# from my own editor", "# from Jupyter"))
    box.get_by_text("# from Jupyter").wait_for()
    assert "# from Jupyter" in mine(chapter)


@pytest.mark.parametrize("choice", ["Take the file's", "Keep mine"])
def test_a_conflict_is_shown_and_nothing_is_lost(desk, chapter, choice):
    page, box = desk()
    type_answer(page, box, "return x + 1  # typed here")
    write_outside(chapter, STUB, "return x + 2  # typed there")
    conflict = box.locator(f".st-key-conflict-{SLUG}")
    conflict.wait_for()  # while the focus is in the editor still
    assert "-         return x + 2  # typed there" in conflict.inner_text()
    assert "+         return x + 1  # typed here" in conflict.inner_text()
    page.keyboard.press("Control+Enter")
    box.get_by_text("choose one of the two versions first").last.wait_for()
    assert box.locator("[class*='st-key-verdict']").count() == 0
    assert "# typed there" in mine(chapter) and "# typed here" in shown(box)
    conflict.get_by_role("button", name=choice).click()
    conflict.wait_for(state="detached")
    kept, lost = ("there", "here") if choice.startswith("Take") else ("here", "there")
    box.get_by_text("Saved in ch01_transformers.py").wait_for()
    assert f"# typed {kept}" in shown(box) and f"# typed {lost}" not in shown(box)
    assert f"# typed {kept}" in mine(chapter)
    note = box.get_by_text(re.compile("is kept as")).first.inner_text()
    copy = re.search(r"\.course/backups/[\w.-]+\w", note)
    assert copy and f"# typed {lost}" in (chapter.root / copy[0]).read_text()


def test_what_was_typed_outlives_a_reload_and_a_change_of_section(desk, chapter):
    page, box = desk()
    box.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("  # half a thought")
    page.reload()
    box.get_by_text("# half a thought").wait_for()
    until(page, lambda: "# half a thought" in mine(chapter))
    box.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("x")  # now nothing defines the exercise
    box.get_by_role("button", name="Run checks").click()
    box.get_by_text(re.compile("no longer defines LayerNorm")).first.wait_for()
    assert box.locator("[class*='st-key-verdict']").count() == 0
    page.reload()
    box.get_by_text("xclass LayerNorm").or_(box.get_by_text("xclass")).first.wait_for()
    assert "class LayerNorm" in mine(chapter)


def test_leaving_for_another_section_saves(desk, chapter):
    page, box = desk()
    type_answer(page, box, "return x - 4")
    page.locator(".st-key-neighbours").get_by_text(re.compile("^Next: ")).click()
    until(page, lambda: "return x - 4" in mine(chapter))
    page.go_back()
    box.get_by_text("return x - 4").wait_for()
    box.get_by_text("Saved in ch01_transformers.py").wait_for()


def test_an_editor_is_made_when_it_comes_near_and_shows_its_text_before(open_page, served, chapter):
    page = open_page(f"/?exercise={chapter.exercises[0].slug}")
    frames = page.locator(".glassbox-editor .frame")
    frames.nth(2).wait_for(state="attached")
    assert 'NotImplementedError("bpe_decode")' in page.locator(".st-key-exercise-bpe_decode .frame").text_content()
    assert page.locator(".cm-content").count() < frames.count()
    page.locator(".st-key-exercise-bpe_decode").scroll_into_view_if_needed()
    page.locator(".st-key-exercise-bpe_decode .cm-content").wait_for()


def test_line_numbers_below_a_longer_answer_are_those_of_the_file(open_page, chapter):
    first, second = chapter.exercises[:2]
    page = open_page(f"/?exercise={first.slug}")
    cards = [page.locator(f".st-key-exercise-{exercise.slug}") for exercise in (first, second)]
    cards[0].locator(".cm-content").click()  # until then the page holds the exercise of its address in view
    cards[1].scroll_into_view_if_needed()
    cards[1].locator(".cm-content").wait_for()
    cards[0].locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\n# one\n# more")
    page.keyboard.press("Control+s")
    until(page, lambda: "# more" in read_text(chapter.script))
    lines = read_text(chapter.script).split("\n")
    begins = next(number for number, line in enumerate(lines, 1) if line.startswith(f"def {second.name}("))
    cards[1].scroll_into_view_if_needed()
    cards[1].locator(".cm-lineNumbers").get_by_text(str(begins), exact=True).wait_for()
    assert str(begins - 2) not in cards[1].locator(".cm-lineNumbers").inner_text().split("\n")


def test_reset_brings_the_stub_back_and_says_where_the_copy_is(desk, chapter):
    page, box = desk()
    type_answer(page, box, "return x - 3  # to be kept")
    box.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Put the stub back").click()
    box.get_by_text(re.compile("The stub is back")).first.wait_for()
    until(page, lambda: STUB in shown(box))
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")  # not lost with the button
    assert STUB in mine(chapter)
    copies = list((chapter.root / ".course" / "backups").glob("ch01_transformers.*.py"))
    assert any("# to be kept" in copy.read_text() for copy in copies)


def test_the_keyboard_is_enough(desk, chapter):
    page, box = desk()
    box.get_by_role("link", name=re.compile("Link to this exercise")).focus()
    for _ in range(12):
        if page.evaluate("document.activeElement.classList.contains('cm-content')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Control+End")
    page.keyboard.press("Shift+Home")
    page.keyboard.type("return x\nif x")  # the page has shortcuts of one letter; here they are letters
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")  # Tab indents
    page.keyboard.press("Escape")
    box.get_by_text("Tab now leaves the editor.").first.wait_for()
    page.wait_for_timeout(2500)  # there is no hurry
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText.includes('Run checks')")
    page.keyboard.press("Enter")
    box.locator("[class*='st-key-verdict-wrong']").wait_for()
    assert page.evaluate("document.activeElement.innerText.includes('Run checks')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_the_editor_stays_within_the_page(desk, dark):
    page, box = desk(width=390, dark=dark)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    frame = box.locator(".frame").bounding_box()
    assert frame and frame["x"] >= 0 and frame["x"] + frame["width"] <= 390
    back = box.locator(".frame").evaluate("element => getComputedStyle(element).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", back)[:3])) < 70) is dark
