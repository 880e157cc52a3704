"""Name what is wrong with a tensor of wrong values: axes permuted, a constant factor, wrong above the diagonal only …

Generic numeric probes, tried from the most telling to the vaguest. The beliefs behind an exercise's own mutants are
tried elsewhere (`judge.py`).
"""

import math
from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

RTOL, ATOL = 1e-3, 1e-5


def diagnose(expected: Any, got: Any, sizes: Iterable[int] = ()) -> str | None:
    """One clause on how `got` differs from `expected`, or None when no probe fits.

    sizes: the axis sizes in play (those of the arguments); they explain a constant factor such as 1/sqrt(d_head).

    >>> diagnose(torch.tensor([1.0, 2.0, 5.0]), torch.tensor([-1.0, -2.0, -5.0]))
    'the sign is flipped everywhere'
    """
    if not (isinstance(expected, Tensor) and isinstance(got, Tensor)):
        return None
    if expected.is_complex() or got.is_complex() or not expected.numel() or not got.numel():
        return None
    e, g = expected.detach().cpu().double(), got.detach().cpu().double()
    if e.shape != g.shape:
        return _of_shape(e, g)
    if not torch.isfinite(g).all() or not torch.isfinite(e).all():
        return _of_infinities(e, g)

    def scaled(e: Tensor, g: Tensor) -> str | None:
        return _factor(e, g, sizes)

    places = (_permuted, _shifted, _reversed, _triangle, _boundary)
    probes = (_permuted, _sign, scaled, _offset, *places[1:], _rows, _constant)
    # Whole numbers are ids and counts: that one is twice another means nothing.
    quantities = expected.is_floating_point() and got.is_floating_point()
    return next(filter(None, (probe(e, g) for probe in (probes if quantities else places))), None)


def _close(a: Tensor, b: Tensor) -> bool:
    # Not torch.allclose: what a learner may have put in its place is not asked.
    return a.shape == b.shape and not ((a - b).abs() > ATOL + RTOL * b.abs()).any()


def _of_shape(e: Tensor, g: Tensor) -> str | None:
    if sorted(e.shape) == sorted(g.shape) and e.ndim <= 4:
        for order in permutations(range(g.ndim)):
            if _close(g.permute(order), e):
                return f"the values are right but the axes are in another order: yours.permute{order} is what is wanted"
        return "the axes have the right sizes in another order"
    if e.numel() == g.numel() and [n for n in e.shape if n > 1] == [n for n in g.shape if n > 1]:
        return "an axis of size 1 is " + ("too many" if g.ndim > e.ndim else "missing")
    for axis in range(e.ndim):
        if g.shape == e.shape[:axis] + e.shape[axis + 1 :]:
            return f"axis {axis} (of size {e.shape[axis]}) is gone: was it summed, averaged or indexed away?"
    if g.ndim == e.ndim:
        off = [i for i in range(e.ndim) if g.shape[i] != e.shape[i]]
        if len(off) == 1:
            return f"only axis {off[0]} has another size: {g.shape[off[0]]} instead of {e.shape[off[0]]}"
    return None


def _of_infinities(e: Tensor, g: Tensor) -> str | None:
    extra, missing = torch.isinf(g) & ~torch.isinf(e), torch.isinf(e) & ~torch.isinf(g)
    if missing.any() and not extra.any():
        return f"{_values(missing)} should be infinite and {_are(missing)} not"
    if extra.any() and not missing.any():
        return f"{_values(extra)} {_are(extra)} infinite and should not be"
    if extra.any():
        return "the infinities sit at other places than they should"
    return None


def _values(which: Tensor) -> str:
    count = int(which.sum())
    return f"{count} value" + ("s" if count > 1 else "")


def _are(which: Tensor) -> str:
    return "are" if int(which.sum()) > 1 else "is"


def _permuted(e: Tensor, g: Tensor) -> str | None:
    if e.ndim < 2 or e.ndim > 4:
        return None
    for order in permutations(range(e.ndim)):
        moved = [str(axis) for axis in range(e.ndim) if order[axis] != axis]
        if moved and _close(g.permute(order), e):
            # They have one size, or the shape would be another: a reshape gone wrong can look the same.
            return f"axes {', '.join(moved[:-1])} and {moved[-1]} look swapped"
    return None


def _sign(e: Tensor, g: Tensor) -> str | None:
    return "the sign is flipped everywhere" if e.abs().max() > 1e-6 and _close(-g, e) else None


def _factor(e: Tensor, g: Tensor, sizes: Iterable[int]) -> str | None:
    """got = c * expected: one value can only be explained by a factor that has a name."""
    norm = float((e * e).sum())
    if norm < 1e-12:
        return None
    c = float((e * g).sum()) / norm
    if abs(c) < 1e-6 or abs(c - 1) < 1e-4 or not _close(g, c * e):
        return None
    name = next((words for value, words in _named_factors(sizes) if math.isclose(c, value, rel_tol=1e-3)), None)
    if name:
        return f"every value is {c:.4g} times what it should be, which is {name}"
    return f"every value is {c:.4g} times what it should be" if e.numel() > 2 else None


