"""Each probe on a mistake that people make, and silence on garbage."""

import math

import pytest
import torch

from course_utils.grading.diagnose import diagnose

T = torch.tensor
X = torch.tensor([[1.0, -2.0, 4.0, 0.5], [3.0, 5.0, -1.0, 2.5], [0.0, 7.0, 6.0, -3.0]])
SQUARE = torch.tensor([[0.3, 0.2, 0.9], [0.4, 0.6, 0.1], [0.7, 0.8, 0.5]])
CUBE = torch.arange(27.0).view(3, 3, 3)
LINE = torch.tensor([1.0, 4.0, 9.0, 16.0, 25.0])

CASES = {
    "attention scores the wrong way round": (SQUARE, SQUARE.T, (), "axes 0 and 1 look swapped"),
    "heads before positions": (torch.arange(24.0).view(2, 3, 4), torch.arange(24.0).view(2, 3, 4).transpose(1, 2), (), "permute(0, 2, 1)"),
    "a reshape where a transpose was meant": (X, X.reshape(4, 3), (), "right sizes in another order"),
    "a mean without keepdim": (X.mean(-1, keepdim=True), X.mean(-1), (), "an axis of size 1 is missing"),
    "an unsqueeze too many": (X, X[None], (), "an axis of size 1 is too many"),
    "the batch averaged away": (X, X.mean(0), (), "axis 0 (of size 3) is gone"),
    "the last position dropped": (X, X[:, :-1], (), "only axis 1 has another size: 3 instead of 4"),
    "a loss without its minus": (LINE, -LINE, (), "the sign is flipped"),
    "not divided by sqrt(d_head)": (X, X * 4, (16,), "4 times what it should be, which is sqrt(16)"),
    "divided by sqrt(d_head) twice": (X, X / 4, (16,), "1/sqrt(16)"),
    "a sum for a mean": (T(2.5), T(12.5), (5,), "a size: a sum over an axis of size 5 that should not be summed, or a mean that is missing?"),
    "a mean for a sum": (T(12.5), T(2.5), (5,), "1/5: a mean where a sum"),
    "the unbiased variance": (LINE, LINE * 5 / 4, (5,), "5/4: n and n - 1 mixed up"),
    "the unbiased standard deviation": (LINE, LINE * math.sqrt(5 / 4), (5,), "sqrt(5/4): a variance with n - 1"),
    "nats for bits": (LINE, LINE * math.log(2), (), "ln 2"),
    "another factor": (LINE, LINE * 3, (), "every value is 3 times what it should be"),
    "a bias added twice": (LINE, LINE + 0.25, (), "every value is 0.25 too large"),
    "logits of the position before": (LINE, LINE.roll(1), (), "one place too late along axis 0"),
    "targets not shifted": (LINE, LINE.roll(-1), (), "one place too early along axis 0"),
    "read from the end": (LINE, LINE.flip(0), (), "axis 0 runs backwards"),
    "no causal mask": (SQUARE.tril(), SQUARE.tril() + torch.ones(3, 3).triu(1) * SQUARE, (), "only entries above the diagonal"),
    "the mask takes the diagonal too": (SQUARE.tril(), SQUARE.tril(-1), (), "only entries on the diagonal"),
    "only the last position": (LINE, T([1.0, 4, 9, 16, 7]), (), "only index 4 of axis 0 is wrong, the last one"),
    "only the first element of the batch": (X, torch.cat([X[:1], X[:1] ** 2, X[1:2]]), (), "only index 0 of axis 0 is right"),
    "no centring": (X - X.mean(-1, keepdim=True), X, (), "each row (last axis) is off by a constant of its own"),
    "no normalisation": (X / X.norm(dim=-1, keepdim=True), X, (), "each row (last axis) is off by a factor of its own"),
    "W_Q used for the keys of causal attention": (LINE[:, None], torch.cat([LINE[:1], LINE[1:] ** 0.5])[:, None], (), "only index 0 of axis 0 is right. If these are positions"),
    "three axes in a ring": (CUBE, CUBE.permute(1, 2, 0), (), "axes 0, 1 and 2 look swapped"),
    "one value everywhere": (LINE, torch.full((5,), 0.2), (), "every value came out the same (0.2)"),
    "no -inf": (T([1.0, -torch.inf]), T([1.0, 0.0]), (), "1 value should be infinite and is not"),
    "too much -inf": (T([1.0, 2.0, -torch.inf]), T([1.0, -torch.inf, -torch.inf]), (), "1 value is infinite and should not be"),
    "-inf elsewhere": (T([1.0, -torch.inf]), T([-torch.inf, 1.0]), (), "the infinities sit at other places"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_mistake_is_named(case):
    expected, got, sizes, words = CASES[case]
    assert words in (diagnose(expected, got, sizes) or "")


def garbage(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(5,), (2, 3), (3, 3), (2, 3, 4), (2, 2, 3, 3), (1,), ()])
@pytest.mark.parametrize("seed", range(5))
def test_garbage_is_not_diagnosed(shape, seed):
    assert diagnose(garbage(seed, *shape), garbage(seed + 100, *shape), sizes=(2, 3, 4, 5)) is None


def test_the_one_right_of_two_says_nothing():
    assert diagnose(X[:2], torch.stack([X[0], X[1] ** 2 + X[0]])) is None


def test_zeros_at_the_end_are_no_shift():
    assert "place" not in (diagnose(T([1.0, 0, 0, 0]), torch.zeros(4)) or "")
    assert "place" not in (diagnose(T([0.0, 0, 0, 1]), T([0.0, 0, 0, 0])) or "")


def test_one_number_is_explained_by_a_named_factor_only():
    assert diagnose(T(2.0), T(6.2)) is None
    assert diagnose(T(2.0), T(6.0), sizes=(5,)) is None


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.0, 2.0),
        ([1], [2]),
        (T([1.0]), None),
        (torch.zeros(0), torch.zeros(0, 2)),
        (T([1j, 2]), T([2.0 + 0j, 1])),
        (torch.zeros(2, 2, 2, 2, 2, 2), torch.ones(2, 2, 2, 2, 2, 2) * garbage(0, 2)),
        (torch.zeros(3), garbage(0, 3)),
    ],
)
def test_what_no_probe_fits_gets_none(expected, got):
    assert diagnose(expected, got) is None


def test_whole_numbers_and_truth_values_can_be_diagnosed_too():
    assert "one place too late" in (diagnose(T([7, 3, 9, 4]), T([4, 7, 3, 9])) or "")
    assert "above the diagonal" in (diagnose(torch.ones(3, 3).tril().bool(), torch.ones(3, 3).bool()) or "")


def test_what_a_learner_put_in_the_place_of_allclose_is_not_asked(monkeypatch):
    monkeypatch.setattr(torch, "allclose", lambda *args, **kwargs: True)
    assert diagnose(garbage(0, 2, 3), garbage(1, 2, 3)) is None
