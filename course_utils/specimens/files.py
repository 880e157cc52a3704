"""Where a specimen's files are, and which specimens there are."""

import difflib
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course_utils.catalog import CourseError
from course_utils.specimens.recipe import Recipe

HERE = Path(__file__).parent
WEIGHTS = HERE / "weights"
CARD = "card.json"
_ELSEWHERE: dict[str, Path] = {}


def names() -> list[str]:
    """Every specimen that has a recipe."""
    return sorted(path.stem.replace("_", "-") for path in (HERE / "recipes").glob("[a-z]*.py"))


def recipe_of(name: str) -> Recipe:
    """A specimen's recipe. Raises CourseError, with the nearest names, for one that isn't there."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=2, cutoff=0.3) or names()
        raise CourseError(f"There is no specimen {name!r}: there is {', '.join(near)} (`course specimens` lists all).")
    found: Recipe = importlib.import_module(f"course_utils.specimens.recipes.{name.replace('-', '_')}").RECIPE
    return found


def place_of(name: str) -> Path:
    """Where a specimen's shipped weights belong, whether they are there or not."""
    return _ELSEWHERE.get(name, WEIGHTS / name)


@contextmanager
def placed(name: str, folder: Path) -> Iterator[None]:
    """While this lasts, the specimen is the one in this folder: for facts that look at its checkpoints by its name."""
    before = _ELSEWHERE.get(name)
    _ELSEWHERE[name] = folder
    try:
        yield
    finally:
        del _ELSEWHERE[name]
        if before is not None:
            _ELSEWHERE[name] = before


def folder_of(name: str) -> Path:
    """Where a specimen's shipped weights are. Raises CourseError for an unknown name and for one not trained yet."""
    recipe_of(name)
    folder = place_of(name)
    if not folder.is_dir():
        raise CourseError(f"The weights of {name} are not here: train them with `course specimens train {name}`.")
    return folder


def shipped() -> list[str]:
    """The specimens whose weights are here."""
    return [name for name in names() if place_of(name).is_dir()]


def steps_of(name: str) -> list[int]:
    """The checkpoints from the middle of the training that it ships, by their step."""
    return steps_in(folder_of(name))


def steps_in(folder: Path) -> list[int]:
    """The same for any folder of a specimen."""
    return sorted(int(path.stem.removeprefix("step-")) for path in folder.glob("checkpoints/step-*.safetensors"))


def checkpoint(name: str, folder: Path, step: int) -> Path:
    """The weights of one step. Raises CourseError, with the steps that there are, for another one."""
    steps = steps_in(folder)
    if step not in steps:
        raise CourseError(
            f"{name} ships no checkpoint of step {step}: there is {', '.join(map(str, steps)) or 'none'}."
        )
    return folder / "checkpoints" / f"step-{step}.safetensors"
