"""Answers that take no understanding. None of them may pass any exercise; the gate tries them all."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

_SAME = object()  # this kind of answer does not apply to such a result


def trivial_answers(reference: Any) -> Iterator[tuple[str, Any]]:
    """(what it does, the thing) for each trivial answer, made by spoiling what the reference returns."""
    for label, spoil in _SPOILERS.items():
        yield label, _spoilt(reference, spoil())


def _spoilt(reference: Any, spoil: Callable[[Any, tuple[Any, ...]], Any]) -> Any:
    def answer(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = call(*args, **kwargs)
        bad = spoil(result, (*args, *kwargs.values()))
        if bad is _SAME:
            raise NotApplicable
        return bad

    if not isinstance(reference, type):

        @functools.wraps(reference)
        def function(*args: Any, **kwargs: Any) -> Any:
            return answer(reference, args, kwargs)

        return function
    method = "forward" if issubclass(reference, nn.Module) else "__call__"

    @functools.wraps(getattr(reference, method))
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return answer(getattr(super(spoilt, self), method), args, kwargs)

    spoilt: Any = type(reference)(reference.__name__, (reference,), {method: forward, "__module__": __name__})
    return spoilt


class NotApplicable(Exception):
    """The spoiler has nothing to do here (NaN in a list of strings, say)."""


def _map(value: Any, on_tensor: Callable[[Tensor], Any], on_number: Callable[[Any], Any]) -> Any:
    """Spoil every leaf of nested lists, tuples and dicts; _SAME when no leaf could be."""
    if isinstance(value, Tensor):
        return on_tensor(value)
    if isinstance(value, int | float | str):
        return on_number(value)
    if isinstance(value, dict):
        items = {key: _map(item, on_tensor, on_number) for key, item in value.items()}
        return _SAME if all(item is _SAME for item in items.values()) else _kept(value, items)
    if isinstance(value, list | tuple):
        listed = [_map(item, on_tensor, on_number) for item in value]
        if all(item is _SAME for item in listed):
            return _SAME
        return type(value)(old if new is _SAME else new for old, new in zip(value, listed, strict=True))
    return _SAME


def _kept(old: dict[Any, Any], new: dict[Any, Any]) -> dict[Any, Any]:
    return {key: old[key] if item is _SAME else item for key, item in new.items()}


def _none(result: Any, args: tuple[Any, ...]) -> Any:
    return None


def _its_input(result: Any, args: tuple[Any, ...]) -> Any:
    return args[0] if args else _SAME


def _zeros(result: Any, args: tuple[Any, ...]) -> Any:
    return _map(result, torch.zeros_like, lambda value: type(value)())


def _nan(result: Any, args: tuple[Any, ...]) -> Any:
    def tensor(value: Tensor) -> Any:
        return torch.full_like(value, torch.nan) if value.is_floating_point() else _SAME

    return _map(result, tensor, lambda value: float("nan") if isinstance(value, float) else _SAME)


def _dtype(result: Any, args: tuple[Any, ...]) -> Any:
    other = {torch.float32: torch.float64, torch.int64: torch.int32, torch.bool: torch.float32}
    return _map(result, lambda value: value.to(other.get(value.dtype, torch.float32)), lambda value: _SAME)


def _extra_axis(result: Any, args: tuple[Any, ...]) -> Any:
    if isinstance(result, list | tuple):
        return [result]
    return _map(result, lambda value: value.unsqueeze(0), lambda value: _SAME)


def _noise() -> Callable[[Any, tuple[Any, ...]], Any]:
    generator = torch.Generator().manual_seed(1)

    def tensor(value: Tensor) -> Tensor:
        noise = torch.randn(value.shape, generator=generator)
        return noise.to(value.dtype) if value.is_floating_point() else (noise * 3).to(value.dtype)

    return lambda result, args: _map(result, tensor, lambda value: _SAME)


def _constant() -> Callable[[Any, tuple[Any, ...]], Any]:
    first: list[Any] = []

    def answer(result: Any, args: tuple[Any, ...]) -> Any:
        first.append(result) if not first else None
        return first[0]

    return answer


_SPOILERS: dict[str, Callable[[], Callable[[Any, tuple[Any, ...]], Any]]] = {
    "returns None": lambda: _none,
    "returns its input": lambda: _its_input,
    "returns zeros": lambda: _zeros,
    "returns NaN": lambda: _nan,
    "returns another dtype": lambda: _dtype,
    "returns an extra axis": lambda: _extra_axis,
    "returns noise of the right shape": _noise,
    "returns its first answer every time": _constant,
}
