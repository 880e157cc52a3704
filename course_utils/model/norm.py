"""Normalisation before a layer reads the residual stream: LayerNorm, RMSNorm, or nothing.

Without weights (`LNPre`, `RMSPre`) they only centre and scale: their weights have been folded into what reads them.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.model.config import HookedTransformerConfig, Norm
from course_utils.model.hooks import HookPoint


class LayerNorm(nn.Module):
    """Take away the mean, divide by the standard deviation, then scale by `w` and shift by `b` (Ba et al., 2016).

    >>> norm = LayerNorm(d_model=2, eps=3.0)
    >>> norm(torch.tensor([[[-1.0, 1.0]]]))  # the variance 1 and eps 3 make a root of 2
    tensor([[[-0.5000,  0.5000]]], grad_fn=<NativeLayerNormBackward0>)
    """

    def __init__(self, d_model: int, eps: float, weights: bool = True, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.eps = eps
        self.w = nn.Parameter(torch.ones(d_model, dtype=dtype)) if weights else None
        self.b = nn.Parameter(torch.zeros(d_model, dtype=dtype)) if weights else None
        self.hook_scale = HookPoint()  # [batch pos 1]
        self.hook_normalized = HookPoint()  # [batch pos d_model], before w and b

    def forward(self, x: Float[Tensor, "... d_model"]) -> Float[Tensor, "... d_model"]:
        if not (self.hook_scale.hooks or self.hook_normalized.hooks):
            return F.layer_norm(x, x.shape[-1:], self.w, self.b, self.eps)  # the same, three times as fast
        wide = x.float() if x.dtype.itemsize < 4 else x
        centred = wide - wide.mean(-1, keepdim=True)
        scale = self.hook_scale((centred.pow(2).mean(-1, keepdim=True) + self.eps).sqrt())
        normalized = self.hook_normalized(centred / scale).to(x.dtype)
        return normalized if self.w is None or self.b is None else torch.addcmul(self.b, normalized, self.w)


class RMSNorm(nn.Module):
    """Divide by the root of the mean square, then scale by `w`: no centring and no shift (Zhang and Sennrich, 2019).

    >>> norm = RMSNorm(d_model=2, eps=0.0)
    >>> norm(torch.tensor([[[1.0, 7.0]]])).detach()  # the root of (1 + 49) / 2 is 5
    tensor([[[0.2000, 1.4000]]])
    """

    def __init__(self, d_model: int, eps: float, weights: bool = True, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.eps = eps
        self.w = nn.Parameter(torch.ones(d_model, dtype=dtype)) if weights else None
        self.hook_scale = HookPoint()  # [batch pos 1]
        self.hook_normalized = HookPoint()  # [batch pos d_model], before w

    def forward(self, x: Float[Tensor, "... d_model"]) -> Float[Tensor, "... d_model"]:
        wide = x.float() if x.dtype.itemsize < 4 else x
        scale = self.hook_scale((wide.pow(2).mean(-1, keepdim=True) + self.eps).sqrt())
        normalized = self.hook_normalized(wide / scale).to(x.dtype)
        return normalized if self.w is None else normalized * self.w


def make_norm(cfg: HookedTransformerConfig) -> nn.Module:
    """The normalisation that a configuration asks for; with none, the identity, which has no hooks."""
    match cfg.normalization_type:
        case Norm.LN | Norm.LN_PRE:
            return LayerNorm(cfg.d_model, cfg.eps, cfg.normalization_type is Norm.LN, cfg.dtype)
        case Norm.RMS | Norm.RMS_PRE:
            return RMSNorm(cfg.d_model, cfg.eps, cfg.normalization_type is Norm.RMS, cfg.dtype)
        case _:
            return nn.Identity()