def _named_factors(sizes: Iterable[int]) -> Iterator[tuple[float, str]]:
    large = [n for n in sorted(set(sizes)) if n > 1]
    for n in large:
        yield math.sqrt(n), f"sqrt({n}): is a division by the root of a size missing?"
        yield 1 / math.sqrt(n), f"1/sqrt({n}): divided by the root of a size once too often?"
    for n in large:
        yield float(n), f"a size: a sum over an axis of size {n} that should not be summed, or a mean that is missing?"
        yield 1 / n, f"1/{n}: a mean where a sum was wanted?"
        for ratio, words in ((n / (n - 1), f"{n}/{n - 1}"), ((n - 1) / n, f"{n - 1}/{n}")):
            yield ratio, f"{words}: n and n - 1 mixed up?"
            yield math.sqrt(ratio), f"sqrt({words}): a variance with n - 1 in place of n?"
    yield math.log(2), "ln 2: natural logarithm and logarithm to base 2 mixed up?"
    yield 1 / math.log(2), "1/ln 2: natural logarithm and logarithm to base 2 mixed up?"


def _offset(e: Tensor, g: Tensor) -> str | None:
    c = float((g - e).mean())
    if e.numel() > 2 and abs(c) > 1e-6 and _close(g - c, e):
        return f"every value is {abs(c):.4g} too {'large' if c > 0 else 'small'}"
    return None


def _shifted(e: Tensor, g: Tensor) -> str | None:
    for axis in range(e.ndim):
        n = e.shape[axis]
        if n < 3:
            continue
        late = g.narrow(axis, 1, n - 1), e.narrow(axis, 0, n - 1)
        early = g.narrow(axis, 0, n - 1), e.narrow(axis, 1, n - 1)
        for ours, wanted, words in ((*late, "late"), (*early, "early")):
            # Zeros beside zeros are no sign of a shift.
            if _close(ours, wanted) and not _close(wanted, wanted.flatten()[0].expand_as(wanted)):
                return f"the values are right but come one place too {words} along axis {axis}"
    return None


def _reversed(e: Tensor, g: Tensor) -> str | None:
    axes = [axis for axis in range(e.ndim) if e.shape[axis] > 1 and _close(g.flip(axis), e)]
    return f"axis {axes[0]} runs backwards" if axes else None


def _triangle(e: Tensor, g: Tensor) -> str | None:
    if e.ndim < 2 or e.shape[-1] != e.shape[-2] or e.shape[-1] < 2:
        return None
    off = ~torch.isclose(e, g, rtol=RTOL, atol=ATOL)
    parts = {
        "above the diagonal": torch.ones_like(off).triu(1),
        "below the diagonal": torch.ones_like(off).tril(-1),
        "on the diagonal": torch.eye(e.shape[-1], dtype=torch.bool).expand_as(off),
    }
    for words, part in parts.items():
        if not (off & ~part).any():
            return f"only entries {words} are wrong"
    return None


def _boundary(e: Tensor, g: Tensor) -> str | None:
    off = ~torch.isclose(e, g, rtol=RTOL, atol=ATOL)
    for axis in range(e.ndim):
        n = e.shape[axis]
        wrong = sorted(set(off.nonzero()[:, axis].tolist()))
        if n < 3:  # "only one of two" says nothing
            continue
        if wrong in ([0], [n - 1]):
            return f"only index {wrong[0]} of axis {axis} is wrong, the {'first' if wrong == [0] else 'last'} one"
        if wrong == list(range(1, n)):  # no wonder at position 0 of causal attention, which has only itself to look at
            return (
                f"only index 0 of axis {axis} is right. If these are positions, the first sees only itself, and any "
                "mistake in what the others read from looks like this"
            )
    return None


def _rows(e: Tensor, g: Tensor) -> str | None:
    """Each row along the last axis off by its own offset or factor: a normalisation that is missing or misplaced."""
    if e.ndim < 2 or e.shape[-1] < 3:
        return None
    difference = g - e
    if _close(difference - difference.mean(-1, keepdim=True), torch.zeros_like(e)):
        return "each row (last axis) is off by a constant of its own"
    scale = (e * g).sum(-1, keepdim=True) / (e * e).sum(-1, keepdim=True).clamp_min(1e-12)
    if scale.abs().min() > 1e-6 and _close(g, scale * e):
        return "each row (last axis) is off by a factor of its own: is a normalisation missing or over another axis?"
    return None


def _constant(e: Tensor, g: Tensor) -> str | None:
    if g.numel() > 2 and _close(g, g.flatten()[0].expand_as(g)):
        return f"every value came out the same ({float(g.flatten()[0]):.4g})"
    return None
