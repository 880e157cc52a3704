"""Checks for clip_gradients, coarse to fine."""

import torch
from torch import nn

from course_utils.grading import Accepted, Mutant, agree


class Held:
    """Parameters to go through as often as one likes, printed as what matters here: their gradients."""

    def __init__(self, made):
        self.made = made
        gradients = ["None" if one.grad is None else f"{one.grad.tolist()}" for one in made]
        self.text = "parameters whose .grad is " + ", ".join(gradients)

    def __iter__(self):
        return iter(self.made)

    def __repr__(self):
        return self.text


def parameters(*gradients):
    """One parameter for each gradient; its values are all 1. None is for a parameter without a gradient."""
    made = []
    for gradient in gradients:
        values = torch.ones(1) if gradient is None else torch.ones_like(torch.tensor(gradient))
        made.append(nn.Parameter(values))
        made[-1].grad = None if gradient is None else torch.tensor(gradient)
    return Held(made)


def grads(made):
    return [parameter.grad for parameter in made]


def test_the_norm_is_that_of_all_gradients_together(clip_gradients):
    says = "The gradients (2), (6) and (3), in three parameters, are one vector of length sqrt(4 + 36 + 9) = 7."
    agree(clip_gradients(parameters([2.0], [6.0], [3.0]), 100.0), 7.0, says)


def test_every_number_of_every_tensor_counts(clip_gradients):
    made = parameters([[1.0, -2.0], [2.0, -4.0]], [0.0, -12.0, 0.0])
    says = "1 + 4 + 4 + 16 + 144 = 169 is the sum of all squares, and the root of it is 13, whatever the shapes and the signs."
    agree(clip_gradients(made, 100.0), 13.0, says)


def test_the_parameters_themselves_are_not_touched(clip_gradients):
    made = parameters([3.0], [4.0])
    clip_gradients(made, 1.0)
    says = "Only the gradients are scaled. The parameters, all 1 here, move in the optimizer's step."
    agree([parameter.detach() for parameter in made], [torch.ones(1), torch.ones(1)], says)


def test_long_gradients_are_scaled_by_one_factor(clip_gradients):
    made = parameters([2.0, 1.0], [2.0])
    clip_gradients(made, 1.5)
    says = (
        "The gradients (2, 1) and (2) have the norm sqrt(4 + 1 + 4) = 3; with max_norm = 1.5 every number is halved. "
        "The direction stays."
    )
    agree(grads(made), [torch.tensor([1.0, 0.5]), torch.tensor([1.0])], says)
    made = parameters([[1.0, -2.0], [2.0, -4.0]], [0.0, -12.0, 0.0])
    clip_gradients(made, 2.6)
    expected = [torch.tensor([[0.2, -0.4], [0.4, -0.8]]), torch.tensor([0.0, -2.4, 0.0])]
    agree(grads(made), expected, "Here the norm is 13 and max_norm 2.6, so every number is divided by 5.")
    made = parameters([3.0], [4.0])
    clip_gradients(made, 4.5)
    says = "Neither 3 nor 4 is above max_norm = 4.5, but their common norm 5 is: both are multiplied by 0.9."
    agree(grads(made), [torch.tensor([2.7]), torch.tensor([3.6])], says)


def test_short_gradients_stay_as_they_are(clip_gradients):
    made = parameters([3.0], [4.0])
    got = clip_gradients(made, 10.0)
    agree(
        grads(made), [torch.tensor([3.0]), torch.tensor([4.0])], "The norm 5 is below max_norm = 10: nothing changes."
    )
    agree(got, 5.0, "The norm is returned even if nothing had to be clipped.")


def test_what_comes_back_is_the_norm_before_clipping(clip_gradients):
    says = "(6) and (8) have the norm 10. It is clipped to 2, but what is returned, for the log, is the 10 of before."
    agree(clip_gradients(parameters([6.0], [8.0]), 2.0), 10.0, says)


def test_a_parameter_without_a_gradient_is_skipped(clip_gradients):
    made = parameters([3.0], None, [4.0])
    agree(clip_gradients(made, 1.0), 5.0, "The second parameter has grad None: it adds nothing to the norm.")
    says = "The second parameter had no gradient, and has none afterwards; the others are scaled."
    agree(grads(made), [torch.tensor([0.6]), None, torch.tensor([0.8])], says)


def test_a_generator_of_parameters_will_do(clip_gradients):
    made = parameters([3.0], [4.0])
    got = clip_gradients((parameter for parameter in made), 1.0)
    says = (
        "`model.parameters()` is a generator: after one pass it is empty. The norm came out, but was anything scaled?"
    )
    agree([got, *grads(made)], [5.0, torch.tensor([0.6]), torch.tensor([0.8])], says)


def test_it_holds_for_numbers_drawn_at_random(clip_gradients):
    drawn = [torch.randn(2, 3), torch.randn(4)]
    norm = sum(value**2 for gradient in drawn for value in gradient.flatten().tolist()) ** 0.5
    made = parameters(*(gradient.tolist() for gradient in drawn))
    got = clip_gradients(made, norm / 3)
    says = "Random gradients, and a max_norm of a third of their norm: the norm comes back, and every number is divided by 3."
    agree([got, *grads(made)], [norm, *(gradient / 3 for gradient in drawn)], says)


