"""The microworld's text: the same for the same seed, in every kind and family, mixed as told."""

import hashlib
import math
from collections import Counter

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.registry import KINDS, VOCABULARY, WEIGHTS
from course_utils.data.microworld.text import Microworld
from course_utils.data.microworld.tokenizer import encode_passage

WAYS = [(kind, family) for kind, module in KINDS.items() for family in module.FAMILIES]
FROZEN = {
    "calendar_sums": "6b24631d70b39edf",
    "claims": "011f098da08e2e6b",
    "closing": "43393c8cb7b7f402",
    "code": "a63323befb631b40",
    "facts": "86c64624bbb14d3d",
    "languages": "e58e5cf7bda226ec",
    "letters": "5731ae448ef3dc6c",
    "moves": "0b0b54e0825b28f2",
    "requests": "e48e0a55e61dd3c1",
    "reviews": "c8bfb81bf53a25fb",
    "roles": "8de9c39e2a9ead8a",
    "scenes": "d87626e67c1154e0",
    "tasks": "3c46db098d51e676",
    "years": "1a6094ad969e2d6a",
    "repeats": "75a163c53ee33c4c",
    "verdicts": "1a93e1d28de77ebf",
    "choices": "5400f458c8dee23b",
    "words": "238577b335ad337b",
    "batch": "015ff1e108b4cc18",
}
CHANGED = (
    "The generator writes something else than before. If that is meant, all specimens must be trained again, then \
this digest be renewed."
)


def _digest(words):
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:16]


def test_the_same_seed_gives_the_same_text():
    assert Microworld(3).some(50) == Microworld(3).some(50) != Microworld(4).some(50)
    assert torch.equal(Microworld(3).batch(4, 30), Microworld(3).batch(4, 30))


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_itself_stays_the_same(kind):
    passages = [p for side in (False, True) for p in Microworld(5, held_out=side).some(200, kind)]
    assert _digest(word for passage in passages for word in (*passage.words, passage.family)) == FROZEN[kind], CHANGED


def test_words_and_mixture_stay_the_same():
    assert _digest(VOCABULARY) == FROZEN["words"], CHANGED
    assert hashlib.sha256(Microworld(0).batch(16, 128).numpy().tobytes()).hexdigest()[:16] == FROZEN["batch"], CHANGED


@pytest.mark.parametrize(("kind", "family"), WAYS)
@pytest.mark.parametrize("held_out", [False, True])
def test_every_family_is_written_on_both_sides(kind, family, held_out):
    for passage in Microworld(1, held_out=held_out).some(40, kind, family):
        assert (passage.kind, passage.family) == (kind, family)
        assert KINDS[kind].WORDS.issuperset(passage.words)
        assert 5 <= len(passage.words) <= 90
        assert passage.surprise > 0 and math.isfinite(passage.surprise)
        assert passage.marks["answer"]
        assert all(0 <= place < len(passage.words) for places in passage.marks.values() for place in places)
        assert all(type(value) in (str, int, bool) for value in passage.labels.values())


@pytest.mark.parametrize("kind", KINDS)
def test_with_no_family_named_all_come(kind):
    assert {passage.family for passage in Microworld(2).some(800, kind)} == set(KINDS[kind].FAMILIES)


def test_a_passage_does_not_depend_on_being_kept():
    """Nothing of one passage is shared with the next."""
    world = Microworld(7)
    first = world.some(1)[0]
    copy = Passage(first.kind, first.family, first.words, dict(first.labels), dict(first.marks), first.surprise)
    world.some(500)
    assert first == copy


def test_kinds_come_as_often_as_their_weights_say():
    count, total = 6000, sum(WEIGHTS.values())
    found = Counter(passage.kind for passage in Microworld(6).some(count))
    for kind, weight in WEIGHTS.items():
        share = weight / total
        assert abs(found[kind] / count - share) < 4 * math.sqrt(share * (1 - share) / count), kind
    assert {*KINDS} - {*WEIGHTS} == {"verdicts", "choices"}  # read in later lessons only
    mixed = Counter(passage.kind for passage in Microworld(6, {"years": 3, "letters": 1, "code": 0}).some(4000))
    assert mixed["code"] == 0 and 2850 < mixed["years"] < 3150 and set(mixed) == {"years", "letters"}


def test_a_batch_is_passages_one_after_the_other():
    rows = Microworld(8).batch(3, 64)
    assert rows.shape == (3, 64) and rows.dtype == torch.int64
    passages, expected = Microworld(8).passages(), []
    for _ in range(3):
        row: list[int] = []
        while len(row) < 64:
            row += encode_passage(next(passages))
        expected.append(row[:64])
    assert rows.tolist() == expected and (rows[:, 0] == 0).all()


def test_an_unknown_kind_or_family_is_one_clear_sentence():
    with pytest.raises(
        CourseError, match=r"^The microworld has no kind of text 'poems', only calendar_sums, .*choices\.$"
    ):
        Microworld(0, {"poems": 1})
    with pytest.raises(CourseError, match=r"^The microworld has no kind of text 'poems', only .*\.$"):
        Microworld(0).some(1, "poems")
    with pytest.raises(CourseError, match=r"^roles has no family 'silent', only honest, lying, plain\.$"):
        Microworld(0).some(1, "roles", "silent")


def test_a_pen_draws_each_as_often_as_it_says():
    pen, options = Pen(9), "abcde"
    pen.start("example", "")
    drawn = Counter(pen.one(options) for _ in range(5000))
    assert all(abs(drawn[option] - 1000) < 130 for option in options)
    weighed = Counter(pen.among(options, (5, 3, 1, 1, 0)) for _ in range(5000))
    assert abs(weighed["a"] - 2500) < 150 and weighed["e"] == 0
    pairs = Counter(tuple(pen.some(options, 2)) for _ in range(5000))
    assert len(pairs) == 20 and all(abs(times - 250) < 75 for times in pairs.values())
    assert abs(sum(pen.chance(0.2) for _ in range(5000)) - 1000) < 130


def test_a_pen_notes_the_surprise_of_every_choice():
    pen = Pen(10)
    pen.start("example", "")
    pen.one("abc")
    pen.some("abcd", 2)
    option = pen.among("ab", (3, 1))
    happened = pen.chance(0.25)
    expected = -math.log(3) - math.log(12) + math.log(0.75 if option == "a" else 0.25)
    expected += math.log(0.25 if happened else 0.75)
    assert pen.finish().surprise == pytest.approx(-expected)
