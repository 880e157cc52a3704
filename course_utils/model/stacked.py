"""Every layer's weights in one tensor, under the names and shapes of TransformerLens."""

from itertools import product
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import HookedTransformerConfig
from course_utils.model.embed import Embed, PosEmbed, TiedUnembed, Unembed
from course_utils.model.factored_matrix import FactoredMatrix, composition_scores


class StackedWeights:
    """`model.W_Q [layer head d_model d_head]` and its like. Stacks are copies: to write, use `model.blocks[i]`.

    >>> from course_utils.model import HookedTransformer
    >>> model = HookedTransformer(HookedTransformerConfig(n_layers=3, d_model=8, n_heads=2, n_ctx=6, d_vocab=10))
    >>> list(model.W_Q.shape), model.OV, model.OV[0, 1]
    ([3, 2, 8, 4], FactoredMatrix: shape [3, 2, 8, 8], mid 4, FactoredMatrix: shape [8, 8], mid 4)
    """

    cfg: HookedTransformerConfig
    blocks: Any  # a ModuleList of TransformerBlock
    embed: Embed
    pos_embed: PosEmbed
    unembed: Unembed | TiedUnembed

    def _attn(self, name: str) -> Tensor:
        stack = torch.stack([getattr(block.attn, name) for block in self.blocks])
        group = self.cfg.n_heads // self.cfg.n_key_value_heads
        shared = name in ("W_K", "W_V", "b_K", "b_V")  # grouped: repeated, so that every query head has its own
        return stack.repeat_interleave(group, dim=1) if shared and group > 1 else stack

    def _mlp(self, name: str) -> Tensor:
        if self.cfg.attn_only or (name == "W_gate" and not self.cfg.gated_mlp):
            raise CourseError(f"This model has no {name}: its configuration leaves that part out.")
        return torch.stack([getattr(block.mlp, name) for block in self.blocks])

    @property
    def W_E(self) -> Float[Tensor, "d_vocab d_model"]:
        return self.embed.W_E

    @property
    def W_pos(self) -> Float[Tensor, "n_ctx d_model"]:
        if not hasattr(self, "pos_embed"):
            raise CourseError("This model has no W_pos: its positions are not learned vectors.")
        return self.pos_embed.W_pos

    @property
    def W_U(self) -> Float[Tensor, "d_model d_vocab_out"]:
        return self.unembed.W_U

    @property
    def b_U(self) -> Float[Tensor, "d_vocab_out"]:
        return self.unembed.b_U

    @property
    def W_Q(self) -> Float[Tensor, "layer head d_model d_head"]:
        return self._attn("W_Q")

    @property
    def W_K(self) -> Float[Tensor, "layer head d_model d_head"]:
        return self._attn("W_K")

    @property
    def W_V(self) -> Float[Tensor, "layer head d_model d_head"]:
        return self._attn("W_V")

    @property
    def W_O(self) -> Float[Tensor, "layer head d_head d_model"]:
        return self._attn("W_O")

    @property
    def b_Q(self) -> Float[Tensor, "layer head d_head"]:
        return self._attn("b_Q")

    @property
    def b_K(self) -> Float[Tensor, "layer head d_head"]:
        return self._attn("b_K")

    @property
    def b_V(self) -> Float[Tensor, "layer head d_head"]:
        return self._attn("b_V")

    @property
    def b_O(self) -> Float[Tensor, "layer d_model"]:
        return self._attn("b_O")

    @property
    def W_in(self) -> Float[Tensor, "layer d_model d_mlp"]:
        return self._mlp("W_in")

    @property
    def W_gate(self) -> Float[Tensor, "layer d_model d_mlp"]:
        return self._mlp("W_gate")

    @property
    def b_in(self) -> Float[Tensor, "layer d_mlp"]:
        return self._mlp("b_in")

    @property
    def W_out(self) -> Float[Tensor, "layer d_mlp d_model"]:
        return self._mlp("W_out")

    @property
    def b_out(self) -> Float[Tensor, "layer d_model"]:
        return self._mlp("b_out")

    @property
    def QK(self) -> FactoredMatrix:
        """`W_Q W_K^T [layer head d_model d_model]`, factored."""
        return FactoredMatrix(self.W_Q, self.W_K.mT)

    @property
    def OV(self) -> FactoredMatrix:
        """`W_V W_O [layer head d_model d_model]`, factored."""
        return FactoredMatrix(self.W_V, self.W_O)

    def all_head_labels(self) -> list[str]:
        """`["L0H0", "L0H1", ...]`."""
        return [f"L{layer}H{head}" for layer, head in product(range(self.cfg.n_layers), range(self.cfg.n_heads))]

    def all_composition_scores(self, mode: str) -> Float[Tensor, "layer head later_layer later_head"]:
        """How much each head's output is read by each later head as "Q", "K" or "V" (Elhage et al., 2021).

        Zero where the second head is not in a later layer.
        """
        readers = {"Q": self.QK, "K": self.QK.T, "V": self.OV}
        if mode not in readers:
            raise CourseError(f"mode is {mode!r}: it must be 'Q', 'K' or 'V'.")
        scores = composition_scores(self.OV, readers[mode])
        layer = torch.arange(self.cfg.n_layers, device=scores.device)
        later: Bool[Tensor, "layer 1 later 1"] = (layer[:, None] < layer)[:, None, :, None]
        return scores * later

    def accumulated_bias(
        self, layer: int, mlp_input: bool = False, include_mlp_biases: bool = True
    ) -> Float[Tensor, "d_model"]:
        """The sum of the biases written into the residual stream before `layer` (before its MLP, if `mlp_input`)."""
        written = torch.zeros(self.cfg.d_model, dtype=self.W_E.dtype, device=self.W_E.device)
        for index, block in enumerate(self.blocks[: layer + mlp_input]):
            written = written + block.attn.b_O
            if include_mlp_biases and not self.cfg.attn_only and index < layer:
                written = written + block.mlp.b_out
        return written
