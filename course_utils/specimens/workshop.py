"""What `course specimens train` and `export` do: train on, ship, measure."""

import math
from collections.abc import Callable
from pathlib import Path

from course_utils.catalog import course_root
from course_utils.specimens.files import place_of, recipe_of
from course_utils.specimens.overview import shown
from course_utils.specimens.ship import check_out, ship
from course_utils.specimens.verify import Measured, put_on_card

Say = Callable[[str], None]


def run_folder(name: str) -> Path:
    """Where a training is kept, unless told otherwise: in the course's own folder of caches."""
    return course_root() / ".course" / "specimens" / name


def train(name: str, folder: Path | None, out: Path | None, seconds: float | None, say: Say) -> bool:
    """Begin or go on with a training; at its end, ship and measure. Whether it came to its end."""
    from course_utils.specimens.training import Run

    recipe = recipe_of(name)
    folder, out = folder or run_folder(name), out or place_of(name)
    check_out(out)  # now, not hours later
    run = Run(recipe, folder)
    if run.step:
        say(f"{name}: going on from step {run.step} of {recipe.steps}.")
    if run.step < recipe.steps:
        say(f"{name}: training on {run.device.type}, kept in {folder}. Compiling for it can take a minute or two.")
    if run.step < recipe.steps and not run.train(say, math.inf if seconds is None else seconds):
        say(f"{name}: stopped after step {run.step} of {recipe.steps}. The same command goes on from there.")
        return False
    put_out(name, folder, out, say)
    return True


def put_out(name: str, folder: Path | None, out: Path | None, say: Say) -> None:
    """Ship a training as far as it has come, and measure its facts for its card."""
    folder, out = folder or run_folder(name), out or place_of(name)
    card = ship(recipe_of(name), folder, out)
    say(f"{name}: step {card.steps}, loss {shown(card.loss)}, {card.parameters:,} parameters, written to {out}.")
    for measured in put_on_card(name, out):
        say(line(measured))


def line(measured: Measured) -> str:
    """A measurement as it is put on a card."""
    mark = "✓" if measured.holds else "✗"
    return f"  {mark} {measured.fact.name:28} {shown(measured.value):>7}  {measured.fact.says}"
