"""Where a specimen's files are, and which specimens there are. Imports no torch."""

import difflib
import importlib
from pathlib import Path

from course_utils.catalog import CourseError
from course_utils.specimens.recipe import Recipe

HERE = Path(__file__).parent
WEIGHTS = HERE / "weights"
CARD = "card.json"


def names() -> list[str]:
    """Every specimen that has a recipe."""
    return sorted(path.stem.replace("_", "-") for path in (HERE / "recipes").glob("[a-z]*.py"))


def recipe_of(name: str) -> Recipe:
    """A specimen's recipe. Raises CourseError, with the nearest names, for one that isn't there."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=2, cutoff=0.3) or names()
        raise CourseError(f"There is no specimen {name!r}: there is {' and '.join(near)} (`course specimens` lists all).")
    found: Recipe = importlib.import_module(f"course_utils.specimens.recipes.{name.replace('-', '_')}").RECIPE
    return found


def folder_of(name: str) -> Path:
    """Where a specimen's shipped weights are. Raises CourseError for an unknown name and for one not trained yet."""
    recipe_of(name)
    folder = WEIGHTS / name
    if not folder.is_dir():
        raise CourseError(f"The weights of {name} are not here: train them with `course specimens train {name}`.")
    return folder


def steps_of(name: str) -> list[int]:
    """The checkpoints from the middle of the training that it ships, by their step."""
    return sorted(int(path.stem.removeprefix("step-")) for path in folder_of(name).glob("checkpoints/step-*.safetensors"))
