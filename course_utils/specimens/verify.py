"""Measures a specimen's facts again, and holds each to its bound and to what its card says."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_utils.catalog import CourseError
from course_utils.specimens.card import Card, digest, read_card, write_card
from course_utils.specimens.facts import Fact, facts_of
from course_utils.specimens.files import placed, recipe_of
from course_utils.specimens.load import load_folder

FAR = 0.02  # how far a measurement may be from the card's: this much, or this share of a number above 1


@dataclass(frozen=True)
class Measured:
    """A fact, its value now, and its value on the card (None: not on it)."""

    fact: Fact
    value: float
    card: float | None

    @property
    def holds(self) -> bool:
        """Whether the value is a number within the fact's bounds."""
        return math.isfinite(self.value) and self.fact.holds(self.value)

    @property
    def near(self) -> bool:
        """Whether the card says so too."""
        return self.card is not None and abs(self.value - self.card) <= FAR * max(1.0, abs(self.card))

    @property
    def ok(self) -> bool:
        return self.holds and self.near


def measure(card: Card, folder: Path) -> Iterator[Measured]:
    """Every fact of the card's specimen, which is in this folder, one by one as they are measured."""
    model = load_folder(recipe_of(card.name), folder)
    for fact in facts_of(card.name):
        with placed(card.name, folder):
            value = float(fact.measure(model))
        yield Measured(fact, value, card.facts.get(fact.name))


def verify(name: str, folder: Path) -> Iterator[Measured]:
    """Measure every fact of the specimen in a folder. Raises CourseError where files, card and facts don't fit."""
    card = card_in(name, folder)
    if card.weights != digest(folder):
        raise CourseError(f"The card in {folder} is of other weights than those beside it: get the folder again.")
    known = [fact.name for fact in facts_of(name)]
    for left in card.facts:
        if left not in known:
            raise CourseError(
                f"The card of {name} tells of {left}, which is no fact of it (any more): "
                f"`course specimens verify {name} --write` makes the card anew."
            )
    yield from measure(card, folder)


def put_on_card(name: str, folder: Path) -> Iterator[Measured]:
    """Measure every fact and, when all are measured, write them and the recipe's words on the card."""
    card = card_in(name, folder)
    facts: dict[str, float] = {}
    for measured in measure(card, folder):
        facts[measured.fact.name] = measured.value
        yield measured
    write_card(card.with_words_of(recipe_of(name)).with_facts(facts), folder)


def card_in(name: str, folder: Path) -> Card:
    """The card of this specimen. Raises CourseError if there is none, or another's."""
    card = read_card(folder)
    if card is None:
        raise CourseError(f"{name} has no card in {folder}: `course specimens export {name}` makes one.")
    if card.name != name:
        raise CourseError(f"The card in {folder} is that of {card.name}, not of {name}: get the folder again.")
    return card
