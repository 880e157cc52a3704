"""Which papers the prose names."""

import pytest

from course_utils.catalog import CourseError, load_catalog
from course_utils.reading.blocks import Prose
from course_utils.reading.papers import citations, paper_problems, papers_of, papers_path, read_works
from course_utils.reading.sections import Section, cut

CITED = {
    "a method (Gage, 1994), by Sennrich, Haddow and Birch (2016)": [
        ("Gage", 1994),
        ("Sennrich, Haddow and Birch", 2016),
    ],
    "(GELU; Hendrycks and Gimpel, 2016) and Wang\net al. (2022) and, in May 2023, (Goldowsky-Dill et\nal., 2023)": [
        ("Hendrycks and Gimpel", 2016),
        ("Wang et al.", 2022),
        ("Goldowsky-Dill et al.", 2023),
    ],
    "the lens (nostalgebraist, 2020); Kramár et al., 2024, collect": [
        ("nostalgebraist", 2020),
        ("Kramár et al.", 2024),
    ],
    "GPT-2 small (2019), `Wang, 2022`, $Wang, 2022$, (in all, 2019 of them), Since 2020": [],
    "(Vaswani et al., 2017; 512 and 2048)": [("Vaswani et al.", 2017)],
}


@pytest.mark.parametrize("text", CITED)
def test_authors_and_years_are_found(text):
    assert list(citations(text)) == CITED[text]


def test_one_paper_named_in_several_ways_is_one_paper():
    one = Section("one", "One", (Prose("(Wang et al., 2022; Wang and others, 2023)"),))
    two = Section("two", "Two", (Prose("Wang, Conmy and Steinhardt (2022), and again Wang et al. (2022)"),))
    papers = papers_of([one, two])
    assert [(paper.authors, paper.year) for paper in papers] == [
        ("Wang, Conmy and Steinhardt", 2022),
        ("Wang et al.", 2023),
    ]
    assert papers[0].sections == (one, two) and papers[1].sections == (one,)


LISTED = '[[paper]]\nfirst = "Gage"\nyear = 1994\ntitle = "On data"\n'


def test_what_is_named_and_what_is_listed_must_agree(course):
    said = "\n# %% [markdown]\n# As Gage (1994) says.\n"
    course.chapter.solution.write_text(course.chapter.solution.read_text() + said)
    (missing,) = paper_problems(course.catalog)
    assert missing == "ch01_tiny names Gage (1994): list it in solutions/papers.toml, with its title."
    papers_path(course.root).write_text(LISTED + 'address = "https://example.org/1"\n')
    assert paper_problems(course.catalog) == []
    (paper,) = papers_of(cut(course.chapter), read_works(course.root))
    assert paper.work and (paper.work.title, paper.work.address) == ("On data", "https://example.org/1")
    papers_path(course.root).write_text(LISTED + LISTED.replace("1994", "1995"))
    assert paper_problems(course.catalog) == [
        "solutions/papers.toml: no chapter names Gage (1995): take it out.",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LISTED + LISTED, "lists Gage, 1994 twice: take one out"),
        (LISTED + 'address = "javascript:alert(1)"\n', "must begin with https://"),
        (LISTED + "pages = 3\n", "unknown key 'pages'"),
        (LISTED.replace("1994", "'1994'"), "year must be of type int"),
        ("[[paper]]\nfirst = 'Gage'\n", "missing"),
        ("paper = ['Gage']\n", r"begin it with \[\[paper\]\]"),
        ("[[paper", "is not valid TOML"),
    ],
)
def test_a_list_that_can_t_be_right_is_refused_in_one_sentence(course, text, says):
    papers_path(course.root).write_text(text)
    with pytest.raises(CourseError, match=says) as refused:
        read_works(course.root)
    assert "\n" not in str(refused.value)


def test_every_chapter_of_the_course_names_papers():
    for chapter in load_catalog().chapters:
        assert len(papers_of(cut(chapter))) > 5
