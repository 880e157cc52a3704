"""`agree`, the one comparison of the course: type, shape, dtype, finiteness, values, in this order; no broadcasting.

What it raises, `Wrong`, is data; `report.py` makes words of it, `diagnose.py` looks for the reason.
"""

import math
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from types import NoneType
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from course_utils.grading.crash import is_out_of_memory, message_of, stub_reached
from course_utils.grading.kinds import is_kind_of, is_ordinary, type_gap

Kind = Literal["type", "shape", "dtype", "finite", "value", "property", "changed_input", "signature"]

LARGEST_FLOAT = sys.float_info.max

# How many comparisons the running check has made: two answers are wrong in the same way only if they fail at the same.
_comparisons: ContextVar[int] = ContextVar("comparisons", default=0)


class Wrong(Exception):
    """An answer that differs from what a check expects.

    says: the author's sentence on what should hold.
    expected, got: the two values as the check saw them (None where there is nothing to show).
    gap: how far off and where, in words.
    fact: the same in words that hold nothing which an answer could carry out; "" where there are none.
    """

    fact = ""

    def __init__(
        self, says: str, expected: Any = None, got: Any = None, gap: str | None = None, kind: Kind = "value"
    ) -> None:
        super().__init__(says)
        self.says, self.expected, self.got, self.gap, self.kind = says, expected, got, gap, kind
        self.comparison = _comparisons.get()


def start_counting() -> None:
    """Forget the comparisons of an earlier check. The judge calls it before each check."""
    _comparisons.set(0)


def agree(got: Any, expected: Any, says: str, *, atol: float = 1e-5, rtol: float = 1e-4) -> None:
    """Raise Wrong unless `got` is what was expected.

    expected: a tensor, number, string, None, or lists, tuples and dicts of these. A tensor's shape and dtype must match
    exactly; floating values must satisfy |got - expected| <= atol + rtol * |expected|; infinities must sit at the same
    places; NaN is never right.
    says: one sentence for the learner on what should hold here.

    >>> agree([1, 2.0], [1, 2.0], "two numbers")
    >>> agree(torch.ones(3, 1), torch.ones(3, 3), "three by three")
    Traceback (most recent call last):
    course_utils.grading.compare.Wrong: three by three
    """
    _comparisons.set(_comparisons.get() + 1)
    _compare(got, expected, says, atol, rtol, where="")


def require(condition: bool, says: str, *, expected: Any = None, got: Any = None) -> None:
    """Raise Wrong(says) unless the condition holds: for properties that are no comparison with one value."""
    _comparisons.set(_comparisons.get() + 1)
    if not condition:
        raise Wrong(says, expected, got, kind="property")


def refuses(error: type[Exception], call: Callable[[], Any], says: str) -> None:
    """Raise Wrong(says) unless `call()` raises `error` itself; a stub's NotImplementedError and a Wrong pass through.

    >>> refuses(ValueError, lambda: int("x"), "not a number")
    """
    _comparisons.set(_comparisons.get() + 1)
    try:
        got = call()
    except Exception as raised:
        if isinstance(raised, Wrong) or stub_reached(raised) or is_out_of_memory(raised):
            raise
        if isinstance(raised, error):
            return
        gap = f"{error.__name__} was wanted, but this came: {message_of(raised)}"
        raise Wrong(says, gap=gap, kind="property") from raised
    raise Wrong(says, got=got, gap=f"no {error.__name__} was raised", kind="property")


def same(one: Any, other: Any) -> bool:
    """Whether two answers are one and the same wrong answer, within the tolerance of `agree`; NaN equals NaN."""
    if is_ordinary(one) and is_ordinary(other):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        a, b = _plain(one), _plain(other)
        return not (_off(a, b, 1e-5, 1e-4) & ~(a.isnan() & b.isnan())).any()
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, atol=1e-5, rtol=1e-4, equal_nan=True))
    return type(one) is type(other) and type(one) in (int, str, bool, NoneType) and one == other


def _plain(tensor: Tensor) -> Tensor:
    """Values to compare: detached, on the CPU; in double precision, and whole numbers as int64."""
    value = tensor.detach().cpu()
    if value.is_complex():
        return value.to(torch.complex128)
    return value.to(torch.float64 if value.is_floating_point() else torch.int64)


def _compare(got: Any, expected: Any, says: str, atol: float, rtol: float, where: str) -> None:
    if isinstance(expected, Tensor):
        _compare_tensor(got, expected, says, atol, rtol, where)
    elif isinstance(expected, dict):
        _compare_dict(got, expected, says, atol, rtol, where)
    elif isinstance(expected, list | tuple):
        _compare_sequence(got, expected, says, atol, rtol, where)
    elif isinstance(expected, bool) or expected is None or isinstance(expected, str):
        _of_type(got, expected, says, where)
        if got != expected:
            raise Wrong(says, expected, got, f"{where}another value" if where else None)
    elif isinstance(expected, int | float):
        _compare_number(got, expected, says, atol, rtol, where)
    else:
        raise TypeError(f"agree() can't compare with an expected {type(expected).__name__}")


