"""Full-text search over the sections and exercises of all chapters: which places answer a query, in which order."""

import difflib
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from course_utils.reading.index import WORD, Index, Place, in_a_row, make_index, spans
from course_utils.reading.markup import fold

__all__ = ["Found", "Hit", "Index", "make_index", "nearest", "search"]

MOST_WORDS = 12  # of a query that count
SNIPPET = 190  # characters
_WEIGHTS = {"title": 12.0, "heading": 6.0, "prose": 2.0, "code": 1.0}
_PREFIX = 0.5  # what a word counts that only begins with the one asked for


@dataclass(frozen=True)
class Hit:
    """A place that answers a query. `snippet`: pieces of its text, and whether each is one of the words asked for."""

    place: Place
    score: float
    snippet: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Found:
    """The answer to a query: the best hits, best first, and how many there are.

    partly: no place has all the words, so these have some.
    """

    hits: tuple[Hit, ...]
    total: int = 0
    partly: bool = False


def search(index: Index, query: str, most: int = 20) -> Found:
    """The places that have all words of the query, or begin with them; where there are none, those that have some.

    A term may be asked for in any of its spellings.
    """
    others = list(_otherwise(index, query))
    if not others:
        return _search(index, query, most)
    every = [_search(index, one, len(index.places)) for one in (query, *others)]
    whole = [found for found in every if found.hits and not found.partly]
    best: dict[int, Hit] = {}
    for hit in sorted((hit for found in whole or every[:1] for hit in found.hits), key=lambda hit: -hit.score):
        best.setdefault(id(hit.place), hit)
    return Found(tuple(best.values())[:most], len(best), not whole and every[0].partly)


def _otherwise(index: Index, query: str) -> Iterator[str]:
    """The query with a term in it written in another of its ways: “key-value cache” for “KV cache”."""
    row = in_a_row(query)
    for group in index.spellings:
        rows = [in_a_row(spelling) for spelling in group]
        for mine in rows:
            if mine in row:
                yield from (row.replace(mine, other) for other in rows if other != mine)


def nearest(index: Index, query: str, most: int = 3) -> tuple[str, ...]:
    """What the reader may have meant by a word that the course doesn't have: names of exercises, terms, words."""
    names = {fold(place.exercise.name): place.exercise.name for place in index.places if place.exercise}
    names |= {fold(spelling): spelling for group in index.spellings for spelling in group}
    near = [names[name] for name in difflib.get_close_matches(fold(query.strip()), names, n=most, cutoff=0.7)]
    asked = [fold(found[0]) for found in WORD.finditer(query)][:MOST_WORDS]
    mended = [word if _beginning_with(index.words, word) else _nearest_word(index, word) for word in asked]
    if mended != asked and all(mended):
        near.append(" ".join(mended))
    kept = {fold(one): one for one in reversed(near)}
    return tuple(one for one in near if kept[fold(one)] is one)[:most]


def _nearest_word(index: Index, word: str) -> str:
    """The word of the course that is written most like this one; "" where none is."""
    alike = [known for known in index.words if abs(len(known) - len(word)) < 3]
    return next(iter(difflib.get_close_matches(word, alike, n=1, cutoff=0.75)), "")


def _search(index: Index, query: str, most: int) -> Found:
    asked = list(dict.fromkeys(fold(found[0]) for found in WORD.finditer(query)))[:MOST_WORDS]
    scores: dict[int, dict[str, float]] = defaultdict(dict)
    holding: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for word in asked:
        for number, weights in _weights(index, word).items():
            scores[number][word] = _sum(weights.values())
            for which in weights:
                holding[number][which] += 1
    most_words = max(map(len, scores.values()), default=0)
    totals = {n: _total(index, n, words, asked) for n, words in scores.items() if len(words) == most_words}
    best = sorted(totals, key=lambda number: (-totals[number], number))[:most]
    hits = tuple(Hit(index.places[n], totals[n], _snippet(index.places[n], holding[n], asked)) for n in best)
    return Found(hits, len(totals), 0 < most_words < len(asked))


