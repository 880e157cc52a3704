"""Our own layout, for models that no published one can hold (attention only, no normalisation, classifiers)."""

from dataclasses import asdict
from typing import Any

import torch

from course_utils.model.checkpoints.entry import Entry, plain
from course_utils.model.config import HookedTransformerConfig, RotaryScaling
from course_utils.model.transformer import HookedTransformer

MODEL_TYPE = "glassbox"
PREFIX = ""
IGNORED = r"$^"  # nothing
TIED = ""
REQUIRED: dict[str, Any] = {}

AXES = {
    "W_E": "d_vocab d_model",
    "W_pos": "n_ctx d_model",
    "W_U": "d_model d_vocab_out",
    "b_U": "d_vocab_out",
    "w": "d_model",
    "b": "d_model",
    "W_Q": "head d_model d_head",
    "W_K": "kv_head d_model d_head",
    "W_V": "kv_head d_model d_head",
    "W_O": "head d_head d_model",
    "b_Q": "head d_head",
    "b_K": "kv_head d_head",
    "b_V": "kv_head d_head",
    "b_O": "d_model",
    "W_in": "d_model d_mlp",
    "W_gate": "d_model d_mlp",
    "b_in": "d_mlp",
    "W_out": "d_mlp d_model",
    "b_out": "d_model",
}


def read_config(told: dict[str, Any]) -> dict[str, Any]:
    """Fields of our configuration from those of config.json."""
    fields = {name: value for name, value in told.items() if name in HookedTransformerConfig.__dataclass_fields__}
    scaling = fields.get("rotary_scaling")
    return fields | {"rotary_scaling": scaling and RotaryScaling(**scaling)}


def write_config(cfg: HookedTransformerConfig) -> dict[str, Any]:
    """config.json's fields from ours."""
    return {name: value for name, value in asdict(cfg).items() if name not in ("dtype", "seed")}


def entries(cfg: HookedTransformerConfig) -> list[Entry]:
    """Every parameter, under its own name."""
    with torch.device("meta"):
        names = list(HookedTransformer(cfg).state_dict())
    return [plain(name, name, AXES[name.rpartition(".")[2]]) for name in names]
