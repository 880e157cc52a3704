"""The glossary: what `solutions/glossary.toml` says, and where its terms stand in the chapters' prose."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from course_utils.catalog import Catalog, Chapter, CourseError
from course_utils.reading.lists import read_list
from course_utils.reading.markup import fold, literal, pieces, shielded
from course_utils.reading.sections import Section, cut

FEWEST_WORDS, MOST_WORDS = 6, 70  # of a definition: one or two sentences
_TYPES: dict[str, Any] = {"name": str, "definition": str, "forms": list, "chapters": list}


@dataclass(frozen=True)
class Term:
    """A word of the field. `forms` are the other ways in which the prose writes it: plural, abbreviation.

    chapters: keys of those in which these words mean this, for a term that is an everyday word too; () for all.
    """

    name: str
    definition: str
    forms: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def spellings(self) -> tuple[str, ...]:
        return (self.name, *self.forms)


@dataclass(frozen=True)
class Glossary:
    """All terms, in alphabetical order."""

    terms: tuple[Term, ...]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Any spelling of any term, the longest first, so that `attention pattern` is not taken for `attention`."""
        spellings = sorted((s for term in self.terms for s in term.spellings), key=lambda s: (-len(s), s))
        words = "|".join(_either_case(spelling) for spelling in spellings) or r"(?!)"
        return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])")

    @cached_property
    def _by_spelling(self) -> dict[str, Term]:
        return {_key(spelling): term for term in self.terms for spelling in term.spellings}

    def find(self, spelling: str) -> Term | None:
        """The term that is written so, whatever the case and the accents of its letters."""
        return self._by_spelling.get(_key(spelling))

    def uses(self, text: str, chapter: str) -> Iterator[Term]:
        """The terms in the prose of a Markdown text of a chapter, in order, repeated as often as they stand there."""
        for is_prose, piece in pieces(text):
            if is_prose:
                yield from (term for term, _ in self._in(piece, chapter))

    def mark(self, text: str, chapter: str, seen: set[str], page: str) -> str:
        """Markdown for a page that lets HTML through, in which the first use of each term carries its definition.

        A term in `seen` (slugs) is left as it is; those that are marked are added to it. `page` makes the ids of the
        definitions its own. Code, formulas, headings and links stay as they are, and no HTML of the text gets through.
        """
        return "".join(
            self._marked(piece, chapter, seen, page) if is_prose else piece for is_prose, piece in pieces(text)
        )

    def _marked(self, piece: str, chapter: str, seen: set[str], page: str) -> str:
        marked, end = [], 0
        for term, found in self._in(piece, chapter):
            if term.slug not in seen:
                seen.add(term.slug)
                marked += [shielded(piece[end : found.start()]), _with_definition(found[0], term, page)]
                end = found.end()
        return "".join([*marked, shielded(piece[end:])])

    def _in(self, piece: str, chapter: str) -> Iterator[tuple[Term, re.Match[str]]]:
        for found in self._pattern.finditer(piece):
            term = self._by_spelling[_key(found[0])]
            if not term.chapters or chapter in term.chapters:
                yield term, found


def _either_case(spelling: str) -> str:
    """The spelling as a pattern: a sentence may begin with it, and a line may end inside it."""
    first, rest = spelling[0], re.escape(spelling[1:]).replace(r"\ ", r"\s+")
    return f"[{first.lower()}{first.upper()}]{rest}" if first.isalpha() else re.escape(first) + rest


def _key(spelling: str) -> str:
    return " ".join(fold(spelling).split())


def _with_definition(spelling: str, term: Term, page: str) -> str:
    """A word that can be pointed at, touched or reached by the Tab key, and what is shown then. See app/style.css."""
    name = f"def-{page}-{term.slug}"
    return (
        f'<span class="gb-gloss"><span class="gb-term" tabindex="0" role="button" aria-describedby="{name}">'
        f'{literal(spelling)}</span><span class="gb-def" role="tooltip" id="{name}">'
        f"{literal(plain_definition(term))}</span></span>"
    )


def plain_definition(term: Term) -> str:
    """The definition without the marks around names of code."""
    return term.definition.replace("`", "")


@dataclass(frozen=True)
class Use:
    """Where a chapter's prose first uses a term."""

    chapter: Chapter
    section: Section


def first_uses(glossary: Glossary, chapters: Sequence[tuple[Chapter, Sequence[Section]]]) -> dict[str, tuple[Use, ...]]:
    """For each term, by slug, the section of each chapter in whose prose it first stands; () where it never does."""
    found: dict[str, dict[str, Use]] = {term.slug: {} for term in glossary.terms}
    for chapter, sections in chapters:
        for section in sections:
            for text in section.texts:
                for term in glossary.uses(text, chapter.key):
                    found[term.slug].setdefault(chapter.key, Use(chapter, section))
    return {slug: tuple(uses.values()) for slug, uses in found.items()}


def glossary_path(root: Path) -> Path:
    """The authored file."""
    return root / "solutions" / "glossary.toml"


def read_glossary(root: Path) -> Glossary:
    """The glossary of the course at `root`; empty where there is none.

    Raises CourseError for a file that isn't TOML, an unknown or missing key, a wrong type, or a spelling used twice.
    """
    home = "course_utils/reading/glossary.py"
    terms = []
    for row in read_list(glossary_path(root), "term", _TYPES, {"name"}, home):
        definition = " ".join(row.get("definition", "").split())
        terms.append(Term(row["name"], definition, tuple(row.get("forms", ())), tuple(row.get("chapters", ()))))
    _refuse_twice(terms, "solutions/glossary.toml")
    return Glossary(tuple(sorted(terms, key=lambda term: term.name.casefold())))


def _refuse_twice(terms: list[Term], shown: str) -> None:
    owners: dict[str, str] = {}
    for term in terms:
        for spelling in term.spellings:
            if not spelling.strip():
                raise CourseError(f"{shown}: {term.name!r} has an empty spelling: take it out.")
            if _key(spelling) in owners:
                raise CourseError(f"{shown}: {spelling!r} is already a spelling of {owners[_key(spelling)]!r}.")
            owners[_key(spelling)] = term.name


def glossary_problems(catalog: Catalog) -> list[str]:
    """One sentence for each term that has no definition of a sentence or two, or stands in no chapter's prose.

    Raises CourseError as `read_glossary` and `cut` do.
    """
    if not catalog.chapters:
        return []
    glossary = read_glossary(catalog.chapters[0].root)
    uses = first_uses(glossary, [(chapter, cut(chapter)) for chapter in catalog.chapters])
    return [problem for term in glossary.terms for problem in _term_problems(term, uses[term.slug])]


def _term_problems(term: Term, uses: tuple[Use, ...]) -> Iterator[str]:
    shown, n_words = f"solutions/glossary.toml: {term.name!r}", len(term.definition.split())
    if not n_words:
        yield f"{shown} has no definition: write one or two sentences."
    elif not FEWEST_WORDS <= n_words <= MOST_WORDS:
        yield f"{shown}: a definition of {n_words} words; {FEWEST_WORDS} to {MOST_WORDS} make one or two sentences."
    if not uses:
        yield f"{shown} stands in no chapter's prose: take it out, or add the form that the chapters use."
