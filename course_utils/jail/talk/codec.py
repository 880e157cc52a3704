"""Values as JSON and tensors, and back: the frame for the forms in `values.py`, `tensors.py`, `things.py` …

Objects that stay at home cross as references (`links.py`).

Every value but None, bool, int, text and finite floats is a list whose first item is its tag. A tag or a form that
isn't known here raises ValueError, TypeError, KeyError or IndexError: to the peer a malformed message.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from course_utils.jail.talk.links import Links, Ref
from course_utils.jail.talk.wire import NAMES

DEEPEST = 24  # levels of nested containers
SMALL = 10**15  # whole numbers up to this cross as JSON numbers

Encoder = Callable[["Codec", Any], Any]
Decoder = Callable[..., Any]
Form = tuple[Callable[[Any], bool], Encoder]
FORMS: list[Form] = []  # tried in order for what isn't plain; one that gives None passes on to the next
READERS: dict[str, Decoder] = {}  # by tag
PLAIN: dict[type, Encoder] = {}  # by exact type (`forms.py` fills all three)


class Unsendable(Exception):
    """A value that has no form on the wire."""


class Codec:
    """One message being written or read.

    sharing: what is encoded are arguments; lists and tensors get numbers, so that changes of them come back.
    asking: what is encoded are arguments; tensors that need gradients get numbers, so that gradients come back.
    """

    def __init__(self, links: Links, tensors: list[Tensor] | None = None, *, sharing: bool = False, home: Any = None):
        self.links, self.sharing, self.home = links, sharing, home
        self.asking = False
        self.tensors: list[Tensor] = [] if tensors is None else tensors
        self.touched: dict[Ref, None] = {}  # what the message is about, in order
        self.fresh: set[Ref] = set()  # what got its number in this message
        self.holding = False  # whether a handle was in it: its owner may keep what it was given
        self.guarding = False  # inside a model or a cache
        self._depth = 0
        self._wholes: list[dict[Ref, None]] = []  # what is being put together, and of which parts

    # tensors

    def blob(self, tensor: Tensor) -> int:
        """Put a tensor's values into the message."""
        if tensor.dtype not in NAMES:
            raise Unsendable(f"a tensor of dtype {tensor.dtype}")
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def tensor(self, index: Any) -> Tensor:
        """The values at this place of the message."""
        if type(index) is not int or index < 0:
            raise ValueError("no place of a tensor")
        return self.tensors[index]

    # numbers

    def own(self, thing: Any, record: Any = None) -> int:
        number = self.links.own(thing, record)
        self.fresh.add((True, number))
        self.touch((True, number))
        return number

    def take(self, number: Any, thing: Any, record: Any = None) -> Any:
        if type(number) is not int or number < 0:
            raise ValueError("no number of a thing")
        self.links.take(number, thing, record)
        self.touch((False, number))
        return thing

    def touch(self, ref: Ref) -> None:
        """The message is about this thing, and so about all its parts."""
        self.touched[ref] = None
        for whole in self._wholes:
            whole[ref] = None
        if self.guarding:
            self.links.guarded.add(ref)
        for part in self.links.parts.get(ref, ()):
            if part not in self.touched:
                self.touch(part)

    @contextmanager
    def whole(self, ref: Ref, *, guarded: bool = False) -> Iterator[None]:
        """What is encoded or decoded in this block are parts of the thing with this number."""
        before, parts = self.guarding, dict[Ref, None]()
        self.guarding = before or guarded
        self._wholes.append(parts)
        try:
            yield
        finally:
            self._wholes.pop()
            self.guarding = before
        parts.pop(ref, None)
        self.links.parts[ref] = tuple(parts)

    def known(self, value: Any) -> Any:
        """The reference to a thing that both sides know, or None."""
        ref = self.links.ref(value)
        if ref is None:
            return None
        self.touch(ref)
        return ["@", "m" if ref[0] else "y", ref[1]]

    # values

    def encode(self, value: Any) -> Any:
        """The value as JSON and tensors. Raises Unsendable for what has no form."""
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -SMALL < value < SMALL else ["i", hex(value)]
        if kind is float:
            return value if math.isfinite(value) else ["f", str(value)]
        if (known := self.known(value)) is not None:
            return known
        if self._depth >= DEEPEST:
            raise Unsendable("nested too deeply")
        self._depth += 1
        try:
            if (write := PLAIN.get(kind)) is not None:
                return write(self, value)
            for fits, encoder in FORMS:
                if fits(value) and (data := encoder(self, value)) is not None:
                    return data
        finally:
            self._depth -= 1
        raise Unsendable(f"a {kind.__name__}")

    def decode(self, data: Any) -> Any:
        """The value again."""
        if not isinstance(data, list):
            if isinstance(data, dict):
                raise ValueError("a value without a tag")
            return data
        tag, *parts = data
        return READERS[tag](self, *parts)

    def several(self, values: Any) -> list[Any]:
        return [self.encode(value) for value in values]

    def items_of(self, container: Any) -> Any:
        """The items of a list, dict or set, for a look at whether they changed."""
        scratch = Codec(self.links, sharing=False, home=self.home)
        return scratch.pairs(container) if isinstance(container, dict) else scratch.several(ordered(container))

    def pairs(self, items: dict[Any, Any]) -> list[Any]:
        return [[self.encode(key), self.encode(value)] for key, value in items.items()]

    def container(self, kind: type, items: Any) -> Any:
        """A fresh list, dict or set of these encoded items."""
        if kind is dict:
            return {self.decode(key): self.decode(value) for key, value in items}
        return kind(self.decode(item) for item in items)


def ordered(container: Any) -> Any:
    """The items, those of a set in an order that doesn't change from run to run."""
    return sorted(container, key=repr) if isinstance(container, set | frozenset) else container
