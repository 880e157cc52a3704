"""What a learner may be told of a hidden run: nothing that came from inside but words of their own file.

An exception's text, a class's name, a key of a dictionary: code that has seen a hidden input can write it there. So
what is told keeps its kind, and loses its text but for messages of a known form (`sayable.py`); a name is shown if the
file holds it, or its stub, Python or torch do.
"""

import builtins
import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from course_utils.grading.crash import is_out_of_memory
from course_utils.grading.names import WELL_KNOWN, made_elsewhere
from course_utils.jail.talk.errors import KINDS, as_text
from course_utils.jail.talk.sayable import Sizes, sayable

_WORD = re.compile(r"[^\W\d]\w*")
_STUB = re.compile(r"[A-Za-z_]\w*(\.\w+)?")
_FIXED = {
    "SystemExit": "Your code called exit(), which ends the whole program: take it out, and `return` instead.",
    "KeyboardInterrupt": "KeyboardInterrupt: take out what raises it.",
}
_PUBLIC = frozenset(dir(builtins)).union(*map(dir, (torch, torch.Tensor, nn, nn.Module, nn.functional, ModuleType))) | {
    *("<module>", "<lambda>", "<listcomp>", "<genexpr>"),
    *("NoneType", "builtin_function_or_method", "coroutine", "function", "generator", "method", "module"),
    *("ndarray", "numpy", "torch"),
}


class Open:
    """Everything may be shown: for staff, and for tests.

    skipped: names that their file makes in code that was not run.
    """

    skipped: Collection[str] = ()

    def begin(self) -> None:
        """A check starts."""

    def gave(self, *things: Any) -> None:
        """The check calls the thing under test with these."""

    def name(self, text: str) -> str:
        """The name as it is shown."""
        return text

    def error(self, told: Any) -> dict[str, Any]:
        """What is shown of an exception. Raises ValueError for what describes none."""
        if not isinstance(told, dict):
            raise ValueError("no exception")
        return told


class Firewall(Open):
    """For learners.

    exercise: which one is judged. data: their file. stub: the file that they started from.
    """

    def __init__(self, exercise: str, data: bytes, stub: Path | None = None) -> None:
        self.exercise = exercise
        self.words = frozenset(_WORD.findall(data.decode("utf-8", errors="replace")))
        self._known = _PUBLIC | _words_of(stub) if stub else _PUBLIC
        self.begin()

    def begin(self) -> None:
        self._sizes: Sizes | None = None

    def gave(self, *things: Any) -> None:
        if self._sizes is None:  # of the first call alone: what comes later may have been made from their answers
            self._sizes = Sizes(*things)

    def name(self, text: str) -> str:
        return text if self._shows(text) else "Unnamed"

    def _shows(self, word: str) -> bool:
        return word in self.words or word in self._known

    def error(self, told: Any) -> dict[str, Any]:
        told = super().error(told)
        kind, name, text = as_text(told, "kind"), self.name(as_text(told, "name")), as_text(told, "text")
        missing = told["missing"] if isinstance(told["missing"], str) and told["missing"] in self.words else None
        said = f"name {missing!r} is not defined" if missing else self._kept(kind, text)
        line = f"{name}: {said}" if said else name
        sentence = _FIXED.get(kind, line + self._remedy(missing))
        if kind == "RecursionError":
            sentence = f"RecursionError: {self.exercise} calls itself without end: is there a case in which it stops?"
        elif not said and kind not in _FIXED:
            sentence = f"{name} was raised here: run this line on an example of your own to see what it says."
        shown = {"name": name, "text": said, "missing": missing, "line": line, "sentence": sentence}
        return {**told, **shown, "module": "builtins" if name == kind else "submission"}

    def _remedy(self, missing: str | None) -> str:
        if missing is None:
            return ""
        if missing in self.skipped:
            return made_elsewhere(missing, self.exercise)
        return f": `{missing}` is not imported (`{WELL_KNOWN[missing]}`)." if missing in WELL_KNOWN else ""

    def _kept(self, kind: str, text: str) -> str:
        """Of an exception's text: which stub it comes from, that memory ran out, or what anybody may read."""
        if kind == "NotImplementedError" and _STUB.fullmatch(text):
            return text if set(text.split(".")) <= self.words else ""
        known = KINDS[kind]
        if issubclass(known, RuntimeError) and is_out_of_memory(RuntimeError(text)):
            return "not enough memory"
        return sayable(kind, text, self._shows, self._sizes or Sizes())


@lru_cache(maxsize=8)
def _words_of(path: Path) -> frozenset[str]:
    try:
        return frozenset(_WORD.findall(path.read_text(encoding="utf-8")))
    except OSError:  # a course without its chapters can still grade
        return frozenset()