GRADIENTS = "gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]"
NORM = "norm = torch.stack([gradient.norm() for gradient in gradients]).norm().item()"
IF = "if norm > max_norm:"
SCALE = "gradient.mul_(max_norm / norm)"
TOGETHER = "test_the_norm_is_that_of_all_gradients_together"
ONE_FACTOR = "test_long_gradients_are_scaled_by_one_factor"
MUTANTS = [
    Mutant("the norms of the parameters are added up", "gradients]).norm().item()", "gradients]).sum().item()", check=TOGETHER),
    Mutant("the largest gradient is taken for the norm", "gradients]).norm().item()", "gradients]).max().item()", check=TOGETHER),
    Mutant("each parameter is clipped by itself, and the norm of the last one is returned",
           "gradients]).norm().item()", "gradients])[-1].item()", check=TOGETHER),
    Mutant("the root is missing: the sum of squares is returned", "gradients]).norm().item()",
           "gradients]).square().sum().item()", check=TOGETHER),
    Mutant("the mean of the squares is taken, and not the sum", "gradients]).norm().item()",
           "gradients]).square().mean().sqrt().item()", check=TOGETHER),
    Mutant("each parameter is clipped by itself", SCALE, "gradient.mul_(min(1.0, max_norm / gradient.norm().item()))",
           check=ONE_FACTOR),
    Mutant("each number is cut off at max_norm", SCALE, "gradient.clamp_(-max_norm, max_norm)", check=ONE_FACTOR),
    Mutant("the gradients are divided by max_norm", SCALE, "gradient.div_(max_norm)", check=ONE_FACTOR),
    Mutant("the gradients are made of length 1, and max_norm is forgotten", SCALE, "gradient.div_(norm)",
           check=ONE_FACTOR),
    Mutant("scaled copies are made, and the gradients stay", SCALE, "gradient = gradient * (max_norm / norm)", check=ONE_FACTOR),
    Mutant("the norm counts the first number of each tensor only", "gradient.norm() for", "gradient.flatten()[0].abs() for",
           check="test_every_number_of_every_tensor_counts"),
    Mutant("the absolute values are added up inside each tensor", "gradient.norm() for", "gradient.abs().sum() for",
           check="test_every_number_of_every_tensor_counts"),
    Mutant("numbers of different sign cancel", "gradient.norm() for", "gradient.sum().abs() for",
           check="test_every_number_of_every_tensor_counts"),
    Mutant("the largest number is compared with max_norm, and not the norm", IF,
           "if max(gradient.abs().max() for gradient in gradients) > max_norm:", check=ONE_FACTOR),
    Mutant("short gradients are stretched to max_norm", IF, "if norm > 0:", check="test_short_gradients_stay_as_they_are"),
    Mutant("the norm after clipping is returned", "    return norm", "    return min(norm, max_norm)",
           check="test_what_comes_back_is_the_norm_before_clipping"),
    Mutant("the parameters' values are scaled, in place of their gradients or along with them",
           f"{GRADIENTS}\n    {NORM}\n    {IF}\n        for gradient in gradients:\n            {SCALE}",
           f"parameters = list(parameters)\n    {GRADIENTS}\n    {NORM}\n    {IF}\n"
           "        for parameter in parameters:\n            parameter.data.mul_(max_norm / norm)",
           check="test_the_parameters_themselves_are_not_touched"),
    Mutant("a missing gradient is replaced by zeros", GRADIENTS,
           "parameters = list(parameters)\n    for parameter in parameters:\n        if parameter.grad is None:\n"
           "            parameter.grad = torch.zeros_like(parameter)\n    gradients = [parameter.grad for parameter in parameters]",
           check="test_a_parameter_without_a_gradient_is_skipped"),
    Mutant("a missing gradient ends the pass, and what comes after it is not seen", GRADIENTS,
           "gradients = []\n    for parameter in parameters:\n        if parameter.grad is None:\n            break\n"
           "        gradients.append(parameter.grad)",
           check="test_a_parameter_without_a_gradient_is_skipped"),
    Mutant("the parameters are gone through twice, and the second time the generator is empty",
           f"{GRADIENTS}\n    {NORM}\n    {IF}\n        for gradient in gradients:\n            {SCALE}",
           "squares = [parameter.grad.square().sum() for parameter in parameters if parameter.grad is not None]\n"
           f"    norm = torch.stack(squares).sum().sqrt().item()\n    {IF}\n"
           "        for parameter in parameters:\n            if parameter.grad is not None:\n"
           "                parameter.grad.mul_(max_norm / norm)",
           check="test_a_generator_of_parameters_will_do"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole("torch's own function", '''
def clip_gradients(parameters, max_norm):
    return nn.utils.clip_grad_norm_(parameters, max_norm).item()
'''),
    Accepted("a factor that is never above 1",
             f"{IF}\n        for gradient in gradients:\n            {SCALE}",
             "for gradient in gradients:\n        gradient.mul_(min(1.0, max_norm / (norm + 1e-6)))"),
    Accepted("one long vector", NORM, "norm = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()"),
    Accepted("new tensors in .grad",
             f"{GRADIENTS}\n    {NORM}\n    {IF}\n        for gradient in gradients:\n            {SCALE}",
             "held = [parameter for parameter in parameters if parameter.grad is not None]\n"
             f"    norm = math.sqrt(sum(parameter.grad.square().sum().item() for parameter in held))\n    {IF}\n"
             "        for parameter in held:\n            parameter.grad = parameter.grad * (max_norm / norm)"),
]  # fmt: skip
