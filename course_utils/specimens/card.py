"""A specimen's card: what it is, how it was trained, and what was measured of it; `card.json` in its folder.

It holds no date and no machine. What a fact means and the bound that it is held to are in `facts/`, not here.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_origin

from course_utils.catalog import CourseError
from course_utils.learner.state import write_atomically
from course_utils.specimens.files import CARD
from course_utils.specimens.recipe import Recipe

DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Card:
    """One specimen.

    text: shares of the kinds of text that it read. lessons: what it read after that, from which step on. loss: of the
    last step that was logged, in nats. weights: the SHA-256 of model.safetensors, so that a card is not taken for that
    of another training. facts: measured numbers.
    """

    name: str
    purpose: str
    note: str
    tried: str
    sizes: dict[str, int]
    parameters: int
    seed: int
    text: dict[str, int]
    lessons: list[dict[str, Any]]
    steps: int
    tokens: int
    loss: float
    weights: str
    facts: dict[str, float]

    def with_words_of(self, recipe: Recipe) -> "Card":
        """The card with what the recipe says in words, which may be mended after a training."""
        return replace(self, purpose=recipe.purpose, note=recipe.note, tried=recipe.tried)

    def with_facts(self, facts: Mapping[str, float]) -> "Card":
        """The card with these measurements, rounded. Raises CourseError for one that is no number."""
        for name, value in facts.items():
            if not math.isfinite(value):
                raise CourseError(f"{self.name}: the measurement of {name} gives {value}, which can't go on a card.")
        return replace(self, facts={name: rounded(value) for name, value in facts.items()})


def rounded(value: float) -> float:
    """To four significant digits.

    >>> rounded(0.123456), rounded(12345.6), rounded(3)
    (0.1235, 12350.0, 3.0)
    """
    return float(f"{value:.{DIGITS}g}")


def digest(folder: Path) -> str:
    """What `Card.weights` is compared with."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def write_card(card: Card, folder: Path) -> None:
    """Write card.json: the same bytes for the same card."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(folder / CARD, f"{text}\n")


def read_card(folder: Path) -> Card | None:
    """The card in a folder; None where there is none. Raises CourseError for one that can't be read."""
    path = folder / CARD
    if not path.exists():
        return None
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        card = Card(**told)
        _check_kinds(card)
    except (OSError, ValueError, TypeError) as error:
        raise CourseError(f"{path} can't be read as a card ({error}): get the course's copy again.") from None
    return card


def _check_kinds(card: Card) -> None:
    for field in fields(card):
        kind: Any = get_origin(field.type) or field.type
        value = getattr(card, field.name)
        if not isinstance(value, (int, float) if kind is float else kind):
            raise TypeError(f"{field.name} is {value!r}")
    for name, value in card.facts.items():
        if not isinstance(value, int | float):
            raise TypeError(f"the fact {name} is {value!r}")
