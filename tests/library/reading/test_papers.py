"""Which papers the prose names."""

import pytest

from course_utils.catalog import load_catalog
from course_utils.reading.blocks import Prose
from course_utils.reading.papers import citations, papers_of
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


def test_every_chapter_of_the_course_names_papers():
    for chapter in load_catalog().chapters:
        assert len(papers_of(cut(chapter))) > 5
