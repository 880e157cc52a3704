"""The words of all chapters, and where they stand. Hints, solutions and outcomes are never in the index."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from course_utils.catalog import Chapter, Exercise
from course_utils.reading.blocks import Code, Prose, Task
from course_utils.reading.markup import fold, unmarked
from course_utils.reading.sections import Section

WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\dA-Za-z_]+")


@dataclass(frozen=True)
class Text:
    """A stretch of a place's text. kind: title, heading, prose or code; one that is not `shown` gives no snippet."""

    kind: str
    text: str
    shown: bool = True


@dataclass(frozen=True)
class Place:
    """What a result leads to: a section, or an exercise in it."""

    chapter: Chapter
    section: Section
    exercise: Exercise | None
    texts: tuple[Text, ...]

    @property
    def title(self) -> str:
        return self.exercise.title if self.exercise else self.section.title


@dataclass(frozen=True)
class Index:
    """The words of all places; `postings` lists for each word (place, text, how often)."""

    places: tuple[Place, ...]
    postings: dict[str, list[tuple[int, int, int]]]
    words: list[str]  # sorted, for prefixes
    folded: tuple[tuple[str, ...], ...]  # of each text of each place, its words in order, with spaces around each
    spellings: tuple[tuple[str, ...], ...] = ()  # groups of words and phrases that mean the same


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of a text, folded, and where it stands; of a compound name also its parts.

    >>> [word for word, *_ in spans("LayerNorm of W_Q")]
    ['layernorm', 'layer', 'norm', 'of', 'w_q', 'w', 'q']
    """
    for found in WORD.finditer(text):
        yield fold(found[0]), found.start(), found.end()
        parts = list(_PART.finditer(found[0]))
        if len(parts) > 1:
            for part in parts:
                yield fold(part[0]), found.start() + part.start(), found.start() + part.end()


def make_index(chapters: Sequence[tuple[Chapter, Sequence[Section]]], spellings: Sequence[Sequence[str]] = ()) -> Index:
    """The index of these chapters, each with its sections. `spellings`: of each term, all ways to write it."""
    places = tuple(place for chapter, sections in chapters for place in _places(chapter, sections))
    postings: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, place in enumerate(places):
        for which, text in enumerate(place.texts):
            for word, count in Counter(word for word, *_ in spans(text.text)).items():
                postings[word].append((number, which, count))
    folded = tuple(tuple(in_a_row(text.text) for text in place.texts) for place in places)
    return Index(places, dict(postings), sorted(postings), folded, tuple(map(tuple, spellings)))


def in_a_row(text: str) -> str:
    """The words of a text, folded, with a space before and behind each."""
    return f" {' '.join(fold(found[0]) for found in WORD.finditer(text))} "


def _places(chapter: Chapter, sections: Sequence[Section]) -> Iterator[Place]:
    exercises = {exercise.name: exercise for exercise in chapter.exercises}
    for section in sections:
        texts = [Text("title", section.title)]
        for block in section.blocks:
            if isinstance(block, Prose):
                texts.append(Text("prose", unmarked(block.text)))
            elif isinstance(block, Code):
                texts += [Text("code", block.source), Text("prose", unmarked(block.reveals), shown=False)]
            else:
                yield Place(chapter, section, exercises[block.exercise], _of_task(exercises[block.exercise], block))
        yield Place(chapter, section, None, tuple(texts))


def _of_task(exercise: Exercise, task: Task) -> tuple[Text, ...]:
    return (
        Text("title", exercise.title),
        Text("heading", exercise.name),
        Text("prose", unmarked(task.text)),
        Text("code", task.stub),
    )
