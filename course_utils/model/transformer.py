"""The hooked transformer: embeddings, blocks, a last normalisation, the unembedding.

Its vocabulary is TransformerLens's `HookedTransformer`; what a checkpoint is called is no business of this file.
"""

from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.model.block import TransformerBlock
from course_utils.model.cache import RunsWithCache
from course_utils.model.config import HookedTransformerConfig, Positions
from course_utils.model.embed import Embed, PosEmbed, TiedUnembed, Unembed
from course_utils.model.generate import Generates
from course_utils.model.hooks import HookedRootModule, HookPoint
from course_utils.model.inputs import ChecksInput, wants_a_loss
from course_utils.model.kv_cache import KeyValueCache
from course_utils.model.norm import make_norm
from course_utils.model.rotary import Rotary
from course_utils.model.stacked import StackedWeights


class Output(NamedTuple):
    """What `return_type="both"` gives."""

    logits: Float[Tensor, "batch pos d_vocab_out"]
    loss: Tensor


class HookedTransformer(StackedWeights, ChecksInput, Generates, RunsWithCache, HookedRootModule):
    """A transformer, every activation of which can be read and edited.

    >>> cfg = HookedTransformerConfig(n_layers=2, d_model=8, n_heads=2, n_ctx=6, d_vocab=10, seed=0)
    >>> model = HookedTransformer(cfg)
    >>> tokens = torch.tensor([[1, 2, 3]])
    >>> logits, cache = model.run_with_cache(tokens)
    >>> list(logits.shape), list(cache["pattern", 1].shape)
    ([1, 3, 10], [1, 2, 3, 3])
    >>> model.run_with_hooks(tokens, fwd_hooks=[("hook_embed", lambda x, hook: x * 0)], return_type="loss").ndim
    0
    """

    def __init__(self, cfg: HookedTransformerConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.embed = Embed(cfg)
        self.hook_embed = HookPoint()  # [batch pos d_model]
        if cfg.positional_embedding_type is Positions.STANDARD:
            self.pos_embed = PosEmbed(cfg)
            self.hook_pos_embed = HookPoint()  # [batch pos d_model]
        self.rotary = Rotary(cfg) if cfg.positional_embedding_type is Positions.ROTARY else None
        self.blocks = nn.ModuleList(TransformerBlock(cfg) for _ in range(cfg.n_layers))
        self.ln_final = make_norm(cfg)
        self.unembed = TiedUnembed(cfg, self.embed) if cfg.tie_word_embeddings else Unembed(cfg)
        self.init_weights()
        self.setup()

    def init_weights(self) -> None:
        """Normal weights of standard deviation `init_range`, from `seed` where one is given; biases stay zero."""
        generator = None if self.cfg.seed is None else torch.Generator().manual_seed(self.cfg.seed)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.rpartition(".")[2].startswith("W_"):
                    parameter.normal_(0, self.cfg.init_range, generator=generator)

    @property
    def device(self) -> torch.device:
        return self.embed.W_E.device

    def forward(
        self,
        tokens: str | list[str] | Int[Tensor, "batch pos"] | Float[Tensor, "batch pos d_model"],
        return_type: str | None = "logits",
        *,
        loss_per_token: bool = False,
        prepend_bos: bool | None = None,
        padding_side: str = "right",
        start_at_layer: int | None = None,
        stop_at_layer: int | None = None,
        attention_mask: Int[Tensor, "batch pos"] | None = None,
        past_kv_cache: KeyValueCache | None = None,
        last_only: bool = False,
    ) -> Any:
        """Logits `[batch pos d_vocab_out]`; "loss", "both" (an `Output`) or None, as `return_type` says.

        Text is tokenized as `to_tokens` does it, with `prepend_bos` and `padding_side`.
        `start_at_layer` takes the residual stream before that layer in place of tokens; `stop_at_layer` returns the
        one before that layer (-1: the last). `attention_mask` is 0 at padding. With `past_kv_cache` the tokens go on
        from what it holds, and are added to it. `last_only` gives the last position's logits and leaves out the other
        positions of the last layer where no hook watches them. The loss is the mean over predicted tokens, in nats.
        """
        wants_loss = wants_a_loss(return_type)
        start, stop = self._layers(start_at_layer, stop_at_layer)
        if start_at_layer is None:
            x = ids = self._as_batch(tokens, prepend_bos, padding_side, pad=not wants_loss)
        else:
            x, ids = self._as_residual(tokens, wants_loss), None
        positions = self._positions(x, attention_mask, past_kv_cache.length if past_kv_cache else 0)
        with self._says_what_is_mixed():
            x = x if ids is None else self._embed(x, positions)
            last_only = last_only and stop_at_layer is None and not wants_loss
            x = self._through(range(start, stop), x, positions, attention_mask, past_kv_cache, last_only)
            if stop_at_layer is not None or return_type is None:
                return None if stop_at_layer is None else x
            logits = self.unembed(self.ln_final(x[:, -1:] if last_only else x))
        if ids is None or not wants_loss:
            return logits
        loss = next_token_loss(logits, ids, loss_per_token)
        return loss if return_type == "loss" else Output(logits, loss)

    def _through(
        self,
        layers: range,
        x: Float[Tensor, "batch pos d_model"],
        positions: Int[Tensor, "#batch pos"],
        attention_mask: Tensor | None,
        past: KeyValueCache | None,
        last_only: bool,
    ) -> Float[Tensor, "batch pos d_model"]:
        """The residual stream after these layers; with `last_only`, perhaps its last position only."""
        rotation = None if self.rotary is None else self.rotary(positions, x.dtype)
        padding = None if attention_mask is None else attention_mask.bool()
        for layer in layers:
            at_end = last_only and layer == layers[-1]
            x = self.blocks[layer](x, rotation, padding, past.layers[layer] if past else None, at_end)
        return x

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, **options: Any) -> "HookedTransformer":
        """`load_model` under the name that it has in TransformerLens."""
        from course_utils.model.weights import load_model  # which imports this file

        return load_model(name_or_folder, **options)

    def loss_fn(
        self, logits: Float[Tensor, "batch pos d_vocab"], tokens: Int[Tensor, "batch pos"], per_token: bool = False
    ) -> Tensor:
        """The loss of logits that are there already."""
        return next_token_loss(logits, tokens, per_token)

    def _embed(self, tokens: Int[Tensor, "batch pos"], positions: Int[Tensor, "#batch pos"]) -> Tensor:
        x = self.hook_embed(self.embed(tokens))
        if self.cfg.positional_embedding_type is not Positions.STANDARD:
            return x
        return x + self.hook_pos_embed(self.pos_embed(positions).expand(x.shape))

    def _enable(self, on: bool, *names: str) -> None:
        for name, point in self.hook_dict.items():
            if name.rpartition(".")[2] in names:
                point.enabled = on

    def set_use_attn_result(self, use_attn_result: bool) -> None:
        """Whether every forward pass computes `hook_result`. A hook or a filter that names it does so by itself."""
        self._enable(use_attn_result, "hook_result")

    def set_use_attn_in(self, use_attn_in: bool) -> None:
        """The same for `hook_attn_in`."""
        self._enable(use_attn_in, "hook_attn_in")

    def set_use_split_qkv_input(self, use_split_qkv_input: bool) -> None:
        """The same for `hook_q_input`, `hook_k_input` and `hook_v_input`."""
        self._enable(use_split_qkv_input, "hook_q_input", "hook_k_input", "hook_v_input")

    def set_use_hook_mlp_in(self, use_hook_mlp_in: bool) -> None:
        """The same for `hook_mlp_in`."""
        self._enable(use_hook_mlp_in, "hook_mlp_in")


def next_token_loss(
    logits: Float[Tensor, "batch pos d_vocab"], tokens: Int[Tensor, "batch pos"], per_token: bool = False
) -> Float[Tensor, ""] | Float[Tensor, "batch pos-1"]:
    """Cross-entropy of each token given those before it, in nats; the mean, or one number a predicted token.

    >>> next_token_loss(torch.zeros(1, 3, 4), torch.tensor([[0, 1, 2]]))  # a uniform guess among 4: ln 4
    tensor(1.3863)
    """
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    return loss.view(tokens.shape[0], -1) if per_token else loss.mean()
