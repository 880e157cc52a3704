"""Checks for random_composition_baseline, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require


def slow(d_model, d_head, samples):
    """The same with the full matrices, one pair of heads at a time, from other random numbers."""
    generator = torch.Generator().manual_seed(12345)
    scores = []
    for _ in range(samples):
        A, B, C, D = (torch.randn(d_model, d_head, generator=generator) for _ in range(4))
        writes, reads = A @ B.T, C @ D.T
        scores.append((writes @ reads).norm() / (writes.norm() * reads.norm()))
    return torch.stack(scores).mean().item(), torch.stack(scores).std().item()


def test_two_plain_numbers(random_composition_baseline):
    agree(random_composition_baseline(1, 1, samples=10), (1.0, 0.0), "In one dimension every score is 1: (1.0, 0.0).")


def test_the_mean_is_one_over_the_root_of_d_model(random_composition_baseline):
    for d_model, d_head in [(25, 4), (100, 3)]:
        mean = random_composition_baseline(d_model, d_head, samples=400)[0]
        says = (
            f"Random directions: with d_model = {d_model} the mean is close to {d_model**-0.5:.2f}, 1 / sqrt(d_model)."
        )
        agree(mean, d_model**-0.5, says, atol=0, rtol=0.06)


def test_the_spread_is_that_of_thin_products(random_composition_baseline):
    for d_model, d_head in [(25, 4), (40, 2)]:
        expected = slow(d_model, d_head, 400)[1]
        says = "The standard deviation of single scores. Thin products vary more from draw to draw than full matrices."
        agree(random_composition_baseline(d_model, d_head, samples=400)[1], expected, says, atol=0, rtol=0.2)


def test_the_seed_decides(random_composition_baseline):
    first = random_composition_baseline(9, 2, samples=20, seed=5)
    torch.manual_seed(99)
    agree(random_composition_baseline(9, 2, samples=20, seed=5), first, "The same seed gives the same answer again.")
    other = random_composition_baseline(9, 2, samples=20, seed=6)
    require(first != other, "Another seed gives other draws.", expected="two different answers", got=(first, other))


def test_as_many_samples_as_asked_for(random_composition_baseline):
    twos = [random_composition_baseline(12, 2, samples=2, seed=seed)[0] for seed in range(40)]
    many = random_composition_baseline(12, 2, samples=2000)[1]
    says = "With samples=2 the mean is of two scores: over 40 seeds it varies as single scores do, divided by root 2."
    agree(torch.tensor(twos).std().item(), many / 2**0.5, says, atol=0, rtol=0.5)


def test_it_holds_for_numbers_drawn_at_random(random_composition_baseline):
    d_model, seed = (int(torch.randint(16, 64, ())) for _ in range(2))
    mean, _ = random_composition_baseline(d_model, 3, samples=1500, seed=seed)
    says = "With a random d_model and a random seed the mean is close to 1 / sqrt(d_model)."
    agree(mean, d_model**-0.5, says, atol=0, rtol=0.08)


DRAW = "A, B, C, D = torch.randn(4, samples, d_model, d_head, generator=generator)"
RETURN = "return scores.mean().item(), scores.std(correction=0).item()"
SPREAD = "test_the_spread_is_that_of_thin_products"
MEAN = "test_the_mean_is_one_over_the_root_of_d_model"
MUTANTS = [
    Mutant("tensors are returned, and not plain numbers", RETURN, "return scores.mean(), scores.std(correction=0)",
           "test_two_plain_numbers"),
    Mutant("the standard deviation comes first", RETURN, "return scores.std(correction=0).item(), scores.mean().item()",
           "test_two_plain_numbers"),
    Mutant("nothing is divided by", "scores = (writes @ reads).norm() / (writes.norm() * reads.norm())",
           "scores = (writes @ reads).norm()", "test_two_plain_numbers"),
    Mutant("entries are drawn from 0 to 1, so that all have the same sign", "torch.randn(", "torch.rand(", MEAN),
    Mutant("squared scores are averaged", RETURN, "scores = scores**2\n    return scores.mean().item(), scores.std(correction=0).item()",
           MEAN),
    Mutant("both heads are the same", "reads = FactoredMatrix(A, B.mT), FactoredMatrix(C, D.mT)",
           "reads = FactoredMatrix(A, B.mT), FactoredMatrix(B, A.mT)", MEAN),
    Mutant("random heads are full matrices, of size d_model in the middle",
           DRAW, "A, B, C, D = torch.randn(4, samples, d_model, d_model, generator=generator)", SPREAD),
    Mutant("the spread is that of the mean, divided by the root of the number of samples", RETURN,
           "return scores.mean().item(), scores.std(correction=0).item() / math.sqrt(samples)", SPREAD),
    Mutant("the variance is returned in place of its root", RETURN,
           "return scores.mean().item(), scores.var(correction=0).item()", SPREAD),
    Mutant("the seed is not used", "torch.Generator().manual_seed(seed)", "None", "test_the_seed_decides"),
    Mutant("the seed is always 0", "manual_seed(seed)", "manual_seed(0)", "test_the_seed_decides"),
    Mutant("there are always 200 samples", DRAW, DRAW.replace("samples", "200"), "test_as_many_samples_as_asked_for"),
]  # fmt: skip

ACCEPTED = [
    Accepted("with torch's own standard deviation", "scores.std(correction=0)", "scores.std()"),
    Accepted(
        "the global generator, seeded",
        "generator = torch.Generator().manual_seed(seed)",
        "generator = None\n    torch.manual_seed(seed)",
    ),
    Accepted.whole(
        "one pair at a time, with full matrices",
        """
def random_composition_baseline(d_model, d_head, samples=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for _ in range(samples):
        L = torch.randn(d_model, d_head, generator=generator) @ torch.randn(d_head, d_model, generator=generator)
        R = torch.randn(d_model, d_head, generator=generator) @ torch.randn(d_head, d_model, generator=generator)
        scores.append(((L @ R).norm() / (L.norm() * R.norm())).item())
    mean = sum(scores) / samples
    return mean, math.sqrt(sum((s - mean) ** 2 for s in scores) / samples)
""",
    ),
]