def _of_type(got: Any, expected: Any, says: str, where: str) -> None:
    if not is_kind_of(got, expected):
        wrong = Wrong(says, expected, got, f"{where}{type_gap(got, expected)}", kind="type")
        wrong.fact = type_gap(got, expected, bare=True)
        raise wrong


def _compare_number(got: Any, expected: float, says: str, atol: float, rtol: float, where: str) -> None:
    _of_type(got, expected, says, where)
    if got != got:
        raise Wrong(says, expected, got, f"{where}NaN is not a number", kind="finite")
    if got == expected:
        return
    if isinstance(expected, int) or (isinstance(got, int) and abs(got) > LARGEST_FLOAT):
        # In a list whole numbers are ids, and how far apart two ids are says nothing.
        by = f"{got - int(expected):+d}" if abs(got) < 10**15 else "more than 10**15"
        raise Wrong(says, expected, got, where.removesuffix(": ") + " differs" if where else f"off by {by}")
    if math.isinf(expected) or not abs(got - expected) <= atol + rtol * abs(expected):
        raise Wrong(says, expected, got, f"{where}off by {got - expected:+.4g}")


def _compare_sequence(got: Any, expected: Sequence[Any], says: str, atol: float, rtol: float, where: str) -> None:
    _of_type(got, expected, says, where)
    if len(got) != len(expected):
        items = "item was" if len(expected) == 1 else "items were"
        gap = f"{where}{len(expected)} {items} wanted, {len(got)} came back"
        raise Wrong(says, expected, got, gap, kind="shape")
    for i, (one, other) in enumerate(zip(got, expected, strict=True)):
        try:
            _compare(one, other, says, atol, rtol, f"{where}item {i}: ")
        except Wrong as wrong:
            if not isinstance(other, Tensor):  # short lists are best shown whole
                wrong.expected, wrong.got = expected, got
            raise


def _compare_dict(got: Any, expected: dict[Any, Any], says: str, atol: float, rtol: float, where: str) -> None:
    _of_type(got, expected, says, where)
    missing = [key for key in expected if key not in got]
    extra = [key for key in got if key not in expected]
    if missing or extra:
        parts = [f"missing {missing[:3]}"] * bool(missing) + [f"not wanted {extra[:3]}"] * bool(extra)
        raise Wrong(says, sorted(map(str, expected)), sorted(map(str, got)), where + ", ".join(parts), kind="shape")
    for key in expected:
        _compare(got[key], expected[key], says, atol, rtol, f"{where}{key}: ")


def _compare_tensor(got: Any, expected: Tensor, says: str, atol: float, rtol: float, where: str) -> None:
    _of_type(got, expected, says, where)
    if got.shape != expected.shape:
        gap = f"{where}shape {list(expected.shape)} was wanted, {list(got.shape)} came back"
        raise Wrong(says, expected, got, gap, kind="shape")
    if got.dtype != expected.dtype:
        gap = f"{where}dtype {_dtype(expected)} was wanted, {_dtype(got)} came back"
        raise Wrong(says, expected, got, gap, kind="dtype")
    a, e = _plain(got), _plain(expected)
    if a.isnan().any():
        first = a.isnan().nonzero()[0].tolist()
        gap = f"{where}{int(a.isnan().sum())} of {a.numel()} values are NaN, the first at {first}"
        raise Wrong(says, expected, got, gap, kind="finite")
    off = _off(a, e, atol, rtol)
    if not off.any():
        return
    distance = torch.where(off, (a - e).abs().double(), 0.0)
    worst = np.unravel_index(int(distance.nan_to_num(posinf=torch.inf).argmax()), a.shape) if a.ndim else ()
    at = f", most at {[int(i) for i in worst]}" if a.numel() > 1 else ""
    gap = f"{where}{int(off.sum())} of {a.numel()} values differ, by up to {float(distance.max()):.4g}{at}"
    raise Wrong(says, expected, got, gap)


def _off(a: Tensor, e: Tensor, atol: float, rtol: float) -> Tensor:
    """Which values differ. Whole numbers must be equal: a token id has no tolerance. Nor has an infinity: with it the
    tolerance would be infinite, and anything would do where -inf was wanted."""
    if not (e.is_floating_point() or e.is_complex()):
        return a != e
    return (a != e) & ~(((a - e).abs() <= atol + rtol * e.abs()) & e.isfinite())


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
