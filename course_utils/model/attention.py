"""Attention: where each head looks, and what it moves from there.

Key-value heads may be fewer than query heads (grouped-query attention; Ainslie et al., 2023): each then serves a group.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.model.config import Direction, HookedTransformerConfig, Positions
from course_utils.model.factored_matrix import FactoredMatrix
from course_utils.model.hooks import HookPoint
from course_utils.model.kv_cache import LayerPast
from course_utils.model.mask import penalty, visible
from course_utils.model.rotary import Rotation, rotate


class Attention(nn.Module):
    """All heads of a layer. Weights are `[head d_model d_head]`, except `W_O [head d_head d_model]`.

    `W_K` and `W_V` have a row for each key-value head. `hook_result`, each head's own output, is on demand.
    """

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.W_Q = heads_parameter(cfg.n_heads, cfg)
        self.W_K = heads_parameter(cfg.n_key_value_heads, cfg)
        self.W_V = heads_parameter(cfg.n_key_value_heads, cfg)
        self.W_O = nn.Parameter(torch.empty(cfg.n_heads, cfg.d_head, cfg.d_model, dtype=cfg.dtype))
        self.b_Q = nn.Parameter(torch.zeros(cfg.n_heads, cfg.d_head, dtype=cfg.dtype))
        self.b_K = nn.Parameter(torch.zeros(cfg.n_key_value_heads, cfg.d_head, dtype=cfg.dtype))
        self.b_V = nn.Parameter(torch.zeros(cfg.n_key_value_heads, cfg.d_head, dtype=cfg.dtype))
        self.b_O = nn.Parameter(torch.zeros(cfg.d_model, dtype=cfg.dtype))
        self.hook_q, self.hook_k, self.hook_v = HookPoint(), HookPoint(), HookPoint()  # [batch pos head d_head]
        if cfg.positional_embedding_type is Positions.ROTARY:
            self.hook_rot_q, self.hook_rot_k = HookPoint(), HookPoint()  # [batch pos head d_head]
        self.hook_attn_scores = HookPoint()  # [batch head query key], -inf where a query may not look
        self.hook_pattern = HookPoint()  # [batch head query key], rows sum to 1
        self.hook_z = HookPoint()  # [batch pos head d_head]
        self.hook_result = HookPoint(on_demand=True)  # [batch pos head d_model]

    def forward(
        self,
        query_input: Float[Tensor, "batch pos *head d_model"],
        key_input: Float[Tensor, "batch pos *head d_model"],
        value_input: Float[Tensor, "batch pos *head d_model"],
        rotation: Rotation | None = None,
        padding: Tensor | None = None,
        past: LayerPast | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        q = self.hook_q(project(query_input, self.W_Q, self.b_Q))
        k = self.hook_k(project(key_input, self.W_K, self.b_K))
        v = self.hook_v(project(value_input, self.W_V, self.b_V))
        if rotation is not None:
            cos, sin = rotation  # queries may be fewer: the last ones
            q = self.hook_rot_q(rotate(q, (cos[:, -q.shape[1] :], sin[:, -q.shape[1] :])))
            k = self.hook_rot_k(rotate(k, rotation))
        if past is not None:
            k, v = past.append(k, v)
        group = self.cfg.n_heads // self.cfg.n_key_value_heads
        if group > 1:
            k, v = k.repeat_interleave(group, dim=2), v.repeat_interleave(group, dim=2)
        watched = self.hook_attn_scores.hooks or self.hook_pattern.hooks
        z = self.attend(q, k, v, padding) if watched else self.attend_fused(q, k, v, padding)
        return self.write(self.hook_z(z))

    def attend(
        self,
        q: Float[Tensor, "batch query head d_head"],
        k: Float[Tensor, "batch key head d_head"],
        v: Float[Tensor, "batch key head d_head"],
        padding: Tensor | None,
    ) -> Float[Tensor, "batch query head d_head"]:
        """Scores, their softmax, and the values weighted by it."""
        scores = torch.einsum("bqhd,bkhd->bhqk", q / self.cfg.attn_scale, k)
        scores = self.hook_attn_scores(scores + penalty(self.visible(q, k, padding), q.dtype))
        pattern = self.hook_pattern(scores.softmax(dim=-1))
        return torch.einsum("bhqk,bkhd->bqhd", pattern, v)

    def attend_fused(self, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None) -> Tensor:
        """The same in one kernel that keeps no scores, about twice as fast."""
        causal = self.cfg.attention_dir is Direction.CAUSAL
        plain = padding is None and (self.cfg.window_size or k.shape[1]) >= k.shape[1]
        triangle = plain and causal and q.shape[1] == k.shape[1]
        unmasked = plain and (not causal or q.shape[1] == 1)
        z = F.scaled_dot_product_attention(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            attn_mask=None if triangle or unmasked else self.visible(q, k, padding),
            is_causal=triangle,
            scale=1 / self.cfg.attn_scale,
        )
        return z.transpose(1, 2)

    def visible(self, q: Tensor, k: Tensor, padding: Tensor | None) -> Tensor:
        causal = self.cfg.attention_dir is Direction.CAUSAL
        return visible(
            q.shape[1], k.shape[1], causal=causal, window=self.cfg.window_size, padding=padding, device=q.device
        )

    def write(self, z: Float[Tensor, "batch pos head d_head"]) -> Float[Tensor, "batch pos d_model"]:
        """What the heads add to the residual stream; `b_O` belongs to none of them."""
        if self.hook_result.active:
            return self.hook_result(torch.einsum("bphd,hdm->bphm", z, self.W_O)).sum(dim=2) + self.b_O
        return F.linear(z.flatten(2), self.W_O.flatten(0, 1).T, self.b_O)

    @property
    def QK(self) -> FactoredMatrix:
        """`W_Q W_K^T` of every head: how a query direction scores a key direction."""
        group = self.cfg.n_heads // self.cfg.n_key_value_heads
        return FactoredMatrix(self.W_Q, self.W_K.repeat_interleave(group, dim=0).mT)

    @property
    def OV(self) -> FactoredMatrix:
        """`W_V W_O` of every head: what a source direction becomes at the destination."""
        group = self.cfg.n_heads // self.cfg.n_key_value_heads
        return FactoredMatrix(self.W_V.repeat_interleave(group, dim=0), self.W_O)


def heads_parameter(n_heads: int, cfg: HookedTransformerConfig) -> nn.Parameter:
    """`[head d_model d_head]`, laid out in memory as `[d_model head d_head]`, so that `project` is one matmul."""
    return nn.Parameter(torch.empty(cfg.d_model, n_heads, cfg.d_head, dtype=cfg.dtype).transpose(0, 1))


def project(
    x: Float[Tensor, "batch pos *head d_model"],
    W: Float[Tensor, "head d_model d_head"],
    b: Float[Tensor, "head d_head"],
) -> Float[Tensor, "batch pos head d_head"]:
    """Queries, keys or values of every head, from one input for all heads or from one for each.

    >>> W = torch.tensor([[[1.0], [0.0]], [[0.0], [2.0]]])  # head 0 reads dimension 0, head 1 twice dimension 1
    >>> project(torch.tensor([[[3.0, 4.0]]]), W, torch.zeros(2, 1)).flatten()
    tensor([3., 8.])
    """
    if x.ndim == 4:
        return torch.einsum("bphm,hmd->bphd", x, W) + b
    flat = W.transpose(0, 1).flatten(1)  # a view, given the layout of `heads_parameter`
    return F.linear(x, flat.T, b.flatten()).unflatten(-1, b.shape)
