"""What a part of the residual stream adds to a logit, through the normalisation as it was on this very pass."""

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import Norm

if TYPE_CHECKING:
    from course_utils.model.transformer import HookedTransformer

PosSlice = int | slice | list[int] | Tensor | None
Stack = Float[Tensor, "part *batch pos d_model"]


class Attribution:
    """A part of `ActivationCache`. `layer` means "before layer `layer`" (None or -1: after the last)."""

    model: "HookedTransformer"

    def __getitem__(self, key: str | tuple) -> Tensor:
        raise NotImplementedError

    def apply_ln_to_stack(
        self,
        residual_stack: Stack,
        layer: int | None = None,
        mlp_input: bool = False,
        pos_slice: PosSlice = None,
        batch_slice: PosSlice = None,
        recompute_ln: bool = False,
    ) -> Stack:
        """The stack as the normalisation before `layer` treats it, with the scale that is in the cache.

        A fixed scale makes normalisation linear, so parts still sum to the whole: centred (LayerNorm), divided by the
        scale, times `w` if it isn't folded. The shift `b` belongs to no part and is left out. With `recompute_ln`
        each item of the stack is normalised for itself instead, which is right for whole streams and not for parts.
        `pos_slice` and `batch_slice` say which positions and texts of the cache the stack is about.
        """
        norm_type = self.model.cfg.normalization_type
        if norm_type is None:
            return residual_stack
        norm: Any
        index = self.layer_number(layer)
        if index == self.model.cfg.n_layers:
            norm, scale = self.model.ln_final, self["scale"]
        else:
            part = "ln2" if mlp_input else "ln1"
            norm, scale = getattr(self.model.blocks[index], part), self["scale", index, part]
        if recompute_ln:
            return norm(residual_stack)
        if norm_type in (Norm.LN, Norm.LN_PRE):
            residual_stack = residual_stack - residual_stack.mean(dim=-1, keepdim=True)
        scale = pick(pick(scale, pos_slice, dim=-2), batch_slice, dim=0)
        self._check_stack(residual_stack, scale)
        scaled = residual_stack / scale
        return scaled if norm.w is None else scaled * norm.w

    def logit_attrs(
        self,
        residual_stack: Stack,
        tokens: Any,
        incorrect_tokens: Any = None,
        pos_slice: PosSlice = None,
        batch_slice: PosSlice = None,
    ) -> Float[Tensor, "part *batch pos"]:
        """What each part adds to a token's logit, or to its lead over `incorrect_tokens`.

        `tokens` is an id, a string that is one token, or a tensor of ids `[batch]` or `[batch pos]`. The stack has the
        positions and texts that `pos_slice` and `batch_slice` pick. The biases `b` and `b_U` belong to no part.
        """
        direction = self.model.tokens_to_residual_directions(tokens)
        if incorrect_tokens is not None:
            wrong = self.model.tokens_to_residual_directions(incorrect_tokens)
            if direction.shape != wrong.shape:
                shapes = list(direction.shape[:-1]), list(wrong.shape[:-1])
                raise CourseError(f"tokens are {shapes[0]} and incorrect_tokens {shapes[1]}: give as many of each.")
            direction = direction - wrong
        if direction.ndim == 2 and not isinstance(pos_slice, int):
            direction = direction[:, None]  # [batch 1 d_model]
        normalized = self.apply_ln_to_stack(residual_stack, pos_slice=pos_slice, batch_slice=batch_slice)
        return (normalized * direction).sum(dim=-1)

    def _check_stack(self, stack: Tensor, scale: Tensor) -> None:
        """Refuse a stack `[part *batch pos d_model]` whose axes are not those of the cached scale `[*batch pos 1]`."""
        wanted = [*scale.shape[:-1], self.model.cfg.d_model]
        if list(stack.shape[-len(wanted) :]) != wanted:
            raise CourseError(
                f"The stack ends in {list(stack.shape[-len(wanted) :])} and this cache has {wanted} here: "
                "take both from one pass, with the same pos_slice."
            )

    def layer_number(self, layer: int | None) -> int:
        """The layer that is meant, `n_layers` for the end. Raises CourseError for one there isn't."""
        n_layers = self.model.cfg.n_layers
        number = n_layers if layer is None or layer == -1 else layer
        if not 0 <= number <= n_layers:
            raise CourseError(f"layer is {layer}: this model has layers 0 to {n_layers - 1}.")
        return number


def pick(x: Tensor, pos_slice: PosSlice, dim: int) -> Tensor:
    """The chosen positions along `dim`; the axis of a single one goes away.

    >>> pick(torch.arange(6).view(3, 2), -1, dim=-2), pick(torch.arange(6).view(3, 2), slice(1), dim=-2)
    (tensor([4, 5]), tensor([[0, 1]]))
    """
    if pos_slice is None:
        return x
    index = pos_slice if isinstance(pos_slice, slice) else torch.as_tensor(pos_slice, device=x.device)
    if isinstance(index, Tensor) and not (index.abs() < x.shape[dim] + (index < 0)).all():
        raise CourseError(f"Index {pos_slice} lies outside the {x.shape[dim]} that there are.")
    if isinstance(pos_slice, int):
        return x.select(dim, pos_slice)
    return x.movedim(dim, 0)[index].movedim(0, dim)
