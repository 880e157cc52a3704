"""Checks for MLP, coarse to fine."""

import itertools
import math

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def made(mlp, W_in, b_in, W_out, b_out):
    layer = mlp(len(W_in), len(b_in))
    with torch.no_grad():
        for name, value in {"W_in": W_in, "b_in": b_in, "W_out": W_out, "b_out": b_out}.items():
            getattr(layer, name).copy_(torch.tensor(value))
    return layer


def test_the_shape_stays(mlp):
    got = mlp(4, 5)(torch.ones(2, 3, 4))
    says = "What goes into the stream is as wide as the stream: d_model numbers at each position, not d_mlp."
    require(tuple(got.shape) == (2, 3, 4), says, expected=[2, 3, 4], got=list(got.shape))


def test_it_widens_bends_and_narrows(mlp):
    layer = made(mlp, [[10.0, -10.0], [0.0, 20.0]], [0.0, 0.0], [[1.0, 2.0], [5.0, 3.0]], [0.0, 0.0])
    says = (
        "W_in = [[10, -10], [0, 20]] makes of (1, 0) the neurons (10, -10). GELU leaves (10, 0) of them, "
        "and W_out = [[1, 2], [5, 3]] turns that into (10, 20). The biases are 0."
    )
    agree(layer(torch.tensor([[[1.0, 0.0]]])), torch.tensor([[[10.0, 20.0]]]), says)


def test_what_is_written_may_be_negative(mlp):
    layer = made(mlp, [[10.0]], [0.0], [[-3.0]], [0.0])
    says = "Only the neurons are bent. What comes out of W_out = [[-3]] goes to the stream as it is: 10 becomes -30."
    agree(layer(torch.tensor([[[1.0]]])), torch.tensor([[[-30.0]]]), says)


def test_the_first_bias_comes_before_the_bend(mlp):
    layer = made(mlp, [[10.0, 10.0]], [-20.0, 20.0], [[1.0], [3.0]], [0.0])
    says = (
        "x = 1 and W_in = [[10, 10]] give 10 and 10; with b_in = (-20, 20) that is -10 and 30, of which GELU leaves "
        "0 and 30; W_out = [[1], [3]] makes 90 of them."
    )
    agree(layer(torch.tensor([[[1.0]]])), torch.tensor([[[90.0]]]), says)


def test_the_second_bias_is_added_at_the_end(mlp):
    layer = made(mlp, [[10.0]], [0.0], [[2.0]], [-7.0])
    says = "W_in = [[10]] and W_out = [[2]] make 20 of x = 1, and b_out = -7 leaves 13; x = -1 gives just the bias."
    agree(layer(torch.tensor([[[1.0], [-1.0]]])), torch.tensor([[[13.0], [-7.0]]]), says)


def test_the_bend_is_gelu_in_its_tanh_form(mlp):
    layer = made(mlp, [[1.0]], [0.0], [[10.0]], [0.0])
    says = "With W_in = [[1]] and W_out = [[10]] the result is ten times gelu_new(x): the tanh form, as in GPT-2."
    agree(layer(torch.tensor([[[1.0], [-2.5]]])), torch.tensor([[[8.411920], [-0.150843]]]), says)


def test_every_position_is_treated_alike_and_alone(mlp):
    layer = made(mlp, [[10.0]], [0.0], [[1.0]], [0.0])
    x = torch.tensor([[[1.0], [2.0], [-3.0]], [[5.0], [0.0], [4.0]]])
    says = "W_in = [[10]], W_out = [[1]]: each number by itself becomes ten times as large, or 0 if it was negative."
    agree(layer(x), 10 * x.clamp(min=0), says)


def test_training_can_change_the_weights(mlp):
    layer = made(mlp, [[10.0]], [0.0], [[2.0]], [0.0])
    got = layer(torch.tensor([[[3.0]]]))
    says = "The result must stay connected to the weights (no detach, data or item), else training can't change them."
    require(got.requires_grad, says)
    got.sum().backward()
    grads = [getattr(layer, name).grad for name in ("W_in", "b_in", "W_out", "b_out")]
    says = "x = 3 and W_in = [[10]] make a neuron of 30, W_out is [[2]]. The gradients of W_in, b_in, W_out, b_out: 6, 2, 30, 1."
    require(all(grad is not None for grad in grads), says)
    agree(grads, [torch.tensor([[6.0]]), torch.tensor([2.0]), torch.tensor([[30.0]]), torch.tensor([1.0])], says)


def test_it_holds_for_numbers_drawn_at_random(mlp):
    x, b_in, b_out = torch.randn(2, 3, 3), torch.randn(4).tolist(), torch.randn(3).tolist()
    W_in, W_out = torch.randn(3, 4).tolist(), torch.randn(4, 3).tolist()
    expected = torch.zeros(2, 3, 3)
    for text, pos in itertools.product(range(2), range(3)):
        read = x[text, pos].tolist()
        neurons = [sum(read[i] * W_in[i][n] for i in range(3)) + b_in[n] for n in range(4)]
        bent = [v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in neurons]
        expected[text, pos] = torch.tensor([sum(bent[n] * W_out[n][i] for n in range(4)) + b_out[i] for i in range(3)])
    says = "Random weights, biases and vectors: every neuron worked out by itself."
    agree(made(mlp, W_in, b_in, W_out, b_out)(x), expected, says)


