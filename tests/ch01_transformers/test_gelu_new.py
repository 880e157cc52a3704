"""Checks for gelu_new, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_far_from_zero_it_keeps_or_drops_its_input(gelu_new):
    says = "Far to the right GELU gives its input back, far to the left it gives 0."
    agree(gelu_new(torch.tensor([[10.0, -10.0, 20.0]])), torch.tensor([[10.0, 0.0, 20.0]]), says, atol=0.01)


def test_the_value_at_one(gelu_new):
    says = (
        "At x = 1 the square bracket is sqrt(2/pi) · (1 + 0.044715) = 0.8336, "
        "its tanh is 0.6824, and the result 1/2 · 1.6824."
    )
    agree(gelu_new(torch.tensor([1.0])), torch.tensor([0.8411920]), says, atol=1e-3)


def test_the_third_power_is_taken(gelu_new):
    says = "The small term in the bracket is 0.044715 times x to the power of 3 (at x = 1 every power looks the same)."
    agree(gelu_new(torch.tensor([2.0, 0.5])), torch.tensor([1.9545977, 0.3457140]), says, atol=1e-4)


def test_it_is_the_tanh_form_and_not_the_exact_one(gelu_new):
    says = (
        "GPT-2 was trained with the tanh form; the exact form, with the error function, differs in the fourth decimal."
    )
    agree(gelu_new(torch.tensor([-3.0, -2.5])), torch.tensor([-0.0036374, -0.0150843]), says)


def test_it_holds_for_numbers_drawn_at_random(gelu_new):
    x = 2 * torch.randn(3, 4)
    expected = [0.5 * a * (1 + math.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))) for a in x.flatten().tolist()]
    agree(gelu_new(x), torch.tensor(expected).reshape(3, 4), "Random numbers, one by one through the formula.")


BRACKET = "inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)"
RETURN = "return 0.5 * x * (1 + torch.tanh(inner))"
MUTANTS = [
    Mutant(
        "the 1 + in front of tanh is missing, or stands inside it",
        RETURN,
        "return 0.5 * x * torch.tanh(inner)",
        check="test_far_from_zero_it_keeps_or_drops_its_input",
    ),
    Mutant(
        "the half is missing",
        RETURN,
        "return x * (1 + torch.tanh(inner))",
        check="test_far_from_zero_it_keeps_or_drops_its_input",
    ),
    Mutant(
        "the factor x in front is missing",
        RETURN,
        "return 0.5 * (1 + torch.tanh(inner))",
        check="test_far_from_zero_it_keeps_or_drops_its_input",
    ),
    Mutant("it is ReLU", RETURN, "return x.relu()", check="test_the_value_at_one"),
    Mutant(
        "the root is missing from sqrt(2/pi)", "math.sqrt(2 / math.pi)", "2 / math.pi", check="test_the_value_at_one"
    ),
    Mutant(
        "the root is taken of the 2 alone, and not of 2/pi",
        "math.sqrt(2 / math.pi)",
        "math.sqrt(2) / math.pi",
        check="test_the_value_at_one",
    ),
    Mutant(
        "the root is taken of pi alone, and not of 2/pi",
        "math.sqrt(2 / math.pi)",
        "2 / math.sqrt(math.pi)",
        check="test_the_value_at_one",
    ),
    Mutant(
        "the fraction under the root is upside down",
        "math.sqrt(2 / math.pi)",
        "math.sqrt(math.pi / 2)",
        check="test_the_value_at_one",
    ),
    Mutant(
        "the root multiplies only the first x, not the whole sum",
        BRACKET,
        "inner = math.sqrt(2 / math.pi) * x + 0.044715 * x**3",
        check="test_the_value_at_one",
    ),
    Mutant(
        "0.044715 is raised to the power of 3 together with x, or its term is left out",
        "0.044715 * x**3",
        "(0.044715 * x) ** 3",
        check="test_the_value_at_one",
    ),
    Mutant(
        "x times the sigmoid of 1.702 x is used, the other approximation of the paper",
        RETURN,
        "return x * torch.sigmoid(1.702 * x)",
        check="test_the_value_at_one",
    ),
    Mutant("x is squared and not cubed", "x**3", "x**2", check="test_the_third_power_is_taken"),
    Mutant(
        "it is the exact GELU, with the error function",
        RETURN,
        "return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))",
        check="test_it_is_the_tanh_form_and_not_the_exact_one",
    ),
]

ACCEPTED = [
    Accepted("torch's own function", RETURN, 'return nn.functional.gelu(x, approximate="tanh")'),
    Accepted("(1 + tanh a) / 2 is the sigmoid of 2a", RETURN, "return x * torch.sigmoid(2 * inner)"),
    Accepted("powers as products", "x**3", "x * x * x"),
]
