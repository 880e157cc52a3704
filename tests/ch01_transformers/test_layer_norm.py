"""Checks for LayerNorm, coarse to fine."""

import itertools

import torch

from course_utils.grading import Accepted, Mutant, agree


def made(layer_norm, w, b, eps=1e-5):
    layer = layer_norm(len(w), eps=eps)
    with torch.no_grad():
        layer.w.copy_(torch.tensor(w))
        layer.b.copy_(torch.tensor(b))
    return layer


def test_each_vector_has_mean_zero(layer_norm):
    x = torch.tensor([[[1.0, 3.0], [50.0, 10.0], [3.0, 8.0]], [[2.0, 8.0], [0.0, 4.0], [7.0, 5.0]]])
    says = (
        "Shown are the means of the six vectors you return: subtract from each vector its own mean, over the last axis."
    )
    agree(layer_norm(2)(x).mean(dim=-1), torch.zeros(2, 3), says)


def test_the_size_of_a_vector_makes_no_difference(layer_norm):
    x = torch.tensor([[[1.0, 3.0, 5.0], [2.0, 4.0, 0.0]], [[7.0, 1.0, 1.0], [3.0, 2.0, 9.0]]])
    longer = x.clone()
    longer[0, 0] *= 100
    layer = layer_norm(3)
    expected = layer(x)
    says = "The first vector was made 100 times as long. Divided by its own spread, it gives the same as before."
    agree(layer(longer), expected, says)


def test_the_variance_is_the_plain_average_of_squares(layer_norm):
    x = torch.tensor([[[6.0, 1.0, 1.0, 1.0, 1.0]]])
    says = "The mean is 2, the squared deviations are 16, 1, 1, 1, 1: their sum, divided by 5, is 4, and its root is 2."
    agree(layer_norm(5)(x), torch.tensor([[[2.0, -0.5, -0.5, -0.5, -0.5]]]), says)


def test_eps_is_under_the_root(layer_norm):
    layer = made(layer_norm, [1.0, 1.0], [0.0, 0.0], eps=3.0)
    says = "The variance is 1 and eps is 3: added under the root, they make the divisor 2."
    agree(layer(torch.tensor([[[-1.0, 1.0]]])), torch.tensor([[[-0.5, 0.5]]]), says)
    says = "If all numbers are equal the deviations are 0, and eps keeps the division from failing: the result is 0."
    agree(layer(torch.tensor([[[5.0, 5.0]]])), torch.tensor([[[0.0, 0.0]]]), says)


def test_each_coordinate_is_scaled_by_w(layer_norm):
    layer = made(layer_norm, [2.0, 3.0], [0.0, 0.0])
    says = "Normalised, this is (-1, 1); then each coordinate is multiplied by its own entry of w."
    agree(layer(torch.tensor([[[1.0, 3.0], [1.0, 3.0]]])), torch.tensor([[[-2.0, 3.0], [-2.0, 3.0]]]), says)


def test_b_is_added_last(layer_norm):
    layer = made(layer_norm, [2.0, 3.0], [10.0, 20.0])
    says = "Normalised (-1, 1), scaled (-2, 3), and then shifted by b = (10, 20)."
    agree(layer(torch.tensor([[[1.0, 3.0]]])), torch.tensor([[[8.0, 23.0]]]), says)


def test_it_holds_for_numbers_drawn_at_random(layer_norm):
    x, w, b = 2 * torch.randn(2, 3, 5) + 1, torch.randn(5).tolist(), torch.randn(5).tolist()
    expected = torch.zeros(2, 3, 5)
    for text, pos in itertools.product(range(2), range(3)):
        vector = x[text, pos].tolist()
        mean = sum(vector) / 5
        spread = (sum((value - mean) ** 2 for value in vector) / 5 + 0.25) ** 0.5
        expected[text, pos] = torch.tensor([(vector[i] - mean) / spread * w[i] + b[i] for i in range(5)])
    says = "Random vectors, a random w and a random b, with eps = 0.25: every number worked out by itself."
    agree(made(layer_norm, w, b, eps=0.25)(x), expected, says)


