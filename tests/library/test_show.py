"""Values as short text, whatever they are."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from course_utils.grading.show import change, short


class Odd:
    def __init__(self, effect):
        self.effect = effect

    def __repr__(self):
        return self.effect()


class Refuses(Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise ValueError


def raises(error):
    raise error


def without_end():
    items: list = []
    items += [items, items]
    return items


SHOWN = [
    (torch.tensor([[-1.0, 0.5]]), "[[-1, 0.5]]"),
    (torch.tensor(3.14159), "3.142"),
    (torch.tensor([True]), "[True]"),
    (torch.tensor([1.0, -torch.inf, torch.nan]), "[1, -inf, nan]"),
    (torch.zeros(2, 2, 6), "[[[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]], [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]]"),
    (torch.zeros(5, 6) + 0.125, "float32[5, 6]"),
    (torch.zeros(6, 7), "float32[6, 7]"),
    (torch.zeros(0, 3), "float32[0, 3]"),
    (torch.zeros(1, 1, 1, 1, 1, dtype=torch.int64), "int64[1, 1, 1, 1, 1]"),
    (torch.ones(2, device="meta"), "float32[2]"),
    (torch.eye(2).to_sparse(), "[[1, 0], [0, 1]]"),
    (torch.ones(2).as_subclass(Refuses), "<Refuses>"),
    (None, "None"),
    (True, "True"),
    (3, "3"),
    (0.1 + 0.2, "0.3"),
    ("a'b\n", '"a\'b\\n"'),
    ((1,), "(1,)"),
    ([1, (2.0, {"a": None})], "[1, (2, {'a': None})]"),
    (nn.Linear(2, 3), "Linear(…)"),
    (len, "len"),
    (dict, "dict"),
    (np.ones((2, 2)), "array([[1., 1.], [1., 1.]])"),
    ([[[[[1]]]]], "[[[[…]]]]"),
    (without_end(), "[[[[…, …], […, …]], [[…, …], […, …]]], [[[…, …], […, …]], [[…, …], […, …]]]]"),
    (10**5000, "a number of 16610 bits"),
    (object(), "<object object>"),
    (Odd(lambda: raises(ValueError())), "<Odd>"),
    (Odd(lambda: raises(SystemExit(0))), "<Odd>"),
    (Odd(lambda: 3), "<Odd>"),
    (Odd(lambda: "two\nlines"), "two lines"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN, ids=[text for _, text in SHOWN])
def test_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    "value", ["x" * 1_000_000, list(range(100_000)), {i: i for i in range(1000)}, Odd(lambda: "o" * 1_000_000)]
)
@pytest.mark.parametrize("width", [20, 96])
def test_it_is_cut(value, width):
    text = short(value, width)
    assert len(text) <= width
    assert "…" in text[-3:]


def test_a_change_is_shown_where_it_is():
    before = torch.zeros(2, 3, 4, 4)
    after = before.clone()
    after[1, 0, 2, 3:] = -torch.inf
    assert change(before, after) == "float32[2, 3, 4, 4]: at [1, 0, 2, 3] -inf in place of 0"
    assert change(before[0, 0, 0], after[1, 0, 2]) == "[0, 0, 0, -inf]"
    assert change([1, 2], [2]) == "[2]"
    assert change(before, before.flatten()) == "float32[96]"


def test_a_parameter_shows_its_gradient():
    parameter = nn.Parameter(torch.tensor([1.0, 2.0]))
    assert short(parameter) == "[1, 2]"
    parameter.grad = torch.tensor([3.0, 4.0])
    assert short([parameter]) == "[[1, 2] with grad [3, 4]]"
