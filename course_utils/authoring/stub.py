"""The stub: what is left of a solved exercise when its body is taken away.

Cut by syntax tree: signature, decorators, docstrings and class-level declarations stay as written; every comment and
every line of a body goes. No marker in the source says what to keep, so none can be forgotten.
"""

import ast
import io
import re
import tokenize
from dataclasses import dataclass

from course_utils.authoring.cells import cells_of_script
from course_utils.authoring.magics import is_python
from course_utils.catalog import CourseError, Exercise

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def stub_of(source: str, exercise: Exercise) -> str:
    """The stub of `exercise`, cut from the source of its solved cell.

    A function's body becomes `raise NotImplementedError("name")`, a method's `raise NotImplementedError("Class.name")`.
    Methods in `exercise.given` stay word for word. A private helper that isn't given goes altogether: it would give
    the design away. Raises CourseError when the source doesn't define the exercise.

    >>> one = Exercise("double", "", 1, 1, (), ())
    >>> print(stub_of('def double(x: int) -> int:  # twice\\n    "Two x."\\n    return 2 * x', one))
    def double(x: int) -> int:
        "Two x."
        raise NotImplementedError("double")
    """
    try:
        found = _definition(ast.parse(source), exercise.name)
    except SyntaxError as error:
        raise CourseError(f"{exercise.name}: its solution doesn't parse (line {error.lineno}: {error.msg}).") from None
    if found is None:
        raise CourseError(f"{exercise.name}: its cell doesn't define it at top level.")
    methods = (
        {node.name for node in found.body if isinstance(node, _FUNCTION)} if isinstance(found, ast.ClassDef) else set()
    )
    if missing := [name for name in exercise.given if name not in methods or not isinstance(found, ast.ClassDef)]:
        raise CourseError(f"{exercise.name}: given names {missing[0]!r}, which is no method of it.")
    return _Cutter(_Text(source), _Text(_without_comments(source)), exercise.given).cut(found, exercise.name)


def source_of(text: str, name: str) -> str | None:
    """The last top-level definition of `name` in `text`, with its decorators, as written; None if there is none.

    A syntax error elsewhere in the file doesn't matter where the cell that holds the definition parses by itself.
    """
    place = find_definition(text, name)
    return None if place is None else "\n".join(text.split("\n")[place[0] : place[1]])


def replace_source(text: str, name: str, new: str) -> str | None:
    """`text` with the last top-level definition of `name` (and the indented comments after it) replaced.

    None if it isn't there or can't be told apart because of a syntax error.
    """
    place = find_definition(text, name)
    if place is None:
        return None
    lines = text.split("\n")
    begin, end = place
    after = end
    while after < len(lines) and (not lines[after].strip() or re.match(r"\s+#(?!\s*%%)", lines[after])):
        after += 1
        if lines[after - 1].strip():
            end = after
    return "\n".join([*lines[:begin], *new.rstrip("\n").split("\n"), *lines[end:]])


def find_definition(text: str, name: str) -> tuple[int, int] | None:
    """The first line and the line after the last (counted from 0) of the last top-level definition of `name`."""
    if name not in text:
        return None
    place = _lines_of(text, name)
    if place is not None or is_python(text):
        return place
    for cell in reversed(cells_of_script(text)):
        place = _lines_of(cell.source, name) if cell.kind == "code" else None
        if place is not None:
            return place[0] + cell.first_line - 1, place[1] + cell.first_line - 1
    return None


def _lines_of(text: str, name: str) -> tuple[int, int] | None:
    try:
        node = _definition(ast.parse(text), name)
    except (SyntaxError, ValueError, RecursionError):  # ValueError: a null byte
        return None
    return None if node is None else (_first_line(node) - 1, node.end_lineno or node.lineno)


def _definition(tree: ast.Module, name: str) -> Definition | None:
    found = [node for node in tree.body if isinstance(node, Definition) and node.name == name]
    return found[-1] if found else None


