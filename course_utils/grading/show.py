"""Values as short text: a small tensor in full, a large one as `float32[2, 3, 64]`. Never raises, whatever comes."""

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from torch import Tensor, nn

LARGEST = 24  # values that are still shown one by one, cut if need be
FULL = 40  # values of a tensor that are shown where all of them fit
WIDTH = 96  # characters of one shown value
DEEPEST = 4  # levels of nested lists that are shown
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # says nothing, and is another one each time


def short(value: Any, width: int = WIDTH) -> str:
    """One line for a value, cut at `width` characters.

    >>> import torch
    >>> short(torch.tensor([[1.0, 0.25]])), short(torch.zeros(2, 30))
    ('[[1, 0.25]]', 'float32[2, 30]')
    """
    try:
        text = _ADDRESS.sub("", " ".join(_text(value).split()))
        if len(text) > width and isinstance(value, Tensor) and value.numel() > LARGEST:
            text = _shape(value)
    except (Exception, SystemExit):  # a learner's own __repr__ may do anything; that is not what is being judged
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else text[: width - 1] + "…"


def _text(value: Any, depth: int = 0) -> str:
    if isinstance(value, Tensor):
        if value.numel() > FULL or value.ndim > 4 or value.numel() == 0 or value.device.type == "meta":
            return _shape(value)
        text = _text(value.detach().cpu().to_dense().tolist())
        grad = value.grad if type(value) is nn.Parameter else None
        return text if grad is None else f"{text} with grad {_text(grad)}"
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return f"{value + 0.0:.4g}"  # no -0
    if isinstance(value, list | tuple | dict) and depth == DEEPEST:
        return "…"
    if isinstance(value, list | tuple):
        inside = _row(value, lambda item: _text(item, depth + 1))
        if isinstance(value, tuple) and len(value) == 1:
            inside += ","
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, dict):
        return "{" + _row(value.items(), lambda pair: ": ".join(_text(part, depth + 1) for part in pair)) + "}"
    if isinstance(value, nn.Module):
        return f"{type(value).__name__}(…)"
    if isinstance(value, str | bytes):
        return repr(value[: 4 * WIDTH])
    if isinstance(value, int) and abs(value) >= 10**30:
        return f"a number of {value.bit_length()} bits"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


def _shape(value: Tensor) -> str:
    return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"


def _row(items: Iterable[Any], text: Callable[[Any], str]) -> str:
    """The items in a row; of many the first few, and a sign that there are more."""
    shown = list(islice(items, LARGEST + 1))
    return ", ".join([*map(text, shown[:LARGEST]), *(["…"] if len(shown) > LARGEST else [])])


def change(before: Any, after: Any) -> str:
    """What an argument has become: the new value, or for a large tensor the first place where it differs."""
    both = isinstance(before, Tensor) and isinstance(after, Tensor) and before.shape == after.shape
    if both and short(after) == _shape(after):
        places = ((before != after) & ~(before.isnan() & after.isnan())).nonzero()
        if len(places):
            at = tuple(places[0].tolist())
            return f"{short(after)}: at {list(at)} {short(after[at])} in place of {short(before[at])}"
    return short(after)
