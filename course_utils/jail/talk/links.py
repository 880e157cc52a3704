"""What both sides know under one number, and what changed of it since the other side last heard.

A number belongs to the side that gave it. On the wire a reference says whose it is, seen from the sender.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

Ref = tuple[bool, int]  # (whether it is this side's own, number)


class Record(Protocol):
    """The state of one linked thing, as both sides knew it last."""

    def changes(self, codec: Any) -> Any:
        """What to tell the other side, encoded; None when nothing changed. The other side is taken to know it now."""

    def apply(self, codec: Any, told: Any) -> bool:
        """Take over what the other side tells; whether values changed."""

    def restore(self) -> None:
        """Put the thing back as it was when it was linked."""


@dataclass
class Links:
    """The numbers of one conversation."""

    things: dict[Ref, Any] = field(default_factory=dict)
    records: dict[Ref, Record] = field(default_factory=dict)
    guarded: set[Ref] = field(default_factory=set)  # parts of models and caches, which nobody may change
    parts: dict[Ref, tuple[Ref, ...]] = field(default_factory=dict)  # what belongs to a model, a cache, a list
    _refs: dict[int, Ref] = field(default_factory=dict)  # by id(); `things` keeps each of them alive
    _last: int = 0

    def own(self, thing: Any, record: Record | None = None) -> int:
        """Give a thing of this side a number."""
        self._last += 1
        self._link((True, self._last), thing, record)
        return self._last

    def take(self, number: int, thing: Any, record: Record | None = None) -> None:
        """Keep this side's stand-in for a thing of the other side. Raises ValueError for a number given before."""
        if (False, number) in self.things:
            raise ValueError("a number that is taken")
        self._link((False, number), thing, record)

    def _link(self, ref: Ref, thing: Any, record: Record | None) -> None:
        self.things[ref] = thing
        self._refs[id(thing)] = ref
        if record is not None:
            self.records[ref] = record

    def replace(self, ref: Ref, thing: Any) -> None:
        """Let another object stand for what had this number."""
        self._refs.pop(id(self.things[ref]), None)
        record = self.records.get(ref)
        if record is not None and hasattr(record, "module"):
            record.module = thing
        self._link(ref, thing, None)

    def ref(self, thing: Any) -> Ref | None:
        """Under which number both sides know the thing, if they do."""
        return self._refs.get(id(thing))

    def forget(self, keep: Collection[Ref]) -> None:
        """Drop all numbers but these."""
        for ref in [ref for ref in self.things if ref not in keep]:
            thing = self.things.pop(ref)
            self._refs.pop(id(thing), None)
            self.records.pop(ref, None)
            self.parts.pop(ref, None)
            self.guarded.discard(ref)


def equal(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same values; NaN equals NaN."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if torch.equal(one, other):
        return True
    if not (one.is_floating_point() or one.is_complex()):
        return False
    return bool(((one == other) | (one.isnan() & other.isnan())).all())


class TensorRecord:
    """A tensor's values; of a parameter its gradient too."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.values = tensor.detach().clone()
        self.gradient = _gradient(tensor)
        self.needs = tensor.requires_grad
        self.first = self.values, self.gradient, self.needs

    def changes(self, codec: Any) -> Any:
        told: list[Any] = [None, None, None]  # values, gradient, requires_grad (of a parameter)
        if isinstance(self.tensor, nn.Parameter) and self.tensor.requires_grad is not self.needs:
            told[2] = self.needs = self.tensor.requires_grad
        if not equal(self.tensor.detach(), self.values):
            self.values = self.tensor.detach().clone()
            told[0] = codec.blob(self.values)
        gradient = _gradient(self.tensor)
        if (gradient is None) != (self.gradient is None) or not (
            gradient is None or self.gradient is None or equal(gradient, self.gradient)
        ):
            self.gradient = gradient
            told[1] = [] if gradient is None else [codec.blob(gradient)]
        return told if told != [None] * 3 else None

    def apply(self, codec: Any, told: Any) -> bool:
        values, gradient, needs = told
        if type(needs) is bool and isinstance(self.tensor, nn.Parameter):
            self.needs = needs
            self.tensor.requires_grad_(needs)
        if values is not None:
            self.values = codec.tensor(values)
            _write(self.tensor, self.values)
        if gradient is not None:
            self.gradient = codec.tensor(gradient[0]) if gradient else None
            if self.gradient is not None and self.gradient.shape != self.tensor.shape:
                raise ValueError("a gradient of another shape")
            _write_gradient(self.tensor, self.gradient)
        return values is not None

    def restore(self) -> None:
        values, gradient, needs = self.first
        if not equal(self.tensor.detach(), values):
            _write(self.tensor, values)
        if isinstance(self.tensor, nn.Parameter):
            self.tensor.requires_grad_(needs)
            _write_gradient(self.tensor, gradient)


def _gradient(tensor: Tensor) -> Tensor | None:
    if not isinstance(tensor, nn.Parameter) or tensor.grad is None:
        return None
    return tensor.grad.detach().clone()


def _write(tensor: Tensor, values: Tensor) -> None:
    if tensor.shape == values.shape and tensor.dtype == values.dtype:
        with torch.no_grad():
            tensor.detach().copy_(values)
    else:
        tensor.data = values.clone()


def _write_gradient(tensor: Tensor, gradient: Tensor | None) -> None:
    if gradient is None:
        tensor.grad = None
    elif tensor.grad is not None and tensor.grad.shape == gradient.shape and tensor.grad.dtype == gradient.dtype:
        tensor.grad.detach().copy_(gradient)
    else:
        tensor.grad = gradient.to(tensor.dtype).clone()


class ContainerRecord:
    """A list, dict or set: which items it holds. What the items hold is their own record's business."""

    def __init__(self, container: Any) -> None:
        self.container = container
        self.first = container.copy()
        self.items = _items(container)

    def changes(self, codec: Any) -> Any:
        items = _items(self.container)
        if len(items) == len(self.items) and all(map(_is_same, items, self.items)):
            return None
        self.items = items
        return codec.all_of(self.container)

    def apply(self, codec: Any, told: Any) -> bool:
        _refill(self.container, codec.container(type(self.container), told))
        self.items = _items(self.container)
        return True

    def restore(self) -> None:
        _refill(self.container, self.first)


def _items(container: Any) -> list[Any]:
    """What it holds, in its order; a dict's keys and values in turn."""
    if isinstance(container, dict):
        return [part for pair in container.items() for part in pair]
    return list(container)


def _is_same(one: Any, other: Any) -> bool:
    """Whether it is the same thing, or the same plain value."""
    return one is other or (type(one) is type(other) and isinstance(one, bool | int | float | str) and one == other)


def _refill(container: Any, items: Any) -> None:
    container.clear()
    container.extend(items) if isinstance(container, list) else container.update(items)
