"""Names: which ones a piece of code reads, and which one was meant where a NameError came. Imports no torch."""

import builtins
import difflib
import dis
import traceback
from collections.abc import Collection, Iterable, Iterator
from types import CodeType, FrameType
from typing import Any

WELL_KNOWN = {  # how they are imported as a rule
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "np": "import numpy as np",
    "math": "import math",
    "einops": "import einops",
    "Tensor": "from torch import Tensor",
}


def globals_read(code: CodeType) -> set[str]:
    """The global names that this code reads, in the functions inside it too."""
    instructions = list(dis.get_instructions(code))
    stored = {i.argval for i in instructions if i.opname == "STORE_NAME"}
    names = {i.argval for i in instructions if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")} - stored
    return names.union(*(globals_read(constant) for constant in code.co_consts if isinstance(constant, CodeType)))


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most like this one, whatever the case of its letters.

    >>> nearest("w_e", ["W_E", "words"]), nearest("gelu", ["gelu_new", "len"]), nearest("x", ["y"])
    ('W_E', 'gelu_new', None)
    """
    lower = {key.lower(): key for key in sorted(known) if key != name and not key.startswith(("__", "."))}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=cutoff)
    return lower[near[0]] if near else None


def remedy_for_name(error: NameError, skipped: Collection[str], exercise: str) -> str | None:
    """What to do about a NameError, to be put behind its message; None where nothing fits.

    What stands nearest comes first: attributes and locals of the function, modules, the names of the file.
    skipped: names that the learner's file binds in cells that a check does not run.
    """
    name, frame = error.name, _innermost(error)
    if not name or frame is None:
        return None
    attributes = set(_attributes(frame.f_locals.get("self")))
    if name in skipped:  # what their file says of the name comes before any guess
        meant = f"self.{name}" if name in attributes else nearest(name, _local_names(frame), 0.75)
        return made_elsewhere(name, exercise) + (f" Or did you mean {meant}?" if meant else "")
    if name in attributes:
        return f": did you mean self.{name}?"
    if near := nearest(name, _local_names(frame)):
        return f": did you mean {near}?"
    if near := nearest(name, attributes, 0.7):
        return f": did you mean self.{near}?"
    if name in WELL_KNOWN:
        return f": `{name}` is not imported (`{WELL_KNOWN[name]}`)."
    near = nearest(name, frame.f_globals) or nearest(name, vars(builtins), 0.7)
    return f": did you mean {near}?" if near else None


def made_elsewhere(name: str, exercise: str) -> str:
    """What to put behind a NameError on a name that the learner's file makes where a check doesn't run it."""
    return (
        f". `{name}` is made by code at the top level that a check does not run: "
        f"take it as an argument, or compute it inside {exercise}."
    )


def _innermost(error: BaseException) -> FrameType | None:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return frames[-1] if frames else None


def _local_names(frame: FrameType | None) -> set[str]:
    """Arguments and local names, set or not yet set; those around a comprehension or lambda as well."""
    names: set[str] = set()
    while frame and frame.f_code.co_name != "<module>":
        names |= {*frame.f_locals, *frame.f_code.co_varnames}
        if not frame.f_code.co_name.startswith("<"):
            break
        frame = frame.f_back
    return names


def _attributes(thing: Any) -> Iterator[str]:
    """The names of an object's own attributes, a module's parameters and parts included; asks nothing of its code."""
    try:
        own = object.__getattribute__(thing, "__dict__")
    except Exception:
        return
    yield from own
    for inside in ("_parameters", "_buffers", "_modules"):
        if isinstance(own.get(inside), dict):
            yield from own[inside]
    for base in type(thing).__mro__:
        if base.__module__.partition(".")[0] not in ("torch", "builtins"):
            yield from vars(base)
