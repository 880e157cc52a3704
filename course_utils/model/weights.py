"""Models in and out of Hugging Face directories: config.json, safetensors, and a tokenizer beside them.

The layouts are in `checkpoints/`, one a file. Every key and every shape is checked; the first that differs is named.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.checkpoints import gpt2, gpt_neox, llama, own
from course_utils.model.checkpoints.entry import BadCheckpoint
from course_utils.model.checkpoints.tensors import keys_in, keys_of, opened
from course_utils.model.config import HookedTransformerConfig, Norm
from course_utils.model.hub import local_folder
from course_utils.model.processing import process_weights
from course_utils.model.tokenizer import load_tokenizer
from course_utils.model.transformer import HookedTransformer

FORMATS: dict[str, ModuleType] = {
    "gpt2": gpt2,
    "gpt_neox": gpt_neox,
    "llama": llama,
    "mistral": llama,
    own.MODEL_TYPE: own,
}


def load_model(
    name_or_folder: str | Path,
    *,
    fold_ln: bool = True,
    center_writing_weights: bool = True,
    center_unembed: bool = True,
    fold_value_biases: bool = True,
    raw: bool = False,
    weights: Path | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> HookedTransformer:
    """A model from a folder, or by name from the hub where there is one (`"gpt2"`, `"EleutherAI/pythia-70m"`).

    The switches are those of `process_weights`, which keep the log-probabilities; `raw` turns all of them off.
    `weights` names another file than the folder's model.safetensors, such as a checkpoint of the same model.
    Raises CourseError for a missing folder or network, a layout that is not known here, and a tensor that does not fit.
    """
    folder = local_folder(name_or_folder)
    told = _config_file(folder)
    layout = _layout(told["model_type"], str(folder / "config.json"))
    cfg = replace(_read_config(told, layout, folder), dtype=dtype)
    model = HookedTransformer(cfg)
    copy_into(model, read_state(folder, layout, cfg, weights))
    model.tokenizer = load_tokenizer(folder)
    model = model.to(device).requires_grad_(True)
    if raw:
        return model
    return process_weights(
        model,
        fold_ln=fold_ln,
        center_writing_weights=center_writing_weights,
        center_unembed=center_unembed,
        fold_value_biases=fold_value_biases,
    )


def save_model(model: HookedTransformer, folder: str | Path, layout: str = own.MODEL_TYPE) -> None:
    """Write config.json and model.safetensors, and tokenizer.json if the model has one.

    `layout` is "gpt2", "gpt_neox", "llama", "mistral" or our own. Raises CourseError, naming the first, when the model
    has something that the layout has no place for.

    >>> import tempfile
    >>> cfg = HookedTransformerConfig(n_layers=1, d_model=8, n_heads=2, n_ctx=6, d_vocab=10)
    >>> model, tokens = HookedTransformer(cfg), torch.tensor([[1, 2, 3]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, folder)
    ...     again = load_model(folder, raw=True)
    >>> torch.equal(again(tokens), model(tokens))
    True
    """
    chosen = _layout(layout, "layout")
    cfg, folder = model.cfg, Path(folder)
    told = {"model_type": chosen.MODEL_TYPE, "tie_word_embeddings": cfg.tie_word_embeddings, **chosen.write_config(cfg)}
    _same_model(cfg, chosen, told, layout)
    state = dict(model.state_dict())
    written: dict[str, Tensor] = {}
    for entry in chosen.entries(cfg):
        prefix = "" if entry.theirs == chosen.TIED else chosen.PREFIX
        written[prefix + entry.theirs] = entry.write(state, cfg).detach()
        for name in entry.ours:
            del state[name]
    for name, left in state.items():
        if left.any():
            raise CourseError(f"The {layout} layout has no place for {name}, which isn't zero: save without `layout`.")
    folder.mkdir(parents=True, exist_ok=True)
    told["torch_dtype"] = str(cfg.dtype).removeprefix("torch.")
    told |= {f"{kind}_token_id": getattr(model.tokenizer, kind, None) for kind in ("bos", "eos", "pad")}
    (folder / "config.json").write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    save_file(written, folder / "model.safetensors", metadata={"format": "pt"})
    if model.tokenizer is not None:
        model.tokenizer.save(folder)


def read_state(
    folder: Path, layout: ModuleType, cfg: HookedTransformerConfig, weights: Path | None = None
) -> dict[str, Tensor]:
    """Our parameters from a checkpoint's files. Parameters that the layout has no place for stay out."""
    listed = keys_of(folder) if weights is None else keys_in(weights)
    where = {key.removeprefix(layout.PREFIX): (path, key) for path, key in listed}
    state: dict[str, Tensor] = {}
    wanted = layout.entries(cfg)
    for entry in wanted:
        if entry.theirs not in where:
            raise BadCheckpoint(
                f"{folder} has no {layout.PREFIX}{entry.theirs}: the file is cut off or of another model."
            )
        path, key = where[entry.theirs]
        with opened(path) as tensors:
            state |= entry.read(tensors.get_tensor(key), cfg)
    known = {entry.theirs for entry in wanted} | ({layout.TIED} if cfg.tie_word_embeddings else set())
    for name in where:
        if name not in known and not re.fullmatch(layout.IGNORED, name):
            raise BadCheckpoint(f"{folder} has {where[name][1]}, which this model has no place for: check config.json.")
    return state


def copy_into(model: HookedTransformer, state: Mapping[str, Tensor]) -> None:
    """Copy weights in, keeping each parameter's own dtype and memory layout; biases that aren't given become zero."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in state:
                parameter.copy_(state[name])
            elif name.rpartition(".")[2].startswith("b"):
                parameter.zero_()
            else:
                raise BadCheckpoint(f"There is no {name} among the weights.")


def _config_file(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.exists():
        raise CourseError(f"{folder} has no config.json: give the folder of a saved model.")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadCheckpoint(f"{path} can't be read ({error}): fetch it again.") from None
    return {"model_type": "(none)"} | told


def _layout(kind: str, where: str) -> ModuleType:
    if kind not in FORMATS:
        raise CourseError(f"{where} says {kind!r}: the layouts known here are {', '.join(FORMATS)}.")
    return FORMATS[kind]


def _read_config(told: dict[str, Any], layout: ModuleType, folder: Path) -> HookedTransformerConfig:
    for name, wanted in layout.REQUIRED.items():
        if told.get(name, wanted) != wanted:
            raise CourseError(f"{folder / 'config.json'} sets {name} to {told[name]!r}: only {wanted!r} is known here.")
    try:
        return HookedTransformerConfig(**layout.read_config(told))
    except KeyError as missing:
        raise CourseError(f"{folder / 'config.json'} lacks or has an unknown {missing}: is the file whole?") from None


def _same_model(cfg: HookedTransformerConfig, layout: ModuleType, told: dict[str, Any], name: str) -> None:
    """Refuse to write a config.json that would be read back as another model."""
    back = HookedTransformerConfig(**layout.read_config(told))
    names = HookedTransformerConfig.__dataclass_fields__
    for field in sorted(names, key=lambda name: type(getattr(cfg, name)) is int):  # sizes last
        ours, theirs = getattr(cfg, field), getattr(back, field)
        if ours != theirs and field not in ("dtype", "seed", "init_range", "default_prepend_bos"):
            hint = " The weights are processed: load with raw=True." if isinstance(ours, Norm) else ""
            raise CourseError(f"The {name} layout can't say {field}={ours!r}: save without `layout`.{hint}")
