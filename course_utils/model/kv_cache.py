"""Keys and values of the text so far, so that generating a token costs one position and not all of them."""

import torch
from jaxtyping import Float
from torch import Tensor


class LayerPast:
    """The past of one attention layer: keys (rotated already) and values, `[batch pos head d_head]`.

    >>> past = LayerPast()
    >>> for _ in range(2):
    ...     k, v = past.append(torch.ones(1, 3, 2, 4), torch.ones(1, 3, 2, 4))
    >>> list(k.shape), past.length
    ([1, 6, 2, 4], 6)
    """

    def __init__(self, keys: Tensor | None = None, values: Tensor | None = None) -> None:
        self.length = 0 if keys is None else keys.shape[1]
        self._keys = keys
        self._values = values

    def append(
        self, k: Float[Tensor, "batch new head d_head"], v: Float[Tensor, "batch new head d_head"]
    ) -> tuple[Float[Tensor, "batch pos head d_head"], Float[Tensor, "batch pos head d_head"]]:
        """Add new positions; returns all of them."""
        if self._keys is not None and self._values is not None:
            k, v = torch.cat([self._keys, k], dim=1), torch.cat([self._values, v], dim=1)
        self._keys, self._values, self.length = k, v, k.shape[1]
        return k, v


class KeyValueCache:
    """A `LayerPast` for each layer, for `model(tokens, past_kv_cache=...)`; empty ones unless they are given."""

    def __init__(self, n_layers: int, layers: list[LayerPast] | None = None) -> None:
        self.layers = layers or [LayerPast() for _ in range(n_layers)]

    @property
    def length(self) -> int:
        """How many positions it holds."""
        return self.layers[0].length if self.layers else 0
