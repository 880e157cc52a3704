"""The papers that a chapter's prose names, by author and year, and where it does."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from course_utils.reading.markup import pieces
from course_utils.reading.sections import Section

_NAME = r"[A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ][\w’'-]*"
_AUTHORS = rf"{_NAME}(?:(?:, {_NAME})*,? and {_NAME}| et al\.| and others)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)[a-z]?\b"
_CITED = re.compile(rf"(?P<authors>{_AUTHORS})(?:, | \(){_YEAR}")
_ALONE = re.compile(rf"\((?P<authors>[a-zà-ÿ]\w+), {_YEAR}\)")  # a pen name, written small


@dataclass(frozen=True)
class Paper:
    """A paper as the prose names it, and the sections in which it does."""

    authors: str
    year: int
    sections: tuple[Section, ...]


def papers_of(sections: Sequence[Section]) -> tuple[Paper, ...]:
    """Every paper that the prose of these sections names with its year, by first author and year.

    `Wang et al., 2022`, `Wang and others (2022)` and `Wang, Conmy and Steinhardt (2022)` are one paper; its authors are
    given as where the prose names most of them.
    """
    authors: dict[tuple[str, int], str] = {}
    places: dict[tuple[str, int], list[Section]] = {}
    for section in sections:
        for named, year in (cited for text in section.texts for cited in citations(text)):
            key = (re.split(r", | and | et al", named)[0].casefold(), year)
            authors[key] = max(authors.get(key, ""), _tidied(named), key=_fullness)
            if section not in places.setdefault(key, []):
                places[key].append(section)
    return tuple(Paper(authors[key], key[1], tuple(places[key])) for key in sorted(places))


def citations(text: str) -> Iterator[tuple[str, int]]:
    """The (authors, year) in the prose of a Markdown text, in order.

    >>> list(citations("induction heads (Olsson et al., 2022), and in May 2023"))
    [('Olsson et al.', 2022)]
    """
    prose = " ".join("".join(piece if is_prose else " ¦ " for is_prose, piece in pieces(text)).split())
    found = sorted([*_CITED.finditer(prose), *_ALONE.finditer(prose)], key=re.Match.start)
    yield from ((match["authors"], int(match["year"])) for match in found)


def _tidied(authors: str) -> str:
    return authors.replace(" and others", " et al.")


def _fullness(authors: str) -> tuple[int, int]:
    return (len(re.findall(rf"{_NAME}", authors)), len(authors))
