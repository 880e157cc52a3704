"""What fixes a specimen: sizes, text, seed. Nothing here is measured; what was, is in its card."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from course_utils.data.microworld.registry import WEIGHTS
from course_utils.data.microworld.tokenizer import microworld_tokenizer
from course_utils.model.config import HookedTransformerConfig


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one language specimen is trained.

    steps, batch, length: optimiser steps, rows a step and tokens a row. snapshots: steps after which the weights are
    kept as well; ships: those of them that travel with the course. mixture: shares of the microworld's kinds of text.
    note: what the trained model does, and where. tried: what else was, and what came of it. Both go on its card.
    """

    name: str
    purpose: str
    n_layers: int
    d_model: int
    n_heads: int
    d_mlp: int = 0  # 0: attention only
    tied: bool = True
    steps: int
    batch: int = 48
    length: int = 128
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.1
    seed: int = 0
    snapshots: tuple[int, ...] = ()
    ships: tuple[int, ...] = ()
    mixture: Mapping[str, int] = field(default_factory=lambda: dict(WEIGHTS))
    note: str = ""
    tried: str = ""

    @property
    def tokens(self) -> int:
        """How many tokens it reads."""
        return self.steps * self.batch * self.length

    @property
    def cfg(self) -> HookedTransformerConfig:
        """The model's configuration."""
        return HookedTransformerConfig(
            n_layers=self.n_layers,
            d_model=self.d_model,
            n_heads=self.n_heads,
            d_mlp=self.d_mlp,
            attn_only=not self.d_mlp,
            n_ctx=self.length,
            d_vocab=microworld_tokenizer().size,
            tie_word_embeddings=self.tied,
        )
