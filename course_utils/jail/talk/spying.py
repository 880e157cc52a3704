"""Methods of a model that a check has wrapped to look at how they are called: noted inside, called again outside."""

import contextlib
from collections.abc import Callable
from typing import Any

from torch import nn

MOST_NOTES = 100


class Spy:
    """Notes calls of some methods of hooked models, as far as their arguments are texts and lists of texts."""

    def __init__(self) -> None:
        self.notes: list[Any] = []  # (number of the model, method, positional texts, named texts)

    def watch(self, model: nn.Module, number: int, names: list[str]) -> None:
        """Note the calls of these methods of the model from now on."""
        for name in names:
            model.__dict__[name] = self._noting(number, name, getattr(model, name))

    def _noting(self, number: int, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if len(self.notes) < MOST_NOTES:
                named = [[key, texts(value)] for key, value in kwargs.items()]
                self.notes.append([number, name, [texts(value) for value in args], named])
            return real(*args, **kwargs)

        return call


def texts(value: Any, depth: int = 0) -> Any:
    """The texts in lists, tuples and dictionaries; None for all else."""
    if isinstance(value, str):
        return value[:1000]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple) and depth < 4:
        return [texts(one, depth + 1) for one in value[:100]]
    return None


def replay(links: Any, notes: Any) -> None:
    """Call the wrapped methods outside with what was noted; what they do besides being looked at doesn't matter."""
    if not isinstance(notes, list):
        raise ValueError("no notes")
    for number, name, args, kwargs in notes[:MOST_NOTES]:
        model = links.things.get((True, number))
        wrapped = vars(model).get(name) if isinstance(model, nn.Module) and isinstance(name, str) else None
        if callable(wrapped):
            with contextlib.suppress(Exception):
                wrapped(*[texts(one) for one in args], **{str(key): texts(one) for key, one in kwargs})
