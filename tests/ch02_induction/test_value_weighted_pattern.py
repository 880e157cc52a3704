"""Checks for value_weighted_pattern, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_each_weight_is_multiplied_by_the_norm_of_what_is_offered(value_weighted_pattern):
    pattern = torch.tensor([[1.0, 0.0], [0.5, 0.5]]).reshape(1, 1, 2, 2)
    v = torch.tensor([1.0, -2.0]).reshape(1, 2, 1, 1)
    got = value_weighted_pattern(pattern, v, torch.tensor([[[3.0, 4.0]]]))
    says = "The two positions offer (3, 4) and (-6, -8), of norm 5 and 10. Columns are keys: (1, 0), (1/2, 1/2) becomes (5, 0), (2.5, 5)."
    agree(got, torch.tensor([[[[5.0, 0.0], [2.5, 5.0]]]]), says)


def test_what_W_O_does_not_write_does_not_count(value_weighted_pattern):
    pattern, v = torch.ones(1, 1, 1, 1), torch.tensor([100.0, 2.0]).reshape(1, 1, 1, 2)
    got = value_weighted_pattern(pattern, v, torch.tensor([[[0.0, 0.0, 0.0], [1.0, 2.0, 2.0]]]))
    says = "The value is (100, 2), but W_O sends its first coordinate to nothing and the second to (1, 2, 2): the norm is 2 * 3 = 6."
    agree(got, torch.tensor([[[[6.0]]]]), says)


def test_each_text_and_head_has_its_own(value_weighted_pattern):
    rng = torch.Generator().manual_seed(0)
    pattern = torch.randn(2, 3, 5, 5, generator=rng).softmax(dim=-1).tril()
    v, W_O = torch.randn(2, 5, 3, 4, generator=rng), torch.randn(3, 4, 6, generator=rng)
    expected = torch.zeros_like(pattern)
    for text in range(2):
        for head in range(3):
            for key in range(5):
                offered = v[text, key, head] @ W_O[head]
                expected[text, head, :, key] = pattern[text, head, :, key] * float(offered.square().sum()) ** 0.5
    says = "2 texts, 3 heads, 5 positions, random numbers: every key of every head and text has a norm of its own."
    agree(value_weighted_pattern(pattern, v, W_O), expected, says)


NORM, NOTHING, OWN = (
    "test_each_weight_is_multiplied_by_the_norm_of_what_is_offered",
    "test_what_W_O_does_not_write_does_not_count",
    "test_each_text_and_head_has_its_own",
)
RETURN = 'return pattern * rearrange(offered.norm(dim=-1), "batch key head -> batch head 1 key")'
OFFERED = 'einsum(v, W_O, "batch key head d_head, head d_head d_model -> batch key head d_model")'
MUTANTS = [
    Mutant("the norms stand at the queries and not at the keys", "batch head 1 key", "batch head key 1", check=NORM),
    Mutant("the norm is that of the value, and W_O is forgotten", OFFERED, "v", check=NORM),
    Mutant("the norm is squared", "offered.norm(dim=-1)", "offered.square().sum(dim=-1)", check=NORM),
    Mutant("absolute values are summed (the 1-norm)", "norm(dim=-1)", "abs().sum(dim=-1)", check=NORM),
    Mutant("the entries of the offered vector are summed", "norm(dim=-1)", "sum(dim=-1)", check=NORM),
    Mutant("the rows are made to sum to 1 again", RETURN, RETURN.replace("return", "moved =") + "\n    return moved / moved.sum(dim=-1, keepdim=True)",
           check=NORM),
    Mutant("the pattern plays no part", "pattern * rearrange", "torch.ones_like(pattern) * rearrange", check=NORM),
    Mutant("the norms are divided by and not multiplied with", "pattern * ", "pattern / ", check=NORM),
    Mutant("the norm of the value is multiplied with the norm of W_O", RETURN,
           'return pattern * rearrange(v.norm(dim=-1) * W_O.flatten(1).norm(dim=-1), "batch key head -> batch head 1 key")', check=NOTHING),
    Mutant("all heads write with the W_O of head 0", OFFERED,
           'einsum(v, W_O[0], "batch key head d_head, d_head d_model -> batch key head d_model")', check=OWN),
    Mutant("all texts have the values of the first", "einsum(v, W_O", "einsum(v[:1], W_O", check=OWN),
    Mutant("what all heads offer is added up before the norm is taken", "offered.norm(dim=-1)",
           "offered.sum(dim=2, keepdim=True).norm(dim=-1).expand(offered.shape[:3])", check=OWN),
]  # fmt: skip

ACCEPTED = [
    Accepted("the norm as a root of squares", "offered.norm(dim=-1)", "offered.square().sum(dim=-1).sqrt()"),
    Accepted("permute and unsqueeze", 'rearrange(offered.norm(dim=-1), "batch key head -> batch head 1 key")',
             "offered.norm(dim=-1).permute(0, 2, 1).unsqueeze(2)"),
    Accepted("the contributions first, then their norm", RETURN,
             'return einsum(pattern, offered, "b h q k, b k h m -> b h q k m").norm(dim=-1)'),
]  # fmt: skip
