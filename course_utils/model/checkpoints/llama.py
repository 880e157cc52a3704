"""LLaMA and Mistral: rotary positions, RMSNorm, gated MLPs, grouped key-value heads, no biases."""

from typing import Any

from course_utils.catalog import CourseError
from course_utils.model.checkpoints.entry import Entry, plain
from course_utils.model.config import HookedTransformerConfig, RotaryScaling

MODEL_TYPE = "llama"
PREFIX = "model."
IGNORED = r"layers\.\d+\.self_attn\.rotary_emb\.inv_freq"
TIED = "lm_head.weight"
ACTIVATIONS = {"silu": "silu", "gelu": "gelu", "gelu_pytorch_tanh": "gelu_new", "relu": "relu"}
REQUIRED = {"attention_bias": False, "mlp_bias": False}


def read_config(told: dict[str, Any]) -> dict[str, Any]:
    """Fields of our configuration from those of config.json."""
    rope = told.get("rope_parameters") or told.get("rope_scaling") or {}
    return {
        "n_layers": told["num_hidden_layers"],
        "d_model": told["hidden_size"],
        "n_heads": told["num_attention_heads"],
        "d_head": told.get("head_dim") or 0,
        "n_key_value_heads": told.get("num_key_value_heads") or 0,
        "d_mlp": told["intermediate_size"],
        "n_ctx": told["max_position_embeddings"],
        "d_vocab": told["vocab_size"],
        "eps": told.get("rms_norm_eps", 1e-6),
        "act_fn": ACTIVATIONS[told.get("hidden_act", "silu")],
        "gated_mlp": True,
        "normalization_type": "RMS",
        "positional_embedding_type": "rotary",
        "rotary_base": float(rope.get("rope_theta", told.get("rope_theta", 10000.0))),
        "rotary_scaling": read_scaling(rope),
        "window_size": told.get("sliding_window"),
        "tie_word_embeddings": told.get("tie_word_embeddings", False),
    }


def read_scaling(rope: dict[str, Any]) -> RotaryScaling | None:
    """The stretching of rotary frequencies, if there is one. Raises CourseError for a kind that isn't known here."""
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    if kind != "llama3":
        raise CourseError(f"config.json asks for rotary positions of type {kind!r}: only default and llama3 are known.")
    return RotaryScaling(
        factor=rope["factor"],
        low_freq_factor=rope["low_freq_factor"],
        high_freq_factor=rope["high_freq_factor"],
        original_n_ctx=rope["original_max_position_embeddings"],
    )


def write_config(cfg: HookedTransformerConfig) -> dict[str, Any]:
    """config.json's fields from ours."""
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": cfg.rotary_base}
    if cfg.rotary_scaling is not None:
        scaling = cfg.rotary_scaling
        rope |= {
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low_freq_factor,
            "high_freq_factor": scaling.high_freq_factor,
            "original_max_position_embeddings": scaling.original_n_ctx,
        }
    told: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM"],
        "num_hidden_layers": cfg.n_layers,
        "hidden_size": cfg.d_model,
        "num_attention_heads": cfg.n_heads,
        "num_key_value_heads": cfg.n_key_value_heads,
        "head_dim": cfg.d_head,
        "intermediate_size": cfg.d_mlp,
        "max_position_embeddings": cfg.n_ctx,
        "vocab_size": cfg.d_vocab,
        "rms_norm_eps": cfg.eps,
        "hidden_act": str(cfg.act_fn),
        "rope_parameters": rope,
    }
    if cfg.window_size is not None:
        told |= {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": cfg.window_size}
    return told


def entries(cfg: HookedTransformerConfig) -> list[Entry]:
    """Every tensor of a checkpoint."""
    listed = [
        plain("embed_tokens.weight", "embed.W_E", "d_vocab d_model"),
        plain("norm.weight", "ln_final.w", "d_model"),
    ]
    if not cfg.tie_word_embeddings:
        listed += [Entry("lm_head.weight", ("unembed.W_U",), "d_vocab d_model -> d_model d_vocab")]
    for layer in range(cfg.n_layers):
        ours, attn, mlp = f"blocks.{layer}", f"layers.{layer}.self_attn", f"layers.{layer}.mlp"
        keys = "(kv_head d_head) d_model -> kv_head d_model d_head"
        listed += [
            plain(f"layers.{layer}.input_layernorm.weight", f"{ours}.ln1.w", "d_model"),
            Entry(f"{attn}.q_proj.weight", (f"{ours}.attn.W_Q",), "(head d_head) d_model -> head d_model d_head"),
            Entry(f"{attn}.k_proj.weight", (f"{ours}.attn.W_K",), keys),
            Entry(f"{attn}.v_proj.weight", (f"{ours}.attn.W_V",), keys),
            Entry(f"{attn}.o_proj.weight", (f"{ours}.attn.W_O",), "d_model (head d_head) -> head d_head d_model"),
            plain(f"layers.{layer}.post_attention_layernorm.weight", f"{ours}.ln2.w", "d_model"),
            Entry(f"{mlp}.gate_proj.weight", (f"{ours}.mlp.W_gate",), "d_mlp d_model -> d_model d_mlp"),
            Entry(f"{mlp}.up_proj.weight", (f"{ours}.mlp.W_in",), "d_mlp d_model -> d_model d_mlp"),
            Entry(f"{mlp}.down_proj.weight", (f"{ours}.mlp.W_out",), "d_model d_mlp -> d_mlp d_model"),
        ]
    return listed
