"""Attribution patching: the first-order guess at a sweep, for the price of one backward pass (Nanda, 2023)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.patching.cells import Metric, Source, cells_of, check_source, number

if TYPE_CHECKING:
    from course_utils.model.transformer import HookedTransformer


def attribution_patch(
    model: "HookedTransformer",
    tokens: Int[Tensor, "batch pos"],
    source: Source,
    metric: Metric,
    activation: str,
    axes: Sequence[str] = ("layer", "pos"),
) -> Float[Tensor, "..."]:
    """How far each patch of `sweep` would move the metric were it linear: `(source - own) * gradient`, summed.

    Takes what `sweep` takes, except that `metric` must be differentiable, and returns changes and not values.
    Parameters' own gradients are left alone.

    >>> from course_utils.model import HookedTransformer, HookedTransformerConfig
    >>> model = HookedTransformer(HookedTransformerConfig(n_layers=2, d_model=8, n_heads=2, n_ctx=6, d_vocab=10))
    >>> tokens, other = torch.tensor([[1, 2, 3]]), torch.tensor([[1, 2, 4]])
    >>> _, cache = model.run_with_cache(other)
    >>> guess = attribution_patch(model, tokens, cache, lambda logits: logits[0, -1, 5], "resid_pre")
    >>> list(guess.shape), (guess.abs() > 1e-5).int()[0]  # the texts differ at the last position only
    ([2, 3], tensor([0, 0, 1], dtype=torch.int32))
    """
    tokens = tokens[None] if tokens.ndim == 1 else tokens
    cells, sizes = cells_of(model, activation, axes, tokens.shape[1])
    check_source(source, cells, tokens.shape)
    own: dict[str, Tensor] = {}

    def keep(x: Tensor, hook: Any) -> Tensor:
        own[hook.name] = x if x.requires_grad else x.requires_grad_()
        return own[hook.name]

    names = list(dict.fromkeys(cell.hook for cell in cells))
    with torch.enable_grad():
        value = metric(model.run_with_hooks(tokens, fwd_hooks=[(names, keep)]))
        number(value)
        if not isinstance(value, Tensor) or not value.requires_grad:
            raise CourseError("The metric has no gradient here: make it of differentiable functions of the logits.")
        gradients = torch.autograd.grad(value, [own[name] for name in names])
    change = {
        name: (source[name].to(grad) - own[name].detach()) * grad for name, grad in zip(names, gradients, strict=True)
    }
    guesses = [change[cell.hook][(slice(None), *cell.index)].sum() for cell in cells]
    return torch.stack(guesses).view(sizes)
