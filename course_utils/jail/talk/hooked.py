"""Hooked models, their caches, factored matrices on the wire: ours on both sides, so they run where they are used.

They cross as a configuration and tensors. Only for chapters whose jail holds `course_utils.model`.
"""

from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from course_utils.jail.talk.codec import FORMS, READERS
from course_utils.jail.talk.forms import Codec  # which fills the two before this file adds to them
from course_utils.jail.talk.links import ContainerRecord
from course_utils.jail.talk.modules import ModeRecord, place_in
from course_utils.model import ActivationCache, FactoredMatrix, HookedTransformer, HookedTransformerConfig, HookPoint
from course_utils.model.config import RotaryScaling
from course_utils.model.hooks import Hook


class ModelRecord(ModeRecord):
    """Mode and hooks of a hooked model."""

    def __init__(self, model: HookedTransformer) -> None:
        super().__init__(model)
        self.model = model
        self.hooks = self._hooks()
        self.first = self.on()

    def _hooks(self) -> list[tuple[str, Hook]]:
        return [(name, hook) for name, point in self.model.hook_dict.items() for hook in point.hooks]

    def changes(self, codec: Codec) -> Any:
        mode, hooks = super().changes(codec), self._hooks()
        if [(name, id(hook)) for name, hook in hooks] == [(name, id(hook)) for name, hook in self.hooks]:
            return None if mode is None else [mode, None]
        self.hooks = hooks
        return [mode, [[name, codec.encode(hook.fn), hook.backward] for name, hook in hooks]]

    def apply(self, codec: Codec, told: Any) -> bool:
        mode, hooks = told
        if mode is not None:
            super().apply(codec, mode)
        if hooks is None:
            return False
        self._put([(name, Hook(codec.decode(fn), backward=backward is True)) for name, fn, backward in hooks])
        return False

    @property
    def left(self) -> bool:
        """Whether a hook of the learner's is on the model."""
        return any(getattr(hook.fn, "__module__", None) == "submission" for _, hook in self._hooks())

    def _put(self, hooks: list[tuple[str, Hook]]) -> None:
        for point in self.model.hook_dict.values():
            point.hooks.clear()
        for name, hook in hooks:
            self.model.hook_dict[name].hooks.append(hook)
        self.hooks = self._hooks()

    def on(self) -> list[tuple[str, int, bool]]:
        """Which functions hang on which points of the model."""
        return [(name, id(hook.fn), hook.backward) for name, hook in self._hooks()]

    def restore(self) -> None:
        if self.left:
            self._put([])


def _encode_model(codec: Codec, value: HookedTransformer) -> Any:
    if codec.home.inside:
        return None  # like any other module of theirs
    number = codec.own(value, ModelRecord(value))
    options = {field.name: getattr(value.cfg, field.name) for field in fields(HookedTransformerConfig)}
    scaling = options["rotary_scaling"]
    options["rotary_scaling"] = None if scaling is None else dict(vars(scaling))
    plain = [[name, codec.encode(str(one) if isinstance(one, str) else one)] for name, one in options.items()]
    with codec.whole((True, number), guarded=True):
        weights = [[name, codec.encode(one)] for name, one in value.named_parameters()]
    hooks = [[name, codec.encode(hook.fn), hook.backward] for name, hook in ModelRecord(value).hooks]
    spied = [name for name in vars(value) if callable(vars(value)[name]) and callable(getattr(type(value), name, None))]
    return ["H", number, plain, weights, value.training, hooks, spied]


def _decode_model(codec: Codec, number: Any, plain: Any, weights: Any, mode: Any, hooks: Any, spied: Any) -> Any:
    if not codec.home.inside:
        raise ValueError("a model of theirs is a module like any other")  # a few bytes could ask for one of any size
    options = {name: codec.decode(one) for name, one in plain}
    if options["rotary_scaling"] is not None:
        options["rotary_scaling"] = RotaryScaling(**options["rotary_scaling"])
    with torch.random.fork_rng(devices=[]):
        model = HookedTransformer(HookedTransformerConfig(**{**options, "init_range": 1.0}))
    object.__setattr__(model.cfg, "init_range", options["init_range"])
    with codec.whole((False, number)):
        for name, data in weights:
            holder, last = place_in(model, name)
            holder._parameters[last] = codec.decode(data)
    model.train(mode is True)
    record = ModelRecord(model)
    record._put([(name, Hook(codec.decode(fn), backward=backward is True)) for name, fn, backward in hooks])
    codec.home.spy(model, number, spied)
    return codec.take(number, model, record)


def _is_our_cache(value: Any) -> bool:
    return (
        type(value) is ActivationCache
        and type(value.model) is HookedTransformer
        and type(value.cache_dict) is dict
        and all(isinstance(one, Tensor) and isinstance(name, str) for name, one in value.items())
    )


def _encode_cache(codec: Codec, value: ActivationCache) -> Any:
    if codec.home.inside and codec.links.ref(value.model) is None:
        return None
    number = codec.own(value)
    if not codec.home.inside:
        codec.links.guarded.add((True, number))  # which entries it has is no more theirs to change than what they hold
    with codec.whole((True, number), guarded=not codec.home.inside):
        items = [[name, codec.encode(one)] for name, one in value.items()]
        model = codec.encode(value.model)
    if codec.sharing:
        codec.links.records[True, number] = ContainerRecord(value.cache_dict)
    return ["C", number, items, model, value.has_batch_dim, codec.sharing]


def _decode_cache(codec: Codec, number: Any, items: Any, model: Any, batch: Any, sharing: Any) -> ActivationCache:
    with codec.whole((False, number)):
        held = {name: codec.decode(one) for name, one in items}
        whose = codec.decode(model)
    if not isinstance(whose, HookedTransformer) or not all(isinstance(one, Tensor) for one in held.values()):
        raise ValueError("no cache")
    if not all(isinstance(name, str) for name in held):
        raise ValueError("no names of activations")
    cache = codec.take(number, ActivationCache(held, whose, batch is True))
    if sharing is True:
        codec.links.records[False, number] = ContainerRecord(held)
    return cache


def _encode_factored(codec: Codec, value: FactoredMatrix) -> Any:
    try:
        FactoredMatrix(value.A, value.B)
    except Exception:  # one that was taken apart
        return None
    number = codec.own(value)
    with codec.whole((True, number), guarded=not codec.home.inside):
        return ["F", number, codec.encode(value.A), codec.encode(value.B)]


def _decode_factored(codec: Codec, number: Any, A: Any, B: Any) -> FactoredMatrix:
    with codec.whole((False, number)):
        left, right = codec.decode(A), codec.decode(B)
    if not (isinstance(left, Tensor) and isinstance(right, Tensor)):
        raise ValueError("no factors")
    return codec.take(number, FactoredMatrix(left, right))


def _encode_point(codec: Codec, value: HookPoint) -> Any:
    return ["K", codec.own(value), value.name]


def _decode_point(codec: Codec, number: Any, name: str) -> HookPoint:
    point = HookPoint()
    point.name = name
    return codec.take(number, point)


FORMS[:0] = [
    (lambda value: type(value) is HookedTransformer, _encode_model),
    (_is_our_cache, _encode_cache),
    (lambda value: type(value) is FactoredMatrix, _encode_factored),
    (lambda value: type(value) is HookPoint, _encode_point),
]
READERS |= {"H": _decode_model, "C": _decode_cache, "F": _decode_factored, "K": _decode_point}
