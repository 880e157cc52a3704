"""Checks for logit_attribution, coarse to fine. Small tensors by hand, then a small random model."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import HookedTransformer, HookedTransformerConfig


def test_a_part_is_measured_along_the_direction_of_the_next_token(logit_attribution):
    one = torch.tensor([[[2.0, -2.0], [9.0, -9.0]], [[1.0, -1.0], [7.0, -7.0]]])  # 2 texts, 2 positions, d_model = 2
    parts = torch.stack([one, -3 * one, 5 * one])
    W_U = torch.tensor([[20.0, 10.0, 1.0], [0.0, 3.0, 5.0]])
    got = logit_attribution(parts, torch.ones(2, 2, 1), W_U, torch.tensor([[0, 1], [1, 2]]))
    says = (
        "Text (0, 1): at position 0 part 0 is (2, -2) and the right word is 1, whose column is (10, 3): 2 * 10 - 2 * 3 = 14. Text "
        "(1, 2): (1, -1) and the column (1, 5) make -4. Parts 1 and 2 are -3 and 5 times part 0."
    )
    agree(got, torch.tensor([[[14.0], [-4.0]], [[-42.0], [12.0]], [[70.0], [-20.0]]]), says)


def test_each_part_is_divided_by_the_scale_that_is_given(logit_attribution):
    parts = torch.tensor([[[[2.0, -2.0], [6.0, -6.0], [0.0, 0.0]]]])
    scale = torch.tensor([[[2.0], [3.0], [4.0]]])
    got = logit_attribution(parts, scale, torch.tensor([[1.0, 10.0], [0.0, 3.0]]), torch.tensor([[0, 1, 1]]))
    says = "Position 0 has the scale 2, position 1 the scale 3: 14 / 2 and 42 / 3. The scale is that of the whole stream, not of the part."
    agree(got, torch.tensor([[[7.0, 14.0]]]), says)


def test_each_part_is_centred(logit_attribution):
    parts = torch.tensor([[5.0, 1.0], [0.0, 0.0]]).reshape(1, 1, 2, 2)
    got = logit_attribution(
        parts, torch.full((1, 2, 1), 2.0), torch.tensor([[0.0, 10.0], [0.0, 3.0]]), torch.tensor([[0, 1]])
    )
    says = "The part (5, 1) has mean 3 and becomes (2, -2); divided by the scale 2, (1, -1); with the column (10, 3) it adds 7."
    agree(got, torch.tensor([[[7.0]]]), says)


def test_the_contributions_add_up_to_the_logits(logit_attribution):
    cfg = HookedTransformerConfig(
        n_layers=2, d_model=12, n_heads=4, d_head=6, n_ctx=8, d_vocab=11, attn_only=True, normalization_type="LNPre"
    )
    model, rng = HookedTransformer(cfg).requires_grad_(False), torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.copy_(0.6 * torch.randn(parameter.shape, generator=rng))
    tokens = torch.tensor([[1, 5, 3, 5, 2], [4, 4, 0, 9, 10], [7, 8, 2, 2, 6]])
    logits, cache = model.run_with_cache(tokens)
    parts = cache.decompose_resid()
    got = logit_attribution(parts, cache["scale"], model.W_U, tokens)
    expected = torch.zeros(3, 4)
    for text in range(3):
        for pos in range(4):
            right = tokens[text, pos + 1]
            expected[text, pos] = logits[text, pos, right] - model.b_U[right]
    says = "3 texts of 5 tokens, 4 parts of a random model: summed over parts, they are the logit of the right token, less b_U."
    agree(got.sum(dim=0), expected, says, atol=1e-4)


def test_each_part_has_its_own_share(logit_attribution):
    rng = torch.Generator().manual_seed(1)
    parts, scale = torch.randn(4, 2, 3, 5, generator=rng), torch.rand(2, 3, 1, generator=rng) + 1
    W_U, tokens = torch.randn(5, 6, generator=rng), torch.tensor([[1, 5, 3], [4, 4, 0]])
    expected = torch.zeros(4, 2, 2)
    for part in range(4):
        for text in range(2):
            for pos in range(2):
                x = parts[part, text, pos]
                expected[part, text, pos] = (x - x.mean()) / scale[text, pos, 0] @ W_U[:, tokens[text, pos + 1]]
    agree(
        logit_attribution(parts, scale, W_U, tokens),
        expected,
        "4 parts, 2 texts of 3 tokens, random numbers: one by one.",
    )


ALONG, SCALE = (
    "test_a_part_is_measured_along_the_direction_of_the_next_token",
    "test_each_part_is_divided_by_the_scale_that_is_given",
)
CENTRED, ADD_UP = "test_each_part_is_centred", "test_the_contributions_add_up_to_the_logits"
SHARE = "test_each_part_has_its_own_share"
SCALED = "centred[:, :, :-1] / scale[:, :-1]"
CENTRE = "centred = parts - parts.mean(dim=-1, keepdim=True)"
EACH = '"part batch pos d_model, batch pos d_model -> part batch pos"'
MUTANTS = [
    Mutant("the token at the position itself is taken, and not the next", "W_U.T[tokens[:, 1:]]", "W_U.T[tokens[:, :-1]]", check=ALONG),
    Mutant("each position is paired with the token that stands at it", SCALED, "centred[:, :, 1:] / scale[:, 1:]", check=ALONG),
    Mutant("the parts are added up", EACH, EACH.replace("-> part ", "-> "), check=ALONG),
    Mutant("the product is not summed over d_model", EACH, EACH.replace("pos\"", "pos d_model\""), check=ALONG),
    Mutant("the last position is there too, with a made-up next token", "return einsum(normalised, directions",
           "return einsum(centred / scale, torch.cat([directions, directions[:, :1]], dim=1)", check=ALONG),
    Mutant("nothing is divided by the scale", SCALED, "centred[:, :, :-1]", check=SCALE),
    Mutant("the scale is multiplied with", SCALED, "centred[:, :, :-1] * scale[:, :-1]", check=SCALE),
    Mutant("each part is normalised by its own spread", SCALED,
           "centred[:, :, :-1] / (centred[:, :, :-1].square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()", check=ALONG),
    Mutant("each part is divided by its own standard deviation (`std`), and not by the scale that is given", SCALED,
           "centred[:, :, :-1] / centred[:, :, :-1].std(dim=-1, keepdim=True)", check=ALONG),
    Mutant("the texts are averaged", EACH + ")", EACH + ").mean(dim=1)", check=ALONG),
    Mutant("the scale is that of the next position", "scale[:, :-1]", "scale[:, 1:]", check=SCALE),
    Mutant("the scale is averaged over positions", "scale[:, :-1]", "scale.mean(dim=1, keepdim=True)", check=SCALE),
    Mutant("the parts are not centred", CENTRE, "centred = parts", check=CENTRED),
    Mutant("what is taken away is the mean over positions", "parts.mean(dim=-1, keepdim=True)", "parts.mean(dim=2, keepdim=True)", check=ALONG),
    Mutant("what is taken away is the mean over parts", "parts.mean(dim=-1, keepdim=True)", "parts.mean(dim=0, keepdim=True)", check=ALONG),
    Mutant("the right words of the first text are taken for all texts", "W_U.T[tokens[:, 1:]]", "W_U.T[tokens[:1, 1:]].expand(len(tokens), -1, -1)",
           check=ALONG),
    Mutant("the scale of the first text is taken for all texts", "scale[:, :-1]", "scale[:1, :-1]", check=ADD_UP),
    Mutant("what is taken away from each part is an equal share of the mean of them all", "parts.mean(dim=-1, keepdim=True)",
           "parts.mean(dim=(0, -1), keepdim=True)", check=SHARE),
    Mutant("the whole is shared out equally", EACH + ")", EACH + ").mean(dim=0, keepdim=True).expand(len(parts), -1, -1)", check=ALONG),
]  # fmt: skip

ACCEPTED = [
    Accepted("multiplied and summed", "einsum(normalised, directions, " + EACH + ")", "(normalised * directions).sum(dim=-1)"),
    Accepted("all logits of every part, then the right ones", "return einsum(normalised, directions, " + EACH + ")",
             "every = normalised @ W_U\n"
             "    index = tokens[None, :, 1:, None].expand(len(parts), -1, -1, 1)\n"
             "    return every.gather(-1, index).squeeze(-1)"),
    Accepted("the columns centred in place of the parts", CENTRE + "\n    normalised = centred[:, :, :-1] / scale[:, :-1]\n    directions = W_U.T[tokens[:, 1:]]",
             "normalised = parts[:, :, :-1] / scale[:, :-1]\n    directions = (W_U - W_U.mean(dim=0)).T[tokens[:, 1:]]"),
]  # fmt: skip
