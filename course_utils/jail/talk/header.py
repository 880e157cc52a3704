"""The JSON of a frame's header, read strictly: no key twice, no NaN, nothing endless, too long or too deep."""

import json
import math
from typing import Any

MOST_DEPTH = 64  # of nested lists
MOST_DIGITS = 40  # of an integer; longer ones cross as text (`values.py`)
MOST_TEXT = 1 << 20  # characters of one string


def read_header(text: bytes) -> tuple[Any, Any]:
    """The two parts of a header. Raises ValueError or RecursionError for anything else."""
    parsed = json.loads(
        text.decode("utf-8"),
        object_pairs_hook=_pairs,
        parse_constant=_refused,
        parse_int=_integer,
        parse_float=_number,
    )
    _walk(parsed)
    if not isinstance(parsed, list) or len(parsed) != 2:
        raise ValueError("a header of another form")
    return parsed[0], parsed[1]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _refused(text: str) -> None:
    raise ValueError(text)


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError("an integer that is too long")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number without end")
    return value


def _walk(value: Any, depth: int = 0) -> None:
    """Raise ValueError for what is nested too deeply, and for text that is too long or no text."""
    if isinstance(value, str):
        if len(value) > MOST_TEXT:
            raise ValueError("a text that is too long")
        value.encode("utf-8")  # a lone surrogate raises
    elif isinstance(value, list | dict):
        if depth >= MOST_DEPTH:
            raise ValueError("nested too deeply")
        if isinstance(value, dict):
            for key in value:
                _walk(key, depth)
            value = list(value.values())
        for item in value:
            if isinstance(item, list | dict | str):
                _walk(item, depth + 1)
