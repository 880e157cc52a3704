"""Checks for apply_temperature, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def test_a_temperature_of_one_half_doubles_every_logit(apply_temperature):
    logits = torch.tensor([[2.0, -1.0, 0.0], [0.5, 3.0, 1.0]])
    expected = torch.tensor([[4.0, -2.0, 0.0], [1.0, 6.0, 2.0]])
    says = "Each logit is divided by the temperature, and the result is still logits: no softmax here."
    agree(apply_temperature(logits, 0.5), expected, says)


def test_it_works_for_a_single_row_too(apply_temperature):
    says = "The three dots in the signature mean any number of axes before d_vocab, also none."
    agree(apply_temperature(torch.tensor([2.0, -1.0]), 4.0), torch.tensor([0.5, -0.25]), says)


def what_comes(apply_temperature, temperature):
    """The name of the error that is raised, or the answer."""
    try:
        return apply_temperature(torch.tensor([2.0, 0.0]), temperature)
    except (ValueError, ArithmeticError, AssertionError) as error:
        return type(error).__name__


def test_a_temperature_that_is_not_above_zero_is_refused(apply_temperature):
    got = {f"T = {temperature}": what_comes(apply_temperature, temperature) for temperature in (0, -1)}
    says = (
        "raise ValueError for both. Nothing can be divided by zero, and nobody should have to hunt for where the nan came "
        "from; below zero the least likely token would become the likeliest."
    )
    wanted = dict.fromkeys(got, "ValueError")
    require(
        all(isinstance(came, str) and came == "ValueError" for came in got.values()), says, expected=wanted, got=got
    )


def test_it_holds_for_numbers_drawn_at_random(apply_temperature):
    logits, temperature = torch.randn(2, 3, 5), float(0.5 + torch.rand(()))
    expected = [[[value / temperature for value in row] for row in text] for text in logits.tolist()]
    says = "Random logits and a random temperature: each logit is divided by it."
    agree(apply_temperature(logits, temperature), torch.tensor(expected), says)


REFUSED = "test_a_temperature_that_is_not_above_zero_is_refused"
MUTANTS = [
    Mutant(
        "the logits are multiplied by the temperature",
        "return logits / temperature",
        "return logits * temperature",
        "test_a_temperature_of_one_half_doubles_every_logit",
    ),
    Mutant(
        "probabilities are returned instead of logits",
        "return logits / temperature",
        "return (logits / temperature).softmax(dim=-1)",
        "test_a_temperature_of_one_half_doubles_every_logit",
    ),
    Mutant(
        "log-probabilities are returned: a fine distribution, but not the logits divided by the temperature",
        "return logits / temperature",
        "return (logits / temperature).log_softmax(dim=-1)",
        "test_a_temperature_of_one_half_doubles_every_logit",
    ),
    Mutant(
        "the probabilities are divided instead of the logits",
        "return logits / temperature",
        "return logits.softmax(dim=-1) / temperature",
        "test_a_temperature_of_one_half_doubles_every_logit",
    ),
    Mutant(
        "an axis for the batch is added where there was none",
        "return logits / temperature",
        "return torch.atleast_2d(logits) / temperature",
        "test_it_works_for_a_single_row_too",
    ),
    Mutant(
        "no temperature is refused: nothing is ever raised",
        "temperature <= 0",
        "False",
        REFUSED,
    ),
    Mutant(
        "only temperatures below zero are refused, and zero is let through",
        "temperature <= 0",
        "temperature < 0",
        REFUSED,
    ),
    Mutant(
        "zero is quietly replaced by a very small temperature",
        "    if temperature <= 0:",
        "    temperature = temperature or 1e-6\n    if temperature <= 0:",
        REFUSED,
    ),
    Mutant("only a temperature of exactly zero is refused", "temperature <= 0", "temperature == 0", REFUSED),
    Mutant(
        "the error is an AssertionError, and not the ValueError that a caller can expect",
        "    if temperature <= 0:",
        "    assert temperature > 0\n    if temperature <= 0:",
        REFUSED,
    ),
]

ACCEPTED = [
    Accepted("multiply by the inverse", "logits / temperature", "logits * (1 / temperature)"),
    Accepted("this also refuses nan", "temperature <= 0", "not temperature > 0"),
]
