"""What a learner may be told of a hidden run: nothing that came from inside but words of their own file.

An exception's text, a class's name, a key of a dictionary: code that has seen a hidden input can write it there. So
what is told keeps its kind, and loses its text; a name is shown if the file holds it, or Python or torch does.
"""

import builtins
import re
from typing import Any

import torch

from course_utils.grading.crash import is_out_of_memory
from course_utils.jail.errors import KINDS, as_text

_WORD = re.compile(r"[^\W\d]\w*")
_STUB = re.compile(r"[A-Za-z_]\w*(\.\w+)?")
_FIXED = {
    "SystemExit": "Your code called exit(), which ends the whole program: take it out, and `return` instead.",
    "KeyboardInterrupt": "KeyboardInterrupt: take out what raises it.",
}
_PUBLIC = frozenset(dir(builtins)) | frozenset(dir(torch)) | {"<module>", "<lambda>", "<listcomp>", "<genexpr>"}


class Open:
    """Everything may be shown: for staff, and for tests."""

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

    exercise: which one is judged. data: their file.
    """

    def __init__(self, exercise: str, data: bytes) -> None:
        self.exercise = exercise
        self.words = frozenset(_WORD.findall(data.decode("utf-8", errors="replace")))

    def name(self, text: str) -> str:
        return text if text in self.words or text in _PUBLIC else "Unnamed"

    def error(self, told: Any) -> dict[str, Any]:
        told = super().error(told)
        kind, name, text = as_text(told, "kind"), self.name(as_text(told, "name")), as_text(told, "text")
        missing = told["missing"] if isinstance(told["missing"], str) and told["missing"] in self.words else None
        said = f"name {missing!r} is not defined" if missing else self._kept(kind, text)
        line = f"{name}: {said}" if said else name
        sentence = _FIXED.get(kind, line)
        if kind == "RecursionError":
            sentence = f"RecursionError: {self.exercise} calls itself without end: is there a case in which it stops?"
        elif not said and kind not in _FIXED:
            sentence = f"{name} was raised here: run this line on an example of your own to see what it says."
        shown = {"name": name, "text": said, "missing": missing, "line": line, "sentence": sentence}
        return {**told, **shown, "module": "builtins" if name == kind else "submission"}

    def _kept(self, kind: str, text: str) -> str:
        """Of an exception's text: which stub it comes from, or that memory ran out."""
        if kind == "NotImplementedError" and _STUB.fullmatch(text):
            return text if set(text.split(".")) <= self.words else ""
        known = KINDS[kind]
        if issubclass(known, RuntimeError) and is_out_of_memory(RuntimeError(text)):
            return "not enough memory"
        return ""
