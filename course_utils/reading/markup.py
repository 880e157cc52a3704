"""What is prose in a Markdown text, and what is code, formula, heading or link, where no word may be touched.

Also the forms in which words are compared and shown.
"""

import html
import re
import unicodedata
from collections.abc import Iterator

_KEPT = re.compile(
    r"""
      ^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^[ ]{0,3}(?P=fence)[`~]*[ \t]*$|\Z)  # fenced code
    | ^(?:[ ]{4}|\t)[^\n]*$                                  # indented code (and what is deep in a list)
    | ^[ ]{0,3}\#{1,6}[ ][^\n]*$                             # a heading
    | ^[ ]{0,3}\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)+\|?[ ]*$  # the rule under a table's head
    | (?<![\\`])(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`)  # code in a line
    | (?<!\\)\$\$.+?\$\$                                     # a formula set apart
    | (?<![\\$])\$(?!\s)(?:\\.|(?!\n[ \t]*\n)[^$\\])+?\$     # a formula in a line
    | !?\[[^\]\n]*\]\([^)\n]*\)                              # a link or a picture
    | <https?://[^>\s]*> | https?://[^\s<>)]+                # an address
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_MARKS = re.compile(r"(?<!\\)(?:\*\*|\*|(?<!\w)_+|_+(?!\w))|^[ ]{0,3}(?:>|[-+*]|\d+[.)])[ ]+", re.MULTILINE)
_TEX = re.compile(r"\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+|\\.|[{}$&]")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The text in pieces: whether words of this piece are prose, and the piece. Joined, they are the text again.

    >>> list(pieces("the `loss` falls"))
    [(True, 'the '), (False, '`loss`'), (True, ' falls')]
    """
    end = 0
    for found in _KEPT.finditer(text):
        if found.start() > end:
            yield True, text[end : found.start()]
        yield False, found[0]
        end = found.end()
    if end < len(text):
        yield True, text[end:]


def literal(text: str) -> str:
    """`text` for the inside of an HTML element that stands in Markdown: neither language finds a mark of its own in it.

    >>> literal("a < b, *not* $x$")
    'a &#60; b, &#42;not&#42; &#36;x&#36;'
    """
    return re.sub(r"_|[^\w\s,;()’“”…×·–—]", lambda found: f"&#{ord(found[0])};", text)


def shielded(text: str) -> str:
    """Prose in which nothing can begin an HTML element, for a page that lets HTML through.

    >>> shielded("if a <b> is 3 < 4")
    'if a &lt;b> is 3 < 4'
    """
    return re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", text)


def unmarked(text: str) -> str:
    r"""The words of a Markdown text, for a search and its snippets: no marks, no rules of tables, TeX reduced to names.

    >>> unmarked("the **residual** stream $x_{l+1} = \\text{attn}$, `hook_z`")
    'the residual stream x_l+1 = attn, hook_z'
    """
    parts = []
    for is_prose, piece in pieces(text):
        if is_prose:
            parts.append(html.unescape(_MARKS.sub("", piece)).replace("|", " "))
        elif piece.startswith("$"):
            parts.append(_TEX.sub("", piece))
        elif piece.lstrip().startswith(("`", "~")):
            parts.append(re.sub(r"^\s*(?:`{3,}|~{3,})[^\n]*\n|^`+|[`~]+\s*$", "", piece))
        elif not re.fullmatch(r"[\s|:-]*", piece):
            parts.append(_MARKS.sub("", _LINK.sub(r"\1", piece.lstrip("# "))))
    return " ".join("".join(parts).split())


def fold(word: str) -> str:
    """The word without accents and case.

    >>> fold("Naïve"), fold("STRASSE") == fold("Straße")
    ('naive', True)
    """
    bare = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in bare if not unicodedata.combining(letter))
