"""Which exercises an exercise of a file builds on, read from the text by pattern: hostile text meets no parser here.

It may name one too many (a word is not always a use), and what that costs is a second judging, never a point.
"""

import re
from collections.abc import Collection, Iterator

# Strings and comments, so that a name in a docstring is no use of it. An unclosed one reaches to the end: with that,
# every pattern here takes time linear in the text, whatever the text.
_SILENT = re.compile(
    r'"""(?:[\s\S]*?"""|[\s\S]*)|' r"'''(?:[\s\S]*?'''|[\s\S]*)|" r'"(?:\\.|[^"\\\n])*"?|' r"'(?:\\.|[^'\\\n])*'?|#.*"
)
# Not every assignment: most stand in demonstrations, and are called what variables in functions are called too.
_BINDS = re.compile(r"(?:async[ \t]+def|def|class)[ \t]+(\w+)|(\w+)[ \t]*=[ \t]*lambda\b")
_CODE = re.compile(r"[^\s)\]}#]")  # how a line begins that belongs to nothing above it
_WORD = re.compile(r"(?<![.\w])[^\W\d]\w*+(?![ \t]*=(?!=))")  # no attribute, and no keyword of a call
_PARAMETERS = re.compile(r"\bdef[ \t]+\w+[ \t]*\(([^)]*)|\blambda\b([^:]*)")


def exercises_used(code: str, names: Collection[str]) -> dict[str, frozenset[str]]:
    """For each of the names that the code defines at its top level: which others of them it reads, in helpers too.

    >>> exercises_used("def a(): return 1\\ndef h(): return a()\\ndef b(): return h()", {"a", "b"})["b"]
    frozenset({'a'})
    """
    reads = dict(_reads(code))
    found = {}
    for name in names:
        seen, ahead = set[str](), {name}
        while ahead:
            seen |= ahead
            ahead = {word for one in ahead for word in reads.get(one, ())} - seen
        found[name] = frozenset(seen & set(names) - {name})
    return found


def _reads(code: str) -> Iterator[tuple[str, set[str]]]:
    """Each name bound at the top level, and the words that its definition reads; the last of a name is what counts."""
    bound, lines, waiting = "", list[str](), list[str]()
    for line in [*_SILENT.sub('""', code).splitlines(), "end"]:
        if _CODE.match(line):
            if bound:
                yield bound, _words("\n".join(lines))
            match = _BINDS.match(line)
            bound = (match[1] or match[2]) if match else ""
            lines, waiting = waiting, []
            if line.startswith("@"):  # a decorator belongs to what comes below it
                waiting = lines
        (waiting if line.startswith("@") else lines).append(line)


def _words(block: str) -> set[str]:
    arguments = {word for match in _PARAMETERS.finditer(block) for word in _WORD.findall(match[1] or match[2] or "")}
    return set(_WORD.findall(block)) - arguments
