"""The site's pages to read, run without a browser: the map, sections and contents, search, glossary, papers."""

import json
import re
from pathlib import Path
from time import perf_counter

import pytest

pytest.importorskip("streamlit", reason="the site's own dependency; `pip install streamlit` to run these")

import streamlit
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from course_utils.authoring.build import build
from course_utils.authoring.cells import Cell
from course_utils.authoring.writers import new_id
from course_utils.catalog import load_catalog
from course_utils.reading.glossary import glossary_path
from course_utils.reading.papers import papers_path
from course_utils.reading.sections import WHOLE

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
MORE = """
# %% [markdown]
# ## Pictures & more
#
# $$a^2 + b^2 = c^2.$$
#
# As <b>Gage</b> (1994) says (Gage, 1994), a ratio is a `ratio`.

# %%
show(fig, "line")
show(fig, "nowhere")

# %% [markdown]
# **Predict before you run:** what does it say?

# %%
print("It <b>says</b> this")

# %% [markdown]
# Now you know.
#
# ## The end of `it`

# %%
model = load_specimen("attn-only-2l")
print("It <b>says</b> this")
"""
GLOSSARY = '[[term]]\nname = "ratio"\ndefinition = "What one *number* is when divided by `another` <one>."\n'


@pytest.fixture
def course(course):
    """The tiny course with two more sections, what its cells print, a figure, and a glossary of one word."""
    streamlit.cache_data.clear()
    streamlit.cache_resource.clear()
    chapter = course.chapter
    chapter.solution.write_text(chapter.solution.read_text() + MORE)
    ids: set[str] = set()
    sources = ['print("It <b>says</b> this")', 'model = load_specimen("attn-only-2l")\nprint("It <b>says</b> this")']
    printed = {new_id(Cell("code", source), ids): f"<b>{number}</b>" for number, source in enumerate(sources)}
    (chapter.figures / "printed.json").write_text(json.dumps(printed))
    figure = {"data": [{"type": "scatter", "y": [0, 1]}], "layout": {"title": {"text": "A line <i>"}}}
    (chapter.figures / "line.json").write_text(json.dumps(figure))
    glossary_path(course.root).write_text(GLOSSARY)
    build(course.catalog)
    return course


def visit(page="", **address) -> AppTest:
    """Open a page of the site with these query parameters."""
    site = AppTest.from_file(str(MAIN), default_timeout=60)
    if page:  # the library's own switch_page knows pages in files only
        site._page_hash = calc_hash(page)
    return at(site, **address)


def at(site: AppTest, **address) -> AppTest:
    site.query_params.clear()
    for name, value in address.items():
        site.query_params[name] = value
    site.run()
    assert not site.exception
    return site


def texts(elements) -> str:
    return "\n".join(str(element.value) for element in elements)