def _weights(index: Index, word: str) -> dict[int, dict[int, float]]:
    """What one word counts in each text of each place that has it: by kind, frequency there, rarity in the course."""
    best: dict[int, dict[int, float]] = defaultdict(dict)
    for known in _beginning_with(index.words, word):
        share = 1.0 if known == word else _PREFIX
        for number, which, count in index.postings[known]:
            weight = share * _WEIGHTS[index.places[number].texts[which].kind] * (1 + math.log(count))
            best[number][which] = max(best[number].get(which, 0.0), weight)
    rarity = math.log(1 + len(index.places) / max(1, len(best)))
    return {n: {which: rarity * weight for which, weight in weights.items()} for n, weights in best.items()}


def _sum(weights: Iterable[float]) -> float:
    """The largest weight counts whole, the others a little: a title beats any number of mentions in code."""
    first, *rest = sorted(weights, reverse=True)
    return first + 0.1 * sum(rest[:10])


def _beginning_with(words: list[str], word: str) -> list[str]:
    """All known words that begin with this one; a single letter stands only for itself."""
    start = bisect_left(words, word)
    if len(word) == 1:
        return words[start : start + 1] if words[start : start + 1] == [word] else []
    return words[start : bisect_left(words, word + "\U0010ffff")]


def _total(index: Index, number: int, by_word: dict[str, float], asked: list[str]) -> float:
    """The sum over the words, raised where they stand side by side as asked for, and where they are the whole title."""
    texts, rows = index.places[number].texts, index.folded[number]
    total = sum(by_word.values())
    if len(asked) > 1:
        phrase = f" {' '.join(asked)}"
        total *= 1 + max((_WEIGHTS[t.kind] for t, row in zip(texts, rows, strict=True) if phrase in row), default=0) / 4
    title = rows[0].split()
    return total * (1 + sum(word in asked for word in title) / len(title)) if title else total


def _snippet(place: Place, holding: dict[int, int], asked: list[str]) -> tuple[tuple[str, bool], ...]:
    """The stretch with the first words of the text that has most of them, of prose before code.

    Where only the title has them, the beginning of the text.
    """
    shown = [i for i, text in enumerate(place.texts) if text.shown and text.kind in ("prose", "code") and text.text]
    if not shown:
        return ()
    which = max(shown, key=lambda i: (holding.get(i, 0), place.texts[i].kind == "prose", -i))
    text = place.texts[which].text
    marks = _marks(text, asked)
    starts = {
        start: len({word for s, _, word in marks if start <= s < start + SNIPPET * 2 // 3}) for start, *_ in marks
    }
    return tuple(_cut(text, max(starts, key=lambda start: (starts[start], -start), default=0), marks))


def _marks(text: str, asked: list[str]) -> list[tuple[int, int, str]]:
    """Where the words stand: start, end, and which it is; none inside another."""
    found: list[tuple[int, int, str]] = []
    for known, start, end in spans(text):
        word = next((word for word in asked if known == word or (len(word) > 1 and known.startswith(word))), None)
        if word and (not found or start >= found[-1][1]):
            found.append((start, end, word))
    return found


def _cut(text: str, place: int, marks: list[tuple[int, int, str]]) -> Iterator[tuple[str, bool]]:
    """The stretch around a place, begun and ended between words, in pieces."""
    start = max(0, place - SNIPPET // 3)
    start = text.find(" ", start) + 1 if start else 0
    end = min(len(text), start + SNIPPET)
    end = text.rfind(" ", start, end) if end < len(text) and text.rfind(" ", start, end) > place else end
    at = start
    yield "… " if start else "", False
    for begin, stop, _ in marks:
        if start <= begin and stop <= end:
            yield text[at:begin], False
            yield text[begin:stop], True
            at = stop
    yield text[at:end] + (" …" if end < len(text) else ""), False


assert all(one > other for one, other in pairwise(_WEIGHTS.values())), "title > heading > prose > code"
