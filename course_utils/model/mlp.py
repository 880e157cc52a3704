"""The MLP of a block, plain or gated: the neurons."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.model.config import Activation, HookedTransformerConfig
from course_utils.model.hooks import HookPoint

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    Activation.RELU: F.relu,
    Activation.GELU: F.gelu,
    Activation.GELU_NEW: partial(F.gelu, approximate="tanh"),
    Activation.SILU: F.silu,
}


class MLP(nn.Module):
    """`act(x W_in + b_in) W_out + b_out`. A neuron reads a column of `W_in` and writes a row of `W_out`.

    >>> cfg = HookedTransformerConfig(n_layers=1, d_model=2, n_heads=1, n_ctx=1, d_vocab=1, d_mlp=1, act_fn="relu")
    >>> mlp = MLP(cfg)
    >>> _ = mlp.W_in.data.copy_(torch.tensor([[1.0], [1.0]])), mlp.W_out.data.copy_(torch.tensor([[0.0, 10.0]]))
    >>> mlp(torch.tensor([[[2.0, 3.0]]])).detach()
    tensor([[[ 0., 50.]]])
    """

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        self.act_fn = ACTIVATIONS[cfg.act_fn]
        self.W_in = nn.Parameter(torch.empty(cfg.d_model, cfg.d_mlp, dtype=cfg.dtype))
        self.b_in = nn.Parameter(torch.zeros(cfg.d_mlp, dtype=cfg.dtype))
        self.W_out = nn.Parameter(torch.empty(cfg.d_mlp, cfg.d_model, dtype=cfg.dtype))
        self.b_out = nn.Parameter(torch.zeros(cfg.d_model, dtype=cfg.dtype))
        self.hook_pre = HookPoint()  # [batch pos d_mlp]
        self.hook_post = HookPoint()  # [batch pos d_mlp]

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        pre = self.hook_pre(F.linear(x, self.W_in.T, self.b_in))
        post = self.hook_post(self.act_fn(pre))
        return F.linear(post, self.W_out.T, self.b_out)


class GatedMLP(MLP):
    """`(act(x W_gate) * (x W_in) + b_in) W_out + b_out` (Shazeer, 2020), the MLP of LLaMA.

    The bias stands where TransformerLens has it, behind the product.
    """

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__(cfg)
        self.W_gate = nn.Parameter(torch.empty(cfg.d_model, cfg.d_mlp, dtype=cfg.dtype))
        self.hook_pre_linear = HookPoint()  # [batch pos d_mlp]

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        pre = self.hook_pre(F.linear(x, self.W_gate.T))
        pre_linear = self.hook_pre_linear(F.linear(x, self.W_in.T))
        post = self.hook_post(self.act_fn(pre) * pre_linear + self.b_in)
        return F.linear(post, self.W_out.T, self.b_out)
