"""The course's own solution of an earlier exercise, lent to the jail while a later one is judged.

It runs outside, on what the jail sends, and no clock stops it there. So each call of it is bounded three times: by what
it is given, by the steps that it takes, and by the memory that is there for it. What checks ask for is far below.
"""

import contextlib
import functools
import math
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from types import FrameType, FunctionType
from typing import Any

import numpy as np
from torch import Tensor, nn

from course_utils.jail.talk.proxy import OutsidePeer
from course_utils.jail.talk.things import Bag
from course_utils.jail.walls.rlimits import memory_in_use
from course_utils.model import ActivationCache, FactoredMatrix, HookedTransformer

MOST_WORK = 1 << 30  # the product of the whole numbers given as arguments, times the largest of all
MOST_ITEMS = 1 << 11  # of all lists and texts together: an encoder looks at each pair of them
MOST_CELLS = 1 << 30  # the tensors' values, times their longest axis squared: what a product of two of them takes
MOST_STEPS = 1 << 17  # calls of functions
MOST_TOUCHED = 1 << 29  # steps, times values that are there to be worked on
ROOM = 512 << 20  # bytes, for all that one is asked in one judging: pieces of text can double with each merge
_NO_MEMORY = "can't allocate memory"  # in what torch says then


class _Enough(BaseException):
    """Raised amid the work. A BaseException, so that nothing on the way takes it for its own."""


def lent(name: str, thing: Any) -> Any:
    """The function or class, refusing with ValueError what would take long or much memory."""
    used = memory_in_use()
    most = used + ROOM if used else None
    if not isinstance(thing, type):
        return _bounded(name, thing, most)
    own = {
        method: _bounded(name, getattr(thing, method), most)
        for method in ("__init__", "forward", "__call__")
        if getattr(thing, method, None) is not getattr(nn.Module, method, None)
    }
    return type(thing)(thing.__name__, (thing,), own)


def _bounded(name: str, work: Callable[..., Any], most: int | None) -> Callable[..., Any]:
    @functools.wraps(work)
    def asked(*args: Any, **kwargs: Any) -> Any:
        try:
            with _no_more_memory(most), _Steps(_measured((*args, *kwargs.values()))):
                made = work(*args, **kwargs)
        except (_Enough, MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and _NO_MEMORY not in str(error):
                raise
            raise ValueError(f"the course's own {name} is lent for small arguments only") from None
        return _bounded(name, made, most) if isinstance(made, FunctionType) else made  # a hook, a metric

    return asked


def _measured(args: tuple[Any, ...]) -> int:
    """How many steps may be taken with these arguments. Raises _Enough where they are too large for any."""
    leaves = list(islice(_leaves(args), MOST_ITEMS + 1))
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor | np.ndarray)]
    largest = max((abs(int(leaf)) for leaf in leaves if isinstance(leaf, int | np.integer)), default=0)
    sizes = math.prod(max(abs(int(one)), 1) for one in args if isinstance(one, int | np.integer))
    items = len(leaves) + sum(len(leaf) for leaf in leaves if isinstance(leaf, str | bytes))
    values = sum(math.prod(one.shape) for one in tensors)
    longest = max((size for one in tensors for size in one.shape), default=1)
    if sizes * largest > MOST_WORK or items > MOST_ITEMS or values * longest**2 > MOST_CELLS:
        raise _Enough
    return min(MOST_STEPS, MOST_TOUCHED // (values + items + 1))


def _leaves(value: Any, depth: int = 0) -> Iterator[Any]:
    """What is in an argument: a module's weights too, but not those of a hooked model, for that is ours."""
    inner: Any = None
    if isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, list | tuple | set | frozenset | range | Bag):
        inner = value
    elif isinstance(value, nn.Module) and "_parameters" in vars(value) and not isinstance(value, HookedTransformer):
        inner = [*value.parameters(), *value.buffers()]
    elif isinstance(value, FactoredMatrix | ActivationCache):
        inner = list(vars(value).values())
    if inner is None:
        yield value
    elif depth == 8:
        raise _Enough
    else:
        for item in inner:
            yield from _leaves(item, depth + 1)


class _Steps:
    """A context manager in which _Enough is raised after so many calls of functions, in Python or in C.

    What is asked of the jail meanwhile isn't counted, for that has a clock, and must not be left half said.
    """

    def __init__(self, most: int) -> None:
        self.left = most
        self._asking = 0

    def __enter__(self) -> None:
        self._before = sys.getprofile()
        sys.setprofile(self._count)

    def __exit__(self, *error: object) -> None:
        sys.setprofile(self._before)

    def _count(self, frame: FrameType, event: str, about: Any) -> None:
        if frame.f_code is _ASKING:
            self._asking += {"call": 1, "return": -1}.get(event, 0)
        elif not self._asking and event in ("call", "c_call"):
            self.left -= 1
            if self.left < 0:
                raise _Enough


_ASKING = OutsidePeer.ask.__code__


@contextlib.contextmanager
def _no_more_memory(most: int | None) -> Iterator[None]:
    """Let this process have no more than so many bytes of address space meanwhile; None where they can't be counted."""
    if most is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [most, *(one for one in (soft, hard) if one != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
