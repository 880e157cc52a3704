"""What a checkpoint's files hold: the names of its tensors, and the files opened to read them."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from course_utils.model.checkpoints.entry import BadCheckpoint


def keys_of(folder: Path) -> list[tuple[Path, str]]:
    """Every tensor's file and name, from one file or the several that an index names."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return [(folder / file, key) for key, file in listed.items()]
    single = folder / "model.safetensors"
    if not single.exists():
        raise BadCheckpoint(f"{folder} has no model.safetensors: save the model with safe_serialization=True.")
    return keys_in(single)


def keys_in(path: Path) -> list[tuple[Path, str]]:
    """Every tensor of one file, as above."""
    with opened(path) as tensors:
        return [(path, key) for key in tensors.keys()]  # noqa: SIM118 (it is no dictionary)


def opened(path: Path) -> Any:
    """A safetensors file. Raises BadCheckpoint for one that isn't there or is cut off."""
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as error:
        raise BadCheckpoint(f"{path} can't be read ({error}): fetch it again.") from None
