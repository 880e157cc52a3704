"""Rewriting weights so that they are easier to read, without changing what the model predicts.

Each step takes a state and a configuration and returns new ones; log-probabilities stay the same to rounding.
"""

from dataclasses import replace

import torch
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import HookedTransformerConfig, Norm
from course_utils.model.transformer import HookedTransformer

State = dict[str, Tensor]


def process_weights(
    model: HookedTransformer,
    *,
    fold_ln: bool = True,
    center_writing_weights: bool = True,
    center_unembed: bool = True,
    fold_value_biases: bool = True,
) -> HookedTransformer:
    """A new model with the chosen steps done in this order. Steps that don't apply (centring without LayerNorm, folding
    a norm that has no weights) leave everything as it is. A tied unembedding is untied.

    >>> cfg = HookedTransformerConfig(n_layers=1, d_model=8, n_heads=2, n_ctx=6, d_vocab=10)
    >>> model, tokens = HookedTransformer(cfg), torch.tensor([[1, 2, 3]])
    >>> done = process_weights(model)
    >>> torch.allclose(done(tokens).log_softmax(-1), model(tokens).log_softmax(-1), atol=1e-5), done.ln_final.w
    (True, None)
    """  # fmt: skip
    state = {name: parameter.detach().double() for name, parameter in model.named_parameters()}
    state["unembed.W_U"] = model.unembed.W_U.detach().double()
    cfg = replace(model.cfg, tie_word_embeddings=False)
    if fold_ln and cfg.normalization_type in (Norm.LN, Norm.RMS):
        cfg = fold_layer_norms(state, cfg)
    if center_writing_weights and cfg.normalization_type in (Norm.LN, Norm.LN_PRE):
        centre_writing_weights(state, cfg)
    if center_unembed:
        centre_unembedding(state)
    if fold_value_biases:
        fold_biases_of_values(state, cfg)
    processed = HookedTransformer(cfg).to(model.device)
    with torch.no_grad():
        for name, parameter in processed.named_parameters():
            parameter.copy_(state[name])
    processed.tokenizer = model.tokenizer
    return processed


def fold_layer_norms(state: State, cfg: HookedTransformerConfig) -> HookedTransformerConfig:
    """Move each normalisation's scale and shift into the weights that read it; what is left has none.

    LayerNorm's output has no mean, so the readers' share along (1, 1, ..., 1) does nothing and is taken out.
    """
    centred = cfg.normalization_type is Norm.LN
    for layer in range(cfg.n_layers):
        block = f"blocks.{layer}"
        w, b = _take(state, f"{block}.ln1")
        for part in "QKV":
            weights = state[f"{block}.attn.W_{part}"]
            state[f"{block}.attn.b_{part}"] = state[f"{block}.attn.b_{part}"] + torch.einsum("m,hmd->hd", b, weights)
            state[f"{block}.attn.W_{part}"] = _scaled(weights, w, centred)
        if cfg.attn_only:
            continue
        w, b = _take(state, f"{block}.ln2")
        if cfg.gated_mlp and b.any():
            raise CourseError(f"{block}.ln2.b can't be folded: a gate has no bias to take it. Pass fold_ln=False.")
        state[f"{block}.mlp.b_in"] = state[f"{block}.mlp.b_in"] + b @ state[f"{block}.mlp.W_in"]
        for name in ["W_in", "W_gate"] if cfg.gated_mlp else ["W_in"]:
            state[f"{block}.mlp.{name}"] = _scaled(state[f"{block}.mlp.{name}"], w, centred)
    w, b = _take(state, "ln_final")
    state["unembed.b_U"] = state["unembed.b_U"] + b @ state["unembed.W_U"]
    state["unembed.W_U"] = _scaled(state["unembed.W_U"], w, centred)
    return replace(cfg, normalization_type=Norm.LN_PRE if centred else Norm.RMS_PRE)


def centre_writing_weights(state: State, cfg: HookedTransformerConfig) -> None:
    """Take the mean out of everything that writes to the residual stream: LayerNorm would do so anyway."""
    writers = ["embed.W_E", "pos_embed.W_pos"]
    for layer in range(cfg.n_layers):
        writers += [f"blocks.{layer}.{name}" for name in ("attn.W_O", "attn.b_O", "mlp.W_out", "mlp.b_out")]
    for name in writers:
        if name in state:
            state[name] = state[name] - state[name].mean(dim=-1, keepdim=True)


def centre_unembedding(state: State) -> None:
    """Take the mean over the vocabulary out of the logits: softmax does not see it."""
    for name in ("unembed.W_U", "unembed.b_U"):
        state[name] = state[name] - state[name].mean(dim=-1, keepdim=True)


def fold_biases_of_values(state: State, cfg: HookedTransformerConfig) -> None:
    """Move `b_V` through `W_O` into `b_O`: a pattern's rows sum to 1, so the bias arrives whole."""
    group = cfg.n_heads // cfg.n_key_value_heads
    for layer in range(cfg.n_layers):
        attn = f"blocks.{layer}.attn"
        values = state[f"{attn}.b_V"].repeat_interleave(group, dim=0)
        state[f"{attn}.b_O"] = state[f"{attn}.b_O"] + torch.einsum("hd,hdm->m", values, state[f"{attn}.W_O"])
        state[f"{attn}.b_V"] = torch.zeros_like(state[f"{attn}.b_V"])


def _take(state: State, norm: str) -> tuple[Tensor, Tensor]:
    """A normalisation's weights, removed from the state; RMSNorm has no shift."""
    w = state.pop(f"{norm}.w")
    return w, state.pop(f"{norm}.b", torch.zeros_like(w))


def _scaled(weights: Tensor, w: Tensor, centred: bool) -> Tensor:
    """Weights `[... d_model out]` with each input dimension scaled by `w`, and their mean over inputs taken out."""
    weights = weights * w[:, None]
    return weights - weights.mean(dim=-2, keepdim=True) if centred else weights
