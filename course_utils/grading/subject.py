"""Load a submission by its imports, functions, classes and constants only: demonstration cells don't run.

A file is read cell by cell, so a slip in one cell does not hide the answers in the others.
"""

import ast
import contextlib
import difflib
import re
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils.grading.crash import message_of
from course_utils.grading.frames import display_name, innermost, place
from course_utils.grading.names import WELL_KNOWN
from course_utils.grading.sources import code_cells, syntax_error
from course_utils.grading.verdict import NotLoadable, Skipped


@dataclass
class Submission:
    """What a file defines, and what it could not define."""

    path: Path
    namespace: dict[str, Any]
    skipped: Skipped = field(default_factory=dict)  # names that aren't there: bound in a demonstration, or failed to be
    broken: dict[str, NotLoadable] = field(default_factory=dict)  # name -> why its definition failed
    unreadable: list[tuple[str, NotLoadable]] = field(default_factory=list)  # cells with a syntax error: text, error

    def get(self, name: str) -> Any:
        """The learner's object of this name. Raises NotLoadable with the reason when it isn't there."""
        if name in self.broken:
            raise self.broken[name]
        if name in self.namespace:
            return self.namespace[name]
        for text, error in self.unreadable:
            if re.search(rf"^\s*(async def|def|class)\s+{re.escape(name)}\b", text, re.MULTILINE):
                raise error
        shown = display_name(str(self.path))
        if name in self.skipped:
            raise NotLoadable(
                f"{shown} makes {name} by a call, which a check does not run: write it with `def` or `class`."
            )
        names = [key for key, value in self.namespace.items() if callable(value) and not key.startswith("__")]
        near = difflib.get_close_matches(name, names, n=1)
        if not near:
            raise NotLoadable(f"{shown} has no top-level {name}: was it deleted or renamed?")
        step = f"rename it back, or course reset {name} puts the stub back and keeps a copy of your file"
        raise NotLoadable(f"{shown} has no top-level {name}: was it renamed to {near[0]}?", next_step=step)


def load_submission(path: Path, data: bytes | None = None) -> Submission:
    """Read a learner's `.py` or `.ipynb`. Raises NotLoadable when the file as a whole can't be read.

    data: what the file holds, where it isn't on this disk.
    """
    submission = Submission(path, {})
    kept: list[tuple[str, ast.stmt]] = []
    skipped: set[str] = set()
    for label, tree in _parsed(path, submission, data):
        for node in tree.body:
            if _is_definition(node):
                kept.append((label, node))
            else:
                skipped |= _bound(node)
    submission.namespace, submission.skipped = _module(path).__dict__, dict.fromkeys(skipped)
    needed = {name for _, node in kept if not _is_import(node) for name in _read_names(node)}
    for label, node in kept:
        wanted = _needed_part(node, needed) if isinstance(node, ast.Import | ast.ImportFrom) else node
        if wanted:
            _execute(label, wanted, submission)
    reasons = {**submission.skipped, **submission.broken}
    submission.skipped = {name: why for name, why in reasons.items() if name not in submission.namespace}
    return submission


def _parsed(path: Path, submission: Submission, data: bytes | None) -> Iterator[tuple[str, ast.Module]]:
    """The file in one piece when it can be parsed, for that is quickest; else every cell that can be."""
    with warnings.catch_warnings():  # "\d" in a learner's string is not worth a warning here
        warnings.simplefilter("ignore")
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            if path.suffix != ".ipynb":
                cells = code_cells(path, whole=True, data=data)
                yield from [(label, ast.parse(text, label)) for label, text, _ in cells]
                return
        for label, source, before_it in code_cells(path, data=data):
            try:
                # Under a name of no file: Python would take the text of the error from the wrong line of it.
                yield label, ast.increment_lineno(ast.parse(source, "<cell>"), before_it)
            except SyntaxError as error:
                submission.unreadable.append((source, syntax_error(error, label, before_it)))
            except (ValueError, RecursionError, MemoryError) as error:
                why = NotLoadable(f"{display_name(label)} can't be parsed: {error}.")
                submission.unreadable.append((source, why))


def _module(path: Path) -> types.ModuleType:
    module = types.ModuleType("submission")
    module.__file__ = str(path)
    sys.modules["submission"] = module  # dataclasses and pickle look a class's module up by name
    return module


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or _is_import(node):
        return True
    return isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _is_constant(node.value)


def _is_constant(value: ast.expr) -> bool:
    """Literals, names, attributes, subscripts and arithmetic of these: nothing that calls or waits."""
    running = (
        ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr | ast.ListComp | ast.SetComp | ast.DictComp
    )
    if isinstance(value, ast.Lambda):  # its body runs when it is called; its defaults run now
        return all(_is_constant(default) for default in [*value.args.defaults, *filter(None, value.args.kw_defaults)])
    return not any(isinstance(node, running | ast.GeneratorExp) for node in ast.walk(value))


def _bound(node: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _read_names(node: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _needed_part(node: ast.Import | ast.ImportFrom, needed: set[str]) -> ast.stmt | None:
    """The import cut down to names that a definition uses: others (transformers for a demonstration, say) cost time."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return node
    names = [n for n in node.names if n.name == "*" or (n.asname or n.name).split(".")[0] in needed]
    if not names:
        return None
    kind = ast.Import(names) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, names, node.level)
    return ast.copy_location(kind, node)


def _execute(label: str, node: ast.stmt, submission: Submission) -> None:
    """Run one definition; remember why it failed, if it does, for whoever asks for its name."""
    future = 0
    if "annotations" in submission.namespace:  # `from __future__ import annotations` came before
        future = getattr(submission.namespace["annotations"], "compiler_flag", 0)
    try:
        code = compile(ast.Module([node], []), label, "exec", flags=future, dont_inherit=True)
        exec(code, submission.namespace)
    except Exception as error:
        if _skipped(error, submission) and isinstance(node, ast.Assign | ast.AnnAssign):
            submission.skipped = {**submission.skipped, **dict.fromkeys(_defined(node))}
            return
        why = _failure(error, label, node, submission)
        for name in _defined(node):
            submission.broken[name] = why
            submission.namespace.pop(name, None)  # an earlier definition is not what the learner means
    else:
        for name in _defined(node):
            submission.broken.pop(name, None)


def _skipped(error: Exception, submission: Submission) -> bool:
    """Whether a name is missing because a demonstration makes it."""
    return isinstance(error, NameError) and error.name in submission.skipped


def _failure(error: Exception, label: str, node: ast.stmt, submission: Submission) -> NotLoadable:
    """Why a definition could not be made."""
    if isinstance(error, NameError) and error.name in submission.broken:
        return submission.broken[error.name]
    if isinstance(error, SyntaxError):  # one that only the compiler sees: `nonlocal x`, `return` in a class
        return syntax_error(error, label)
    remedy = " (made by code at the top level that a check does not run)" if _skipped(error, submission) else ""
    if not remedy and isinstance(error, NameError) and error.name in WELL_KNOWN:
        remedy = f": `{error.name}` is not imported (`{WELL_KNOWN[error.name]}`)"
    if isinstance(error, ModuleNotFoundError):
        remedy = f" (`pip install {error.name}`, or take the import out)"
    found = innermost(error.__traceback__) or place(label, node.lineno, "<module>")
    return NotLoadable(
        f"{message_of(error)}{remedy}", found.text, found.code, next_step="mend that line, then check again"
    )


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return _bound(node)
