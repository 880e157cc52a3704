"""IPython's magics between notebook (`%time f()`) and script (`# %time f()`), and which lines lie in a string.

jupytext comments magics in the same way. It also takes plain comments such as `# copy the mask` or `# why?` for
magics and strips their mark in the notebook, which breaks the cell; here only what can't be a sentence comes back.
"""

import ast
import re
from collections.abc import Iterator

_PYTHON_BODIES = {"time", "timeit", "capture", "prun", "memit", "mprun", "lprun"}
_SHELL = "cat|cd|cp|mv|rm|rmdir|mkdir|copy|ddir|echo|ls|ldir|ren"
_SURE = re.compile(r"\s*(?:%{1,2}[a-zA-Z]|[!?]\s*[A-Za-z.~$\\/{}]|[a-zA-Z_]\w*\s*=\s*[%!][a-zA-Z])")
_MAYBE = re.compile(rf"[^#\s]\S*\?\s*$|(?:{_SHELL})(?:$|\s[^=,])")
_CELL_MAGIC = re.compile(r"%%([a-zA-Z]\w*)")
_STRINGS = re.compile(r"""#.*|\"\"\"|'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")


def quoted_lines(lines: list[str]) -> Iterator[bool]:
    """For each line: does it begin inside a triple-quoted string?"""
    closing = ""
    for line in lines:
        yield bool(closing)
        if '"""' not in line and "'''" not in line:
            continue
        position = 0
        while position < len(line):
            if closing:
                end = _end_of_string(line, position, closing)
                if end < 0:
                    break
                position, closing = end, ""
            else:
                match = _STRINGS.search(line, position)
                if match is None:
                    break
                position = match.end()
                closing = match[0] if match[0] in ('"""', "'''") else ""


def _end_of_string(line: str, start: int, closing: str) -> int:
    """The position after the closing quotes, or -1."""
    match = re.compile(rf"(?:\\.|(?!{closing}).)*{closing}").match(line, start)
    return match.end() if match else -1


def is_python(source: str) -> bool:
    """Does this text parse?"""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last for what is nested too deep
        return False
    return True


def to_script(source: str) -> str:
    """A code cell's text with its magics commented; a cell that is Python as it stands has none.

    >>> to_script("%time f()\\nx = !ls")
    '# %time f()\\n# x = !ls'
    """
    if is_python(source):
        return source
    lines = source.split("\n")
    if _is_foreign(lines[0]):
        return "\n".join(f"# {line}".rstrip() for line in lines)
    states = zip(lines, quoted_lines(lines), strict=True)
    return "\n".join(_comment(line) if not quoted and _is_magic(line) else line for line, quoted in states)


def to_notebook(source: str) -> str:
    """The reverse of `to_script`; a comment that may be a sentence stays one.

    >>> to_notebook("# %time f()\\n# copy the mask\\n# why?")
    '%time f()\\n# copy the mask\\n# why?'
    """
    if not re.search(r"# (?:[%!?]|\w+ *= *[%!])", source):
        return source
    lines = source.split("\n")
    if _is_foreign(_bare(lines[0])):
        return "\n".join(_bare(line) for line in lines)
    states = zip(lines, quoted_lines(lines), strict=True)
    return "\n".join(_bare(line) if not quoted and _SURE.match(_bare(line)) else line for line, quoted in states)


def key(source: str) -> str:
    """The same text for a cell and its other form, to tell whether two documents agree."""
    lines = [line.rstrip() for line in source.strip("\n").split("\n")]
    states = zip(lines, quoted_lines(lines), strict=True)
    return "\n".join(line if quoted else _key(line) for line, quoted in states)


def _key(line: str) -> str:
    inner = re.sub(r"^\s*(?:# ?)*", "", line)
    return inner if _is_magic(inner) else line


def _is_magic(line: str) -> bool:
    return bool(_SURE.match(line) or _MAYBE.match(line))


def _is_foreign(line: str) -> bool:
    """Does this first line make the whole cell something else than Python (`%%bash`)?"""
    match = _CELL_MAGIC.match(line)
    return match is not None and match[1] not in _PYTHON_BODIES


def _comment(line: str) -> str:
    inner = line.lstrip()
    return f"{line[: len(line) - len(inner)]}# {inner}"


def _bare(line: str) -> str:
    return re.sub(r"^(\s*)#(?: |$)", r"\1", line, count=1)
