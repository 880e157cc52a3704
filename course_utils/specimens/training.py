"""Trains a specimen from its recipe: on a GPU or a CPU, with progress, a log, and a state that it can resume from."""

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.data.microworld.text import Microworld
from course_utils.specimens.lean import LeanGPT2
from course_utils.specimens.recipe import Recipe

STATE, LOG = "state.pt", "log.jsonl"
EVERY = 100  # steps between two lines of the log


class Run:
    """One training in a folder: what is there already is gone on with.

    Raises CourseError if the folder holds a training from another recipe, or one that can't be read.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(recipe.seed)
        self.model = LeanGPT2(recipe.cfg).to(self.device)
        self.optimizer = torch.optim.AdamW(_groups(self.model, recipe), lr=recipe.learning_rate, betas=(0.9, 0.98))
        self.step = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CourseError(f"{folder} can't hold a training ({error.strerror}): name another folder.") from None
        if (folder / STATE).exists():
            self._resume()

    def train(self, tell: Callable[[str], None] = print, seconds: float = math.inf) -> bool:
        """Train to the end, or for so many seconds; whether the end was reached."""
        loss_of = _compiled(self.model, self.recipe)
        began = said = time.monotonic()
        for tokens in self._batches():
            loss = self._update(loss_of, tokens)
            if self.step % EVERY == 0 or self.step == self.recipe.steps:
                rate = EVERY * tokens.numel() / (time.monotonic() - said)
                said = time.monotonic()
                self._note(loss.item(), rate, tell)
            if self.step in self.recipe.snapshots:
                _write(self.folder / f"step-{self.step}.pt", self._weights())
            if self.step % (10 * EVERY) == 0 or self.step == self.recipe.steps:
                self.save()
            if time.monotonic() - began > seconds:
                self.save()
                break
        return self.step >= self.recipe.steps

    def save(self) -> None:
        """Keep the state that `Run` goes on from."""
        state = {"recipe": _told(self.recipe), "step": self.step, "optimizer": self.optimizer.state_dict()}
        _write(self.folder / STATE, state | {"model": self._weights()})

    def _update(self, loss_of: Callable[[Tensor], Tensor], tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, ""]:
        for group in self.optimizer.param_groups:
            group["lr"] = _learning_rate(self.recipe, self.step)
        with torch.autocast(self.device.type, torch.bfloat16):
            loss = loss_of(tokens)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        return loss.detach()

    def _batches(self) -> Iterator[Int[Tensor, "batch pos"]]:
        """Each step's text follows from the seed and the step, so that a resumed training reads what it would have."""
        recipe = self.recipe

        def text(step: int) -> Int[Tensor, "batch pos"]:
            seed = recipe.seed * 10_000_000 + step + 1
            return Microworld(seed, recipe.lesson_at(step)[0].mixture).batch(recipe.batch, recipe.length)

        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(text, self.step)
            for step in range(self.step, recipe.steps):
                tokens, coming = coming.result(), ahead.submit(text, step + 1)
                yield tokens.to(self.device)

    def _note(self, loss: float, rate: float, tell: Callable[[str], None]) -> None:
        recipe = self.recipe
        left = (recipe.steps - self.step) * recipe.batch * recipe.length / rate
        line = {"step": self.step, "loss": round(loss, 4), "tokens_a_second": round(rate)}
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        done = f"{recipe.name}: step {self.step}/{recipe.steps}"
        tell(f"{done}  loss {loss:.3f}  {rate:,.0f} tokens/s  {left / 60:.0f} min left")

    def _weights(self) -> dict[str, Tensor]:
        return {name: weight.detach().cpu() for name, weight in self.model.state_dict().items()}

    def _resume(self) -> None:
        state = read_state(self.recipe, self.folder, self.device)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


def read_state(recipe: Recipe, folder: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """The state that a training left in its folder: recipe, step, model, optimizer.

    Raises CourseError if there is none, if it can't be read, and if it is of another recipe or vocabulary.
    """
    state = read_torch(folder / STATE, device)
    for field, wanted in _told(recipe).items():
        found = state.get("recipe", {}).get(field)
        if found != wanted:
            raise CourseError(
                f"{folder} holds a training from another recipe ({field} is {found!r}, that of {recipe.name} is "
                f"{wanted!r}): name another folder, or remove it."
            )
    if state["model"]["wte.weight"].shape[0] != recipe.cfg.d_vocab:
        raise CourseError(f"{folder} holds a training with another vocabulary: name another folder, or remove it.")
    return state


def read_torch(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What a training wrote into one file. Raises CourseError if it isn't there or can't be read."""
    try:
        read: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise CourseError(f"There is no {path.name} in {path.parent}: give the folder of a training.") from None
    except Exception as error:  # torch has many kinds for a file that is cut off or no file of its own
        raise CourseError(
            f"{path} can't be read ({type(error).__name__}): remove it, and what it held is trained again."
        ) from None
    return read


def _groups(model: LeanGPT2, recipe: Recipe) -> list[dict[str, Any]]:
    """Matrices decay; biases, gains and embeddings don't."""
    matrices = [w for name, w in model.named_parameters() if w.ndim == 2 and name.startswith("h.")]
    others = [w for name, w in model.named_parameters() if not (w.ndim == 2 and name.startswith("h."))]
    return [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]


def _learning_rate(recipe: Recipe, step: int) -> float:
    """In each lesson a linear warm-up, then half a cosine down to a tenth."""
    lesson, end = recipe.lesson_at(step)
    step, steps = step - lesson.after, end - lesson.after
    if step < recipe.warm_up:
        return lesson.learning_rate * (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(1, steps - recipe.warm_up)
    return lesson.learning_rate * (0.55 + 0.45 * math.cos(math.pi * done))


def _compiled(model: LeanGPT2, recipe: Recipe) -> Callable[[Tensor], Tensor]:
    """The loss, compiled where a compiler is at hand: twice as fast on a CPU."""
    device = model.wte.weight.device
    try:
        compiled = torch.compile(model.loss)
        with torch.autocast(device.type, torch.bfloat16):
            compiled(torch.zeros(recipe.batch, recipe.length, dtype=torch.long, device=device))
    except Exception:  # no C++ compiler, or one that torch can't use: each raises its own
        return model.loss
    return compiled


def _told(recipe: Recipe) -> dict[str, Any]:
    """What the weights follow from; words about them may change."""
    words = ("purpose", "note", "tried", "snapshots", "ships")
    return {field: told for field, told in asdict(recipe).items() if field not in words}


def _write(path: Path, state: object) -> None:
    """Write beside, then rename: an interrupted write loses nothing."""
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    os.replace(beside, path)
