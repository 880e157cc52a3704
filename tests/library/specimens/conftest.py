"""A tiny specimen that is trained on the spot, beside the ones that ship."""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported: nothing here needs the hub

import pytest
import torch

from course_utils.specimens import files, training
from course_utils.specimens.facts import Fact
from course_utils.specimens.load import load_folder
from course_utils.specimens.recipe import Recipe
from course_utils.specimens.ship import ship
from course_utils.specimens.training import Run

TINY = Recipe(
    name="tiny",
    purpose="the tests",
    n_layers=2,
    d_model=16,
    n_heads=2,
    d_mlp=12,
    steps=12,
    warm_up=3,
    batch=4,
    length=32,
    learning_rate=1e-2,
    snapshots=(4, 8),
    ships=(4,),
    mixture={"letters": 1, "years": 2},
)
RECIPES = {"tiny": TINY, "tiny-attn-only": replace(TINY, name="tiny-attn-only", d_mlp=0, tied=False)}


@dataclass(frozen=True)
class Specimen:
    """A recipe with a folder that it was exported to; `run` is the training's own, where there is one."""

    recipe: Recipe
    folder: Path
    run: Path | None = None

    def load(self, **kwargs):
        return load_folder(self.recipe, self.folder, **kwargs)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """Compiling takes longer than these trainings."""
    monkeypatch.setattr(training, "_compiled", lambda model, recipe: model.loss)


@pytest.fixture(scope="session")
def specimen(tmp_path_factory):
    """`specimen(name)`: a shipped one, or one of RECIPES, trained for twelve steps and exported."""
    made = {}

    def make(name):
        if name not in RECIPES:
            return Specimen(files.recipe_of(name), files.WEIGHTS / name)
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(training, "_compiled", lambda model, recipe: model.loss)
                assert Run(RECIPES[name], folder / "run").train(tell=lambda line: None)
            ship(RECIPES[name], folder / "run", folder / "out")
            made[name] = Specimen(RECIPES[name], folder / "out", folder / "run")
        return made[name]

    return make


@pytest.fixture
def tiny(specimen):
    return specimen("tiny")


@pytest.fixture
def known(monkeypatch, tmp_path):
    """The tiny specimens, with one fact each, as if they came with the course; their folder of weights, empty."""
    weights = tmp_path / "weights"
    for name, recipe in RECIPES.items():
        slug = name.replace("-", "_")
        for package, content in (("recipes", {"RECIPE": recipe}), ("facts", {"FACTS": facts_of_tiny()})):
            module = ModuleType(f"course_utils.specimens.{package}.{slug}")
            vars(module).update(content)
            monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(files, "names", lambda: sorted(RECIPES))
    monkeypatch.setattr(files, "WEIGHTS", weights)
    return weights


def facts_of_tiny():
    def layers(model):
        return float(model.cfg.n_layers)

    def width(model):
        return model.W_E.norm().item()

    return (
        Fact(name="layers", says="Layers", measure=layers, at_least=2),
        Fact(name="width", says="Norm of the embedding", measure=width),
    )
