"""From a training's folder to a specimen's folder: weights, checkpoints, tokenizer and card, all of them or nothing."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from course_utils.catalog import CourseError
from course_utils.specimens.card import Card, digest, rounded, write_card
from course_utils.specimens.export import export, export_weights
from course_utils.specimens.files import CARD
from course_utils.specimens.lean import LeanGPT2
from course_utils.specimens.load import SIZES
from course_utils.specimens.recipe import Recipe
from course_utils.specimens.training import LOG, read_state, read_torch

CHECKPOINTS = "checkpoints"
FILES = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", CARD, CHECKPOINTS}


def ship(recipe: Recipe, run: Path, out: Path) -> Card:
    """Export a training as far as it has come, finished or not; its card, which has no facts yet.

    Raises CourseError for a training that can't be read or lacks a snapshot that the recipe ships, and for an `out`
    that holds anything but a specimen. Until everything is written, what was in `out` stays.
    """
    check_out(out)
    state = read_state(recipe, run)
    snapshots = {step: read_torch(run / f"step-{step}.pt") for step in recipe.ships if step <= state["step"]}
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        export(recipe, state["model"], part)
        for step, weights in snapshots.items():
            export_weights(recipe, weights, part / CHECKPOINTS / f"step-{step}.safetensors")
        card = _card(recipe, state, run, part)
        write_card(card, part)
        _swap(part, out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return card


def check_out(out: Path) -> None:
    """Raise CourseError unless a specimen may be written here: to a new folder, or over a specimen."""
    if out.exists() and not out.is_dir():
        raise CourseError(f"{out} is a file: name a folder.")
    others = sorted({path.name for path in out.glob("*")} - FILES)
    others += [path.name for path in out.glob(f"{CHECKPOINTS}/*") if path.suffix != ".safetensors"]
    if others:
        raise CourseError(f"{out} holds other files ({others[0]}): name a new folder.")


def parameter_count(recipe: Recipe) -> int:
    """Numbers that were trained: without the empty MLPs of a model of attention only."""
    return sum(weight.numel() for weight in LeanGPT2(recipe.cfg).parameters())


def _card(recipe: Recipe, state: dict[str, Any], run: Path, folder: Path) -> Card:
    return Card(
        name=recipe.name,
        purpose=recipe.purpose,
        note=recipe.note,
        tried=recipe.tried,
        sizes={size: getattr(recipe.cfg, size) for size in SIZES},
        parameters=parameter_count(recipe),
        seed=recipe.seed,
        text=dict(recipe.mixture),
        lessons=[{"after": lesson.after, "text": dict(lesson.mixture)} for lesson in recipe.lessons],
        steps=state["step"],
        tokens=state["step"] * recipe.batch * recipe.length,
        loss=_last_loss(run, state["step"]),
        weights=digest(folder),
        facts={},
    )


def _last_loss(run: Path, step: int) -> float:
    try:
        lines = [json.loads(line) for line in (run / LOG).read_text(encoding="utf-8").splitlines()]
        return rounded([line["loss"] for line in lines if line["step"] <= step][-1])
    except (OSError, ValueError, KeyError, IndexError):
        raise CourseError(
            f"{run / LOG} tells no loss up to step {step}: give the folder of a whole training."
        ) from None


def _swap(part: Path, out: Path) -> None:
    """Put a folder where another was; the older one is gone only when the newer is in its place."""
    old = out.with_name(f"{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    os.replace(part, out)
    shutil.rmtree(old, ignore_errors=True)
