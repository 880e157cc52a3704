"""GPT-NeoX (Pythia): rotary positions on part of a head, parallel blocks; each head's query, key and value adjoin."""

from typing import Any

from course_utils.model.checkpoints.entry import Entry, plain
from course_utils.model.config import HookedTransformerConfig

MODEL_TYPE = "gpt_neox"
PREFIX = "gpt_neox."
IGNORED = r"layers\.\d+\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)"
TIED = "embed_out.weight"
ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu_new", "gelu_fast": "gelu_new", "relu": "relu", "silu": "silu"}
REQUIRED = {"attention_bias": True}


def read_config(told: dict[str, Any]) -> dict[str, Any]:
    """Fields of our configuration from those of config.json."""
    rope = told.get("rope_parameters") or {}
    d_head = told["hidden_size"] // told["num_attention_heads"]
    turned = rope.get("partial_rotary_factor", told.get("rotary_pct", 0.25))
    return {
        "n_layers": told["num_hidden_layers"],
        "d_model": told["hidden_size"],
        "n_heads": told["num_attention_heads"],
        "d_mlp": told["intermediate_size"],
        "n_ctx": told["max_position_embeddings"],
        "d_vocab": told["vocab_size"],
        "eps": told.get("layer_norm_eps", 1e-5),
        "act_fn": ACTIVATIONS[told.get("hidden_act", "gelu")],
        "normalization_type": "LN",
        "positional_embedding_type": "rotary",
        "rotary_dim": int(d_head * turned),
        "rotary_base": float(rope.get("rope_theta", told.get("rotary_emb_base", 10000))),
        "parallel_attn_mlp": told.get("use_parallel_residual", True),
        "tie_word_embeddings": told.get("tie_word_embeddings", False),
    }


def write_config(cfg: HookedTransformerConfig) -> dict[str, Any]:
    """config.json's fields from ours."""
    return {
        "architectures": ["GPTNeoXForCausalLM"],
        "num_hidden_layers": cfg.n_layers,
        "hidden_size": cfg.d_model,
        "num_attention_heads": cfg.n_heads,
        "intermediate_size": cfg.d_mlp,
        "max_position_embeddings": cfg.n_ctx,
        "vocab_size": cfg.d_vocab,
        "layer_norm_eps": cfg.eps,
        "hidden_act": str(cfg.act_fn),
        "rotary_pct": cfg.rotary_dim / cfg.d_head,
        "rotary_emb_base": cfg.rotary_base,
        "use_parallel_residual": cfg.parallel_attn_mlp,
    }


def entries(cfg: HookedTransformerConfig) -> list[Entry]:
    """Every tensor of a checkpoint."""
    listed = [
        plain("embed_in.weight", "embed.W_E", "d_vocab d_model"),
        plain("final_layer_norm.weight", "ln_final.w", "d_model"),
        plain("final_layer_norm.bias", "ln_final.b", "d_model"),
    ]
    if not cfg.tie_word_embeddings:
        listed += [Entry("embed_out.weight", ("unembed.W_U",), "d_vocab d_model -> d_model d_vocab")]
    for layer in range(cfg.n_layers):
        ours, theirs = f"blocks.{layer}", f"layers.{layer}"
        qkv = f"{theirs}.attention.query_key_value"
        weights = tuple(f"{ours}.attn.W_{part}" for part in "QKV")
        biases = tuple(f"{ours}.attn.b_{part}" for part in "QKV")
        dense, up, down = f"{theirs}.attention.dense", f"{theirs}.mlp.dense_h_to_4h", f"{theirs}.mlp.dense_4h_to_h"
        listed += [
            plain(f"{theirs}.input_layernorm.weight", f"{ours}.ln1.w", "d_model"),
            plain(f"{theirs}.input_layernorm.bias", f"{ours}.ln1.b", "d_model"),
            Entry(f"{qkv}.weight", weights, "(head part d_head) d_model -> part head d_model d_head"),
            Entry(f"{qkv}.bias", biases, "(head part d_head) -> part head d_head"),
            Entry(f"{dense}.weight", (f"{ours}.attn.W_O",), "d_model (head d_head) -> head d_head d_model"),
            plain(f"{dense}.bias", f"{ours}.attn.b_O", "d_model"),
            plain(f"{theirs}.post_attention_layernorm.weight", f"{ours}.ln2.w", "d_model"),
            plain(f"{theirs}.post_attention_layernorm.bias", f"{ours}.ln2.b", "d_model"),
            Entry(f"{up}.weight", (f"{ours}.mlp.W_in",), "d_mlp d_model -> d_model d_mlp"),
            plain(f"{up}.bias", f"{ours}.mlp.b_in", "d_mlp"),
            Entry(f"{down}.weight", (f"{ours}.mlp.W_out",), "d_model d_mlp -> d_mlp d_model"),
            plain(f"{down}.bias", f"{ours}.mlp.b_out", "d_model"),
        ]
    return listed
