"""Tables that are drawings as well: each number stands in its cell, whose colour says how large it is.

A table can be read aloud, copied and scrolled, and follows the page's theme. Whatever text comes in is escaped here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from course_utils.explore.predictions import Guess
from course_utils.explore.prompt import Prompt

STYLE = Path(__file__).with_name("explorer.css")
_BLUE, _ORANGE = "0, 114, 178", "213, 94, 0"  # of the course's palette: told apart with any kind of colour vision
_STRONGEST = 0.55  # opacity; more would leave too little contrast with the number in the cell


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and how strongly it is coloured: from -1 (orange) to 1 (blue)."""

    text: str
    strength: float = 0.0
    note: str = ""


def draw_style() -> None:
    """The explorer's own style sheet; once a page."""
    st.html(STYLE)


def draw_tokens(prompt: Prompt) -> None:
    """The prompt cut into tokens, each with its id."""
    chips = [
        f'<li class="{"gx-known" if token.known else "gx-byte"}" title="position {token.position}">'
        f"{escape(token.label)}<small>{token.id}</small></li>"
        for token in prompt.tokens
    ]
    st.html(f'<ol class="gx-tokens" start="0" aria-label="Tokens, each with its id">{"".join(chips)}</ol>')


def draw_guesses(guesses: Sequence[Guess], caption: str) -> None:
    """Tokens with their probabilities as bars."""
    rows = [
        f'<tr><th scope="row" class="gx-token">{escape(guess.token.label)}</th>'
        f'<td class="gx-number">{percent(guess.probability)}</td>'
        f'<td class="gx-bar"><span style="width: {100 * guess.probability:.1f}%"></span></td>'
        f'<td class="gx-number">{level(guess.logit)}</td></tr>'
        for guess in guesses
    ]
    head = '<tr><th scope="col">token</th><th scope="col">probability</th><td></td><th scope="col">logit</th></tr>'
    _draw(head, rows, caption)


def draw_heat(
    cells: Sequence[Sequence[Cell]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    caption: str,
    corner: str = "",
    tokens: bool = False,
) -> None:
    """A matrix with named rows and columns, first row on top. tokens: the rows are named by tokens."""
    kind = ' class="gx-token"' if tokens else ""
    first = f'<th scope="col">{escape(corner)}</th>' if corner else "<td></td>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = [
        f'<tr><th scope="row"{kind}>{escape(name)}</th>{"".join(map(_cell, row))}</tr>'
        for name, row in zip(rows, cells, strict=True)
    ]
    _draw(f"<tr>{first}{head}</tr>", body, caption)


def signed(values: Sequence[Sequence[float]], digits: int = 2, largest: float | None = None) -> list[list[Cell]]:
    """Cells for numbers around zero; the strongest colour goes to the largest magnitude, or to `largest`."""
    bound = largest or max((abs(value) for row in values for value in row), default=0.0) or 1.0
    return [[Cell(number(value, digits), max(-1.0, min(1.0, value / bound))) for value in row] for row in values]


def number(value: float, digits: int = 2) -> str:
    """A number with a sign where it is not zero.

    >>> number(1.234), number(-0.5), number(-0.001)
    ('+1.23', '−0.50', '0.00')
    """
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else ("+" if value > 0 else "−") + text


def level(value: float) -> str:
    """A number of two digits whose zero means nothing, so that only a minus is worth a sign.

    >>> level(1.234), level(-0.5)
    ('1.23', '−0.50')
    """
    return f"{value:.2f}".replace("-", "−")


def percent(share: float) -> str:
    """A probability for reading.

    >>> percent(0.98765), percent(0.0004), percent(0.0)
    ('98.8 %', '0.04 %', '0 %')
    """
    if share >= 0.0995:
        return f"{100 * share:.1f} %"
    return f"{100 * share:.2f} %" if share >= 0.00005 else "0 %" if share == 0 else "< 0.01 %"


def positions(prompt: Prompt) -> list[str]:
    """The name of each position: its number and its token."""
    return [f"{token.position} · {token.label}" for token in prompt.tokens]


def _cell(cell: Cell) -> str:
    strength = abs(cell.strength) * _STRONGEST
    colour = f"rgba({_BLUE if cell.strength > 0 else _ORANGE}, {strength:.3f})" if strength > 0.004 else "transparent"
    note = f"<small>{escape(cell.note)}</small>" if cell.note else ""
    kind = ' class="gx-zero"' if _is_zero(cell.text) else ""
    return f'<td{kind} style="background: {colour}">{escape(cell.text)}{note}</td>'


def _is_zero(text: str) -> bool:
    """Whether a cell holds a zero, which is shown faintly."""
    return text.replace(".", "").strip("0") == "" and text != ""


def _draw(head: str, rows: Sequence[str], caption: str) -> None:
    said = escape(caption)
    st.html(
        f'<div class="gx-scroll" tabindex="0" role="region" aria-label="{said}"><table class="gx-table">'
        f"<caption>{said}</caption><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
