"""The configuration of a hooked transformer: sizes and choices, with no model's name among them.

Field names are TransformerLens's. What a checkpoint's own config says is translated in `checkpoints/`.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import torch

from course_utils.catalog import CourseError


class Activation(StrEnum):
    """The non-linearity of the MLPs: `gelu` is exact, `gelu_new` its tanh approximation (GPT-2)."""

    RELU = "relu"
    GELU = "gelu"
    GELU_NEW = "gelu_new"
    SILU = "silu"


class Norm(StrEnum):
    """LayerNorm or RMSNorm, with its weights, or (`Pre`) without them because they were folded into what reads it."""

    LN = "LN"
    LN_PRE = "LNPre"
    RMS = "RMS"
    RMS_PRE = "RMSPre"


class Positions(StrEnum):
    """Learned vectors added to the embedding, or rotations of queries and keys."""

    STANDARD = "standard"
    ROTARY = "rotary"


class Direction(StrEnum):
    """Whether a position sees the later ones."""

    CAUSAL = "causal"
    BIDIRECTIONAL = "bidirectional"


@dataclass(frozen=True, kw_only=True)
class RotaryScaling:
    """How rotary frequencies were stretched to read texts longer than `original_n_ctx` (LLaMA 3.1)."""

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_n_ctx: int


@dataclass(frozen=True, kw_only=True)
class HookedTransformerConfig:
    """Everything that fixes a model's shape. Strings are taken for the enums; what is left out follows from the rest.

    Raises CourseError, naming the field, for an unknown choice and for sizes that do not fit each other.

    >>> cfg = HookedTransformerConfig(n_layers=2, d_model=12, n_heads=3, n_ctx=8, d_vocab=10)
    >>> cfg.d_head, cfg.d_mlp, cfg.attn_scale
    (4, 48, 2.0)
    """

    n_layers: int
    d_model: int
    n_heads: int
    n_ctx: int  # the longest text, in tokens
    d_vocab: int
    d_head: int = 0  # 0: d_model / n_heads
    d_mlp: int = 0  # 0: 4 d_model
    d_vocab_out: int = 0  # 0: d_vocab. A classifier has as many as it has classes
    n_key_value_heads: int = 0  # 0: n_heads. Fewer: groups of query heads share a key and a value
    act_fn: Activation = Activation.GELU_NEW
    gated_mlp: bool = False
    attn_only: bool = False
    parallel_attn_mlp: bool = False  # attention and MLP both read the block's input
    normalization_type: Norm | None = Norm.LN
    eps: float = 1e-5
    positional_embedding_type: Positions | None = Positions.STANDARD
    rotary_dim: int = 0  # 0: d_head. Fewer: only the first dimensions of a head turn
    rotary_base: float = 10000.0
    rotary_scaling: RotaryScaling | None = None
    attention_dir: Direction = Direction.CAUSAL
    window_size: int | None = None  # how many positions back a position sees, itself included; None: all
    attn_scale: float = 0.0  # scores are divided by it; 0: sqrt(d_head)
    tie_word_embeddings: bool = False  # W_U is W_E transposed, one parameter
    default_prepend_bos: bool = True
    init_range: float = 0.0  # standard deviation of fresh weights; 0: 0.8 / sqrt(d_model)
    seed: int | None = None  # for fresh weights
    dtype: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            value = getattr(self, name)
            self._fill(name, None if value is None else _choice(name, value, kind))
        for name in ("n_layers", "d_model", "n_heads", "n_ctx", "d_vocab"):
            if getattr(self, name) < (0 if name == "n_layers" else 1):
                raise CourseError(f"{name} is {getattr(self, name)}: it must be positive.")
        for name in ("d_head", "d_mlp", "d_vocab_out", "n_key_value_heads", "rotary_dim", "window_size"):
            if (value := getattr(self, name)) is not None and value < (name == "window_size"):
                raise CourseError(f"{name} is {value}: it must be positive, or left out.")
        if not self.d_head and self.d_model % self.n_heads:
            raise CourseError(f"d_model {self.d_model} is no multiple of n_heads {self.n_heads}: give d_head.")
        self._fill("d_head", self.d_head or self.d_model // self.n_heads)
        self._fill("d_mlp", 0 if self.attn_only else self.d_mlp or 4 * self.d_model)
        self._fill("d_vocab_out", self.d_vocab_out or self.d_vocab)
        self._fill("n_key_value_heads", self.n_key_value_heads or self.n_heads)
        self._fill("rotary_dim", self.rotary_dim or self.d_head)
        self._fill("attn_scale", self.attn_scale or math.sqrt(self.d_head))
        self._fill("init_range", self.init_range or 0.8 / math.sqrt(self.d_model))
        self._check()

    def _fill(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # the one way to complete a frozen record

    def _check(self) -> None:
        if self.n_heads % self.n_key_value_heads:
            raise CourseError(
                f"n_heads {self.n_heads} is no multiple of n_key_value_heads {self.n_key_value_heads}: "
                "every key-value head serves equally many query heads."
            )
        rotary = self.positional_embedding_type is Positions.ROTARY
        if rotary and (self.rotary_dim % 2 or self.rotary_dim > self.d_head):
            raise CourseError(f"rotary_dim {self.rotary_dim} must be even and at most d_head {self.d_head}.")
        if self.tie_word_embeddings and self.d_vocab_out != self.d_vocab:
            raise CourseError(f"Tied embeddings need d_vocab_out {self.d_vocab_out} equal to d_vocab {self.d_vocab}.")
        if self.attn_only and (self.gated_mlp or self.parallel_attn_mlp):
            raise CourseError("attn_only leaves no MLP to be gated or parallel: drop one of the two.")


_CHOICES: dict[str, type[StrEnum]] = {
    "act_fn": Activation,
    "normalization_type": Norm,
    "positional_embedding_type": Positions,
    "attention_dir": Direction,
}


def _choice(name: str, value: str, kind: type[StrEnum]) -> StrEnum:
    try:
        return kind(value)
    except ValueError:
        raise CourseError(f"{name} is {value!r}: it must be one of {', '.join(kind)}.") from None
