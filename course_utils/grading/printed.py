"""What a learner's code prints: the first 500 characters are kept for the verdict, the rest only counted."""

import io
import re
from dataclasses import dataclass, field

SHOWN = 500  # characters
_CONTROL = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles and links of a terminal
    r"|(?:\x1b\[|\x9b)[0-9;:?]*[ -/]*[@-~]"  # colours and movements
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"  # the rest, and turning text round
)


def printable(text: str) -> str:
    """The text without what a terminal would obey: escape sequences, control characters, changes of direction.

    >>> printable("a\\x1b[2Jb\\x07")
    'ab'
    """
    return _CONTROL.sub("", text)


@dataclass
class Kept:
    """The head of a stream: its first `most` bytes, and how many came in all."""

    most: int = 4 * SHOWN
    head: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, data: bytes) -> None:
        """Take in the next piece."""
        self.total += len(data)
        if len(self.head) < self.most:
            self.head += data[: self.most - len(self.head)]

    def text(self) -> str:
        """All that was kept."""
        return self.head.decode("utf-8", errors="replace")

    def shown(self) -> str:
        """Ready to show: at most 500 characters, no control characters, and how much was cut.

        >>> printed = Kept()
        >>> printed.add(b"a\\x1b[31mb\\n" + b"c" * 1000)
        >>> len(printed.shown()), printed.shown()[:3], printed.shown()[-28:]
        (524, 'ab\\n', '… (508 more bytes not shown)')
        """
        first = self.text()[:SHOWN]
        cut = self.total - len(first.encode("utf-8", errors="replace"))
        shown = printable(first).rstrip()
        return f"{shown}\n… ({cut:,} more bytes not shown)" if cut > 0 else shown


class Printed(io.TextIOBase):
    """A stand-in for stdout that keeps the head of what is printed."""

    def __init__(self) -> None:
        self.kept = Kept()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.kept.add(text.encode("utf-8", errors="replace"))
        return len(text)

    def shown(self) -> str:
        """See `Kept.shown`."""
        return self.kept.shown()
