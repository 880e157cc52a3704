"""Rotary positions: each query and key is turned by an angle that grows with its position (Su et al., 2021).

The product of a query and a key then depends on how far apart they are, not on where.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.model.config import HookedTransformerConfig, RotaryScaling

Rotation = tuple[Tensor, Tensor]  # cosines and sines, each [batch pos 1 rotary_dim]


class Rotary(nn.Module):
    """The angles of each position, worked out once for all layers. Dimension i turns with i + rotary_dim / 2."""

    frequencies: Tensor

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        frequencies = cfg.rotary_base ** -(torch.arange(0, cfg.rotary_dim, 2).float() / cfg.rotary_dim)
        if cfg.rotary_scaling is not None:
            frequencies = stretch(frequencies, cfg.rotary_scaling)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, positions: Int[Tensor, "batch pos"], dtype: torch.dtype = torch.float32) -> Rotation:
        angles = (positions[..., None] * self.frequencies.float()).repeat(1, 1, 2)[:, :, None]
        return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x: Float[Tensor, "batch pos head d_head"], rotation: Rotation) -> Float[Tensor, "batch pos head d_head"]:
    """Turn the first `rotary_dim` dimensions of every head; the others stay.

    >>> cfg = HookedTransformerConfig(n_layers=1, d_model=2, n_heads=1, n_ctx=2, d_vocab=1)
    >>> x = torch.tensor([1.0, 0.0]).expand(1, 2, 1, 2)  # one head at positions 0 and 1, pointing the same way
    >>> rotate(x, Rotary(cfg)(torch.tensor([[0, 1]])))[0, :, 0]
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    cos, sin = rotation
    turning, still = x[..., : cos.shape[-1]], x[..., cos.shape[-1] :]
    first, second = turning.chunk(2, dim=-1)
    turned = turning * cos + torch.cat([-second, first], dim=-1) * sin
    return torch.cat([turned, still], dim=-1) if still.shape[-1] else turned


def stretch(frequencies: Float[Tensor, "pair"], scaling: RotaryScaling) -> Float[Tensor, "pair"]:
    """Slow frequencies divided by `factor`, fast ones kept, those between blended, as LLaMA 3.1 does for long texts.

    >>> scaling = RotaryScaling(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_n_ctx=100)
    >>> stretch(2 * torch.pi * torch.tensor([0.5, 0.001]), scaling) / (2 * torch.pi)  # 50 turns in 100 tokens; 0.1
    tensor([5.0000e-01, 1.2500e-04])
    """
    turns = scaling.original_n_ctx * frequencies / (2 * math.pi)  # in a text of the old length
    keep = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor)
    keep = keep.clamp(0, 1)
    return keep * frequencies + (1 - keep) * frequencies / scaling.factor
