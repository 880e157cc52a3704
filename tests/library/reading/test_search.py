"""The search: what comes first, what is found at all, and what must never be."""

import time

import pytest

from course_utils.catalog import load_catalog
from course_utils.reading.blocks import Code, Prose
from course_utils.reading.markup import fold
from course_utils.reading.search import make_index, nearest, search
from course_utils.reading.sections import Section, cut


@pytest.fixture(scope="module")
def chapter():
    return load_catalog().chapters[0]


@pytest.fixture(scope="module")
def course():
    return make_index([(chapter, cut(chapter)) for chapter in load_catalog().chapters])


def titles(index, query):
    return [hit.place.title for hit in search(index, query).hits]


def index_of(chapter, **texts):
    """An index of sections, each with this one block."""
    sections = [Section(name, name, (block,)) for name, block in texts.items()]
    return make_index([(chapter, sections)])


def code(source, reveals=""):
    return Code(source, (), "key", "", bool(reveals), reveals)


def test_a_title_beats_prose_and_prose_beats_code(chapter):
    index = index_of(
        chapter,
        other=Prose("the zebra, a zebra"),
        listing=code("zebra = zebra(zebra) + zebra"),
        zebra=Prose("nothing"),
    )
    assert titles(index, "zebra") == ["zebra", "other", "listing"]


def test_an_exercise_is_found_by_its_title_and_its_name(course):
    assert titles(course, "normalise the residual stream")[0] == "Normalise the residual stream"
    assert titles(course, "most_frequent_pair")[0] == "Find the most frequent pair"
    assert "Find the most frequent pair" in titles(course, "frequent pair")[:2]


def test_words_may_be_unfinished_and_come_in_any_order(course):
    assert titles(course, "stream resid")[:3] != []
    assert "The residual stream" in titles(course, "resid strea")[:3]
    assert titles(course, "residual stream")[0] == "The residual stream"


def test_whole_words_come_before_beginnings(chapter):
    index = index_of(chapter, beginning=Prose("headless"), whole=Prose("a head"))
    assert titles(index, "head") == ["whole", "beginning"]


def test_neighbours_count_more_than_the_same_words_apart(chapter):
    index = index_of(chapter, apart=Prose("path by path, no patching"), together=Prose("this is path patching, once"))
    assert titles(index, "path patching") == ["together", "apart"]


def test_accents_and_case_do_not_matter(chapter):
    index = index_of(chapter, here=Prose("Naïve STRASSE, Kramár"))
    for query in ("naive", "NAÏVE", "straße", "kramar", "Krámar"):
        assert titles(index, query) == ["here"], query


def test_names_of_code_are_found_whole_and_in_parts(chapter):
    index = index_of(chapter, here=code("class LayerNorm:\n    W_Q = hook_resid_pre"))
    for query in ("LayerNorm", "layernorm", "layer norm", "W_Q", "hook_resid_pre", "resid"):
        assert titles(index, query) == ["here"], query


def test_where_no_place_has_all_words_it_says_so(chapter):
    index = index_of(chapter, one=Prose("apples"), two=Prose("pears and apples"))
    assert search(index, "apples pears").partly is False
    found = search(index, "apples cherries")
    assert found.partly and found.total == 2


@pytest.mark.parametrize("query", ["", "   ", "…", "<>&", "xyzzyplugh"])
def test_what_is_nowhere_gives_nothing(course, query):
    assert search(course, query).hits == ()


def test_a_snippet_marks_the_words_and_is_the_text_otherwise(chapter):
    text = "word " * 100 + "the <b>zebra</b> & the striped zebras " + "word " * 100
    [hit] = search(index_of(chapter, here=Prose(text)), "zebra").hits
    assert [piece for piece, found in hit.snippet if found] == ["zebra", "zebras"]
    shown = "".join(piece for piece, _ in hit.snippet)
    assert shown.startswith("… ") and shown.endswith(" …") and len(shown) < 220
    assert shown.strip("… ") in text and "<b>" in shown  # the page escapes it


def test_what_waits_for_a_guess_is_found_and_not_shown(chapter):
    index = index_of(chapter, here=code("print(1)", reveals="It was the giraffe."))
    [hit] = search(index, "giraffe").hits
    assert "giraffe" not in "".join(piece for piece, _ in hit.snippet)


def test_no_hint_no_solution_and_no_outcome_is_in_the_index(tiny):
    chapter = tiny.chapters[0]
    (chapter.figures / "printed.json").write_text('{"x": "printedword"}')
    index = make_index([(chapter, cut(chapter))])
    for secret in ("shifted", "secret", "_multiply", "printedword"):  # of solutions and of what was printed
        assert search(index, secret).hits == (), secret
    assert "keep" not in index.words  # of a hint: "Keep the factor."
    assert titles(index, "twice as much") == ["Twice as much"]


def test_no_line_of_a_solution_of_the_course_is_in_a_snippet(course):
    """Lines that only a solution has, asked for word by word, don't come back as code."""
    for chapter in load_catalog().chapters:
        solution = chapter.solution.read_text()
        open_text = chapter.script.read_text()
        hidden = [line.strip() for line in solution.split("\n") if len(line.strip()) > 40]
        hidden = [line for line in hidden if line not in open_text and not line.startswith("#") and "{{" not in line]
        assert len(hidden) > 50
        for line in hidden[::5]:
            for hit in search(course, line).hits[:3]:
                assert line not in "".join(piece for piece, _ in hit.snippet)


def test_a_query_is_answered_well_under_a_tenth_of_a_second(course):
    queries = ["a", "the of a head attention in layer", "induction", "x" * 100, "W_Q W_K W_V W_O"]
    for query in queries:
        search(course, query)
    times = []
    for query in queries * 3:
        start = time.process_time()
        search(course, query)
        times.append(time.process_time() - start)
    assert sorted(times)[len(times) // 2] < 0.05


def test_folding():
    assert fold("ﬁne ÀÉ") == "fine ae"


SPELLINGS = [("key-value cache", "KV cache"), ("OV circuit", "W_OV")]


@pytest.mark.parametrize(("query", "found"), [("kv cache", "kept"), ("W_OV", "moved")])
def test_a_term_is_found_in_any_of_its_spellings(chapter, query, found):
    sections = [
        Section("kept", "kept", (Prose("the key-value cache, and the key-value caches"),)),
        Section("moved", "moved", (Prose("its OV circuit"),)),
        Section("other", "other", (Prose("a key, a cache and kv"),)),
    ]
    hits = search(make_index([(chapter, sections)], SPELLINGS), query).hits
    assert hits[0].place.title == found
    assert search(make_index([(chapter, sections)]), "W_OV").hits == ()


@pytest.mark.parametrize(
    ("query", "meant"),
    [("LayerNrom", "LayerNorm"), ("causel mask", "causal_mask"), ("residul", "residual"), ("KV cahce", "KV cache")],
)
def test_a_misspelt_word_brings_the_nearest(query, meant):
    index = make_index([(chapter, cut(chapter)) for chapter in load_catalog().chapters], SPELLINGS)
    assert meant in nearest(index, query)


def test_nothing_is_near_to_nonsense(course):
    assert nearest(course, "zzzzqqx") == () and nearest(course, "") == ()
