"""What a learner's function or class builds on: other exercises that fail may be the reason why this one does."""

import contextlib
import inspect
import types
from collections.abc import Callable, Collection, Iterator
from types import FunctionType, ModuleType
from typing import Any

import torch

from course_utils.catalog import Exercise, load_catalog
from course_utils.grading.frames import is_theirs
from course_utils.grading.names import globals_read, nearest
from course_utils.grading.printed import Printed
from course_utils.grading.verdict import Outcome, Verdict

FAILED = (Outcome.WRONG, Outcome.CRASHED)
Judge = Callable[[Exercise, Any], Verdict]
Used = Callable[..., dict[str, Any]]


def with_reasons_elsewhere(
    exercise: Exercise, thing: Any, verdict: Verdict, judge: Judge, used: Used | None = None
) -> Verdict:
    """A failed verdict, with what lies outside of this exercise said in it: a call of another exercise that fails
    its own checks, a variable of the notebook.

    judge: judges another exercise, on the learner's own version of it.
    used: `exercises_used`, for a thing that lives in another process.
    """
    try:
        return _blame(exercise, thing, _name_strangers(thing, verdict), judge, used or exercises_used)
    except Exception:  # objects that answer nothing we ask
        return verdict


def _blame(exercise: Exercise, thing: Any, verdict: Verdict, judge: Judge, exercises_used: Used) -> Verdict:
    catalog = load_catalog()
    names = {other.name for other in catalog.exercises} - {exercise.name}
    used = exercises_used(thing, names)
    for other in catalog.exercises:  # in their order, so that the first to fail is the root of it
        if other.name not in used:
            continue
        with contextlib.redirect_stdout(Printed()), contextlib.redirect_stderr(Printed()):
            outcome = judge(other, used[other.name]).outcome
        if outcome is Outcome.TIMEOUT:  # the time of this exercise is over: nothing more can be said
            return verdict
        if outcome in FAILED:
            verb = "calls" if other.name in exercises_used(thing, names, direct=True) else "builds on"
            lead = (
                f"{exercise.name} {verb} {other.name}, which doesn't pass its own checks yet: mend {other.name} first."
            )
            says = f"{lead} {verdict.says}"
            return verdict.with_(says=says, diagnosis=None, belief=None, next_step=f"course hint {other.name}")
    return verdict


def exercises_used(thing: Any, names: Collection[str], *, direct: bool = False) -> dict[str, Any]:
    """Which of the named exercises the code of `thing` reads, in helpers of its file too, and what they are there.

    direct: leave out what only another exercise reads.
    """
    found: dict[str, Any] = {}
    for name, value in _reads(thing, through=lambda name: not (direct and name in names)):
        if name in names and any(_functions(value)):
            found[name] = value
    return found


def _reads(
    thing: Any, through: Callable[[str], bool] = lambda name: True, seen: set[int] | None = None
) -> Iterator[tuple[str, Any]]:
    """Each global that the code of `thing` reads, with its value; then what the functions and classes among them read.

    through: whether to look into the function or class of this name.
    """
    seen = set() if seen is None else seen
    for function in _functions(thing):
        if id(function) in seen:
            continue
        seen.add(id(function))
        for name in sorted(globals_read(function.__code__)):
            if name in function.__globals__:
                value = function.__globals__[name]
                yield name, value
                if through(name):
                    yield from _reads(value, through, seen)


def _functions(thing: Any) -> Iterator[FunctionType]:
    """The learner's own functions in a function or class."""
    if isinstance(thing, type):
        for base in thing.__mro__:
            if base.__module__.partition(".")[0] not in ("builtins", "torch"):
                for part in vars(base).values():
                    part = getattr(part, "fget", getattr(part, "__func__", part))
                    yield from () if isinstance(part, type) else _functions(part)
        return
    if isinstance(thing, FunctionType):
        inside = inspect.unwrap(thing)
        if isinstance(inside, FunctionType) and is_theirs(inside.__code__.co_filename):
            yield inside


def _name_strangers(thing: Any, verdict: Verdict) -> Verdict:
    """Say which variable of the notebook the code reads: what is meant is as a rule an argument."""
    for function in _functions(thing):
        if function.__globals__.get("__name__") != "__main__":  # no live notebook
            return verdict
        for name in sorted(globals_read(function.__code__)):
            if name in function.__globals__ and _is_variable(name, function.__globals__[name]):
                near = nearest(name, function.__code__.co_varnames, 0.7)
                remedy = f"did you mean {near}?" if near else "take it as an argument, for a check knows no other cell."
                return verdict.with_(says=f"{verdict.says} `{name}` comes from another cell of the notebook: {remedy}")
    return verdict


def _is_variable(name: str, value: Any) -> bool:
    """Whether a global is a variable, and not an import, a definition, or a constant by its name."""
    if name.isupper() or name.startswith("_") or isinstance(value, ModuleType | torch.dtype | types.GenericAlias):
        return False
    return isinstance(value, torch.nn.Module) or not (callable(value) or type(value).__module__ in ("typing", "types"))
