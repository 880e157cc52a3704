"""Checks for phase_change_step, coarse to fine."""

from itertools import pairwise

import torch

from course_utils import load_specimen
from course_utils.data.microworld.kinds.repeats import WORDS
from course_utils.data.microworld.tokenizer import ids_by_word
from course_utils.grading import Accepted, Mutant, agree
from course_utils.specimens.files import steps_of


def measured():
    """The specimen's checkpoints, shuffled, and their loss on the second half of 20 repeated words."""
    ids = torch.tensor(sorted(ids_by_word()[word] for word in WORDS))
    half = torch.stack([ids[torch.randperm(len(ids))[:20]] for _ in range(4)])
    tokens = torch.cat([torch.zeros(4, 1, dtype=torch.long), half, half], dim=1)
    steps, losses = steps_of("attn-only-2l"), []
    for step in steps:
        loss = load_specimen("attn-only-2l", step=step)(tokens, return_type="loss", loss_per_token=True)
        losses.append(loss[:, 21:].mean())
    order = torch.randperm(len(steps))
    return torch.tensor(steps)[order], torch.stack(losses)[order]


def fastest(steps, losses):
    """Every interval in turn."""
    rows = sorted(zip(steps.tolist(), losses.tolist(), strict=True))
    speeds = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(rows)]
    i = speeds.index(min(speeds))
    return rows[i][0], rows[i + 1][0]


def test_the_steps_on_both_sides_of_the_fall(phase_change_step):
    steps = torch.tensor([10, 20, 30, 40, 50, 60, 70])
    losses = torch.tensor([12.0, 11.9, 10.4, 6.4, 2.9, 0.9, 0.6])
    says = "Evenly spaced, the loss falls most between steps 30 and 40: two plain whole numbers."
    agree(phase_change_step(steps, losses), (30, 40), says)


def test_a_rise_is_no_fall(phase_change_step):
    steps, losses = torch.tensor([0, 10, 20, 30]), torch.tensor([5.0, 9.0, 7.5, 7.0])
    says = "The loss rises by 4 at first and falls by 1.5 after that: only falls count."
    agree(phase_change_step(steps, losses), (10, 20), says)


def test_speed_is_per_step(phase_change_step):
    steps, losses = torch.tensor([0, 100, 200, 1000]), torch.tensor([9.0, 8.0, 5.0, 1.0])
    says = "From 200 to 1000 the loss falls by 4, but that took 800 steps; from 100 to 200 it falls by 3 in 100."
    agree(phase_change_step(steps, losses), (100, 200), says)
    steps, losses = torch.tensor([10, 20, 1000, 1100]), torch.tensor([9.0, 7.0, 6.0, 3.0])
    says = "2 in 10 steps is faster than 3 in 100: it is steps that count, and not their logarithm."
    agree(phase_change_step(steps, losses), (10, 20), says)


def test_the_checkpoints_come_in_any_order(phase_change_step):
    steps, losses = torch.tensor([300, 0, 400, 100, 200]), torch.tensor([4.0, 9.0, 3.0, 8.0, 7.0])
    says = "Sorted by step the losses are 9, 8, 7, 4, 3."
    agree(phase_change_step(steps, losses), (200, 300), says)
    steps, losses = measured()
    says = "The loss on the second half of repeated words, at the specimen's own checkpoints, shuffled."
    agree(phase_change_step(steps, losses), fastest(steps, losses), says)


def test_it_holds_for_numbers_drawn_at_random(phase_change_step):
    steps, losses = 10 * torch.randperm(100)[:8], 5 * torch.rand(8)
    says = "Random losses at random steps, in no order: each interval's fall worked out by itself."
    agree(phase_change_step(steps, losses), fastest(steps, losses), says)


SPEED = "speed = -losses[order].diff() / steps.diff()"
RETURN = "return int(steps[i]), int(steps[i + 1])"
FALL = "test_the_steps_on_both_sides_of_the_fall"
MUTANTS = [
    Mutant("places in the list are returned, and not steps", RETURN, "return i, i + 1", FALL),
    Mutant("the steps around the lowest loss are returned, where the fall has ended", "int(speed.argmax())",
           "int(losses[order][1:].argmin())", FALL),
    Mutant("the pair is one too late", RETURN, "return int(steps[i + 1]), int(steps[i + 2])", FALL),
    Mutant("the pair is one too early", RETURN, "return int(steps[i - 1]), int(steps[i])", FALL),
    Mutant("tensors are returned, and not whole numbers", RETURN, "return steps[i], steps[i + 1]", FALL),
    Mutant("the slowest fall is looked for, or the sign is the wrong way round", "speed.argmax()", "speed.argmin()", FALL),
    Mutant("the largest change counts, be it up or down", "int(speed.argmax())", "int(speed.abs().argmax())",
           "test_a_rise_is_no_fall"),
    Mutant("the loss is divided by, as if a relative fall were meant", SPEED,
           "speed = -losses[order].log().diff() / steps.diff()", FALL),
    Mutant("the fall is not divided by the number of steps", " / steps.diff()", "", "test_speed_is_per_step"),
    Mutant("the fall is divided by the logarithm of the steps", "/ steps.diff()", "/ (steps + 1.0).log().diff()",
           "test_the_steps_on_both_sides_of_the_fall"),
    Mutant("the steps are not sorted", "steps, order = steps.sort()", "order = torch.arange(len(steps))",
           "test_the_checkpoints_come_in_any_order"),
    Mutant("the steps are sorted, and the losses are not", "losses[order]", "losses",
           "test_the_checkpoints_come_in_any_order"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "with a loop",
        """
def phase_change_step(steps, losses):
    rows = sorted(zip(steps.tolist(), losses.tolist()))
    before, after = max(zip(rows, rows[1:]), key=lambda pair: (pair[0][1] - pair[1][1]) / (pair[1][0] - pair[0][0]))
    return before[0], after[0]
""",
    ),
]
