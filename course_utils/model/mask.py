"""Who may look where: causal order, a sliding window, padding."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def visible(
    n_query: int,
    n_key: int,
    *,
    causal: bool = True,
    window: int | None = None,
    padding: Bool[Tensor, "batch key"] | None = None,
    device: torch.device | None = None,
) -> Bool[Tensor, "#batch 1 query key"]:
    """True where a query may look at a key. The queries are the last `n_query` of the `n_key` positions.

    `padding` is True at real tokens. A padded position sees itself, since softmax over nothing is undefined.

    >>> visible(2, 3).int()[0, 0]
    tensor([[1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    query = torch.arange(n_key - n_query, n_key, device=device)[:, None]
    key = torch.arange(n_key, device=device)
    seen = key <= query if causal else torch.ones(n_query, n_key, dtype=torch.bool, device=device)
    if window is not None:
        seen = seen & (query - key < window)
    seen = seen[None, None]
    if padding is not None:
        seen = (seen & padding.bool()[:, None, None, :]) | (key == query)
    return seen


def penalty(
    seen: Bool[Tensor, "#batch 1 query key"], dtype: torch.dtype = torch.float32
) -> Float[Tensor, "#batch 1 query key"]:
    """What to add to scores: minus infinity where a query may not look. Softmax makes it 0.

    >>> penalty(visible(2, 2))[0, 0]
    tensor([[0., -inf],
            [0., 0.]])
    """
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, -torch.inf)
