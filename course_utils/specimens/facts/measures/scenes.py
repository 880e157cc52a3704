"""Scenes to trace indirect object identification in: their people by role, and the same scenes with other people."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.data.microworld.kinds import scenes
from course_utils.data.microworld.passage import Passage
from course_utils.data.microworld.tokenizer import ids_by_word
from course_utils.data.microworld.words import NAMES
from course_utils.specimens.facts.measures.answers import SEED, padded, unread

EACH = 8  # scenes of every family, where a circuit is traced
BEFORE = ("recipient_before", "giver_before")


class Scenes(NamedTuple):
    """Scenes side by side, padded behind.

    end: the word before the answer. recipient, giver: tokens. where: positions by role; `recipient_before` and
    `giver_before` are earlier mentions, `others` other people's, `giver` the one in the last sentence.
    """

    tokens: Int[Tensor, "row pos"]
    end: Int[Tensor, "row"]
    recipient: Int[Tensor, "row"]
    giver: Int[Tensor, "row"]
    where: Mapping[str, Bool[Tensor, "row pos"]]

    def difference(self, logits: Float[Tensor, "row pos d_vocab"]) -> Float[Tensor, "row"]:
        """How much higher the recipient's logit is than the giver's, where the answer is due."""
        rows = torch.arange(len(self.end))
        last = logits[rows, self.end]
        return last[rows, self.recipient] - last[rows, self.giver]

    def mean_difference(self, logits: Float[Tensor, "row pos d_vocab"]) -> float:
        """The same on average, as a metric for patching."""
        return self.difference(logits).mean().item()


@cache
def name_ids() -> Int[Tensor, "name"]:
    """The tokens of all names."""
    return torch.tensor([ids_by_word()[name] for name in NAMES])


@cache
def some_passages(each: int = EACH, families: tuple[str, ...] = scenes.FAMILIES) -> tuple[Passage, ...]:
    """So many scenes of each family in which a thing is given, always the same; in no training."""
    found: list[Passage] = []
    for family in families:
        whole = [passage for passage in unread("scenes", 3 * each, [family]) if "verb" in passage.marks]
        found += whole[:each]
    return tuple(found)


def scenes_of(passages: Sequence[Passage]) -> Scenes:
    """Passages as tokens, with their roles. A name in a label need not stand in the text (see `strangers`)."""
    ids, tokens = ids_by_word(), padded(passages)
    end = torch.tensor([passage.marks["answer"][0] for passage in passages])
    where = {role: _places(tokens, (passage.marks[role] for passage in passages)) for role in (*BEFORE, "giver")}
    at = torch.arange(tokens.shape[1])
    known = where["recipient_before"] | where["giver_before"] | where["giver"]
    where["others"] = torch.isin(tokens, name_ids()) & ~known & (at < end[:, None])
    last_giver = where["giver"].long().argmax(dim=1)[:, None]
    where["early"] = (at > 0) & (at < last_giver)
    where["between"] = (at > last_giver) & (at < end[:, None])
    where["end"] = at == end[:, None]
    recipient, giver = (torch.tensor([ids[str(p.labels[role])] for p in passages]) for role in ("recipient", "giver"))
    return Scenes(tokens, end, recipient, giver, where)


def _places(tokens: Int[Tensor, "row pos"], marked: Iterable[Sequence[int]]) -> Bool[Tensor, "row pos"]:
    places = torch.zeros_like(tokens, dtype=torch.bool)
    for row, positions in enumerate(marked):
        places[row, [position + 1 for position in positions]] = True  # word i is token i + 1
    return places


def strangers(passage: Passage, seed: int = SEED) -> Passage:
    """The scene with new people, of whom none is named twice in a way that tells who gives: a new one gives.

    Labels keep the names of the scene that it comes from.
    """
    people = [name for name in dict.fromkeys(passage.words) if name in NAMES]
    new = random.Random(f"{seed} {passage.text}").sample(
        [name for name in NAMES if name not in people], len(people) + 1
    )
    renamed = dict(zip(people, new, strict=False))
    words = [renamed.get(word, word) for word in passage.words]
    words[passage.marks["giver"][0]] = new[-1]
    return replace(passage, words=tuple(words))


def turned_round(passage: Passage) -> Passage:
    """The scene in which the recipient gives: one word differs, and the answer is the other name."""
    words = list(passage.words)
    words[passage.marks["giver"][0]] = str(passage.labels["recipient"])
    words[passage.marks["answer"][0]] = str(passage.labels["giver"])
    return replace(passage, words=tuple(words))


def giver_new(passage: Passage, seed: int = SEED) -> Passage:
    """The scene in which a stranger stands wherever the giver was named before the last sentence: nobody's name recurs.

    Labels and marks are those of the scene that it comes from, so that `giver_before` marks the stranger.
    """
    stranger = random.Random(f"{seed} {passage.text}").choice([name for name in NAMES if name not in passage.words])
    words = list(passage.words)
    for position in passage.marks["giver_before"]:
        words[position] = stranger
    return replace(passage, words=tuple(words))
