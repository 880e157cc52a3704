"""Checks for learning_rate_at, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree


def agree_at(learning_rate_at, wanted, says, **plan):
    """Compare step by step, so that what is shown is the call that went wrong."""
    for step, rate in wanted.items():
        agree(learning_rate_at(step, **plan), rate, says)


def test_the_warm_up_is_a_straight_line_from_zero_to_peak(learning_rate_at):
    plan = {"warmup_steps": 4, "total_steps": 12, "peak": 6.0, "floor": 2.0}
    says = "At the steps 0 to 4 of a warm-up of 4 to the peak 6 the rate is 0, 1.5, 3, 4.5, 6. It starts at 0, not at `floor`."
    agree_at(learning_rate_at, {0: 0.0, 1: 1.5, 2: 3.0, 3: 4.5, 4: 6.0}, says, **plan)


def test_from_peak_through_the_middle_down_to_floor(learning_rate_at):
    plan = {"warmup_steps": 4, "total_steps": 12, "peak": 8.0, "floor": 3.0}
    says = "The way down begins at step 4 with peak = 8 and ends at step 12 with floor = 3; halfway, at step 8, it is at 5.5."
    agree_at(learning_rate_at, {4: 8.0, 8: 5.5, 12: 3.0}, says, **plan)


def test_the_way_down_is_half_a_cosine(learning_rate_at):
    plan = {"warmup_steps": 2, "total_steps": 8, "peak": 8.0, "floor": 0.0}
    says = "A third of the way down, (1 + cos 60°) / 2 = 3/4 of the height is left, so 6; after two thirds 1/4, so 2."
    agree_at(learning_rate_at, {4: 6.0, 6: 2.0}, says, **plan)


def test_it_ends_at_floor_and_stays_there(learning_rate_at):
    plan = {"warmup_steps": 4, "total_steps": 12, "peak": 8.0, "floor": 2.0}
    says = "At step 12, the end, the rate is `floor` = 2, and it stays there at the steps 13, 16, 20 and 1000."
    agree_at(learning_rate_at, {12: 2.0, 13: 2.0, 16: 2.0, 20: 2.0, 1000: 2.0}, says, **plan)


def test_floor_is_added_below_the_cosine(learning_rate_at):
    plan = {"warmup_steps": 0, "total_steps": 6, "peak": 10.0, "floor": 4.0}
    says = "The cosine stands on `floor` and has the height peak - floor = 6: after one and two thirds, 4 + 4.5 and 4 + 1.5."
    agree_at(learning_rate_at, {2: 8.5, 4: 5.5}, says, **plan)


def test_there_may_be_no_warm_up(learning_rate_at):
    plan = {"warmup_steps": 0, "total_steps": 10, "peak": 3.0, "floor": 1.0}
    says = "With `warmup_steps` = 0 the rate is at its peak right at step 0, and at step 5 in the middle."
    agree_at(learning_rate_at, {0: 3.0, 5: 2.0}, says, **plan)


def test_it_holds_for_numbers_drawn_at_random(learning_rate_at):
    warmup, way = torch.randint(3, 20, (2,)).tolist()
    floor, peak = torch.rand(2, dtype=torch.float64).sort().values.tolist()
    plan = {"warmup_steps": warmup, "total_steps": warmup + way, "peak": peak, "floor": floor}
    step = warmup + int(torch.randint(1, way, ()))
    down = floor + (peak - floor) * (1 + math.cos(math.pi * (step - warmup) / way)) / 2
    says = "A plan of random numbers: one step of the warm-up, one step of the way down."
    agree_at(learning_rate_at, {warmup - 1: peak * (warmup - 1) / warmup, step: down}, says, **plan)


WARM = "return peak * step / warmup_steps"
DONE = "done = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))"
RETURN = "return floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * done))"
FIRST = "test_the_warm_up_is_a_straight_line_from_zero_to_peak"
MUTANTS = [
    Mutant("the warm-up starts one step up, at peak / warmup_steps", WARM, "return peak * (step + 1) / warmup_steps", check=FIRST),
    Mutant("the warm-up starts at floor", WARM, "return floor + (peak - floor) * step / warmup_steps", check=FIRST),
    Mutant("the division rounds down to a whole number", WARM, "return peak * step // warmup_steps", check=FIRST),
    Mutant("there is no warm-up", WARM, "return peak", check=FIRST),
    Mutant("the warm-up is divided by all steps", WARM, "return peak * step / total_steps", check=FIRST),
    Mutant("the cosine is multiplied onto the warm-up from step 0 on", WARM,
           "return peak * step / warmup_steps * 0.5 * (1 + math.cos(math.pi * step / total_steps))", check=FIRST),
    Mutant("the way down is measured from step 0 and not from the end of the warm-up", DONE,
           "done = min(1.0, step / total_steps)", check=FIRST),
    Mutant("the way down takes total_steps after the warm-up", DONE,
           "done = min(1.0, (step - warmup_steps) / total_steps)",
           check="test_from_peak_through_the_middle_down_to_floor"),
    Mutant("the cosine runs through a whole wave", "math.cos(math.pi * done)", "math.cos(2 * math.pi * done)",
           check="test_from_peak_through_the_middle_down_to_floor"),
    Mutant("a quarter of a wave is used", RETURN, "return floor + (peak - floor) * math.cos(math.pi / 2 * done)",
           check="test_from_peak_through_the_middle_down_to_floor"),
    Mutant("floor is forgotten on the way down", RETURN, "return 0.5 * peak * (1 + math.cos(math.pi * done))",
           check="test_from_peak_through_the_middle_down_to_floor"),
    Mutant("the way down is a straight line", RETURN, "return peak + (floor - peak) * done",
           check="test_the_way_down_is_half_a_cosine"),
    Mutant("the angle is given in degrees", "math.cos(math.pi * done)", "math.cos(180 * done)",
           check="test_from_peak_through_the_middle_down_to_floor"),
    Mutant("the cosine goes on after the last step, and rises again", DONE,
           "done = (step - warmup_steps) / (total_steps - warmup_steps)", check="test_it_ends_at_floor_and_stays_there"),
    Mutant("after the last step the rate is 0", RETURN,
           "return 0.0 if step > total_steps else floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * done))",
           check="test_it_ends_at_floor_and_stays_there"),
    Mutant("floor is a limit under the cosine: the larger of the two is taken", RETURN,
           "return max(floor, 0.5 * peak * (1 + math.cos(math.pi * done)))",
           check="test_from_peak_through_the_middle_down_to_floor"),
    Mutant("the cosine starts at peak + floor", RETURN, "return floor + 0.5 * peak * (1 + math.cos(math.pi * done))",
           check=FIRST),
    Mutant("the cosine falls to 0 and floor is mixed in at the end", RETURN,
           "return 0.5 * peak * (1 + math.cos(math.pi * done)) + floor * done",
           check="test_floor_is_added_below_the_cosine"),
    Mutant("without a warm-up the first step still has the rate 0", "if step < warmup_steps:\n        " + WARM,
           "if step < max(warmup_steps, 1):\n        return peak * step / max(warmup_steps, 1)",
           check="test_there_may_be_no_warm_up"),
]  # fmt: skip

ACCEPTED = [
    Accepted("three cases", DONE,
             "if step > total_steps:\n        return floor\n    done = (step - warmup_steps) / (total_steps - warmup_steps)"),
    Accepted("the weights of peak and floor", RETURN,
             "share = 0.5 * (1 + math.cos(math.pi * done))\n    return share * peak + (1 - share) * floor"),
    Accepted("the square of a cosine of half the angle", RETURN,
             "return floor + (peak - floor) * math.cos(math.pi * done / 2) ** 2"),
]  # fmt: skip
