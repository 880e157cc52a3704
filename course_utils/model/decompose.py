"""Taking the residual stream apart: it is a sum of what embeddings, heads, neurons and biases wrote into it.

Each method stacks such parts along a new first axis, in the order of writing, and can name them. `layer` means "before
layer `layer`" (None or -1: after the last); `mlp_input`, before its MLP. `pos_slice` picks positions: an integer
(whose axis goes away), a slice, a list or a tensor. `apply_ln` sends each part through the normalisation there.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.attribution import Attribution, PosSlice, pick
from course_utils.model.config import Positions


@dataclass(frozen=True)
class Place:
    """A place in the residual stream and the positions wanted from it."""

    layer: int
    mlp_input: bool = False
    pos_slice: PosSlice = None


class Decompositions(Attribution):
    """The part of `ActivationCache` that takes the residual stream apart.

    >>> from course_utils.model import HookedTransformer, HookedTransformerConfig
    >>> model = HookedTransformer(HookedTransformerConfig(n_layers=1, d_model=8, n_heads=2, n_ctx=6, d_vocab=10))
    >>> _, cache = model.run_with_cache(torch.tensor([[1, 2, 3]]))
    >>> parts, labels = cache.decompose_resid(return_labels=True)
    >>> labels, torch.allclose(parts.sum(dim=0), cache["resid_post", 0], atol=1e-6)
    (['embed', 'pos_embed', '0_attn_out', '0_mlp_out'], True)
    """

    def __contains__(self, key: object) -> bool:
        raise NotImplementedError

    def decompose_resid(
        self,
        layer: int | None = None,
        mlp_input: bool = False,
        mode: str = "all",
        apply_ln: bool = False,
        pos_slice: PosSlice = None,
        incl_embeds: bool = True,
        return_labels: bool = False,
    ) -> Any:
        """Embeddings, then each layer's attention and MLP output. With `mode="all"` they sum to the residual stream.

        `mode` may be "attn" or "mlp" for these only.
        """
        if mode not in ("all", "attn", "mlp"):
            raise CourseError(f"mode is {mode!r}: it must be 'all', 'attn' or 'mlp'.")
        at, cfg = Place(self.layer_number(layer), mlp_input, pos_slice), self.model.cfg
        names: list[tuple] = [("embed",)] if incl_embeds else []
        if incl_embeds and cfg.positional_embedding_type is Positions.STANDARD:
            names += [("pos_embed",)]
        reads_mid = mlp_input and not cfg.parallel_attn_mlp
        for index in range(at.layer + reads_mid):
            names += [("attn_out", index)] if mode != "mlp" else []
            names += [("mlp_out", index)] if mode != "attn" and not cfg.attn_only and index < at.layer else []
        labels = ["_".join(map(str, reversed(name))) for name in names]
        return self._stack(names, labels, at, apply_ln, return_labels)

    def accumulated_resid(
        self,
        layer: int | None = None,
        incl_mid: bool = False,
        apply_ln: bool = False,
        pos_slice: PosSlice = None,
        mlp_input: bool = False,
        return_labels: bool = False,
    ) -> Any:
        """The residual stream before each layer up to `layer`, with `incl_mid` in between: what a logit lens reads.

        `apply_ln` after the last layer normalises each for itself, as the model would if it ended there.
        """
        at, cfg = Place(self.layer_number(layer), mlp_input, pos_slice), self.model.cfg
        has_mid = not (cfg.parallel_attn_mlp or cfg.attn_only)
        names: list[tuple] = []
        for index in range(min(at.layer + 1, cfg.n_layers)):
            names += [("resid_pre", index)]
            names += [("resid_mid", index)] if has_mid and ((incl_mid and index < at.layer) or
                                                            (mlp_input and index == at.layer)) else []  # fmt: skip
        labels = [f"{index}_{name.removeprefix('resid_')}" for name, index in names]
        if at.layer == cfg.n_layers:
            names, labels = [*names, ("resid_post", at.layer - 1)], [*labels, "final_post"]
            stack = torch.stack([pick(self[name], pos_slice, dim=-2) for name in names])
            stack = self.apply_ln_to_stack(stack, recompute_ln=True) if apply_ln else stack
            return (stack, labels) if return_labels else stack
        return self._stack(names, labels, at, apply_ln, return_labels)

    def stack_head_results(
        self,
        layer: int | None = None,
        return_labels: bool = False,
        incl_remainder: bool = False,
        pos_slice: PosSlice = None,
        apply_ln: bool = False,
    ) -> Any:
        """What each head wrote, layer by layer. With the remainder (all that no head wrote) it sums to the stream."""
        at = Place(self.layer_number(layer), pos_slice=pos_slice)
        parts: list[Tensor] = []
        for index in range(at.layer):
            if ("result", index) in self:
                result = pick(self["result", index], pos_slice, dim=-3)
            else:
                z = pick(self["z", index], pos_slice, dim=-3)
                result = torch.einsum("...hd,hdm->...hm", z, self.model.blocks[index].attn.W_O)
            parts += result.unbind(dim=-2)
        labels = [f"L{index}H{head}" for index in range(at.layer) for head in range(self.model.cfg.n_heads)]
        return self._with_remainder(parts, labels, at, incl_remainder, apply_ln, return_labels)

    def stack_neuron_results(
        self,
        layer: int | None = None,
        pos_slice: PosSlice = None,
        neuron_slice: int | slice | list[int] | Tensor | None = None,
        return_labels: bool = False,
        incl_remainder: bool = False,
        apply_ln: bool = False,
    ) -> Any:
        """What each neuron wrote: its activation times its row of `W_out`. Large: slice positions and neurons."""
        at = Place(self.layer_number(layer), pos_slice=pos_slice)
        if self.model.cfg.attn_only:
            raise CourseError("This model has no neurons: its configuration leaves the MLPs out.")
        chosen = pick(torch.arange(self.model.cfg.d_mlp), neuron_slice, dim=0).reshape(-1)
        parts: list[Tensor] = []
        for index in range(at.layer):
            post = pick(self["post", index], pos_slice, dim=-2)[..., chosen]
            parts += (post[..., None] * self.model.blocks[index].mlp.W_out[chosen]).unbind(dim=-2)
        labels = [f"L{index}N{neuron}" for index in range(at.layer) for neuron in chosen.tolist()]
        return self._with_remainder(parts, labels, at, incl_remainder, apply_ln, return_labels)

    def stack_activation(self, activation_name: str, layer: int | None = None) -> Float[Tensor, "layer ..."]:
        """One activation of every layer before `layer`, such as `"pattern"`."""
        return torch.stack([self[activation_name, index] for index in range(self.layer_number(layer))])

    def _stack(self, names: list[tuple], labels: list[str], at: Place, apply_ln: bool, return_labels: bool) -> Any:
        parts = [pick(self[name], at.pos_slice, dim=-2) for name in names]
        return self._finish(parts, labels, at, apply_ln, return_labels)

    def _with_remainder(
        self, parts: list[Tensor], labels: list[str], at: Place, incl_remainder: bool, apply_ln: bool, named: bool
    ) -> Any:
        if incl_remainder or not parts:
            whole = ("resid_post", at.layer - 1) if at.layer == self.model.cfg.n_layers else ("resid_pre", at.layer)
            resid = pick(self[whole], at.pos_slice, dim=-2)
            parts = [*parts, resid - sum(parts, torch.zeros_like(resid))]
            labels = [*labels, "remainder"]
        return self._finish(parts, labels, at, apply_ln, named)

    def _finish(self, parts: list[Tensor], labels: list[str], at: Place, apply_ln: bool, return_labels: bool) -> Any:
        if not parts:
            raise CourseError("Nothing was written before this place: ask for a later layer or for the embeddings.")
        stack = torch.stack(parts)
        if apply_ln:
            stack = self.apply_ln_to_stack(stack, at.layer, at.mlp_input, at.pos_slice)
        return (stack, labels) if return_labels else stack
