"""The course's own solution of an earlier exercise, lent to the jail while a later one is judged.

It runs outside, on what the jail sends, so what it is asked to do is kept small.
"""

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

MOST_WORK = 10**7  # the product of all whole numbers among the arguments
MOST_VALUES = 1 << 22  # of all tensors and lists among them


def lent(name: str, thing: Any) -> Any:
    """The function or class, refusing with ValueError what would take long or much memory."""
    if isinstance(thing, type):
        init: Callable[..., None] = thing.__init__  # type: ignore[misc]

        @functools.wraps(init)
        def small(module: Any, *args: Any, **kwargs: Any) -> None:
            _check(name, (*args, *kwargs.values()))
            init(module, *args, **kwargs)

        made: type[nn.Module] = type(thing)(thing.__name__, (thing,), {"__init__": small})
        return made

    @functools.wraps(thing)
    def asked(*args: Any, **kwargs: Any) -> Any:
        _check(name, (*args, *kwargs.values()))
        return thing(*args, **kwargs)

    return asked


def _check(name: str, args: tuple[Any, ...]) -> None:
    leaves = list(_leaves(args))
    work = math.prod(max(abs(leaf), 1) for leaf in leaves[:100] if isinstance(leaf, int))
    values = len(leaves) + sum(leaf.numel() for leaf in leaves if isinstance(leaf, Tensor))
    if work > MOST_WORK or values > MOST_VALUES:
        raise ValueError(f"the course's own {name} is lent for small arguments only")


def _leaves(value: Any, depth: int = 0) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple | set) and depth < 8:
        for item in value:
            yield from _leaves(item, depth + 1)
    else:
        yield value