def markup(site: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(element.proto.body for element in site.get("html"))


def test_home_has_the_map_the_files_and_the_way_on(course):
    site = visit()
    assert site.title[0].value == "Glassbox"
    assert str(course.chapter.script) in texts(site.code) and "course watch" in texts(site.code)
    home = markup(site)
    assert "A tiny chapter" in home and "Two exercises" in home and "2 exercises of 20 min" in home
    assert "Begin with chapter 1" in home and 'aria-label="0 of 2 exercises done"' in home
    assert home.count('href="ch01_tiny?section=pictures-more"') == 2  # a step of the strip, and a row of the list
    course.answer("double", "def double(x: int) -> int:\n    return x + x")
    card = at(AppTest.from_file(str(MAIN), default_timeout=60), exercise="double")
    card.button(key="check-double").click().run()
    home = markup(visit())
    assert "Continue: Scale by a factor" in home and 'href="ch01_tiny?exercise=scale"' in home
    assert "1 of 2 exercises done" in home and "gb-step gb-begun" in home


def test_home_leads_back_to_what_was_open(course):
    site = at(visit(exercise="double"), section="pictures-more")
    site._page_hash = calc_hash("")
    assert "you were reading" in (home := markup(at(site)))
    assert home.count('href="ch01_tiny?section=pictures-more"') == 3
    assert "you were reading" not in markup(visit())


def test_prose_has_its_numbers_and_the_facts_stand_once(course):
    site = visit(exercise="double")
    assert "The ratio is 2.0." in re.sub(r"<span.*</span>", "ratio", texts(site.markdown))
    assert "about 5 min" in texts(site.caption)
    assert "about 5 minutes" not in texts(site.markdown)


def test_the_address_chooses_the_section_and_the_contents_say_which(course):
    site = at(visit(exercise="double"), section="pictures-more")
    assert site.header[0].value == "Pictures & more"
    contents = markup(site)
    titles = re.findall(r'<a href="ch01_tiny\?section=([\w-]+)" data-inside="page"[^>]*>([^<]*)</a>', contents)
    assert titles[: len(titles) // 2] == titles[len(titles) // 2 :]  # for a wide window and for a narrow one
    assert titles[:5] == [
        ("start", "Introduction"),
        ("numbers", "Numbers"),
        ("pictures-more", "Pictures &amp; more"),
        ("the-end-of-it", "The end of it"),
        ("papers", "Papers named here"),
    ]
    assert contents.count('aria-current="page"') == 2
    assert 'href="ch01_tiny?section=pictures-more" data-inside="copy"' in contents
    assert "$$\na^2 + b^2 = c^2.\n$$" in texts(site.markdown)
    assert "**Figure: A line \\<i\\>**" in texts(site.markdown)
    assert "“nowhere” has not been computed yet" in texts(site.caption)


def test_what_comes_out_and_what_is_said_of_it_wait_for_a_guess(course):
    site = at(visit(exercise="double"), section="pictures-more")
    (folded,) = site.expander
    assert folded.label == "Show what comes out"
    assert [block.value for block in folded.code] == ["<b>0</b>"]
    assert [block.value for block in folded.markdown] == ["Now you know."]
    assert texts(site.markdown).count("Now you know.") == 1


@pytest.mark.parametrize("key", [chapter.key for chapter in load_catalog().chapters])
def test_every_figure_and_print_of_the_course_can_be_drawn(key):
    page = visit(key, section=WHOLE)
    assert [error.value for error in page.error] == []
    assert "has not been computed yet" not in texts(page.caption)
    assert len(page.get("plotly_chart")) == len(
        {path.stem for path in load_catalog().find_chapter(key).figures.glob("*.json")} - {"numbers", "printed"}
    )


def test_results_name_their_source(course):
    site = at(visit(exercise="double"), section="the-end-of-it")
    assert "<b>1</b>" in texts(site.code) and not site.expander
    said = markup(site)
    assert 'Printed by <a href="#code-' in said
    assert '<a href="glossary?specimen=attn-only-2l" data-inside="page">attn-only-2l</a>' in said
    before = markup(at(site, section="pictures-more"))
    assert "Computed by" in before and "attn-only" not in before


def test_a_term_is_explained_once_a_section_and_nothing_else_is_html(course):
    site = at(visit(exercise="double"), section="pictures-more")
    prose = next(block.value for block in site.markdown if "Gage" in block.value)
    assert prose.count('class="gb-term"') == 1 and "`ratio`" in prose
    assert "&lt;b>Gage&lt;/b>" in prose and "<one>" not in prose
    assert re.search(r'role="tooltip" id="def-pictures-more-ratio">What one &#42;number', prose)


def test_the_papers_have_titles_that_lead_to_them(course):
    papers_path(course.root).write_text(
        '[[paper]]\nfirst = "Gage"\nyear = 1994\ntitle = "On <data>"\naddress = "https://example.org/1"\n'
    )
    page = markup(at(visit(exercise="double"), section="papers"))
    assert "Gage (1994): <a" in page and "<cite>On &lt;data&gt;</cite>" in page
    assert 'href="https://example.org/1" target="_blank" rel="noopener noreferrer"' in page
    papers_path(course.root).write_text("[[paper")
    site = at(visit(exercise="double"), section="papers")
    assert "is not valid TOML" in texts(site.error)


def test_the_glossary_links_to_where_a_term_is_first_used(course):
    page = markup(visit("glossary", term="ratio"))
    assert 'id="term-ratio" class=gb-wanted' in page
    assert "What one *number* is when divided by <code>another</code> &lt;one&gt;." in page
    assert '<a href="ch01_tiny?section=numbers" data-inside="page">1 · Numbers</a>' in page


def test_the_glossary_shows_a_specimen_s_card(course):
    site = visit("glossary", specimen="attn-only-2l")
    assert site.title[0].value == "attn-only-2l" and "| fact | measured | bound |" in texts(site.markdown)
    assert visit("glossary", specimen="../nope").title[0].value == "Glossary"


def test_search_answers_the_address_and_escapes_what_was_typed(course):
    page = markup(visit("search", q="twice"))
    assert '<a href="ch01_tiny?exercise=double" data-inside="page">Twice as much</a>' in page
    site = visit("search", q="<img src=x onerror=alert(1)> gage")
    page = markup(site)
    assert "<img" not in page and "&lt;img src=x" in page
    assert "<mark>Gage</mark>" in page and "&lt;b&gt;" in page
    assert "Nothing in the course has" in markup(visit("search", q="shifted"))


def test_search_writes_the_question_into_the_address(course):
    site = visit("search")
    assert "Hints and solutions stay closed" in texts(site.markdown)
    site.text_input(key="query-").set_value(" Ratio ").run()
    assert site.query_params["q"] in ("Ratio", ["Ratio"])
    assert '<strong><a href="glossary?term=ratio"' in markup(site)
    site.text_input(key="query-Ratio").set_value("").run()
    assert "q" not in site.query_params


def test_the_papers_are_listed_with_the_sections_that_name_them(course):
    site = at(visit(exercise="double"), section="papers")
    assert "<li>Gage (1994): <a" in markup(site)
    assert [heading.value for heading in site.header] == ["Papers named here"]


def test_the_whole_chapter_on_one_page_has_everything_but_the_work(course):
    site = at(visit(exercise="double"), section="all")
    headings = ["Introduction", "Numbers", "Pictures & more", "The end of `it`", "Papers named here"]
    assert [heading.value for heading in site.header] == headings
    assert 'raise NotImplementedError("double")' in texts(site.code)
    assert not [button for button in site.button if button.key and "double" in button.key]
    assert "Gage (1994)" in markup(site)


def test_a_broken_glossary_is_one_sentence_on_the_page(course):
    glossary_path(course.root).write_text("[[term")
    for site in (visit("glossary"), visit(section="numbers", exercise="double"), visit("search", q="ratio")):
        assert len(site.error) == 1 and "glossary" in site.error[0].value
    assert visit().title[0].value == "Glassbox"


def test_a_section_change_is_drawn_in_a_tenth_of_a_second(course):
    site = at(visit(exercise="double"), section="pictures-more")
    at(site, section="numbers")
    start = perf_counter()
    for section in ("pictures-more", "numbers") * 3:
        at(site, section=section)
    assert (perf_counter() - start) / 6 < 0.25  # of the half second that a reader may wait, on a busy machine
