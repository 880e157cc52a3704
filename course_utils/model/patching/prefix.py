"""What all patched passes share: everything before the layer, and before the position, that a patch touches."""

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.model.config import Positions
from course_utils.model.kv_cache import KeyValueCache, LayerPast

if TYPE_CHECKING:
    from course_utils.model.transformer import HookedTransformer


class Prefix:
    """One unpatched pass: its residual stream before every layer, its keys and values, and its logits."""

    def __init__(self, model: "HookedTransformer", tokens: Int[Tensor, "batch pos"]) -> None:
        self.model, n_layers = model, model.cfg.n_layers
        k = "rot_k" if model.cfg.positional_embedding_type is Positions.ROTARY else "k"
        last = f"blocks.{n_layers - 1}.hook_resid_post"
        wanted = ["blocks.*.hook_resid_pre", last, f"blocks.*.attn.hook_{k}", "blocks.*.attn.hook_v"]
        self.logits, cache = model.run_with_cache(tokens, names_filter=wanted)
        self.resid = [cache["resid_pre", layer] for layer in range(n_layers)] + [cache[last]]
        self.keys_values = [(cache[k, layer], cache["v", layer]) for layer in range(n_layers)]
        self.batch = len(tokens)

    def run(
        self, layer: int, copies: int, hooks: list, *, start: int = 0, last_only: bool = False
    ) -> Float[Tensor, "copy batch pos d_vocab"]:
        """Logits of `copies` passes side by side in one batch, from `layer` and position `start` on, with hooks on."""
        logits = self.model.run_with_hooks(
            _repeat(self.resid[layer][:, start:], copies),
            start_at_layer=layer,
            fwd_hooks=hooks,
            past_kv_cache=self._past(start, copies) if start else None,
            last_only=last_only,
        ).unflatten(0, (copies, self.batch))
        if last_only or not start:
            return logits
        before = self.logits[:, :start].expand(copies, -1, -1, -1)
        return torch.cat([before, logits], dim=2)

    def _past(self, start: int, copies: int) -> KeyValueCache:
        layers = [LayerPast(*(_repeat(x[:, :start], copies) for x in pair)) for pair in self.keys_values]
        return KeyValueCache(len(layers), layers)


def _repeat(x: Tensor, copies: int) -> Any:
    return x if copies == 1 else x.repeat(copies, *[1] * (x.ndim - 1))
