"""The thing under test, wrapped: remembers the last call for the report, notices a changed input or wrong signature."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from course_utils.grading.compare import Wrong, same
from course_utils.grading.kinds import is_ordinary
from course_utils.grading.show import WIDTH, short


@dataclass
class Calls:
    """What the check asked of the thing under test, last: shown with a wrong answer."""

    name: str
    made_with: dict[str, Any] = field(default_factory=dict)  # arguments of the constructor, for a class
    arguments: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    returned: bool = False

    def sizes(self) -> set[int]:
        """The axis sizes in play, which may explain a constant factor."""
        found: set[int] = set()
        for value in [*self.made_with.values(), *self.arguments.values()]:
            if isinstance(value, Tensor):
                found.update(value.shape)
            elif isinstance(value, int) and not isinstance(value, bool) and 1 < value < 10_000:
                found.add(value)
        return found

    def shown(self) -> str:
        """The last call in words, e.g. `x = [[-1, 1]], eps = 3`: data first; functions and modules only if there is
        room for them."""
        parts = {**self.made_with, **self.arguments}
        data = {key: value for key, value in parts.items() if not callable(value)}
        shown = _row(data)
        rest = ", ".join(f"{key} = {short(value)}" for key, value in parts.items() if callable(value))
        if rest and len(shown) + len(rest) + 2 <= WIDTH:
            return f"{shown}, {rest}" if shown else rest
        return shown or rest[:WIDTH]


def _row(parts: dict[str, Any]) -> str:
    """The parts side by side; if not all of them fit, the long ones share the room that the short ones leave."""
    texts = {key: f"{key} = {short(value)}" for key, value in parts.items()}
    room, waiting = WIDTH - 2 * (len(texts) - 1), len(texts)
    for key in sorted(texts, key=lambda key: len(texts[key])):
        if len(texts[key]) > room // waiting:
            texts[key] = f"{key} = {short(parts[key], max(20, room // waiting - len(key) - 3))}"
        room, waiting = room - len(texts[key]), waiting - 1
    return ", ".join(texts.values())


def watch(thing: Any, name: str, *, may_change_input: bool = False) -> tuple[Any, Calls]:
    """A stand-in for `thing` (function or class) that behaves the same, and the record of its calls.

    Raises Wrong from a call whose arguments don't fit the signature, and from one that changed an argument in place
    (unless `may_change_input`).
    """
    calls = Calls(name)
    if isinstance(thing, type):
        try:
            return _watch_class(thing, calls, may_change_input), calls
        except Exception:  # an enum, say, can't have subclasses
            kind = type(thing).__name__
            says = f"{name} is a class of a special kind ({kind}): write it as the plain class that the stub has."
            raise Wrong(says, kind="signature") from None

    @functools.wraps(thing)
    def watched(*args: Any, **kwargs: Any) -> Any:
        calls.made_with = {}
        return _call(thing, args, kwargs, calls, may_change_input)

    return watched, calls


def _watch_class(cls: type, calls: Calls, may_change_input: bool) -> type:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        calls.made_with = _bind(cls, args, kwargs, calls.name)
        calls.arguments, calls.returned = {}, False
        if any("__init__" in vars(base) for base in cls.__mro__[:-1]):  # a named tuple, say, has none
            super(watched, self).__init__(*args, **kwargs)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self, nn.Module):
            if type(self).forward is nn.Module.forward:
                says = f"{calls.name} has no method `forward`: is it misspelt, or indented too little?"
                raise Wrong(says, kind="signature")
            _bind(self.forward, args, kwargs, f"{calls.name}.forward")
        return _call(
            super(watched, self).__call__, args, kwargs, calls, may_change_input, named=getattr(self, "forward", None)
        )

    body: dict[str, Any] = {"__init__": init, "__module__": cls.__module__, "__doc__": cls.__doc__}
    if any("__call__" in vars(base) for base in cls.__mro__):
        body["__call__"] = call
    watched: Any = type(cls)(cls.__name__, (cls,), body)
    return watched


def _bind(target: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> dict[str, Any]:
    """The arguments by name. Raises Wrong when they don't fit."""
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):  # built-in functions may have none
        return {str(i): value for i, value in enumerate(args)} | kwargs
    try:
        return dict(signature.bind(*args, **kwargs).arguments)
    except TypeError as error:
        given = ", ".join([*(f"a {type(value).__name__}" for value in args), *(f"{key}=…" for key in kwargs)])
        says = f"{name}{signature} can't be called with ({given}): {error}. Keep the signature that the stub has."
        raise Wrong(says, kind="signature") from None


def _call(
    target: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    calls: Calls,
    may_change_input: bool,
    named: Callable[..., Any] | None = None,
) -> Any:
    arguments = _bind(named or target, args, kwargs, calls.name)
    before = {key: _snapshot(value) for key, value in arguments.items()}
    calls.arguments, calls.returned = before, False
    result = target(*args, **kwargs)
    calls.result, calls.returned = result, True
    if not may_change_input:
        for key, value in arguments.items():
            if not _unchanged(before[key], value):
                says = f"{calls.name} changed its argument `{key}` in place: work on a copy of it."
                raise Wrong(says, before[key], value, kind="changed_input")
    return result


def _snapshot(value: Any) -> Any:
    """A copy of plain data (tensors, lists, tuples, dicts); anything else is kept as it is."""
    if isinstance(value, nn.Parameter):
        return _parameter(value) if type(value) is nn.Parameter and is_ordinary(value) else value
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(_snapshot(item) for item in value)
    if type(value) is dict:
        return {key: _snapshot(item) for key, item in value.items()}
    return value


def _parameter(value: nn.Parameter) -> nn.Parameter:
    copy = nn.Parameter(value.detach().clone(), value.requires_grad)
    copy.grad = None if value.grad is None else value.grad.detach().clone()
    return copy


def _unchanged(before: Any, after: Any) -> bool:
    if isinstance(before, Tensor | list | tuple | dict):
        # Parameters are there to be changed.
        return all(isinstance(a, nn.Parameter) or same(a, b) or not _comparable(a) for a, b in _pairs(before, after))
    return True


def _pairs(before: Any, after: Any) -> Iterator[tuple[Any, Any]]:
    if type(before) in (list, tuple) and type(after) is type(before) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from _pairs(one, other)
    elif type(before) is dict and type(after) is dict and before.keys() == after.keys():
        for key in before:
            yield from _pairs(before[key], after[key])
    else:
        yield before, after


def _comparable(value: Any) -> bool:
    return is_ordinary(value) or isinstance(value, int | float | str | bool | list | tuple | dict | None)
