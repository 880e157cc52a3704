"""Loads a specimen as a hooked model, after a look at whether its files belong together."""

from pathlib import Path

from course_utils.catalog import CourseError
from course_utils.model import HookedTransformer
from course_utils.model.weights import load_model
from course_utils.specimens.files import checkpoint, folder_of, recipe_of
from course_utils.specimens.recipe import Recipe

SIZES = ("n_layers", "d_model", "n_heads", "d_mlp", "n_ctx", "d_vocab")


def load(name: str, *, step: int | None = None, raw: bool = False) -> HookedTransformer:
    """See `course_utils.load_specimen`. Every call gives a model of its own, so that edits to one stay with it."""
    return load_folder(recipe_of(name), folder_of(name), step=step, raw=raw)


def load_folder(recipe: Recipe, folder: Path, *, step: int | None = None, raw: bool = False) -> HookedTransformer:
    """A specimen from any folder that it was exported to. Raises CourseError, naming the file, for what doesn't fit."""
    weights = None if step is None else checkpoint(recipe.name, folder, step)
    model = load_model(folder, raw=raw, weights=weights)
    _same_model(recipe, folder, model)
    _same_vocabulary(folder, model)
    return model.requires_grad_(False)


def _same_model(recipe: Recipe, folder: Path, model: HookedTransformer) -> None:
    for size in SIZES:
        found, wanted = getattr(model.cfg, size), getattr(recipe.cfg, size)
        if size == "d_mlp" and model.cfg.attn_only:  # where the layout keeps an empty neuron
            found = 0
        if found != wanted:
            raise CourseError(
                f"{folder} holds another model than {recipe.name}: its {size} is {found}, the recipe says {wanted}."
            )


def _same_vocabulary(folder: Path, model: HookedTransformer) -> None:
    tokenizer = model.tokenizer
    if tokenizer is None:
        raise CourseError(f"{folder} has no tokenizer.json: get the specimen's folder again.")
    if tokenizer.size != model.cfg.d_vocab:
        raise CourseError(
            f"{folder / 'tokenizer.json'} has {tokenizer.size} tokens, and config.json says {model.cfg.d_vocab}: "
            "the two files belong to different models."
        )