WIDEN = 'neurons = nn.functional.gelu(x @ self.W_in + self.b_in, approximate="tanh")'
NARROW = "return neurons @ self.W_out + self.b_out"
MUTANTS = [
    Mutant("the neurons are returned, without W_out", NARROW, "return neurons", check="test_the_shape_stays"),
    Mutant(
        "only the last position is computed",
        NARROW,
        "return (neurons @ self.W_out + self.b_out)[:, -1]",
        check="test_the_shape_stays",
    ),
    Mutant(
        "nothing is bent: two linear maps in a row",
        WIDEN,
        "neurons = x @ self.W_in + self.b_in",
        check="test_it_widens_bends_and_narrows",
    ),
    Mutant(
        "the input is added to the output (that is the block's job)",
        NARROW,
        "return x + neurons @ self.W_out + self.b_out",
        check="test_it_widens_bends_and_narrows",
    ),
    Mutant(
        "the bend comes before W_in and not after it",
        WIDEN,
        'neurons = nn.functional.gelu(x, approximate="tanh") @ self.W_in + self.b_in',
        check="test_it_widens_bends_and_narrows",
    ),
    Mutant(
        "the neurons go through a softmax",
        WIDEN,
        "neurons = (x @ self.W_in + self.b_in).softmax(dim=-1)",
        check="test_it_widens_bends_and_narrows",
    ),
    Mutant(
        "the neurons are twice as large as GELU makes them: is its factor 1/2 missing?",
        NARROW,
        "return 2 * neurons @ self.W_out + self.b_out",
        check="test_it_widens_bends_and_narrows",
    ),
    Mutant(
        "the neurons are bent by SiLU, x times the sigmoid of x",
        WIDEN,
        "neurons = nn.functional.silu(x @ self.W_in + self.b_in)",
        check="test_it_widens_bends_and_narrows",
    ),
    Mutant(
        "the neurons are bent by tanh",
        WIDEN,
        "neurons = (x @ self.W_in + self.b_in).tanh()",
        check="test_it_widens_bends_and_narrows",
    ),
    Mutant(
        "the output is bent as well",
        NARROW,
        'return nn.functional.gelu(neurons @ self.W_out + self.b_out, approximate="tanh")',
        check="test_what_is_written_may_be_negative",
    ),
    Mutant("b_in is left out", " + self.b_in", "", check="test_the_first_bias_comes_before_the_bend"),
    Mutant(
        "b_in is added after the bend",
        WIDEN,
        'neurons = nn.functional.gelu(x @ self.W_in, approximate="tanh") + self.b_in',
        check="test_the_first_bias_comes_before_the_bend",
    ),
    Mutant(
        "b_in is subtracted",
        "self.W_in + self.b_in",
        "self.W_in - self.b_in",
        check="test_the_first_bias_comes_before_the_bend",
    ),
    Mutant("b_out is left out", " + self.b_out", "", check="test_the_second_bias_is_added_at_the_end"),
    Mutant(
        "b_out is added once for every neuron, inside the brackets",
        NARROW,
        "return (neurons + self.b_out.sum()) @ self.W_out",
        check="test_the_second_bias_is_added_at_the_end",
    ),
    Mutant(
        "the neurons are bent by ReLU",
        WIDEN,
        "neurons = (x @ self.W_in + self.b_in).relu()",
        check="test_the_bend_is_gelu_in_its_tanh_form",
    ),
    Mutant(
        "the exact GELU is taken, with the error function",
        ', approximate="tanh"',
        "",
        check="test_the_bend_is_gelu_in_its_tanh_form",
    ),
    Mutant(
        "positions are mixed: each gets the average of the text",
        NARROW,
        "return (neurons @ self.W_out + self.b_out).mean(dim=1, keepdim=True).expand_as(x)",
        check="test_the_second_bias_is_added_at_the_end",
    ),
    Mutant(
        "the whole batch is averaged",
        NARROW,
        "return (neurons @ self.W_out + self.b_out).mean(dim=0, keepdim=True).expand_as(x)",
        check="test_every_position_is_treated_alike_and_alone",
    ),
    Mutant(
        "the neurons are cut off from the weights that made them",
        NARROW,
        "return neurons.detach() @ self.W_out + self.b_out",
        check="test_training_can_change_the_weights",
    ),
    Mutant(
        "the result is cut off from the weights",
        NARROW,
        "return (neurons @ self.W_out + self.b_out).detach()",
        check="test_training_can_change_the_weights",
    ),
]

GELU = "0.5 * a * (1 + torch.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))"
ACCEPTED = [
    Accepted("the tanh form written out", WIDEN, f"a = x @ self.W_in + self.b_in\n        neurons = {GELU}"),
    Accepted(
        "einsum for the products",
        NARROW,
        'return einops.einsum(neurons, self.W_out, "b p m, m d -> b p d") + self.b_out',
    ),
    Accepted("torch's linear layer", NARROW, "return nn.functional.linear(neurons, self.W_out.T, self.b_out)"),
]
