"""Checks for normalized_metric, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def lead(logits):
    """Token 2 ahead of token 0 at the last position, in the mean over prompts."""
    return (logits[:, -1, 2] - logits[:, -1, 0]).mean()


def logits_with(*leads):
    """One prompt for each lead, 3 positions, 4 tokens; all else is noise."""
    logits = torch.randn(len(leads), 3, 4, generator=torch.Generator().manual_seed(len(leads)))
    logits[:, -1, 2] = logits[:, -1, 0] + torch.tensor(leads)
    return logits


CLEAN, CORRUPTED = logits_with(5.0, 7.0), logits_with(1.0, 3.0)  # 6 and 2 in the mean


def made(normalized_metric, clean=CLEAN, corrupted=CORRUPTED, measure=lead):
    metric = normalized_metric(measure, clean, corrupted)
    says = "normalized_metric returns a function of logits: define it inside and return it by its name, without calling it."
    require(callable(metric), says, got=metric)
    return metric


def test_corrupted_is_zero_and_clean_is_one(normalized_metric):
    metric = made(normalized_metric)
    got = torch.stack([torch.as_tensor(metric(CORRUPTED)), torch.as_tensor(metric(CLEAN))])
    agree(
        got,
        torch.tensor([0.0, 1.0]),
        "The clean lead is 6 and the corrupted lead 2. Shown are the metric of the corrupted run, then of the clean run.",
    )


def test_a_quarter_of_the_way(normalized_metric):
    says = "The ends are 2 and 6: a patched run with a mean lead of 3 has come (3 - 2) / (6 - 2) of the way."
    agree(made(normalized_metric)(logits_with(3.5, 2.5)), torch.tensor(0.25), says)


def test_the_scale_goes_on_beyond_its_ends(normalized_metric):
    metric = made(normalized_metric)
    agree(metric(logits_with(0.0)), torch.tensor(-0.5), "A lead of 0 lies below the corrupted run's 2: (0 - 2) / 4.")
    agree(metric(logits_with(12.0)), torch.tensor(2.5), "A lead of 12 lies above the clean run's 6: (12 - 2) / 4.")


def test_the_clean_end_may_be_the_lower_one(normalized_metric):
    def loss(logits):
        return -logits[:, 0].log_softmax(dim=-1)[:, 1].mean()

    sure, unsure = torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)
    sure[..., 1] = 5.0
    halfway = 0.5 * (sure + unsure)
    says = "Any measure will do, here a loss, which is lower for the clean run: still 0 for corrupted and 1 for clean, and less than 0 for a run whose loss is higher than the corrupted one's."
    worse = torch.zeros(1, 2, 4)
    worse[..., 1] = -3.0
    ends = [float(loss(x)) for x in (sure, unsure, halfway, worse)]
    metric = made(normalized_metric, sure, unsure, loss)
    for x, value in zip((sure, unsure, halfway, worse), ends, strict=True):
        agree(metric(x), torch.tensor((value - ends[1]) / (ends[0] - ends[1])), says)


def test_gradients_flow_through_it(normalized_metric):
    logits = logits_with(3.0, 4.0).requires_grad_()
    value = made(normalized_metric)(logits)
    says = "What comes out must be a tensor from which backward() finds its way to the logits: no .item(), no float()."
    require(isinstance(value, torch.Tensor) and value.requires_grad, says, got=value)
    value.backward()
    expected = torch.zeros(2, 3, 4)
    expected[:, -1, 2], expected[:, -1, 0] = 0.125, -0.125
    agree(
        logits.grad, expected, "The mean of 2 prompts, divided by the distance of the ends, 4: a slope of 1/8 for each."
    )


def test_it_holds_for_numbers_drawn_at_random(normalized_metric):
    low, high, between = torch.randn(3).sort().values[[0, 2, 1]].tolist()
    metric = made(normalized_metric, logits_with(high), logits_with(low))
    expected = torch.tensor((between - low) / (high - low))
    agree(metric(logits_with(between)), expected, "Three random leads.", atol=1e-3, rtol=1e-3)


ENDS, QUARTER = "test_corrupted_is_zero_and_clean_is_one", "test_a_quarter_of_the_way"
BEYOND, LOWER, FLOW = (
    "test_the_scale_goes_on_beyond_its_ends",
    "test_the_clean_end_may_be_the_lower_one",
    "test_gradients_flow_through_it",
)
RETURN = "return (measure(logits) - zero) / (one - zero)"
MUTANTS = [
    Mutant("the scale is the wrong way round: clean is 0 and corrupted is 1", RETURN, "return (measure(logits) - one) / (zero - one)", ENDS),
    Mutant("the numerator is counted from the clean end", "measure(logits) - zero", "measure(logits) - one", ENDS),
    Mutant("the corrupted end is not subtracted", "(measure(logits) - zero) / (one - zero)", "measure(logits) / one", ENDS),
    Mutant("the corrupted end is subtracted below the line only", "(measure(logits) - zero)", "measure(logits)", ENDS),
    Mutant("only the numerator has the corrupted end subtracted", "/ (one - zero)", "/ one", ENDS),
    Mutant("the distance between the ends is not divided by", " / (one - zero)", "", ENDS),
    Mutant("the sign of the distance is turned", "(one - zero)", "(zero - one)", ENDS),
    Mutant("the metric is 1 minus what it should be: the share that is lost", RETURN, "return 1 - (measure(logits) - zero) / (one - zero)", ENDS),
    Mutant("the logits are put on the scale first and then measured", RETURN, "return measure((logits - corrupted_logits) / (clean_logits - corrupted_logits))", ENDS),
    Mutant("the number is rounded to 0 or 1", RETURN, "return ((measure(logits) - zero) / (one - zero)).round()", QUARTER),
    Mutant("the share is squared", RETURN, "return ((measure(logits) - zero) / (one - zero)) ** 2", QUARTER),
    Mutant("the number is kept between 0 and 1", RETURN, "return ((measure(logits) - zero) / (one - zero)).clamp(0, 1)", BEYOND),
    Mutant("only the size of the distance from the corrupted run counts", RETURN, "return (measure(logits) - zero).abs() / (one - zero)", BEYOND),
    Mutant("the larger measure is taken for the clean one", RETURN, "return (measure(logits) - min(zero, one)) / (one - zero).abs()", LOWER),
    Mutant("the number is cut off from its gradient", RETURN, "return (measure(logits).detach() - zero) / (one - zero)", FLOW),
    Mutant("the number is computed without gradients", RETURN, "with torch.no_grad():\n            return (measure(logits) - zero) / (one - zero)", FLOW),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "a lambda, and the ends measured each time",
        """
def normalized_metric(measure, clean_logits, corrupted_logits):
    def distance(a, b):
        return measure(a) - measure(b)

    return lambda logits: distance(logits, corrupted_logits) / distance(clean_logits, corrupted_logits)
""",
    ),
    Accepted("counted from the clean end", RETURN, "return 1 - (one - measure(logits)) / (one - zero)"),
]
