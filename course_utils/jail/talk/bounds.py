"""How much one message from inside may come to outside: what is a few bytes on the wire may be much in memory, or long.

The jail keeps to the same bounds when it writes, so that an honest answer which is too large is told as that.
"""

import math
from typing import Any

SMALL = 10**15  # whole numbers up to this cross as JSON numbers
MOST_KEYS = 2048  # of dictionaries and sets, besides texts and small numbers: all of them may have one hash
MOST_VIEWED = 64 << 20  # bytes of all views together, should each be written out
MOST_PARTS = 1024  # of one thing that are things themselves
MOST_THINGS = 20_000  # that the two sides know at one time
MOST_NUMBER = 1 << 31  # of a thing
MOST_HEARD = 1_000_000  # values in one exercise, besides texts and small numbers
MOST_MODULES = 1 << 14  # in one exercise, that are there for their place in the name of a parameter
MOST_EMPTY = 1 << 20  # elements of a tensor without values
MOST_RANK = 16


class Bounds:
    """What is counted of one message. Each method says whether there is room for one more."""

    def __init__(self) -> None:
        self._keys = self._viewed = 0

    def key(self, value: Any) -> bool:
        """A key of a dictionary, or a member of a set."""
        if type(value) is not str and not (type(value) is int and -SMALL < value < SMALL):
            self._keys += 1
        return self._keys <= MOST_KEYS

    def view(self, count: int, size: int, of: int) -> bool:
        """A view of so many elements of this size, of a tensor that has `of`: one that repeats some has more."""
        self._viewed += count * size
        return count <= of and self._viewed <= MOST_VIEWED


def are_sizes(shape: Any) -> bool:
    """Whether this is the shape of a tensor, as JSON."""
    return (
        isinstance(shape, list) and len(shape) <= MOST_RANK and all(type(n) is int and 0 <= n < 1 << 31 for n in shape)
    )


def empty_shape(shape: Any) -> list[int]:
    """The shape of a tensor that crosses without its values; of a large one that of an empty one.

    >>> empty_shape([2, 3]), empty_shape([1 << 30, 0])
    ([2, 3], [0])
    """
    sizes = list(shape)
    small = are_sizes(sizes) and math.prod(max(n, 1) for n in sizes) <= MOST_EMPTY
    return sizes if small else [0]
