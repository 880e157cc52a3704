"""Text from a learner (a name, a message, a line of code) made fit for a file that another program will read."""

import re

from course_utils.grading.printed import printable

# What `printable` leaves since a terminal doesn't mind: invisible marks that turn text round, and what XML forbids.
_MARKS = re.compile("[\u200e\u200f\u061c\ufffe\uffff]")
_CUT = "… (cut)"


def tidy(text: str, most: int | None = None) -> str:
    r"""`text` without control characters, escape sequences and changes of direction; cut to `most` characters.

    What comes out is valid in XML, JSON and HTML once these have escaped it.

    >>> tidy("a\x1b[2Jb\u202ec\x00"), tidy("abcdefghijkl", 9)
    ('abc', 'ab… (cut)')
    """
    if most is not None:
        text = text[: 4 * most + 100]  # a text of 100 MB must not be walked through to show its head
    text = _MARKS.sub("", printable(text))
    return text if most is None or len(text) <= most else text[: most - len(_CUT)] + _CUT


def one_line(text: str, most: int = 200) -> str:
    r"""Like `tidy`, with every run of white space made one space.

    >>> one_line("Ada\r\n  Lovelace\t")
    'Ada Lovelace'
    """
    return tidy(" ".join(tidy(text.replace("\r", " "), 4 * most).split()), most)
