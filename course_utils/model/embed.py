"""In and out of the residual stream: token and position embeddings, and the unembedding."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.catalog import CourseError
from course_utils.model.config import HookedTransformerConfig


class Embed(nn.Module):
    """A row of `W_E` for each token. Raises CourseError for an id outside the vocabulary."""

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        self.W_E = nn.Parameter(torch.empty(cfg.d_vocab, cfg.d_model, dtype=cfg.dtype))

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        try:
            return F.embedding(tokens, self.W_E)
        except IndexError:
            wrong = tokens[(tokens < 0) | (tokens >= len(self.W_E))][0].item()
            raise CourseError(
                f"Token id {wrong} is outside the vocabulary, whose ids run from 0 to {len(self.W_E) - 1}: "
                "was the text tokenized for another model?"
            ) from None


class PosEmbed(nn.Module):
    """A row of `W_pos` for each position."""

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        self.W_pos = nn.Parameter(torch.empty(cfg.n_ctx, cfg.d_model, dtype=cfg.dtype))

    def forward(self, positions: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        return F.embedding(positions, self.W_pos)


class Unembed(nn.Module):
    """Logits: the residual stream times `W_U`, plus `b_U`."""

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        self.W_U = nn.Parameter(torch.empty(cfg.d_model, cfg.d_vocab_out, dtype=cfg.dtype))
        self.b_U = nn.Parameter(torch.zeros(cfg.d_vocab_out, dtype=cfg.dtype))

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_vocab_out"]:
        return unembed(x, self.W_U, self.b_U)


class TiedUnembed(nn.Module):
    """An unembedding whose `W_U` is the embedding's `W_E` transposed: one parameter, trained from both ends."""

    def __init__(self, cfg: HookedTransformerConfig, embed: Embed) -> None:
        super().__init__()
        self._embed = (embed,)  # in a tuple, so that the parameter is registered once
        self.b_U = nn.Parameter(torch.zeros(cfg.d_vocab_out, dtype=cfg.dtype))

    @property
    def W_U(self) -> Float[Tensor, "d_model d_vocab_out"]:
        return self._embed[0].W_E.T

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_vocab_out"]:
        return unembed(x, self.W_U, self.b_U)


def unembed(
    x: Float[Tensor, "batch pos d_model"], W_U: Float[Tensor, "d_model d_vocab"], b_U: Float[Tensor, "d_vocab"]
) -> Float[Tensor, "batch pos d_vocab"]:
    """Logits of each position.

    >>> unembed(torch.ones(1, 1, 2), torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), torch.zeros(3))
    tensor([[[11., 22., 33.]]])
    """
    return F.linear(x, W_U.T, b_U)
