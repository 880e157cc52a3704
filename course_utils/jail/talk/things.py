"""Functions, generators and iterators on the wire: what can be called crosses as a handle and stays where it is."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.jail.talk.codec import Codec, Decoder, Form, Unsendable
from course_utils.jail.talk.links import equal
from course_utils.jail.talk.signatures import signature_data


class GeneratorRecord:
    """The state of a generator of random numbers: it moves on by being used, on either side."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.state = self.first = generator.get_state()

    def changes(self, codec: Codec) -> Any:
        state = self.generator.get_state()
        if equal(state, self.state):
            return None
        self.state = state
        return codec.blob(state)

    def apply(self, codec: Codec, told: Any) -> bool:
        self.state = codec.tensor(told)
        _set_state(self.generator, self.state)
        return False

    def restore(self) -> None:
        self.generator.set_state(self.first)


def _set_state(generator: torch.Generator, state: Tensor) -> None:
    try:
        generator.set_state(state)
    except (RuntimeError, TypeError) as error:
        raise ValueError("no state of a generator") from error


def _encode_generator(codec: Codec, value: torch.Generator) -> Any:
    record = GeneratorRecord(value)
    return ["G", codec.own(value, record), codec.blob(record.state)]


def _decode_generator(codec: Codec, number: Any, state: Any) -> torch.Generator:
    generator = torch.Generator()
    _set_state(generator, codec.tensor(state))
    return codec.take(number, generator, GeneratorRecord(generator))


def _encode_iterator(codec: Codec, value: Iterator[Any]) -> Any:
    """Ours is walked through here, as it can be only once anyway; a learner's stays inside, and walks when asked."""
    if codec.home.inside:
        return _encode_handle(codec, value)
    return ["it", "generator" if inspect.isgenerator(value) else "iterator", codec.several(list(value))]


def _decode_iterator(codec: Codec, kind: str, items: list[Any]) -> Iterator[Any]:
    decoded = [codec.decode(item) for item in items]
    return (item for item in decoded) if kind == "generator" else iter(decoded)


class Bag:
    """Something of the check's own that can be walked through as often as one likes."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)


def _encode_bag(codec: Codec, value: Any) -> Any:
    number = codec.own(value)
    with codec.whole((True, number)):
        return ["bag", number, codec.several(list(value))]


def _decode_bag(codec: Codec, number: Any, items: list[Any]) -> Bag:
    with codec.whole((False, number)):
        made = Bag([codec.decode(item) for item in items])
    return codec.take(number, made)


def describe(codec: Codec, value: Any) -> dict[str, Any]:
    """What the other side should know of something that stays here."""
    codec.holding = True
    if not codec.home.inside:  # nothing of a check's own is told
        if isinstance(value, type) and issubclass(value, nn.Module):  # an earlier exercise, which is lent
            return {"kind": "module class", "name": value.__name__, "signature": None, "calls": True, "call": None}
        return {"kind": "function", "name": "given"}
    kind = type(value).__name__
    if inspect.iscoroutine(value):
        value.close()
        return {"kind": "coroutine", "name": kind}
    if inspect.isgenerator(value):
        return {"kind": "generator", "name": kind}
    if isinstance(value, type):
        return _describe_class(codec, value)
    if callable(value):
        name = getattr(value, "__name__", kind)
        return {"kind": "function", "name": str(name), "type": kind, "signature": signature_data(codec, value)}
    return {"kind": "object", "name": kind}


def _describe_class(codec: Codec, value: type) -> dict[str, Any]:
    module = issubclass(value, nn.Module)
    told: dict[str, Any] = {"kind": "module class" if module else "class", "name": value.__name__}
    told["signature"] = signature_data(codec, value)
    target: Callable[..., Any] | None = getattr(value, "forward" if module else "__call__", None)
    mine = target is not nn.Module.forward if module else any("__call__" in vars(base) for base in value.__mro__)
    told["call"] = signature_data(codec, target) if mine and target is not None else None
    told["calls"] = mine
    return told


def _encode_handle(codec: Codec, value: Any) -> Any:
    told = describe(codec, value)
    return ["h", codec.own(value), told]


def _decode_handle(codec: Codec, number: Any, told: Any) -> Any:
    codec.holding = True
    if not isinstance(told, dict):
        raise ValueError("no description")
    return codec.take(number, codec.home.stand_in(codec, number, told))


def _anything(value: Any) -> bool:
    return True


def _encode_anything(codec: Codec, value: Any) -> Any:
    if codec.home.inside:
        return _encode_handle(codec, value)
    raise Unsendable(f"a {type(value).__name__}")


FORMS: list[Form] = [
    (lambda value: isinstance(value, torch.Generator), _encode_generator),
    (lambda value: isinstance(value, Iterator), _encode_iterator),
    (lambda value: callable(value) and not isinstance(value, nn.Module), _encode_handle),
]
LAST: list[Form] = [
    (lambda value: not isinstance(value, nn.Module) and hasattr(type(value), "__iter__"), _encode_bag),
    (_anything, _encode_anything),
]  # after those of modules
READERS: dict[str, Decoder] = {
    "G": _decode_generator,
    "bag": _decode_bag,
    "h": _decode_handle,
}
GIVEN: dict[str, Decoder] = {"it": _decode_iterator}