def _first_line(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _without_comments(source: str) -> str:
    """The same text with spaces in place of comments: every position stays."""
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(lines)


class _Text:
    """Source by positions of the syntax tree: lines from 1, columns in UTF-8 bytes."""

    def __init__(self, source: str) -> None:
        self.lines = source.split("\n")

    def between(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        rows = [line.encode() for line in self.lines[start[0] - 1 : end[0]]]
        rows[-1] = rows[-1][: end[1]]
        rows[0] = rows[0][start[1] :]
        return "\n".join(row.decode().rstrip() for row in rows)

    def of(self, node: ast.stmt | ast.expr) -> str:
        return self.between((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))


@dataclass(frozen=True)
class _Cutter:
    whole: _Text
    clean: _Text  # without comments
    given: tuple[str, ...]

    def cut(self, node: Definition, label: str) -> str:
        """The stub of a function or class; `label` is what its NotImplementedError names."""
        indent = " " * node.col_offset
        parts = [f"{indent}@{self._plain(decorator)}" for decorator in node.decorator_list]
        parts.append(indent + self._header(node))
        inner = self._inner_indent(node)
        if _has_docstring(node):
            parts.append(inner + self.whole.of(node.body[0]))
        if isinstance(node, ast.ClassDef):
            parts += self._members(node, inner, label)
        else:
            parts.append(f'{inner}raise NotImplementedError("{label}")')
        return "\n".join(parts)

    def _header(self, node: Definition) -> str:
        """From `def` or `class` to the colon that ends the signature."""
        text = self.clean.between((node.lineno, node.col_offset), (node.body[-1].end_lineno or 0, 1 << 30))
        depth = 0
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
            if token.string == ":" and token.type == tokenize.OP and depth == 0:
                rows = text.split("\n")[: token.end[0]]
                rows[-1] = rows[-1][: token.end[1]]
                return self._tight("\n".join(rows))
        raise AssertionError(f"no colon in {text!r}")  # the text has been parsed: it has one

    def _inner_indent(self, node: Definition) -> str:
        first = node.body[0]
        line = self.whole.lines[_first_line(first) - 1 if isinstance(first, Definition) else first.lineno - 1]
        own_line = not line[: first.col_offset].strip()
        return " " * (first.col_offset if own_line else node.col_offset + 4)

    def _members(self, node: ast.ClassDef, inner: str, label: str) -> list[str]:
        parts: list[str] = []
        after_definition = _has_docstring(node)
        for member in node.body[1:] if _has_docstring(node) else node.body:
            if isinstance(member, ast.AnnAssign | ast.Assign):
                parts += [""] * after_definition + [inner + self._plain(member)]
                after_definition = False
            elif isinstance(member, Definition) and not _hidden(member, self.given):
                parts += [""] * (after_definition or bool(parts)) + [self._member(member, inner, label)]
                after_definition = True
        return parts or ([] if _has_docstring(node) else [f"{inner}pass"])

    def _member(self, member: Definition, inner: str, label: str) -> str:
        if member.name in self.given:
            return "\n".join(self.whole.lines[_first_line(member) - 1 : member.end_lineno])
        return self.cut(member, f"{label}.{member.name}")

    def _plain(self, node: ast.stmt | ast.expr) -> str:
        """As written, less its comments."""
        whole, clean = self.whole.of(node), self.clean.of(node)
        return whole if whole == clean else self._tight(clean)

    @staticmethod
    def _tight(text: str) -> str:
        """Without the lines that a comment left empty."""
        return "\n".join(line for line in text.split("\n") if line.strip())


def _hidden(member: Definition, given: tuple[str, ...]) -> bool:
    dunder = member.name.startswith("__") and member.name.endswith("__")
    return member.name.startswith("_") and not dunder and member.name not in given


def _has_docstring(node: Definition) -> bool:
    return ast.get_docstring(node, clean=False) is not None
