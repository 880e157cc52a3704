"""The glossary: what the gate says of it, and where a definition may stand in a chapter's prose."""

import re
from html import unescape

import pytest

from course_utils.authoring.build import build, stray_files
from course_utils.authoring.course_rules import course_problems
from course_utils.catalog import CourseError, load_catalog
from course_utils.reading.blocks import Prose
from course_utils.reading.glossary import Glossary, Term, first_uses, glossary_path, read_glossary
from course_utils.reading.sections import Section, cut

HEAD = Term("head", "One unit of an attention layer, *with* `W_Q` & <small> $x$ matrices.", ("heads",))
PATTERN = Term("attention pattern", "A table of weights, each row of which sums to one.")
ATTENTION = Term("attention", "What moves information from one position to another one.")
COMPLETE = Term("completeness", "A demand that circuits meet or fail.", ("complete",), ("ch03_ioi",))
GLOSSARY = Glossary((ATTENTION, PATTERN, COMPLETE, HEAD))
SPAN = re.compile(
    r'<span class="gb-gloss">.*?role="button"[^>]*>(.*?)</span><span class="gb-def"[^>]*>(.*?)</span></span>', re.DOTALL
)


def mark(text, seen=None, chapter="ch01_x"):
    return GLOSSARY.mark(text, chapter, set() if seen is None else seen, "page")


def marked(text, **more):
    return [unescape(found[0]) for found in SPAN.findall(mark(text, **more))]


def test_the_first_use_is_marked_and_no_other():
    seen: set[str] = set()
    text = mark("A **head** looks. Heads look, a head.", seen)
    assert len(SPAN.findall(text)) == 1 and seen == {"head"}
    assert SPAN.sub(r"\1", text) == "A **head** looks. Heads look, a head."
    assert marked("One more head", seen=seen) == []


def test_the_longest_term_wins_and_a_line_may_end_in_it():
    assert marked("An Attention\npattern, and attention.") == ["Attention\npattern", "attention"]
    assert marked("header, head-first, ahead, attention-head") == []


KEPT = [
    "`head`",
    "``head ` head``",
    "$head_{<i}$",
    "$$\nhead\n$$",
    "```\nhead\n```",
    "## The head",
    "[head](there)",
    "    head = 1",
]


@pytest.mark.parametrize("kept", KEPT)
def test_code_formulas_headings_and_links_are_left_as_they_are(kept):
    assert mark(f"Text.\n\n{kept}\n\nText.") == f"Text.\n\n{kept}\n\nText."
    assert marked(f"A head.\n\n{kept}") == ["head"]


def test_a_word_of_every_day_is_a_term_only_in_its_chapters():
    assert marked("a complete cell") == []
    assert marked("a complete circuit", chapter="ch03_ioi") == ["complete"]


def test_the_definition_is_text_and_the_prose_brings_no_html():
    text = mark("<script>alert(1)</script> a head <b onclick='x'>")
    [(_, definition)] = SPAN.findall(text)
    assert unescape(definition) == HEAD.definition.replace("`", "")
    assert not set(definition) & set("*_`$<>")
    rest = SPAN.sub("", text)
    assert "<script" not in rest and "<b" not in rest and rest.count("&lt;") == 3


def test_ids_are_the_page_s_own_and_belong_together():
    text = mark("a head")
    [described] = re.findall(r'aria-describedby="([^"]+)"', text)
    assert f'role="tooltip" id="{described}"' in text and described == "def-page-head"


def test_the_first_section_of_each_chapter_is_told(tiny):
    chapter = tiny.chapters[0]
    sections = [Section("a", "A head", (Prose("`head`"),)), Section("b", "B", (Prose("heads"),)), *cut(chapter)]
    uses = first_uses(GLOSSARY, [(chapter, sections)])
    assert [use.section.slug for use in uses["head"]] == ["b"]
    assert uses["attention"] == ()


def write(tiny, text):
    glossary_path(tiny.chapters[0].root).write_text(text)


GOOD = '[[term]]\nname = "ratio"\ndefinition = "What one number is when divided by another one."\n'
BAD = {
    "nowhere": (GOOD.replace("ratio", "rational"), "'rational' stands in no chapter's prose"),
    "no definition": ('[[term]]\nname = "ratio"\n', "'ratio' has no definition"),
    "an empty one": (re.sub('definition = ".*"', 'definition = " "', GOOD), "'ratio' has no definition"),
    "a word": (re.sub('definition = ".*"', 'definition = "A quotient."', GOOD), "a definition of 2 words"),
    "twice": (GOOD + GOOD, "'ratio' is already a spelling of 'ratio'"),
    "a form twice": (GOOD + 'forms = ["Ratio"]\n', "'Ratio' is already a spelling"),
    "unknown key": (GOOD + 'form = "ratios"\n', "unknown key 'form'. Did you mean 'forms'?"),
    "not TOML": ("[[term", "is not valid TOML"),
    "no name": ('[[term]]\ndefinition = "x"\n', "missing name"),
    "no table": ("term = [1]\n", "begin it with [[term]]"),
    "a chapter that isn't": (GOOD + 'chapters = ["ch09_x"]\n', "stands in no chapter's prose"),
}


def test_a_sound_glossary_is_accounted_for_and_without_problems(tiny):
    build(tiny)
    before = course_problems(tiny)
    write(tiny, GOOD)
    assert "solutions/glossary.toml" not in stray_files(tiny)
    assert course_problems(tiny) == before


@pytest.mark.parametrize("case", BAD)
def test_the_gate_names_what_is_wrong_with_it(tiny, case):
    build(tiny)
    text, said = BAD[case]
    write(tiny, text)
    problems = [problem for problem in course_problems(tiny) if "glossary.toml" in problem]
    assert len(problems) == 1 and said in problems[0]


def test_a_course_may_do_without(tiny):
    assert read_glossary(tiny.chapters[0].root) == Glossary(())
    write(tiny, "[[term]]\n")
    with pytest.raises(CourseError, match="missing name"):
        read_glossary(tiny.chapters[0].root)


def test_no_definition_of_the_course_says_its_own_term_only_and_all_terms_are_used():
    catalog = load_catalog()
    glossary = read_glossary(catalog.chapters[0].root)
    assert len(glossary.terms) >= 60
    uses = first_uses(glossary, [(chapter, cut(chapter)) for chapter in catalog.chapters])
    assert all(uses[term.slug] for term in glossary.terms)
    assert all(term.definition.endswith(".") for term in glossary.terms)
