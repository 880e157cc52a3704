"""What `course specimens` says of each specimen, from recipes, cards and files; nothing is measured here."""

from pathlib import Path
from typing import Any

from course_utils.specimens import files
from course_utils.specimens.card import Card, read_card
from course_utils.specimens.facts import Fact, facts_of


def overview() -> list[dict[str, Any]]:
    """A record a specimen; what isn't known because its weights aren't here is None."""
    return [_record(name, files.place_of(name)) for name in files.names()]


def _record(name: str, folder: Path) -> dict[str, Any]:
    recipe, here = files.recipe_of(name), folder.is_dir()
    card = read_card(folder) if here else None
    bound = [fact for fact in facts_of(name) if fact.at_least is not None or fact.at_most is not None]
    return {
        "name": name,
        "layers": recipe.n_layers,
        "parameters": card.parameters if card else None,
        "megabytes": round(megabytes(folder), 1) if here else None,
        "facts_held": held(card, bound) if card else None,
        "facts": len(bound),
        "purpose": recipe.purpose,
    }


def held(card: Card, facts: list[Fact]) -> int:
    """How many of these facts are within their bounds, by what the card says."""
    return sum(fact.name in card.facts and fact.holds(card.facts[fact.name]) for fact in facts)


def megabytes(folder: Path) -> float:
    """The size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def lines(records: list[dict[str, Any]]) -> list[str]:
    """The records as a table."""
    width = max(len(record["name"]) for record in records)
    head = f"{'':{width}}  {'layers':>6}  {'parameters':>10}  {'MB':>5}  {'facts held':>10}"
    return [head, *(_line(record, width) for record in records)]


def _line(record: dict[str, Any], width: int) -> str:
    told = f"{record['name']:{width}}  {record['layers']:>6}"
    if record["megabytes"] is None:
        return f"{told}  {'not trained here':>29}  {record['purpose']}"
    parameters = "?" if record["parameters"] is None else f"{record['parameters']:,}"
    facts = f"{'?' if record['facts_held'] is None else record['facts_held']} of {record['facts']}"
    return f"{told}  {parameters:>10}  {record['megabytes']:>5}  {facts:>10}  {record['purpose']}"


def shown(value: float) -> str:
    """A number of a card, short.

    >>> shown(0.98765), shown(21.0), shown(12.345)
    ('0.988', '21', '12.3')
    """
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def bound(fact: Fact) -> str:
    """The bound of a fact in signs; empty where there is none."""
    low = "" if fact.at_least is None else f"≥ {shown(fact.at_least)}"
    high = "" if fact.at_most is None else f"≤ {shown(fact.at_most)}"
    return ", ".join(filter(None, (low, high)))
