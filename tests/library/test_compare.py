"""`agree` lets through what is right and nothing else."""

from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from course_utils.grading.compare import Wrong, agree, refuses, require, same, start_counting

INF, NAN = float("inf"), float("nan")
T = torch.tensor


class Yes(Tensor):
    """A tensor that says yes to every comparison."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("eq", "ne", "le", "allclose", "equal", "isnan"):
            return torch.full((2,), func.__name__ != "ne")
        return super().__torch_function__(func, types, args, kwargs or {})


class YesText(str):
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


class YesInt(int):
    __hash__ = int.__hash__

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


Pair = namedtuple("Pair", "first second")

RIGHT = {
    "the same": (T([1.0, 2.0]), T([1.0, 2.0])),
    "within tolerance": (T([1000.05]), T([1000.0])),
    "infinities in place": (T([-INF, 1.0, INF]), T([-INF, 1.0, INF])),
    "0-d": (T(3.0), T(3.0)),
    "empty": (torch.zeros(0, 3), torch.zeros(0, 3)),
    "a view": (torch.arange(6.0).view(2, 3).T, T([[0.0, 3], [1, 4], [2, 5]])),
    "a parameter": (nn.Parameter(T([1.0])), T([1.0])),
    "needs a gradient": (T([1.0], requires_grad=True), T([1.0])),
    "complex": (T([1 + 2j]), T([1 + 2j])),
    "booleans": (T([True, False]), T([True, False])),
    "half precision": (T([0.5], dtype=torch.bfloat16), T([0.5], dtype=torch.bfloat16)),
    "small unsigned": (T([1], dtype=torch.uint16), T([1], dtype=torch.uint16)),
    "number": (0.30000001, 0.3),
    "a whole number for a float": (3, 3.0),
    "numpy's double is a float": (np.float64(3.0), 3.0),
    "both infinite": (-INF, -INF),
    "None": (None, None),
    "text": ("ab", "ab"),
    "nested": ([1, (2.0, {"a": T([1.0])})], [1, (2.0, {"a": T([1.0])})]),
    "a named tuple is a tuple": (Pair(1, 2), (1, 2)),
    "a counter is a dict": (Counter("aab"), {"a": 2, "b": 1}),
    "the order of keys": (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
    "torch.Size": (torch.zeros(2, 3).shape, (2, 3)),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_answers_agree(case):
    agree(*RIGHT[case], "says")


# got, expected, the kind of difference, words in the gap
WRONG = {
    "would broadcast": (torch.ones(3, 1), torch.ones(3, 3), "shape", "[3, 3] was wanted, [3, 1]"),
    "would broadcast, leading": (torch.ones(3), torch.ones(1, 3), "shape", "[1, 3]"),
    "nothing for one": (torch.zeros(0), torch.zeros(1), "shape", "[1] was wanted, [0]"),
    "0-d for one": (T(1.0), T([1.0]), "shape", "[1] was wanted, []"),
    "NaN": (T([1.0, NAN]), T([1.0, 2.0]), "finite", "1 of 2 values are NaN, the first at [1]"),
    "NaN where NaN was expected": (T([NAN]), T([NAN]), "finite", "NaN"),
    "NaN for an infinity": (T([NAN]), T([INF]), "finite", "NaN"),
    "finite for an infinity": (T([0.0, 1.0]), T([-INF, 1.0]), "value", "by up to inf, most at [0]"),
    "very large for an infinity": (T([-1e30]), T([-INF]), "value", "by up to inf"),
    "the other infinity": (T([INF]), T([-INF]), "value", "inf"),
    "an infinity for a number": (T([INF, 1.0]), T([2.0, 1.0]), "value", "1 of 2 values differ, by up to inf"),
    "double precision": (T([1.0]).double(), T([1.0]), "dtype", "float32 was wanted, float64"),
    "int32": (T([1], dtype=torch.int32), T([1]), "dtype", "int64 was wanted, int32"),
    "floats for ids": (T([1.0]), T([1]), "dtype", "int64 was wanted, float32"),
    "ids have no tolerance": (T([50256]), T([50257]), "value", "1 of 1 values differ, by up to 1"),
    "beyond double precision": (T(2**53), T(2**53 + 1), "value", "1 of 1"),
    "unsigned": (T([1], dtype=torch.uint8), T([2], dtype=torch.uint8), "value", "by up to 1"),
    "booleans": (T([True, False]), T([True, True]), "value", "1 of 2"),
    "complex": (T([1 + 2j]), T([1 - 2j]), "value", "by up to 4"),
    "none at all": (None, T([1.0]), "type", "is a `return` missing?"),
    "None for a number": (None, 3, "type", "is a `return` missing?"),
    "a module": (nn.Linear(2, 2), T([1.0]), "type", "call it on its input"),
    "a numpy array": (np.ones(2), torch.ones(2).double(), "type", "torch.from_numpy"),
    "a list for a tensor": ([1.0], T([1.0]), "type", "a list came back"),
    "a float for a 0-d tensor": (1.0, T(1.0), "type", "a tensor was wanted, but a float"),
    "a 0-d tensor for a float": (T(1.0), 1.0, "type", "`.item()` gives the number"),
    "a 0-d tensor for a bool": (T(True), True, "type", "`.item()`"),
    "a function": (lambda: 1, 1, "type", "call it"),
    "a class": (dict, {}, "type", "something to call (dict)"),
    "sparse": (torch.eye(2).to_sparse(), torch.eye(2), "type", "ordinary, dense tensor"),
    "no values": (torch.ones(2, device="meta"), torch.ones(2), "type", "ordinary, dense tensor"),
    "a subclass that says yes": (torch.zeros(2).as_subclass(Yes), torch.ones(2), "type", "a Yes came back, a subclass"),
    "True for 1": (True, 1, "type", "a Python integer was wanted, but a bool"),
    "1 for True": (1, True, "type", "True or False was wanted, but an int"),
    "True for 1.0": (True, 1.0, "type", "a Python number"),
    "a float for an int": (3.0, 3, "type", "a Python integer"),
    "numpy's int": (np.int64(3), 3, "type", "a numpy int64 came back: `.item()`"),
    "numpy's bool": (np.bool_(True), True, "type", "numpy bool"),
    "False": (False, True, "value", ""),
    "off by one": (4, 3, "value", "off by +1"),
    "a huge number": (10**5000, 3, "value", "more than 10**15"),
    "a huge number for a float": (10**5000, 3.0, "value", "more than 10**15"),
    "not a number": (NAN, 1.0, "finite", "NaN"),
    "a float off": (1.5, 1.0, "value", "off by +0.5"),
    "a finite float for an infinity": (3.0, INF, "value", "off by -inf"),
    "an infinite float": (INF, 3.0, "value", "off by +inf"),
    "text": ("ab", "abc", "value", ""),
    "text that says yes": (YesText("no"), "yes", "type", "a YesText came back"),
    "a number that says yes": (YesInt(7), 3, "type", "a YesInt came back"),
    "something for None": (0, None, "type", "None was wanted, but an int"),
    "a tuple for a list": ((1, 2), [1, 2], "type", "a list was wanted, but a tuple"),
    "a list for a tuple": ([1, 2], (1, 2), "type", "a tuple was wanted, but a list"),
    "too few": ([1], [1, 2], "shape", "2 items were wanted, 1 came back"),
    "deep inside": ([1, (2.0, {"a": T([1.0])})], [1, (2.0, {"a": T([2.0])})], "value", "item 1: item 1: a: 1 of 1"),
    "a type inside": ([1, 2.0], [1, 2], "type", "item 1: a Python integer"),
    "a missing key": ({"a": 1}, {"a": 1, "b": 2}, "shape", "missing ['b']"),
    "another key": ({"a": 1, "c": 2}, {"a": 1, "b": 2}, "shape", "missing ['b'], not wanted ['c']"),
    "a value in a dict": ({"a": 1}, {"a": 2}, "value", "a differs"),
    "a set": ({1, 2}, [1, 2], "type", "a set came back"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_answers_are_told_apart(case):
    got, expected, kind, words = WRONG[case]
    with pytest.raises(Wrong) as caught:
        agree(got, expected, "what should hold")
    assert caught.value.kind == kind, caught.value.gap
    assert words in (caught.value.gap or "")
    assert caught.value.says == "what should hold"


async def coroutine():
    return 1


def generator():
    yield 1


@pytest.mark.parametrize(("call", "remedy"), [(coroutine, "`def` in place of `async def`"), (generator, "a `yield`")])
def test_a_call_that_did_not_run_is_said_as_such(call, remedy, recwarn):
    with pytest.raises(Wrong, match="what") as caught:
        agree(call(), 1, "what should hold")
    assert remedy in caught.value.gap
    assert not recwarn.list  # "coroutine was never awaited" would turn up in what the learner printed


def test_tolerance_is_relative_and_absolute_and_can_be_told():
    agree(T([100.009]), T([100.0]), "")
    agree(T([0.0]), T([9e-6]), "")
    agree(1.5, 1.0, "", atol=0.5)
    for got, expected, options in ((100.02, 100.0, {}), (2e-5, 0.0, {}), (1.0001, 1.0, {"rtol": 0, "atol": 0})):
        with pytest.raises(Wrong):
            agree(T([got]), T([expected]), "", **options)


def test_lists_are_shown_whole_and_tensors_in_them_alone():
    with pytest.raises(Wrong) as caught:
        agree([1, 3], [1, 2], "")
    assert (caught.value.got, caught.value.expected) == ([1, 3], [1, 2])
    with pytest.raises(Wrong) as caught:
        agree([T([1.0])], [T([2.0])], "")
    assert isinstance(caught.value.got, Tensor)


def test_what_cannot_be_compared_is_the_checks_own_fault():
    with pytest.raises(TypeError, match="set"):
        agree({1}, {1}, "")


def test_neither_side_is_changed():
    got, expected = T([1.0, NAN]), T([1.0, 2.0])
    with pytest.raises(Wrong):
        agree(got, expected, "")
    assert got.isnan().tolist() == [False, True]


def test_require():
    require(True, "says")
    with pytest.raises(Wrong) as caught:
        require(False, "says", expected=1, got=2)
    assert (caught.value.kind, caught.value.expected, caught.value.got) == ("property", 1, 2)


def raises(error):
    raise error


def test_refuses_is_content_with_the_named_error_only():
    refuses(ValueError, lambda: raises(ValueError("no")), "says")
    with pytest.raises(Wrong) as caught:
        refuses(ValueError, lambda: 3, "says")
    assert (caught.value.got, caught.value.gap) == (3, "no ValueError was raised")
    with pytest.raises(Wrong) as caught:
        refuses(ValueError, lambda: raises(KeyError("x")), "says")
    assert caught.value.gap == "ValueError was wanted, but this came: KeyError: 'x'"
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(Wrong, match="signature"):  # of a call that never reached the code
        refuses(Exception, lambda: raises(Wrong("signature")), "says")
    with pytest.raises(MemoryError):
        refuses(ValueError, lambda: raises(MemoryError()), "says")
    with pytest.raises(NotImplementedError):  # a stub refuses everything
        refuses(RuntimeError, lambda: raises(NotImplementedError("f")), "says")


def test_a_wrong_answer_knows_which_comparison_it_failed():
    start_counting()
    agree(1, 1, "")
    require(True, "")
    with pytest.raises(Wrong) as caught:
        agree(1, 2, "")
    assert caught.value.comparison == 3


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (T([1.0, NAN]), T([1.0, NAN]), True),
        (T([-INF]), T([-INF]), True),
        (T([-INF]), T([-1e9]), False),
        (T([NAN]), T([1.0]), False),
        (T([50256]), T([50257]), False),
        (T([1.0]), T([1.0]).double(), False),
        (torch.ones(3), torch.ones(3, 1), False),
        ([1, "a", None, NAN], [1, "a", None, NAN], True),
        ((1,), [1], False),
        ({"a": T([1.0])}, {"a": T([1.0])}, True),
        ({"a": 1}, {"b": 1}, False),
        (True, 1, False),
        (object(), object(), False),
        (torch.ones(2).as_subclass(Yes), torch.zeros(2).as_subclass(Yes), False),
    ],
)
def test_the_same_wrong_answer(one, other, alike):
    assert same(one, other) is alike
