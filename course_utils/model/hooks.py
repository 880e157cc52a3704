"""Hook points, and the module that owns them: where activations are read and edited.

A hook is a function `fn(activation, hook)`. What it returns replaces the activation; when it returns None, the tensor
it was handed goes on, with whatever the hook wrote into it. That tensor is the hook's own copy, so an edit reaches
what follows and nothing else: not the cache, not an earlier activation that shares the memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.catalog import CourseError
from course_utils.model.names import NameFilter, select

HookFunction = Callable[..., Any]
HookPair = tuple[NameFilter, HookFunction]


class BadHook(CourseError):
    """A hook returned something that can't take the activation's place."""


@dataclass(frozen=True, eq=False)
class Hook:
    """A function on a hook point. `backward` hooks see gradients; `reads_only` ones promise not to write."""

    fn: HookFunction
    backward: bool = False
    reads_only: bool = False


class HookPoint(nn.Module):
    """A named place that every activation passes. Without hooks it hands its argument straight back.

    One that is `on_demand` computes something extra (a head axis, say): it takes part when `enabled` or hooked.

    >>> point = HookPoint()
    >>> point.hooks.append(Hook(lambda x, hook: 10 * x))
    >>> point(torch.tensor([1.0, 2.0]))
    tensor([10., 20.])
    """

    def __init__(self, on_demand: bool = False) -> None:
        super().__init__()
        self.name = ""
        self.hooks: list[Hook] = []
        self.ctx: dict[str, Any] = {}  # for hooks that keep something
        self.enabled = not on_demand

    @property
    def active(self) -> bool:
        return self.enabled or bool(self.hooks)

    def layer(self) -> int:
        """The layer in the name: 3 for `blocks.3.attn.hook_z`."""
        parts = self.name.split(".")
        if parts[0] != "blocks":
            raise CourseError(f"{self.name} lies in no layer.")
        return int(parts[1])

    def __call__(self, x: Tensor) -> Tensor:
        # Not nn.Module's: a forward pass has some twenty hook points a layer, and most are empty.
        return self.forward(x) if self.hooks else x

    def forward(self, x: Tensor) -> Tensor:
        for hook in [hook for hook in self.hooks if not hook.backward]:
            if hook.reads_only:
                hook.fn(x, hook=self)
            else:
                x = x.clone()
                x = self._checked(hook.fn(x, hook=self), x)
        backward = [hook for hook in self.hooks if hook.backward]
        return self._watch_gradient(x, backward) if backward else x

    def _watch_gradient(self, x: Tensor, hooks: list[Hook]) -> Tensor:
        """Register backward hooks on a view that only this hook point's readers use."""
        if not torch.is_grad_enabled():
            raise CourseError(f"A backward hook at {self.name} can't fire while gradients are off: drop no_grad.")
        x = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
        for hook in hooks:
            x.register_hook(lambda grad, hook=hook: self._checked(hook.fn(grad, hook=self), grad))
        return x

    def _checked(self, result: Any, x: Tensor) -> Tensor:
        if result is None:
            return x
        if isinstance(result, tuple) and len(result) == 1:
            result = result[0]  # TransformerLens's backward hooks return a tuple
        if not isinstance(result, Tensor):
            raise BadHook(f"The hook at {self.name} returned a {type(result).__name__}: return a tensor or None.")
        for what in ("shape", "dtype", "device"):
            got, wanted = getattr(result, what), getattr(x, what)
            if got != wanted:
                got, wanted = (list(got), list(wanted)) if what == "shape" else (got, wanted)
                raise BadHook(f"The hook at {self.name} returned {what} {got} in place of {wanted}: keep the {what}.")
        return result

    def remove_hooks(self) -> None:
        self.hooks.clear()


class HookedRootModule(nn.Module):
    """A module with hook points inside. A subclass calls `setup()` when all its parts are there.

    >>> class Double(HookedRootModule):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hook_in = HookPoint()
    ...         self.setup()
    ...
    ...     def forward(self, x):
    ...         return 2 * self.hook_in(x)
    >>> model, x = Double(), torch.tensor([1.0, 2.0])
    >>> model.run_with_hooks(x, fwd_hooks=[("hook_in", lambda x, hook: x + 1)]), model(x)
    (tensor([4., 6.]), tensor([2., 4.]))
    """

    hook_dict: dict[str, HookPoint]

    def setup(self) -> None:
        """Give every hook point its place in the tree as its name."""
        self.hook_dict = {}
        for name, module in self.named_modules():
            if isinstance(module, HookPoint):
                module.name = name
                self.hook_dict[name] = module

    def hook_names(self, wanted: NameFilter = None) -> list[str]:
        """The names that a filter picks (`names.select`): what is on demand must be meant to be picked."""
        return select(self.hook_dict, wanted, [name for name, point in self.hook_dict.items() if point.active])

    @contextmanager
    def hooks(
        self,
        fwd_hooks: Iterable[HookPair] = (),
        bwd_hooks: Iterable[HookPair] = (),
        *,
        fwd: Iterable[HookPair] = (),
        bwd: Iterable[HookPair] = (),
    ) -> Iterator["HookedRootModule"]:
        """Put hooks on, and take exactly these off again, however the block is left. Contexts may be nested.

        Each hook is a pair of a filter (name, glob, predicate, or a list) and a function; `fwd` and `bwd` are short
        for the longer names. A backward hook belongs to the passes made while it was on: it fires whenever their
        gradients are computed. Raises UnknownHook before any hook is put on.
        """
        pairs = [_hook(pair) for pair in (*fwd_hooks, *fwd)]
        pairs += [_hook(pair, backward=True) for pair in (*bwd_hooks, *bwd)]
        with self.attached(pairs):
            yield self

    @contextmanager
    def attached(self, pairs: Sequence[tuple[NameFilter, Hook]]) -> Iterator[None]:
        """As `hooks`, for ready-made `Hook` records."""
        places = [(self.hook_dict[name], hook) for where, hook in pairs for name in self.hook_names(where)]
        try:
            for point, hook in places:
                point.hooks.append(hook)
            yield
        finally:
            for point, hook in places:
                if hook in point.hooks:  # reset_hooks may have been called inside
                    point.hooks.remove(hook)

    def run_with_hooks(
        self,
        *args: Any,
        fwd_hooks: Iterable[HookPair] = (),
        bwd_hooks: Iterable[HookPair] = (),
        **kwargs: Any,
    ) -> Any:
        """One forward pass with hooks on it; the other arguments are the model's own."""
        with self.hooks(fwd_hooks, bwd_hooks):
            return self(*args, **kwargs)

    def add_hook(self, name: NameFilter, fn: HookFunction, dir: str = "fwd") -> None:
        """Put a hook on until `reset_hooks`. Prefer `hooks`, which takes it off again."""
        where, hook = _hook((name, fn), backward=dir == "bwd")
        for found in self.hook_names(where):
            self.hook_dict[found].hooks.append(hook)

    def reset_hooks(self, clear_contexts: bool = False, including_permanent: bool = True) -> None:
        """Take every hook off, and with `clear_contexts` empty every `hook.ctx`. None is too permanent for it."""
        for point in self.hook_dict.values():
            point.remove_hooks()
            if clear_contexts:
                point.ctx.clear()


def _hook(pair: Any, backward: bool = False) -> tuple[NameFilter, Hook]:
    """A filter and its hook. Raises CourseError for anything but a pair of a filter and a function."""
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not callable(pair[1]):
        raise CourseError(f"{pair!r} is no hook: give a list of pairs (name or filter, function).")
    return pair[0], Hook(pair[1], backward=backward)
