"""On which specimens the results of a chapter's cells rest: a name that was made from one carries it on."""

import ast
from collections import defaultdict


class Provenance:
    """Reads a chapter's cells in order and remembers which names go back to which specimen.

    It judges by the statement: what a statement stores may rest on all that it reads. So a figure may be said to rest
    on a model that it only passed by, and never the other way round (unless a name is looked up by a string).
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[str, None]] = defaultdict(dict)  # name -> specimens, in order

    def of(self, source: str) -> tuple[str, ...]:
        """The specimens on which the outcome of this cell may rest; () for one that isn't plain Python."""
        try:
            statements = ast.parse(source).body
        except SyntaxError:
            return ()
        found: dict[str, None] = {}
        for statement in statements:
            here = self._read(statement)
            for name in _stored(statement):
                self._known[name].update(here)
            if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
                found.update(here)
        return tuple(found)

    def _read(self, statement: ast.stmt) -> dict[str, None]:
        specimens: dict[str, None] = {}
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and _loads(node):
                specimens[node.args[0].value] = None  # type: ignore[attr-defined]
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                specimens.update(self._known.get(node.id, {}))
        return specimens


def _loads(call: ast.Call) -> bool:
    """Whether this is `load_specimen("…")`."""
    named = isinstance(call.func, ast.Name) and call.func.id == "load_specimen" and call.args
    return bool(named) and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)


def _stored(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value: also `x` of `x[0] = …`, and the name of a function that it defines."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    stored = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    written = (n.value for n in ast.walk(statement) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store))
    return stored | {value.id for value in written if isinstance(value, ast.Name)}
