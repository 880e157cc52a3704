"""Surprise is what a perfect reader feels: minus the logarithm of a text's probability within its kind."""

import math
from collections import Counter
from dataclasses import dataclass

import pytest

from course_utils.data.microworld.passage import Pen
from course_utils.data.microworld.registry import KINDS

SMALL = [("claims", "sound"), ("calendar_sums", "order"), ("calendar_sums", "day_after"), ("letters", "spells")]
SMALL += [("requests", "refused"), ("claims", "material")]


@pytest.mark.parametrize(
    ("kind", "held_out", "count"),
    [("calendar_sums", False, 20_000), ("calendar_sums", True, 5000), ("letters", False, 6000)],
)
def test_the_probabilities_of_all_texts_make_one(sample, kind, held_out, count):
    """So many passages that no text of these kinds is missed."""
    texts = {passage.words: passage.surprise for passage in sample(kind, count, held_out=held_out)}
    assert sum(math.exp(-surprise) for surprise in texts.values()) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_texts_are_equally_surprising(sample, kind):
    seen: dict[tuple[str, ...], float] = {}
    for passage in sample(kind, 2000):
        assert seen.setdefault(passage.words, passage.surprise) == pytest.approx(passage.surprise, abs=1e-9), (
            passage.text
        )
        assert passage.surprise > 0


@pytest.mark.parametrize(("kind", "family"), SMALL)
def test_mean_surprise_is_the_entropy_of_what_is_counted(sample, kind, family):
    passages = sample(kind, 5000, family)
    counts, total = Counter(passage.words for passage in passages), len(passages)
    entropy = -sum(count / total * math.log(count / total) for count in counts.values())
    entropy += (len(counts) - 1) / (2 * total)  # what a finite sample lacks, by Miller and Madow
    assert sum(passage.surprise for passage in passages) / total == pytest.approx(entropy, abs=0.04)


@dataclass
class NarrowPen(Pen):
    """Draws from the first few of a list longer than `most`, so that texts come again even in the richest kinds."""

    most: int = 13

    def one(self, options):
        return super().one(self._few(options))

    def some(self, options, count):
        return super().some(self._few(options, count), count)

    def _few(self, options, least=0):
        return options if len(options) <= self.most else options[: max(2, least)]


WAYS = [(kind, None) for kind in KINDS if kind != "tasks"]  # tasks know their surprise beforehand, of the whole list
WAYS += [("tasks", family) for family in ("antonym", "copy", "plural", "category", "next")]
RICH = {"scenes": 10_000, "moves": 9000, "languages": 4000, "reviews": 4000, "closing": 4000, "verdicts": 9000}
MOST = {"verdicts": 5}


@pytest.mark.parametrize(("kind", "family"), WAYS)
def test_texts_come_again_as_often_as_their_surprise_says(kind, family):
    """If a text could be written in two ways, each counted alone, it would come again more often than foretold."""
    pen, n = NarrowPen(23, most=MOST.get(kind, 13)), RICH.get(kind, 2500)
    passages = [KINDS[kind].write(pen, family) for _ in range(n)]
    assert len({(p.words, round(p.surprise, 6)) for p in passages}) == len({p.words for p in passages})
    pairs = n * (n - 1) / 2
    foretold = pairs * sum(math.exp(-passage.surprise) for passage in passages) / n
    found = sum(count * (count - 1) / 2 for count in Counter(passage.words for passage in passages).values())
    assert found > 150 and found / foretold == pytest.approx(1, abs=0.12)
