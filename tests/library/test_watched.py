"""The stand-in behaves like the thing under test, remembers its calls, and notices what a check would not."""

import enum
import functools
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import nn

from course_utils.grading.compare import Wrong
from course_utils.grading.watched import watch

T = torch.tensor


def wrong(call) -> Wrong:
    with pytest.raises(Wrong) as caught:
        call()
    return caught.value


def test_the_last_call_is_remembered_by_name():
    def scale(x, factor=2.0, *, shift=0):
        """Docs."""
        return x * factor + shift

    watched, calls = watch(scale, "scale")
    assert watched(T([1.0]), shift=3).tolist() == [5.0]
    assert calls.shown() == "x = [1], shift = 3"
    assert (calls.result.tolist(), calls.returned) == ([5.0], True)
    assert (watched.__name__, watched.__doc__) == ("scale", "Docs.")


def test_a_call_that_raises_has_not_returned():
    def fails(x):
        raise KeyError("x")

    watched, calls = watch(fails, "fails")
    with pytest.raises(KeyError):
        watched(1)
    assert (calls.arguments, calls.returned) == ({"x": 1}, False)


def test_sizes_in_play():
    class Layer(nn.Module):
        def __init__(self, width, many=20_000, on=True):
            super().__init__()

        def forward(self, x):
            return x

    watched, calls = watch(Layer, "Layer")
    watched(3)(torch.ones(4, 5))
    assert calls.sizes() == {3, 4, 5}


@pytest.mark.parametrize(
    ("spoil", "value", "name"),
    [
        (lambda x: x.mul_(2), T([1.0, 2.0]), "x"),
        (lambda x: x.zero_(), T([1, 2]), "x"),
        (lambda x: x.append(3), [1, 2], "x"),
        (lambda x: x.sort(), [2, 1], "x"),
        (lambda x: x.pop("a"), {"a": 1}, "x"),
        (lambda x: x["a"].add_(1), {"a": T([1.0])}, "x"),
        (lambda x: x[0].append(1), ([], 2), "x"),
        (lambda x: x.t_(), torch.ones(2, 3), "x"),
        (lambda x: x.fill_(torch.nan), T([1.0]), "x"),
    ],
)
def test_a_change_in_place_is_said_with_the_arguments_name(spoil, value, name):
    def f(mask, x):
        spoil(x)
        return x

    watched, _ = watch(f, "f")
    error = wrong(lambda: watched(None, value))
    assert error.kind == "changed_input"
    assert error.says == "f changed its argument `x` in place: work on a copy of it."


@pytest.mark.parametrize(
    "value",
    [T([torch.nan, -torch.inf]), [float("nan")], {"a": object()}, torch.eye(2).to_sparse(), "text", nn.Linear(2, 2)],
)
def test_what_was_left_alone_is_not_blamed(value):
    watched, _ = watch(lambda x: 1, "f")
    assert watched(value) == 1


def test_changing_the_input_is_allowed_where_it_is_the_point():
    watched, calls = watch(lambda x: x.zero_(), "f", may_change_input=True)
    assert watched(T([1.0])).tolist() == [0.0]
    assert calls.arguments["x"].tolist() == [1.0]  # what it was called with, not what is left


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: 1, "f() can't be called with (a Tensor): too many positional arguments"),
        (lambda x, y: 1, "missing a required argument: 'y'"),
        (lambda *, x: 1, "too many positional arguments"),
    ],
)
def test_a_call_that_does_not_fit_the_signature(function, words):
    watched, _ = watch(function, "f")
    error = wrong(lambda: watched(T([1.0])))
    assert error.kind == "signature"
    assert words in error.says
    assert "Keep the signature that the stub has." in error.says


def test_a_type_error_inside_is_not_taken_for_a_signature():
    watched, _ = watch(lambda x: len(x), "f")
    with pytest.raises(TypeError):
        watched(3)


class Affine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.w


class Plain:
    def __init__(self, n):
        self.n = n


class Callable(Plain):
    def __call__(self, x):
        return x + self.n


class Pair(NamedTuple):
    first: int
    second: int


@dataclass(frozen=True)
class Record:
    first: int

    def __call__(self, x):
        return x + self.first


class Colour(enum.Enum):
    RED = 1


def test_a_module_stays_a_module_and_its_forward_is_watched():
    watched, calls = watch(Affine, "Affine")
    layer = watched(2)
    assert isinstance(layer, Affine)
    assert [name for name, _ in layer.named_parameters()] == ["w"]
    assert layer(T([1.0, 2.0])).tolist() == [1.0, 2.0]
    assert calls.shown() == "width = 2, x = [1, 2]"
    assert wrong(lambda: watched()).kind == "signature"
    assert "Affine.forward(x)" in wrong(lambda: layer()).says


def test_a_module_that_changes_its_input():
    class Layer(nn.Module):
        def forward(self, x):
            return x.zero_()

    watched, _ = watch(Layer, "Layer")
    assert "`x` in place" in wrong(lambda: watched()(T([1.0]))).says


def test_a_module_without_forward():
    class Layer(nn.Module):
        def foward(self, x):
            return x

    watched, _ = watch(Layer, "Layer")
    assert "has no method `forward`" in wrong(lambda: watched()(T([1.0]))).says


def test_other_classes():
    plain, calls = watch(Plain, "Plain")
    assert plain(3).n == 3
    assert not callable(plain(3))
    assert calls.shown() == "n = 3"
    called, calls = watch(Callable, "Callable")
    assert called(3)(4) == 7
    assert calls.shown() == "n = 3, x = 4"
    pair, _ = watch(Pair, "Pair")
    assert tuple(pair(1, second=2)) == (1, 2)
    record, _ = watch(Record, "Record")
    assert record(1)(2) == 3
    assert "special kind (EnumType)" in wrong(lambda: watch(Colour, "Colour")).says


@pytest.mark.parametrize("thing", [len, functools.partial(max, 0), torch.exp, Callable(2), abs])
def test_things_that_are_no_plain_function(thing):
    watched, calls = watch(thing, "f")
    watched(T([3.0]) if thing is not abs else -3)
    assert calls.returned


def test_parameters_are_shown_as_they_were():
    def clip(parameters):
        for p in parameters:
            p.grad.mul_(0.5)
            p.data.add_(1)

    parameter = nn.Parameter(T([1.0, 2.0]))
    parameter.grad = T([3.0, 4.0])
    watched, calls = watch(clip, "clip")
    watched([parameter])
    assert parameter.grad.tolist() == [1.5, 2.0]
    assert calls.shown() == "parameters = [[1, 2] with grad [3, 4]]"


def test_data_goes_before_functions_and_modules():
    watched, calls = watch(lambda step, prompt, layer, n: 1, "f")
    watched(abs, [1, 2], nn.Linear(2, 2), 3)
    assert calls.shown() == "prompt = [1, 2], n = 3, step = abs, layer = Linear(…)"
    watched(abs, list(range(15)), nn.Linear(2, 2), T([[0.125, 0.25], [0.5, 1.0]]))
    assert calls.shown() == f"prompt = {list(range(15))}, n = [[0.125, 0.25], [0.5, 1]]"
    watched(abs, list(range(90)), nn.Linear(2, 2), 3)
    assert calls.shown().endswith("…, n = 3")
