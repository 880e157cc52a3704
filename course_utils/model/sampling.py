"""Choosing the next token from logits."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.catalog import CourseError


def sample_logits(
    logits: Float[Tensor, "batch d_vocab"],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    freq_penalty: float = 0.0,
    tokens: Int[Tensor, "batch pos"] | None = None,
    generator: torch.Generator | None = None,
) -> Int[Tensor, "batch"]:
    """One token a row. Temperature 0 takes the likeliest; `freq_penalty` is taken off once for each time in `tokens`.

    Raises CourseError for options out of range.

    >>> sample_logits(torch.tensor([[0.0, 3.0, 1.0]]), temperature=0.0)
    tensor([1])
    >>> sample_logits(torch.tensor([[0.0, 3.0, 1.0]]), temperature=0.0, freq_penalty=3.0, tokens=torch.tensor([[1]]))
    tensor([2])
    """
    if temperature < 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise CourseError("temperature must be at least 0, top_k at least 1, and top_p above 0 and at most 1.")
    if freq_penalty and tokens is not None:
        counts = torch.zeros_like(logits).scatter_add_(1, tokens, torch.ones_like(tokens, dtype=logits.dtype))
        logits = logits - freq_penalty * counts
    if temperature == 0:
        return logits.argmax(dim=-1)
    logits = logits / temperature
    if top_k is not None:
        least = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    if top_p is not None:
        logits = nucleus(logits, top_p)
    return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)[:, 0]


def nucleus(logits: Float[Tensor, "batch d_vocab"], top_p: float) -> Float[Tensor, "batch d_vocab"]:
    """Only the likeliest tokens whose probabilities together reach `top_p` (Holtzman et al., 2019).

    >>> nucleus(torch.tensor([[0.5, 0.3, 0.2]]).log(), 0.6).exp()  # 0.5 alone is not enough
    tensor([[0.5000, 0.3000, 0.0000]])
    """
    ordered, order = logits.sort(dim=-1, descending=True)
    probabilities = ordered.softmax(dim=-1)
    before = probabilities.cumsum(dim=-1) - probabilities
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter(1, order, before < top_p)
    return logits.masked_fill(~kept, -torch.inf)
