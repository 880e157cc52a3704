"""A passage of the microworld: its words, what is true of it, and how surprising it was; and the pen that writes it."""

import math
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

Label = str | int | bool
T = TypeVar("T")

# Written without a space before them; everything else carries one, as in GPT-2's vocabulary.
ATTACHED = frozenset({".", ",", "?", "!", ":", ";", ")", "]", "}", "\n"})
CLOSING_QUOTE = '"'  # the opening one is a word like others, and carries a space: ' "'
OPENING_QUOTE = ' "'
HELD_OUT_SHARE = 5  # one in so many combinations is kept for testing


@dataclass(frozen=True)
class Passage:
    """A short text with its labels.

    words: one entry a token. marks: for a role, the positions in `words` that play it. labels: what holds of the whole
    text. surprise: nats, the sum of -ln of the probability of every choice made while writing; since a text can be
    written in one way only, it is -ln of the passage's probability within its kind.
    """

    kind: str
    family: str
    words: tuple[str, ...]
    labels: dict[str, Label]
    marks: dict[str, tuple[int, ...]]
    surprise: float

    @property
    def pieces(self) -> tuple[str, ...]:
        """The words as they stand in the text, spaces included: one token each."""
        return tuple(map(piece, self.words))

    @property
    def text(self) -> str:
        """The passage as a reader sees it."""
        return "".join(self.pieces).strip(" ")


def piece(word: str) -> str:
    """A word as it stands in a text.

    >>> piece("lamp"), piece("."), piece(OPENING_QUOTE), piece(CLOSING_QUOTE)
    (' lamp', '.', ' "', '"')
    """
    return word if word in ATTACHED or word.endswith(CLOSING_QUOTE) else f" {word}"


@dataclass
class Pen:
    """Writes one passage after another, drawing every choice from one seed.

    held_out: False writes what training may see, True what it never sees, for the combinations asked about by `may`.

    >>> pen = Pen(seed=0)
    >>> pen.start("example", "tiny")
    >>> pen.say("the", pen.one(["cat", "dog"]), "sleeps", ".")
    >>> pen.finish().surprise == math.log(2)
    True
    """

    seed: int
    held_out: bool = False
    _words: list[str] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)
    _marks: dict[str, list[int]] = field(default_factory=dict)
    _surprise: float = 0.0
    _kind: str = ""
    family: str = ""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed).random

    def start(self, kind: str, family: str) -> None:
        """Begin a passage; what was written of an unfinished one is dropped."""
        self._kind, self.family = kind, family
        self._words, self.labels, self._marks, self._surprise = [], {}, {}, 0.0

    def one(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        self._surprise += math.log(len(options))
        return options[int(self._random() * len(options))]

    def among(self, options: Sequence[T], weights: Sequence[int]) -> T:
        """One of the options, each as likely as its weight says."""
        point = self._random() * sum(weights)
        for option, weight in zip(options, weights, strict=True):
            point -= weight
            if point < 0:
                self._surprise += math.log(sum(weights) / weight)
                return option
        raise ValueError("Nothing can be drawn: no option has a weight above zero.")

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """So many different options, in random order."""
        left = list(options)
        return [left.pop(int(self._random() * len(left))) for _ in range(self._count_down(len(left), count))]

    def _count_down(self, length: int, count: int) -> int:
        self._surprise += sum(math.log(length - taken) for taken in range(count))
        return count

    def chance(self, probability: float) -> bool:
        """True this often."""
        happens = self._random() < probability
        self._surprise -= math.log(probability if happens else 1 - probability)
        return happens

    def may(self, *combination: object) -> bool:
        """Whether a combination belongs to the side (training or held out) that is being written; no surprise."""
        number = zlib.crc32(repr(combination).encode()) % HELD_OUT_SHARE
        return (number == 0) == self.held_out

    def surprised(self, nats: float) -> None:
        """Add (or, below zero, take back) surprise, for a choice drawn by other means than the above."""
        self._surprise += nats

    def say(self, *words: str, role: str = "") -> None:
        """Write words; with a role, mark their positions. Several words in one string are told apart by spaces."""
        for given in words:
            for word in (given,) if given in (OPENING_QUOTE, "\n") else given.split():
                if role:
                    self._marks.setdefault(role, []).append(len(self._words))
                self._words.append(word)

    def label(self, **labels: Label) -> None:
        """Note what holds of this passage."""
        self.labels.update(labels)

    def mark(self, role: str) -> None:
        """Mark the word written last."""
        self._marks.setdefault(role, []).append(len(self._words) - 1)

    def finish(self) -> Passage:
        """The passage."""
        marks = {role: tuple(positions) for role, positions in self._marks.items()}
        return Passage(self._kind, self.family, tuple(self._words), self.labels, marks, self._surprise)
