"""Which of Python's and torch's own messages may be told of a hidden run: those of a known form whose parts are known.

A name must be one that the firewall shows, a number one of the sizes that the check's own first arguments have. Code
that raises such a message itself can choose among these, as it can choose among the lines of its file to raise it in:
as many bits as that choice has, and no values. Nothing that the learner's side made is among the sizes.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from course_utils.jail.talk.standins import Mirror

_PARTS = {
    "name": r"([^\W\d][\w.]*)",
    "size": r"(\d{1,9})",
    "sizes": r"(\d{1,9}(?:, \d{1,9})*)",
    "axis": r"(\d)",
    "dtype": "(Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool|float|double|long int|int|bool)",
    "operator": r"(\+=?|-=?|\*=?|/=?|//=?|@=?|%|\*\* or pow\(\)|<=?|>=?)",
}
_COUNTS = ("size", "sizes", "axis")
_MESSAGES = {
    "AttributeError": (
        "'{name}' object has no attribute '{name}'",
        "type object '{name}' has no attribute '{name}'",
        "module '{name}' has no attribute '{name}'",
    ),
    "CourseError": ("A [{sizes}] and B [{sizes}] don't multiply: the last axis of A must be B's last but one.",),
    "IndexError": (
        "list index out of range",
        "tuple index out of range",
        "string index out of range",
        "too many indices for tensor of dimension {axis}",
        "index {size} is out of bounds for dimension {axis} with size {size}",
    ),
    "RuntimeError": (
        "The size of tensor a ({size}) must match the size of tensor b ({size}) at non-singleton dimension {axis}",
        "mat1 and mat2 shapes cannot be multiplied ({size}x{size} and {size}x{size})",
        "size mismatch, got input ({size}), mat ({size}x{size}), vec ({size})",
        "Expected size for first two dimensions of batch2 tensor to be: [{sizes}] but got: [{sizes}].",
        "Sizes of tensors must match except in dimension {axis}. "
        "Expected size {size} but got size {size} for tensor number {axis} in the list.",
        "shape '[{sizes}]' is invalid for input of size {size}",
        "a Tensor with {size} elements cannot be converted to Scalar",
        "Boolean value of Tensor with more than one value is ambiguous",
        "expected scalar type {dtype} but found {dtype}",
        "expected m1 and m2 to have the same dtype, but got: {dtype} != {dtype}",
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
    ),
    "TypeError": (
        "'{name}' object is not subscriptable",
        "'{name}' object is not callable",
        "'{name}' object is not iterable",
        "cannot unpack non-iterable {name} object",
        "object of type '{name}' has no len()",
        "unsupported operand type(s) for {operator}: '{name}' and '{name}'",
        "{name}() got an unexpected keyword argument '{name}'",
        "{name}() missing 1 required positional argument: '{name}'",
    ),
    "UnboundLocalError": ("cannot access local variable '{name}' where it is not associated with a value",),
    "ValueError": ("math domain error",),
    "ZeroDivisionError": ("division by zero", "float division by zero", "integer modulo by zero"),
}
Form = tuple[re.Pattern[str], list[str]]


def _form(message: str) -> Form:
    pieces = re.split(r"\{(\w+)\}", message)
    texts = [_PARTS[piece] if i % 2 else re.escape(piece) for i, piece in enumerate(pieces)]
    return re.compile("".join(texts), re.ASCII), pieces[1::2]


_FORMS = {kind: [_form(message) for message in messages] for kind, messages in _MESSAGES.items()}


class Sizes:
    """The sizes of a check's own tensors: of each axis, of leading axes taken together, of the whole."""

    def __init__(self, *things: Any) -> None:
        self.numbers: set[int] = set()
        self.axes = 0
        for tensor in _tensors(things):
            shape = tuple(tensor.shape)
            self.numbers.update(shape, (math.prod(shape[:end]) for end in range(1, len(shape) + 1)))
            self.axes = max(self.axes, len(shape))

    def has(self, part: str, found: str) -> bool:
        """Whether the numbers in a message's part are among them."""
        numbers = map(int, re.findall(r"\d+", found))
        return all(number < self.axes if part == "axis" else number in self.numbers for number in numbers)


def _tensors(thing: Any, depth: int = 4) -> Iterator[Tensor]:
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, Mirror) or not depth:  # what is the learner's own counts for nothing
        return
    elif isinstance(thing, nn.Module):
        yield from thing.parameters()
    else:
        inside = thing if isinstance(thing, list | tuple) else ()
        if isinstance(thing, Mapping):
            inside = list(thing.values())
        elif type(thing).__module__.startswith("course_utils.model"):  # a cache, a factored matrix
            inside = list(vars(thing).values())
        for one in inside:
            yield from _tensors(one, depth - 1)


def sayable(kind: str, text: str, shown: Callable[[str], bool], sizes: Sizes) -> str:
    """The message where it may be told, with dots for sizes that may not; else nothing.

    shown: whether a name may be.

    >>> sayable("RuntimeError", "a Tensor with 617 elements cannot be converted to Scalar", str.isupper, Sizes())
    'a Tensor with … elements cannot be converted to Scalar'
    """
    for pattern, parts in _FORMS.get(kind, ()):
        if match := pattern.fullmatch(text):
            found = list(zip(parts, match.groups(), strict=True))
            if not all(all(map(shown, one.split("."))) for part, one in found if part == "name"):
                return ""
            counts = [i for i, part in enumerate(parts, 1) if part in _COUNTS]
            if all(sizes.has(parts[i - 1], match[i]) for i in counts):
                return text
            for start, end in reversed([match.span(i) for i in counts]):
                text = f"{text[:start]}…{text[end:]}"
            return text
    return ""
