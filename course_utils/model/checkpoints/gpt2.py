"""GPT-2: learned positions, LayerNorm, weights stored `[in out]`, queries, keys and values side by side."""

from typing import Any

from course_utils.model.checkpoints.entry import Entry, plain
from course_utils.model.config import HookedTransformerConfig

MODEL_TYPE = "gpt2"
PREFIX = "transformer."
# The causal mask, which old files hold, and the empty MLPs of a model of attention only (see `read_config`).
IGNORED = r"h\.\d+\.(attn\.(bias|masked_bias)|(ln_2|mlp\..*)\.(weight|bias))"
TIED = "lm_head.weight"
ACTIVATIONS = {"gelu_new": "gelu_new", "gelu_pytorch_tanh": "gelu_new", "gelu": "gelu", "relu": "relu", "silu": "silu"}
REQUIRED = {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False}


def read_config(told: dict[str, Any]) -> dict[str, Any]:
    """Fields of our configuration from those of config.json.

    GPT-2 has no model without MLPs. A checkpoint of ours that says `attn_only` holds MLPs of width 1 that are all zero,
    so that any library reads it; here they are left out.
    """
    return {
        "attn_only": told.get("attn_only", False),
        "n_layers": told["n_layer"],
        "d_model": told["n_embd"],
        "n_heads": told["n_head"],
        "d_mlp": told.get("n_inner") or 4 * told["n_embd"],
        "n_ctx": told["n_positions"],
        "d_vocab": told["vocab_size"],
        "eps": told.get("layer_norm_epsilon", 1e-5),
        "act_fn": ACTIVATIONS[told.get("activation_function", "gelu_new")],
        "normalization_type": "LN",
        "tie_word_embeddings": told.get("tie_word_embeddings", True),
    }


def write_config(cfg: HookedTransformerConfig) -> dict[str, Any]:
    """config.json's fields from ours."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "n_layer": cfg.n_layers,
        "n_embd": cfg.d_model,
        "n_head": cfg.n_heads,
        "n_inner": cfg.d_mlp,
        "n_positions": cfg.n_ctx,
        "n_ctx": cfg.n_ctx,
        "vocab_size": cfg.d_vocab,
        "layer_norm_epsilon": cfg.eps,
        "activation_function": str(cfg.act_fn),
    }


def entries(cfg: HookedTransformerConfig) -> list[Entry]:
    """Every tensor of a checkpoint."""
    listed = [
        plain("wte.weight", "embed.W_E", "d_vocab d_model"),
        plain("wpe.weight", "pos_embed.W_pos", "n_ctx d_model"),
        plain("ln_f.weight", "ln_final.w", "d_model"),
        plain("ln_f.bias", "ln_final.b", "d_model"),
    ]
    if not cfg.tie_word_embeddings:
        listed.append(Entry(TIED, ("unembed.W_U",), "d_vocab_out d_model -> d_model d_vocab_out"))
    for layer in range(cfg.n_layers):
        ours, theirs = f"blocks.{layer}", f"h.{layer}"
        weights = tuple(f"{ours}.attn.W_{part}" for part in "QKV")
        biases = tuple(f"{ours}.attn.b_{part}" for part in "QKV")
        listed += [
            plain(f"{theirs}.ln_1.weight", f"{ours}.ln1.w", "d_model"),
            plain(f"{theirs}.ln_1.bias", f"{ours}.ln1.b", "d_model"),
            Entry(f"{theirs}.attn.c_attn.weight", weights, "d_model (part head d_head) -> part head d_model d_head"),
            Entry(f"{theirs}.attn.c_attn.bias", biases, "(part head d_head) -> part head d_head"),
            Entry(
                f"{theirs}.attn.c_proj.weight", (f"{ours}.attn.W_O",), "(head d_head) d_model -> head d_head d_model"
            ),
            plain(f"{theirs}.attn.c_proj.bias", f"{ours}.attn.b_O", "d_model"),
        ]
        if cfg.attn_only:
            continue
        listed += [
            plain(f"{theirs}.ln_2.weight", f"{ours}.ln2.w", "d_model"),
            plain(f"{theirs}.ln_2.bias", f"{ours}.ln2.b", "d_model"),
            plain(f"{theirs}.mlp.c_fc.weight", f"{ours}.mlp.W_in", "d_model d_mlp"),
            plain(f"{theirs}.mlp.c_fc.bias", f"{ours}.mlp.b_in", "d_mlp"),
            plain(f"{theirs}.mlp.c_proj.weight", f"{ours}.mlp.W_out", "d_mlp d_model"),
            plain(f"{theirs}.mlp.c_proj.bias", f"{ours}.mlp.b_out", "d_model"),
        ]
    return listed
