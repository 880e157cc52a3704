"""What kind of thing an answer is: which types pass for which, and one sentence on a wrong one."""

import inspect
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_PLAIN = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, slice)


def is_ordinary(value: Any) -> bool:
    """Whether this is a tensor whose values can be read and trusted: dense, no subclass that answers for itself.

    >>> is_ordinary(torch.ones(2)), is_ordinary(nn.Parameter(torch.ones(2))), is_ordinary(torch.ones(2, device="meta"))
    (True, True, False)
    """
    return (
        type(value) in (Tensor, nn.Parameter)
        and value.layout is torch.strided
        and value.device.type != "meta"
        and not value.is_quantized
    )


def is_kind_of(got: Any, expected: Any) -> bool:
    """Whether `got` has a type that can be compared with `expected`. True is no 1 here, and 1 no True.

    Exact types where a subclass could answer `==` as it likes; a whole number passes for a float.
    """
    if isinstance(expected, Tensor):
        return is_ordinary(got)
    if isinstance(expected, float):
        return type(got) in (float, int, np.float64)
    for kind in (list, tuple, dict):  # OrderedDict and named tuples are welcome
        if isinstance(expected, kind):
            return isinstance(got, kind)
    return type(got) is type(expected)


def type_gap(got: Any, expected: Any, *, bare: bool = False) -> str:
    """One sentence on an answer of the wrong type, with the likely remedy. bare: as in `came_back`."""
    wanted = {float: "a Python number", int: "a Python integer", bool: "True or False", str: "a string"}
    want = "a tensor" if isinstance(expected, Tensor) else wanted.get(type(expected), _a(type(expected).__name__))
    want = "None" if expected is None else want
    return f"{want} was wanted, but {came_back(got, expected, bare=bare)}"


def came_back(got: Any, expected: Any = None, *, bare: bool = False) -> str:
    """What came back in place of `expected`, in words, and how to make the right thing of it.

    bare: only its kind, out of a fixed list: no name of theirs and no size, for these can be made from hidden inputs.
    """
    if got is None:
        return "None came back: is a `return` missing?"
    name = type(got).__name__
    if isinstance(got, nn.Module):
        return f"a module{'' if bare else f' ({name})'} came back: call it on its input."
    if isinstance(got, Tensor):
        return _tensor_came(got, expected, bare)
    if isinstance(got, np.ndarray) and isinstance(expected, Tensor):
        return "a numpy array came back: stay in torch, or use torch.from_numpy."
    if isinstance(got, np.generic):
        return f"a numpy {name} came back: `.item()` gives the Python value."
    if inspect.iscoroutine(got):
        got.close()  # it will never be awaited, and Python would say so in the learner's output
        return "a coroutine came back: write `def` in place of `async def`."
    if inspect.isgenerator(got):
        return "a generator came back: your code has a `yield`; collect the values and `return` them."
    if isinstance(got, type) or callable(got):
        which = "" if bare else f" ({getattr(got, '__name__', name)})"
        return f"something to call{which} came back: call it."
    return "something of another kind came back." if bare and type(got) not in _PLAIN else f"{_a(name)} came back."


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiouAEIO" else f"a {name}"


def _tensor_came(got: Tensor, expected: Any, bare: bool) -> str:
    if type(got) not in (Tensor, nn.Parameter):
        what = "a subclass of Tensor came back" if bare else f"{_a(type(got).__name__)} came back, a subclass of Tensor"
        return f"{what}: return an ordinary tensor."
    if isinstance(expected, Tensor):
        what = "without values (device meta)" if got.device.type == "meta" else f"of layout {got.layout}"
        return f"a tensor {what} came back: return an ordinary, dense tensor."
    came = "a tensor came back" if bare else f"a tensor of shape {list(got.shape)} came back"
    return f"{came}: `.item()` gives the number in it." if isinstance(expected, int | float) else f"{came}."
