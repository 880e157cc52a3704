"""The check file of an exercise, loaded, and the state of torch that each check starts from."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from course_utils.catalog import CourseError, Exercise, load_catalog
from course_utils.grading.compare import start_counting
from course_utils.grading.hidden import mixing, same_for_all
from course_utils.grading.mutants import Accepted, Mutant

Check = Callable[[Any], None]


@dataclass(frozen=True)
class Checks:
    """What one check file holds."""

    checks: dict[str, Check]  # in the order of the file, which is the order of teaching
    mutants: tuple[Mutant, ...]
    accepted: tuple[Accepted, ...]


def load_checks(exercise: Exercise) -> Checks:
    """The checks of an exercise. Raises CourseError when there are none."""
    path = load_catalog().chapter_of(exercise).check_file(exercise)
    if not path.exists():
        raise CourseError(f"{exercise.name} has no checks: tests/{exercise.chapter}/{path.name} is missing.")
    checks = _load_checks(path, path.stat().st_mtime_ns)
    if not checks.checks:  # else whatever there is would pass
        raise CourseError(
            f"{exercise.name} has no checks: tests/{exercise.chapter}/{path.name} defines no test_… function."
        )
    return checks


def forget_checks() -> None:
    """Load check files afresh from now on: somebody may have changed what one of them keeps for all."""
    _load_checks.cache_clear()


@lru_cache(maxsize=64)
def _load_checks(path: Path, stamp: int) -> Checks:
    name = f"glassbox_checks_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    for key, value in list(vars(module).items()):
        if hasattr(value, "cache_clear"):
            setattr(module, key, same_for_all(value))
    checks = {key: value for key, value in vars(module).items() if key.startswith("test_") and callable(value)}
    return Checks(checks, tuple(getattr(module, "MUTANTS", ())), tuple(getattr(module, "ACCEPTED", ())))


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Same random numbers and one thread for every run of a check; the learner's own state of torch is put back.

    One thread, as in the process of `course check`: the tensors are small, and on a busy machine several threads wait
    for each other.
    """
    start_counting()
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), mixing():  # from seed 0, mixed with a hidden one
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            torch.set_num_threads(threads)
