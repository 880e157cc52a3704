"""A trained specimen's files: a GPT-2 directory of Hugging Face, weights rounded to 16 bits."""

import json
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from course_utils.data.microworld.tokenizer import microworld_tokenizer
from course_utils.learner.state import write_atomically
from course_utils.model.checkpoints import gpt2
from course_utils.specimens.recipe import Recipe


def export(recipe: Recipe, weights: dict[str, Tensor], folder: Path) -> None:
    """Write config.json, model.safetensors and the tokenizer's files: the same bytes for the same weights."""
    folder.mkdir(parents=True, exist_ok=True)
    cfg, tokenizer = recipe.cfg, microworld_tokenizer()
    told = {
        "model_type": gpt2.MODEL_TYPE,
        **gpt2.write_config(cfg),
        "n_inner": cfg.d_mlp or 1,
        "attn_only": cfg.attn_only,
        "tie_word_embeddings": cfg.tie_word_embeddings,
        "torch_dtype": "float32",  # what it is computed in; the file holds 16 bits
        "bos_token_id": tokenizer.bos,
        "eos_token_id": tokenizer.eos,
        "pad_token_id": tokenizer.pad,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "resid_pdrop": 0.0,
    }
    (folder / "config.json").write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    export_weights(recipe, weights, folder / "model.safetensors")
    tokenizer.save(folder)


def export_weights(recipe: Recipe, weights: dict[str, Tensor], path: Path) -> None:
    """Write one file of weights under GPT-2's names."""
    cfg, written = recipe.cfg, {}
    for name, tensor in weights.items():
        if name == gpt2.TIED:
            if not cfg.tie_word_embeddings:
                written[name] = tensor
        else:
            written[gpt2.PREFIX + name] = tensor
    if cfg.attn_only:
        written |= _empty_mlps(cfg.n_layers, cfg.d_model)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {name: tensor.to(torch.float16).contiguous() for name, tensor in written.items()}
    write_atomically(path, save(half, metadata={"format": "pt"}))


def _empty_mlps(n_layers: int, d_model: int) -> dict[str, Tensor]:
    """GPT-2 has an MLP in every block: these are one neuron wide and do nothing."""
    empty: dict[str, Tensor] = {}
    for layer in range(n_layers):
        block = f"{gpt2.PREFIX}h.{layer}"
        empty |= {
            f"{block}.ln_2.weight": torch.ones(d_model),
            f"{block}.ln_2.bias": torch.zeros(d_model),
            f"{block}.mlp.c_fc.weight": torch.zeros(d_model, 1),
            f"{block}.mlp.c_fc.bias": torch.zeros(1),
            f"{block}.mlp.c_proj.weight": torch.zeros(1, d_model),
            f"{block}.mlp.c_proj.bias": torch.zeros(d_model),
        }
    return empty
