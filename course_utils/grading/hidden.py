"""Grading other people: random numbers that follow from a hidden seed, and verdicts that tell nothing of hidden inputs.

For self-study neither is in force, and this file changes nothing. One exercise at a time in one process: torch's random
numbers belong to the process.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

import torch

_SEED: ContextVar[int | None] = ContextVar("seed", default=None)
_PRIVATE: ContextVar[bool] = ContextVar("private", default=False)
_manual_seed, _Generator = torch.manual_seed, torch.Generator

KINDS = {  # what may be said of a wrong answer's kind
    "type": "The answer is of another type than was wanted.",
    "shape": "The answer has another shape or length, or other keys, than was wanted.",
    "dtype": "The answer has another dtype than was wanted.",
    "finite": "Some values of the answer are NaN.",
}
_LABELS = (
    (re.compile(r"is \S+ times what it should be, which is"), "is off by a constant factor, which is"),
    (re.compile(r"is \S+ times what it should be"), "is off by a constant factor"),
    (re.compile(r"every value is \S+ too (large|small)"), r"every value is too \1 by the same amount"),
    (re.compile(r"(came out the same) \(.*\)"), r"\1"),
    (re.compile(r"^1 value is (.*) and should"), r"some values are \1 and should"),
    (re.compile(r"^1 value should be infinite and is"), "some values should be infinite and are"),
    (re.compile(r"^\d+ values "), "some values "),
    (re.compile(r"(has another size):.*"), r"\1"),
)


@contextmanager
def hidden(seed: int | None, *, private: bool) -> Iterator[None]:
    """In this block checks draw other random numbers for each seed (None: their own), and verdicts keep inputs back."""
    tokens = _SEED.set(seed), _PRIVATE.set(private)
    try:
        yield
    finally:
        _SEED.reset(tokens[0])
        _PRIVATE.reset(tokens[1])


def private() -> bool:
    """Whether a verdict must not tell what a check gave and got."""
    return _PRIVATE.get()


def label(diagnosis: str | None) -> str | None:
    """A diagnosis without the numbers that an answer could carry out: `got` may be any function of hidden inputs.

    >>> label("every value is 2.828 times what it should be, which is sqrt(8): is a division missing?")
    'every value is off by a constant factor, which is sqrt(8): is a division missing?'
    """
    for pattern, words in _LABELS:
        diagnosis = diagnosis and pattern.sub(words, diagnosis)
    return diagnosis


def mixed(number: int) -> int:
    """The number, mixed with the hidden seed if there is one."""
    seed = _SEED.get()
    if seed is None:
        return number
    digest = hashlib.blake2b(str(number).encode(), key=hashlib.blake2b(str(seed).encode()).digest(), digest_size=8)
    return int.from_bytes(digest.digest(), "big") >> 2


class _Mixed(torch.Generator):
    def manual_seed(self, seed: int) -> torch.Generator:
        return super().manual_seed(mixed(seed))


@contextmanager
def mixing() -> Iterator[None]:
    """In this block `torch.manual_seed(k)` and `torch.Generator().manual_seed(k)` are mixed with the hidden seed."""
    with ExitStack() as stack:
        if _SEED.get() is not None:
            stack.enter_context(patch.object(torch, "manual_seed", lambda seed: _manual_seed(mixed(seed))))
            stack.enter_context(patch.object(torch, "Generator", _Mixed))
        _manual_seed(mixed(0))
        yield


def same_for_all(function: Callable[..., Any]) -> Callable[..., Any]:
    """A check file's cached function, which many submissions share: no hidden seed reaches what it keeps."""

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if _SEED.get() is None:
            return function(*args, **kwargs)
        with hidden(None, private=False), torch.random.fork_rng(devices=[]), ExitStack() as stack:
            stack.enter_context(patch.object(torch, "manual_seed", _manual_seed))
            stack.enter_context(patch.object(torch, "Generator", _Generator))
            _manual_seed(0)
            return function(*args, **kwargs)

    return plain
