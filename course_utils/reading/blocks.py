"""What a section is made of: prose, given code with what comes out of it, and exercises; and what waits for a guess."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_PREDICT = re.compile(r"Predict\s+before\s+you\s+run\**[.:]")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")


@dataclass(frozen=True)
class Prose:
    """Markdown."""

    text: str


@dataclass(frozen=True)
class Code:
    """Code that is given, the slugs of the figures that it shows, and what it prints; `key` is its own in the chapter.

    folded: what comes out is to be predicted first, so the page doesn't show it at once.
    reveals: the prose that says what came out, which waits with it.
    specimens: the models on which what comes out may rest.
    """

    source: str
    figures: tuple[str, ...]
    key: str
    printed: str
    folded: bool
    reveals: str = ""
    specimens: tuple[str, ...] = ()

    @property
    def has_outcome(self) -> bool:
        return bool(self.figures or self.printed)


@dataclass(frozen=True)
class Task:
    """An exercise: its name, the text under its heading, and its stub."""

    exercise: str
    text: str
    stub: str


Block = Prose | Code | Task


def asks_to_predict(text: str) -> bool:
    """Whether the reader is asked to predict what the code behind this text gives."""
    return bool(_PREDICT.search(text))


def with_reveals(blocks: list[Block]) -> Iterator[Block]:
    """The blocks, with the prose right behind a result that is to be predicted moved into the block of that result."""
    waiting: Code | None = None
    for block in blocks:
        if waiting and isinstance(block, Prose):
            told, rest = _told(block.text)
            yield replace(waiting, reveals=told)
            if rest:
                yield Prose(rest)
            waiting = None
            continue
        if waiting:
            yield waiting
        waiting = block if isinstance(block, Code) and block.folded and block.has_outcome else None
        if not waiting:
            yield block
    if waiting:
        yield waiting


def _told(text: str) -> tuple[str, str]:
    """The part of a text that speaks of the result before it, and the rest: from a heading or the next question on."""
    fenced, start = False, 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        fenced ^= bool(_FENCE.match(line))
        if not line.strip():
            start = number + 1
        elif not fenced and (re.match(r"#{1,6} ", line) or asks_to_predict("\n".join(lines[number : number + 2]))):
            return "\n".join(lines[:start]).strip(), "\n".join(lines[start:]).strip()
    return text, ""
