"""A block: attention and MLP, each reading the residual stream and adding to it."""

import re

from jaxtyping import Float
from torch import Tensor, nn

from course_utils.model.attention import Attention
from course_utils.model.config import HookedTransformerConfig
from course_utils.model.hooks import HookPoint
from course_utils.model.kv_cache import LayerPast
from course_utils.model.mlp import MLP, GatedMLP
from course_utils.model.norm import make_norm
from course_utils.model.rotary import Rotation

_BEFORE_QUERIES = re.compile(r"resid_pre$|^ln1|_(attn_in|input)$|hook_(rot_)?k$|hook_v$")  # what every position needs


class TransformerBlock(nn.Module):
    """One layer. In sequence the MLP reads what attention wrote; in parallel both read the block's input.

    Four hook points are on demand: `hook_attn_in` (the input once for each head), behind it `hook_q_input`,
    `hook_k_input`, `hook_v_input` (the same again for queries, keys and values), and `hook_mlp_in`. An edit there
    changes what one part reads and leaves the residual stream alone.

    With `last_only` the result is the last position's: keys and values need the others, what follows does not.
    """

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.ln1 = make_norm(cfg)
        self.attn = Attention(cfg)
        self.hook_resid_pre = HookPoint()  # this and what follows: [batch pos d_model]
        self.hook_attn_out = HookPoint()
        self.hook_resid_post = HookPoint()
        self.hook_attn_in = HookPoint(on_demand=True)  # the four of attention: [batch pos head d_model]
        self.hook_q_input = HookPoint(on_demand=True)
        self.hook_k_input = HookPoint(on_demand=True)
        self.hook_v_input = HookPoint(on_demand=True)
        if not cfg.attn_only:
            self.ln2 = make_norm(cfg)
            self.mlp = GatedMLP(cfg) if cfg.gated_mlp else MLP(cfg)
            self.hook_mlp_in = HookPoint(on_demand=True)
            self.hook_mlp_out = HookPoint()
            if not cfg.parallel_attn_mlp:
                self.hook_resid_mid = HookPoint()

    def forward(
        self,
        resid_pre: Float[Tensor, "batch pos d_model"],
        rotation: Rotation | None = None,
        padding: Tensor | None = None,
        past: LayerPast | None = None,
        last_only: bool = False,
    ) -> Float[Tensor, "batch pos d_model"]:
        resid_pre = self.hook_resid_pre(resid_pre)
        query, key, value = self.attention_inputs(resid_pre)
        if last_only and not self.watched_at_queries():
            resid_pre, query = resid_pre[:, -1:], query[:, -1:]
        attn_out = self.hook_attn_out(self.attn(query, key, value, rotation, padding, past))
        resid_mid = resid_pre + attn_out
        if self.cfg.attn_only:
            return self.hook_resid_post(resid_mid)
        if not self.cfg.parallel_attn_mlp:
            resid_mid = self.hook_resid_mid(resid_mid)
        mlp_in = self.hook_mlp_in(resid_pre if self.cfg.parallel_attn_mlp else resid_mid)
        mlp_out = self.hook_mlp_out(self.mlp(self.ln2(mlp_in)))
        return self.hook_resid_post(resid_mid + mlp_out)

    def watched_at_queries(self) -> bool:
        """Whether a hook sits behind the keys and values. If none does, `last_only` may leave out earlier positions."""
        points = [(name, point) for name, point in self.named_modules() if isinstance(point, HookPoint)]
        return any(point.hooks and not _BEFORE_QUERIES.search(name) for name, point in points)

    def attention_inputs(self, resid_pre: Float[Tensor, "batch pos d_model"]) -> tuple[Tensor, Tensor, Tensor]:
        """What queries, keys and values are made of: one tensor, or one for each head where a hook asks for it."""
        points = (self.hook_q_input, self.hook_k_input, self.hook_v_input)
        counts = (self.cfg.n_heads, self.cfg.n_key_value_heads, self.cfg.n_key_value_heads)
        if self.hook_attn_in.active:
            each = self.hook_attn_in(per_head(resid_pre, self.cfg.n_heads))
            group = self.cfg.n_heads // self.cfg.n_key_value_heads
            inputs = [each, each[:, :, ::group], each[:, :, ::group]]
        elif any(point.active for point in points):
            inputs = [per_head(resid_pre, count) for count in counts]
        else:
            normalized = self.ln1(resid_pre)
            return normalized, normalized, normalized
        q, k, v = (self.ln1(point(x)) for point, x in zip(points, inputs, strict=True))
        return q, k, v


def per_head(x: Float[Tensor, "batch pos d_model"], n_heads: int) -> Float[Tensor, "batch pos head d_model"]:
    """The same input for every head, without a copy.

    >>> import torch
    >>> list(per_head(torch.zeros(2, 5, 8), 3).shape)
    [2, 5, 3, 8]
    """
    return x.unsqueeze(2).expand(-1, -1, n_heads, -1)
