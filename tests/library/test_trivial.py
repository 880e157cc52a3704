"""The answers that take no understanding are what they say."""

import pytest
import torch
from torch import nn

from course_utils.authoring.trivial import NotApplicable, trivial_answers


def answers(reference):
    return dict(trivial_answers(reference))


def test_for_a_function_on_tensors():
    X = torch.tensor([1.0, 2.0])
    got = {label: f(X) for label, f in answers(lambda x: x + 1).items()}
    assert got["returns None"] is None
    assert got["returns its input"] is X
    assert got["returns zeros"].tolist() == [0, 0]
    assert got["returns NaN"].isnan().all()
    assert got["returns another dtype"].dtype == torch.float64
    assert got["returns an extra axis"].shape == (1, 2)
    assert got["returns noise of the right shape"].shape == (2,)
    assert got["returns its first answer every time"].tolist() == [2, 3]
    assert X.tolist() == [1, 2]


def test_the_first_answer_every_time_is_another_on_other_input():
    constant = answers(lambda x: x + 1)["returns its first answer every time"]
    assert [constant(1), constant(5)] == [2, 2]


def test_for_a_module():
    class Shift(nn.Module):
        def __init__(self, by):
            super().__init__()
            self.by = by

        def forward(self, x):
            return x + self.by

    made = answers(Shift)
    assert all(issubclass(cls, Shift) for cls in made.values())
    assert made["returns zeros"](3)(torch.ones(2)).tolist() == [0, 0]
    assert made["returns None"](3)(torch.ones(2)) is None


def test_for_nested_results():
    got = answers(lambda: {"a": torch.ones(2), "b": [1, "x", 2.5]})
    assert got["returns zeros"]()["b"] == [0, "", 0.0]
    assert got["returns NaN"]()["b"][:2] == [1, "x"]
    assert got["returns an extra axis"]()["a"].shape == (1, 2)


def test_what_does_not_apply_says_so():
    made = answers(lambda: "text")
    for label in ("returns NaN", "returns its input", "returns another dtype"):
        with pytest.raises(NotApplicable):
            made[label]()
