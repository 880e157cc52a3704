"""The papers that a chapter's prose names, by author and year, and where; titles are in `solutions/papers.toml`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.catalog import Catalog, CourseError
from course_utils.reading.lists import read_list
from course_utils.reading.markup import pieces
from course_utils.reading.sections import Section, cut

_NAME = r"[A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ][\w’'-]*"
_AUTHORS = rf"{_NAME}(?:(?:, {_NAME})*,? and {_NAME}| et al\.| and others)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)[a-z]?\b"
_CITED = re.compile(rf"(?P<authors>{_AUTHORS})(?:, | \(){_YEAR}")
_ALONE = re.compile(rf"\((?P<authors>[a-zà-ÿ]\w+), {_YEAR}\)")  # a pen name, written small
_KEYS: dict[str, Any] = {"first": str, "year": int, "title": str, "address": str}

Key = tuple[str, int]  # first author, in small letters, and year


@dataclass(frozen=True)
class Work:
    """A paper as `solutions/papers.toml` lists it."""

    first: str
    year: int
    title: str
    address: str = ""

    @property
    def key(self) -> Key:
        return self.first.casefold(), self.year


@dataclass(frozen=True)
class Paper:
    """A paper as the prose names it, the sections in which it does, and what the list says of it, if anything."""

    authors: str
    year: int
    sections: tuple[Section, ...]
    work: Work | None = None


def papers_path(root: Path) -> Path:
    """The authored file."""
    return root / "solutions" / "papers.toml"


def read_works(root: Path) -> dict[Key, Work]:
    """The listed papers of the course at `root`; none where there is no list.

    Raises CourseError as `read_list` does, for an address that isn't one, and for a paper listed twice.
    """
    works: dict[Key, Work] = {}
    for row in read_list(
        papers_path(root), "paper", _KEYS, {"first", "year", "title"}, "course_utils/reading/papers.py"
    ):
        work = Work(**row)
        if work.key in works:
            raise CourseError(f"solutions/papers.toml lists {work.first}, {work.year} twice: take one out.")
        if work.address and not work.address.startswith("https://"):
            raise CourseError(
                f"solutions/papers.toml: the address of {work.first}, {work.year} must begin with https://."
            )
        works[work.key] = work
    return works


def papers_of(sections: Sequence[Section], works: dict[Key, Work] | None = None) -> tuple[Paper, ...]:
    """Every paper that the prose of these sections names with its year, by first author and year.

    `Wang et al., 2022`, `Wang and others (2022)` and `Wang, Conmy and Steinhardt (2022)` are one paper; its authors are
    given as where the prose names most of them. Titles and addresses are those of `works`.
    """
    authors: dict[Key, str] = {}
    places: dict[Key, list[Section]] = {}
    for section in sections:
        for named, year in (cited for text in section.texts for cited in citations(text)):
            key = (_first(named), year)
            authors[key] = max(authors.get(key, ""), _tidied(named), key=_fullness)
            if section not in places.setdefault(key, []):
                places[key].append(section)
    known = works or {}
    return tuple(Paper(authors[key], key[1], tuple(places[key]), known.get(key)) for key in sorted(places))


def paper_problems(catalog: Catalog) -> list[str]:
    """One sentence for each paper that a chapter names and the list lacks, or the other way round.

    Raises CourseError as `read_works` and `cut` do.
    """
    if not catalog.chapters:
        return []
    works = read_works(catalog.chapters[0].root)
    named = {}
    for chapter in catalog.chapters:
        for paper in papers_of(cut(chapter)):
            named[_first(paper.authors), paper.year] = (chapter, paper)
    return [
        f"{chapter.key} names {paper.authors} ({paper.year}): list it in solutions/papers.toml, with its title."
        for key, (chapter, paper) in named.items()
        if key not in works
    ] + [
        f"solutions/papers.toml: no chapter names {work.first} ({work.year}): take it out."
        for key, work in works.items()
        if key not in named
    ]


def _first(authors: str) -> str:
    return re.split(r", | and | et al", authors)[0].casefold()


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
