"""The activations of a forward pass, by name, and the method that collects them.

What can be computed from them (decompositions of the residual stream, logit attributions) is in `decompose.py`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.decompose import Decompositions
from course_utils.model.hooks import Hook, HookedRootModule, HookPoint
from course_utils.model.names import NameFilter, get_act_name, unknown

if TYPE_CHECKING:
    from course_utils.model.transformer import HookedTransformer


class NotCached(CourseError):
    """The cache was asked for an activation that it does not hold."""


class ActivationCache(Decompositions):
    """Activations by full name or in short: `cache["blocks.3.attn.hook_pattern"]` is `cache["pattern", 3]`.

    A third item says which part is meant where several have the name: `cache["scale", 3, "ln2"]`. Tensors are not
    copies; writing into one may change another.

    >>> from course_utils.model import HookedTransformer, HookedTransformerConfig
    >>> model = HookedTransformer(HookedTransformerConfig(n_layers=1, d_model=8, n_heads=2, n_ctx=6, d_vocab=10))
    >>> _, cache = model.run_with_cache(torch.tensor([[1, 2, 3]]), names_filter="*hook_pattern")
    >>> list(cache), list(cache["pattern", 0].shape), cache["pattern", 0].sum(dim=-1)[0, 0, :2].round(decimals=4)
    (['blocks.0.attn.hook_pattern'], [1, 2, 3, 3], tensor([1., 1.]))
    """

    def __init__(self, cache_dict: dict[str, Tensor], model: "HookedTransformer", has_batch_dim: bool = True) -> None:
        self.cache_dict = cache_dict
        self.model = model
        self.has_batch_dim = has_batch_dim

    def __getitem__(self, key: str | tuple) -> Tensor:
        name = self.full_name(key)
        if name not in self.cache_dict:
            held = ", ".join(list(self.cache_dict)[:4]) or "nothing"
            more = f" and {len(self) - 4} more" if len(self) > 4 else ""
            known = name.removesuffix("_grad") in self.model.hook_dict
            remedy = f"{name} was not cached: widen names_filter to have it."
            why = remedy if known else unknown(name, self.model.hook_dict)
            raise NotCached(f"{why} The cache holds {held}{more}.")
        return self.cache_dict[name]

    def full_name(self, key: str | tuple) -> str:
        """The hook's name that a key stands for. A negative layer counts from the end."""
        if isinstance(key, str):
            return key if key in self.cache_dict else get_act_name(key)
        if not isinstance(key, tuple) or not key or not isinstance(key[0], str):
            raise NotCached(f'A cache has no {key!r}: ask by name, cache["hook_embed"], or in short, cache["z", 0].')
        name, *rest = key
        if rest and isinstance(rest[0], int):
            n_layers = self.model.cfg.n_layers
            if not -n_layers <= rest[0] < n_layers:
                raise NotCached(f"There is no {name} of layer {rest[0]}: this model has layers 0 to {n_layers - 1}.")
            rest[0] %= n_layers
        return get_act_name(name, *rest)

    def __contains__(self, key: object) -> bool:
        try:
            return self.full_name(key) in self.cache_dict  # type: ignore[arg-type]
        except NotCached:
            return False

    def __len__(self) -> int:
        return len(self.cache_dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self.cache_dict)

    def keys(self) -> Any:
        return self.cache_dict.keys()

    def values(self) -> Any:
        return self.cache_dict.values()

    def items(self) -> Any:
        return self.cache_dict.items()

    def to(self, device: torch.device | str) -> "ActivationCache":
        """A cache with every tensor on `device`."""
        moved = {name: value.to(device) for name, value in self.items()}
        return type(self)(moved, self.model, self.has_batch_dim)

    def remove_batch_dim(self) -> "ActivationCache":
        """A cache without the batch axis. Raises CourseError when it holds more than one text."""
        if not self.has_batch_dim:
            return self
        sizes = {value.shape[0] for value in self.values()}
        if sizes - {1}:
            raise CourseError(f"The batch axis can't go: the cache holds {max(sizes)} texts. Index it instead.")
        return type(self)({name: value[0] for name, value in self.items()}, self.model, has_batch_dim=False)

    def __repr__(self) -> str:
        return f"ActivationCache of {len(self)} activations: {', '.join(list(self)[:4])}{', …' * (len(self) > 4)}"


class RunsWithCache(HookedRootModule):
    """A root module that can keep what passes its hook points."""

    def run_with_cache(
        self,
        *args: Any,
        names_filter: NameFilter = None,
        device: torch.device | str | None = None,
        remove_batch_dim: bool = False,
        incl_bwd: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ActivationCache]:
        """A forward pass, its output, and the activations that `names_filter` picks (None: all that are computed).

        The rest goes to the model: `return_type`, `stop_at_layer`. Memory is taken for what was picked only, and
        on `device` if one is given. `incl_bwd` needs an output that is one number (`return_type="loss"`): it runs the
        backward pass too and keeps gradients under the same names with `_grad` behind.
        """
        kept: dict[str, Tensor] = {}

        def keep(x: Tensor, hook: HookPoint) -> None:
            kept[hook.name] = x.detach().to(device) if device else x.detach()

        def keep_gradient(grad: Tensor, hook: HookPoint) -> None:
            kept[hook.name + "_grad"] = grad.detach().to(device) if device else grad.detach()

        hooks = [(names_filter, Hook(keep, reads_only=True))]
        if incl_bwd:
            hooks += [(names_filter, Hook(keep_gradient, backward=True, reads_only=True))]
        with self.attached(hooks):
            out = self(*args, **kwargs)
            if incl_bwd:
                if not isinstance(out, Tensor) or out.ndim:
                    raise CourseError('incl_bwd needs an output that is one number: pass return_type="loss".')
                out.backward()
        cache = ActivationCache(kept, self)  # type: ignore[arg-type]
        return out, cache.remove_batch_dim() if remove_batch_dim else cache