CENTRE = "centred = x - x.mean(dim=-1, keepdim=True)"
VARIANCE = "variance = centred.square().mean(dim=-1, keepdim=True)"
RETURN = "return centred / (variance + self.eps).sqrt() * self.w + self.b"
MUTANTS = [
    Mutant("the mean is not subtracted", CENTRE, "centred = x", check="test_each_vector_has_mean_zero"),
    Mutant(
        "mean and variance are taken over positions",
        CENTRE + "\n        " + VARIANCE,
        "centred = x - x.mean(dim=1, keepdim=True)\n        variance = centred.square().mean(dim=1, keepdim=True)",
        check="test_each_vector_has_mean_zero",
    ),
    Mutant(
        "mean and variance are taken over the texts of the batch",
        CENTRE + "\n        " + VARIANCE,
        "centred = x - x.mean(dim=0, keepdim=True)\n        variance = centred.square().mean(dim=0, keepdim=True)",
        check="test_each_vector_has_mean_zero",
    ),
    Mutant(
        "mean and variance are taken over all numbers at once",
        CENTRE + "\n        " + VARIANCE,
        "centred = x - x.mean()\n        variance = centred.square().mean()",
        check="test_each_vector_has_mean_zero",
    ),
    Mutant(
        "nothing is divided by",
        RETURN,
        "return centred * self.w + self.b",
        check="test_the_size_of_a_vector_makes_no_difference",
    ),
    Mutant(
        "the variance is divided by, and not its root",
        "(variance + self.eps).sqrt()",
        "(variance + self.eps)",
        check="test_the_size_of_a_vector_makes_no_difference",
    ),
    Mutant(
        "the variance is taken over all positions together",
        VARIANCE,
        "variance = centred.square().mean(dim=(1, 2), keepdim=True)",
        check="test_the_size_of_a_vector_makes_no_difference",
    ),
    Mutant(
        "the variance divides by n - 1, as torch.var does unless told otherwise",
        VARIANCE,
        "variance = x.var(dim=-1, keepdim=True)",
        check="test_the_variance_is_the_plain_average_of_squares",
    ),
    Mutant(
        "the squares are not averaged but summed, so that the vector gets length 1",
        VARIANCE,
        "variance = centred.square().sum(dim=-1, keepdim=True)",
        check="test_the_variance_is_the_plain_average_of_squares",
    ),
    Mutant(
        "the squares of x itself are averaged, with its mean still in it",
        VARIANCE,
        "variance = x.square().mean(dim=-1, keepdim=True)",
        check="test_the_variance_is_the_plain_average_of_squares",
    ),
    Mutant(
        "the mean absolute deviation is used in place of the standard deviation",
        VARIANCE,
        "variance = centred.abs().mean(dim=-1, keepdim=True).square()",
        check="test_the_variance_is_the_plain_average_of_squares",
    ),
    Mutant(
        "eps is added outside the root",
        "(variance + self.eps).sqrt()",
        "(variance.sqrt() + self.eps)",
        check="test_eps_is_under_the_root",
    ),
    Mutant(
        "eps is left out, or a fixed number such as 1e-5 stands where self.eps should be",
        "(variance + self.eps)",
        "(variance + 1e-5)",
        check="test_eps_is_under_the_root",
    ),
    Mutant(
        "eps is a lower bound for the variance and is not added",
        "(variance + self.eps)",
        "variance.clamp(min=self.eps)",
        check="test_eps_is_under_the_root",
    ),
    Mutant(
        "w and b have changed roles",
        "* self.w + self.b",
        "* self.b + self.w",
        check="test_each_vector_has_mean_zero",
    ),
    Mutant(
        "the root is multiplied by, and not divided by",
        "centred / (variance",
        "centred * (variance",
        check="test_the_size_of_a_vector_makes_no_difference",
    ),
    Mutant("w is left out", " * self.w", "", check="test_each_coordinate_is_scaled_by_w"),
    Mutant("b is left out", " + self.b", "", check="test_b_is_added_last"),
    Mutant(
        "b is added before the scaling by w",
        RETURN,
        "return (centred / (variance + self.eps).sqrt() + self.b) * self.w",
        check="test_b_is_added_last",
    ),
]

ACCEPTED = [
    Accepted("torch.var told to divide by n", VARIANCE, "variance = x.var(dim=-1, keepdim=True, unbiased=False)"),
    Accepted(
        "the mean of the squares minus the square of the mean",
        VARIANCE,
        "variance = x.square().mean(-1, keepdim=True) - x.mean(-1, keepdim=True).square()",
    ),
    Accepted("rsqrt", "centred / (variance + self.eps).sqrt()", "centred * torch.rsqrt(variance + self.eps)"),
    Accepted(
        "torch's own layer_norm", RETURN, "return nn.functional.layer_norm(x, x.shape[-1:], self.w, self.b, self.eps)"
    ),
]
