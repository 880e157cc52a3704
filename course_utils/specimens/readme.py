"""The parts of this folder's README.md that are generated: a sample of every kind of text, and the table of facts."""

import re
from collections.abc import Callable
from pathlib import Path

from course_utils.catalog import CourseError
from course_utils.data.microworld.registry import KINDS
from course_utils.data.microworld.text import Microworld
from course_utils.learner.state import write_atomically
from course_utils.specimens.card import Card, read_card
from course_utils.specimens.facts import facts_of
from course_utils.specimens.files import HERE, place_of, shipped
from course_utils.specimens.overview import bound, megabytes, shown

README = HERE / "README.md"
SEED = 0


def generated(text: str) -> str:
    """The page with its generated parts made anew. Raises CourseError if a pair of markers is missing."""
    for name, part in PARTS.items():
        begin, end = f"<!-- {name}: made by `course specimens table --write` -->\n", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise CourseError(f"{README.name} must hold the pair of markers of its {name} once: put them back.")
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{part()}\n{end}{rest.partition(end)[2]}"
    return text


def write(readme: Path = README) -> bool:
    """Bring the page up to date; whether anything changed."""
    text = readme.read_text(encoding="utf-8")
    made = generated(text)
    if made != text:
        write_atomically(readme, made)
    return made != text


def samples() -> str:
    """One passage of each kind, from a fixed seed."""
    rows = ["| kind | what it is | a sample |", "| --- | --- | --- |"]
    for kind, module in KINDS.items():
        says = _first_sentence(module.__doc__ or "")
        text = Microworld(SEED).some(1, kind)[0].text.strip()
        rows.append(f"| {kind} | {says} | {_cell(text)} |")
    return "\n".join(rows) + "\n"


def facts() -> str:
    """For every specimen here: what its card says, and each fact with its value and bound."""
    return "\n".join(_specimen(name) for name in shipped())


def _specimen(name: str) -> str:
    card = read_card(place_of(name))
    if card is None:
        return f"### {name}\n\nIt has no card yet.\n"
    lines = [f"### {name}\n", f"{_size(card)}\n"]
    lines += [f"{words}\n" for words in (card.note, card.tried) if words]
    lines += ["| fact | measured | bound | |", "| --- | --- | --- | --- |"]
    for fact in facts_of(name):
        value = shown(card.facts[fact.name]) if fact.name in card.facts else "?"
        lines.append(f"| {fact.name} | {value} | {bound(fact)} | {fact.says} |")
    return "\n".join(lines) + "\n"


def _size(card: Card) -> str:
    sizes, folder = card.sizes, place_of(card.name)
    mlps = f"MLPs of {sizes['d_mlp']}" if sizes["d_mlp"] else "no MLPs"
    shape = f"{sizes['n_layers']} layers, {sizes['n_heads']} heads, d_model {sizes['d_model']}, {mlps}"
    return (
        f"For {card.purpose}. {shape}: "
        f"{card.parameters:,} parameters, {megabytes(folder):.1f} MB. Trained for {card.steps:,} steps on "
        f"{card.tokens / 1e6:.1f} million tokens, seed {card.seed}; training loss at the end {shown(card.loss)} nats. "
        f"Its text: {_mixture(card.text)}."
        + "".join(f" From step {told['after']:,} on: {_mixture(told['text'])}." for told in card.lessons)
    )


def _mixture(text: dict[str, int]) -> str:
    total = sum(text.values())
    return ", ".join(f"{kind} {100 * share / total:.0f} %" for kind, share in text.items())


def _first_sentence(docstring: str) -> str:
    return re.split(r"\.(?:\s|$)", docstring.strip(), maxsplit=1)[0]


def _cell(text: str) -> str:
    """A text as it can stand in one cell of a table."""
    return "<br>".join(f"`{line.strip()}`" for line in text.replace("|", "\\|").splitlines() if line.strip())


PARTS: dict[str, Callable[[], str]] = {"samples": samples, "facts": facts}
