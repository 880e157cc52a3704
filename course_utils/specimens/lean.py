"""GPT-2's transformer with nothing but its arithmetic, for training: no hooks, so that `torch.compile` can fuse it.

Its parameters carry GPT-2's own names and layouts, so that a state dict is a Hugging Face checkpoint. A test holds its
logits to those of the hooked model that reads the checkpoint.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.model.config import HookedTransformerConfig


class _Projection(nn.Module):
    """GPT-2's `Conv1D`: a linear map with its weight stored `[in out]`."""

    def __init__(self, d_in: int, d_out: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(d_in, d_out) * scale)
        self.bias = nn.Parameter(torch.zeros(d_out))

    def forward(self, x: Float[Tensor, "*batch d_in"]) -> Float[Tensor, "*batch d_out"]:
        return x @ self.weight + self.bias


class _Attention(nn.Module):
    def __init__(self, cfg: HookedTransformerConfig, scale: float) -> None:
        super().__init__()
        self.n_heads, self.shrink = cfg.n_heads, 1 / math.sqrt(cfg.d_head)
        self.c_attn = _Projection(cfg.d_model, 3 * cfg.d_model, scale)
        self.c_proj = _Projection(cfg.d_model, cfg.d_model, scale / math.sqrt(2 * cfg.n_layers))

    def forward(
        self, x: Float[Tensor, "batch pos d_model"], mask: Float[Tensor, "pos pos"]
    ) -> Float[Tensor, "batch pos d_model"]:
        # Matmuls, softmax and an added mask: on a CPU the compiler makes this five times as fast as the fused kernel.
        q, k, v = self.c_attn(x).unflatten(-1, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) * self.shrink
        z = (scores + mask.to(scores.dtype)).softmax(-1).to(v.dtype) @ v
        return self.c_proj(z.transpose(1, 2).flatten(-2))


class _MLP(nn.Module):
    def __init__(self, cfg: HookedTransformerConfig, scale: float) -> None:
        super().__init__()
        self.c_fc = _Projection(cfg.d_model, cfg.d_mlp, scale)
        self.c_proj = _Projection(cfg.d_mlp, cfg.d_model, scale / math.sqrt(2 * cfg.n_layers))

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class _Block(nn.Module):
    def __init__(self, cfg: HookedTransformerConfig, scale: float) -> None:
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(cfg.d_model, eps=cfg.eps), _Attention(cfg, scale)
        self.attn_only = cfg.attn_only
        if not cfg.attn_only:
            self.ln_2, self.mlp = nn.LayerNorm(cfg.d_model, eps=cfg.eps), _MLP(cfg, scale)

    def forward(
        self, x: Float[Tensor, "batch pos d_model"], mask: Float[Tensor, "pos pos"]
    ) -> Float[Tensor, "batch pos d_model"]:
        x = x + self.attn(self.ln_1(x), mask)
        return x if self.attn_only else x + self.mlp(self.ln_2(x))


class LeanGPT2(nn.Module):
    """Tokens in, logits out. Weights are drawn from torch's global seed."""

    mask: Tensor

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        scale = 0.02 * math.sqrt(768 / cfg.d_model)  # as wide as GPT-2's, for its width
        self.wte = nn.Embedding(cfg.d_vocab, cfg.d_model)
        self.wpe = nn.Embedding(cfg.n_ctx, cfg.d_model)
        nn.init.normal_(self.wte.weight, std=scale)
        nn.init.normal_(self.wpe.weight, std=scale)
        self.h = nn.ModuleList(_Block(cfg, scale) for _ in range(cfg.n_layers))
        self.ln_f = nn.LayerNorm(cfg.d_model, eps=cfg.eps)
        self.lm_head = nn.Linear(cfg.d_model, cfg.d_vocab, bias=False)
        if cfg.tie_word_embeddings:
            self.lm_head.weight = self.wte.weight
        else:
            nn.init.normal_(self.lm_head.weight, std=scale)
        mask = torch.full((cfg.n_ctx, cfg.n_ctx), -1e9).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_vocab"]:
        length = tokens.shape[1]
        x = self.wte(tokens) + self.wpe.weight[:length]
        for block in self.h:
            x = block(x, self.mask[:length, :length])
        return self.lm_head(self.ln_f(x))

    def loss(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, ""]:
        """Mean surprise of the next token, in nats."""
        logits = self(tokens)[:, :-1].float()
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
