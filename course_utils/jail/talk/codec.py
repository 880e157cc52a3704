"""Values as JSON and tensors, and back: the frame for the forms in `values.py`, `tensors.py`, `things.py` …

Objects that stay at home cross as references (`links.py`).

Every value but None, bool, int, text and finite floats is a list whose first item is its tag. A tag or a form that
isn't known here raises ValueError, TypeError, KeyError or IndexError: to the peer a malformed message. So does what
would take much more outside than it does on the wire (`bounds.py`).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from course_utils.jail.talk.bounds import MOST_NUMBER, MOST_PARTS, MOST_THINGS, SMALL, Bounds
from course_utils.jail.talk.links import Links, Ref
from course_utils.jail.talk.wire import NAMES

DEEPEST = 24  # levels of nested containers

Encoder = Callable[["Codec", Any], Any]
Decoder = Callable[..., Any]
Form = tuple[Callable[[Any], bool], Encoder]
FORMS: list[Form] = []  # tried in order for what isn't plain; one that gives None passes on to the next
READERS: dict[str, Decoder] = {}  # by tag
GIVEN: dict[str, Decoder] = {}  # by tag: what only a check sends, and only the jail reads
PLAIN: dict[type, Encoder] = {}  # by exact type (`forms.py` fills all four)


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
        self.bounds = Bounds()
        self.taped: dict[int, list[int]] = {}  # by id(): results that need gradients, with their places
        self._read: set[int] = set()  # places of tensors that were
        self._depth = 0
        self._wholes: list[dict[Ref, None]] = []  # what is being put together, and of which parts

    def blob(self, tensor: Tensor) -> int:
        """Put a tensor's values into the message."""
        if tensor.dtype not in NAMES:
            raise Unsendable(f"a tensor of dtype {tensor.dtype}")
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def tensor(self, index: Any) -> Tensor:
        """The values at this place of the message: only once, for whoever holds them may keep copies."""
        if type(index) is not int or index < 0 or index in self._read:
            raise ValueError("no place of a tensor")
        self._read.add(index)
        return self.tensors[index]

    def own(self, thing: Any, record: Any = None) -> int:
        if len(self.links.things) >= MOST_THINGS and self.home.inside:
            raise Unsendable("more things than anybody needs")
        number = self.links.own(thing, record)
        self.fresh.add((True, number))
        self.touch((True, number))
        return number

    def take(self, number: Any, thing: Any, record: Any = None) -> Any:
        if type(number) is not int or not 0 <= number < MOST_NUMBER:
            raise ValueError("no number of a thing")
        if len(self.links.things) >= MOST_THINGS and not self.home.inside:
            raise ValueError("more things than anybody needs")
        self.links.take(number, thing, record)
        self.touch((False, number))
        return thing

    def touch(self, ref: Ref) -> None:
        """The message is about this thing, and so about all its parts."""
        for whole in self._wholes:
            whole[ref] = None
        if self.guarding:
            self.links.guarded.add(ref)
        if ref not in self.touched:  # or its parts are too: the first time they all were gone through
            self.touched[ref] = None
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
        if ref[0] is self.home.inside and len(parts) > MOST_PARTS:
            raise Unsendable("more parts than anybody needs")
        self.links.parts[ref] = tuple(parts)

    def known(self, value: Any) -> Any:
        """The reference to a thing that both sides know, or None."""
        if (ref := self.links.ref(value)) is None:
            return None
        self.touch(ref)
        return ["@", "m" if ref[0] else "y", ref[1]]

    def encode(self, value: Any) -> Any:
        """The value as JSON and tensors. Raises Unsendable for what has no form."""
        kind = type(value)
        if value is None or kind is bool or kind is str or (kind is int and -SMALL < value < SMALL):
            return value
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
            if isinstance(data, dict) or (type(data) is int and not -SMALL < data < SMALL):
                raise ValueError("a value without a tag")
            return data
        tag, *parts = data
        self.home.heard()
        try:
            read = GIVEN[tag] if self.home.inside and tag in GIVEN else READERS[tag]
            return read(self, *parts)
        except MemoryError:
            if self.home.inside:
                raise
            raise ValueError("a message that takes more memory than there is") from None

    def several(self, values: Any) -> list[Any]:
        return [self.encode(value) for value in values]

    def all_of(self, container: Any) -> Any:
        """The items of a list, dict or set, encoded."""
        if isinstance(container, dict):
            return self.pairs(container)
        return self.several(container) if isinstance(container, list) else self.members(container)

    def pairs(self, items: dict[Any, Any]) -> list[Any]:
        theirs = self.home.inside
        return [[self.encode(self.key(key, theirs=theirs)), self.encode(value)] for key, value in items.items()]

    def members(self, items: Any) -> list[Any]:
        """The encoded members of a set."""
        return [self.encode(self.key(item, theirs=self.home.inside)) for item in ordered(items)]

    def key(self, value: Any, *, theirs: bool) -> Any:
        """The value, which a dict or a set finds by its hash. Raises Unsendable for one too many of theirs."""
        if theirs and not self.bounds.key(value):
            raise Unsendable("more keys than anybody needs")
        return value

    def container(self, kind: type, items: Any) -> Any:
        """A fresh list, dict or set of these encoded items."""
        theirs = not self.home.inside
        if kind is dict:
            return {self.key(self.decode(key), theirs=theirs): self.decode(value) for key, value in items}
        made = (self.decode(item) for item in items)
        return list(made) if kind is list else kind(self.key(item, theirs=theirs) for item in made)


def ordered(container: Any) -> Any:
    """The items, those of a set in an order that doesn't change from run to run."""
    return sorted(container, key=repr) if isinstance(container, set | frozenset) else container
