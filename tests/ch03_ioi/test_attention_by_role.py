"""Checks for attention_by_role, coarse to fine: made-up patterns of 3 layers, 2 heads, texts of 5 tokens."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import ActivationCache, HookedTransformer, HookedTransformerConfig

SIZES = {"n_layers": 3, "d_model": 4, "n_heads": 2, "n_ctx": 8, "d_vocab": 7, "attn_only": True}


def made(batch):
    """A cache whose patterns (and, so that they can be told apart, scores) are drawn at random."""
    model, generator = HookedTransformer(HookedTransformerConfig(**SIZES)), torch.Generator().manual_seed(batch)
    held = {}
    for layer in range(3):
        scores = torch.randn(batch, 2, 5, 5, generator=generator)
        pattern = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -torch.inf).softmax(dim=-1)
        held |= {f"blocks.{layer}.attn.hook_attn_scores": scores, f"blocks.{layer}.attn.hook_pattern": pattern}
    return ActivationCache(held, model)


def slowly(cache, places):
    found = torch.zeros(3, 2, places.shape[1])
    for layer in range(3):
        for head in range(2):
            for role in range(places.shape[1]):
                paid = [cache["pattern", layer][i, head, 4, places[i, role]] for i in range(len(places))]
                found[layer, head, role] = sum(paid) / len(paid)
    return found


def test_one_number_for_each_head_and_role(attention_by_role):
    got = attention_by_role(made(2), torch.tensor([[0, 3, 1, 2], [0, 1, 3, 2]]))
    agree(tuple(got.shape), (3, 2, 4), "3 layers, 2 heads, 4 roles: the prompts' axis is averaged away.")


def test_one_prompt(attention_by_role):
    cache, places = made(1), torch.tensor([[0, 3, 1, 4]])
    says = "One prompt: the attention that its last position pays to places 0, 3, 1 and 4, for each layer and head."
    agree(attention_by_role(cache, places), slowly(cache, places), says)


def test_each_prompt_has_its_own_places(attention_by_role):
    cache, places = made(3), torch.tensor([[2, 0, 1, 3], [1, 3, 3, 0], [0, 2, 4, 4]])
    says = "Three prompts whose names stand at different places: each is asked at its own, and then the mean is taken."
    agree(attention_by_role(cache, places), slowly(cache, places), says)


def test_the_roles_are_those_that_are_asked_for(attention_by_role):
    cache, places = made(4), torch.tensor([[3, 1], [0, 2], [4, 1], [1, 0]])
    agree(attention_by_role(cache, places), slowly(cache, places), "Two roles are asked for here, and four prompts.")


PATTERN = 'cache["pattern", layer][:, :, -1]'
GATHER = "from_end.gather(-1, at)"
MUTANTS = [
    Mutant("prompts are not averaged", "found.mean(dim=1)", "found[:, 0] if len(places) == 1 else found",
           check="test_one_number_for_each_head_and_role"),
    Mutant("heads are averaged, and not prompts", "found.mean(dim=1)", "found.mean(dim=2)",
           check="test_one_prompt"),
    Mutant("layers are averaged as well", "found.mean(dim=1)", "found.mean(dim=(0, 1))",
           check="test_one_number_for_each_head_and_role"),
    Mutant("query and key are mistaken for each other", PATTERN, 'cache["pattern", layer][:, :, :, -1]',
           check="test_one_prompt"),
    Mutant("attention from the first position is read", PATTERN, 'cache["pattern", layer][:, :, 0]',
           check="test_one_prompt"),
    Mutant("attention from the position before the last is read", PATTERN, 'cache["pattern", layer][:, :, -2]',
           check="test_one_prompt"),
    Mutant("attention from all positions is averaged", PATTERN, 'cache["pattern", layer].mean(dim=2)',
           check="test_one_prompt"),
    Mutant("scores are read before the softmax", '"pattern"', '"attn_scores"', check="test_one_prompt"),
    Mutant("every prompt is asked at the first prompt's places", "places[:, None]", "places[:1, None].expand(len(places), -1, -1)",
           check="test_each_prompt_has_its_own_places"),
    Mutant("every prompt is asked at every prompt's places", GATHER, "from_end[..., places].mean(dim=2)",
           check="test_each_prompt_has_its_own_places"),
    Mutant("prompts are summed", "found.mean(dim=1)", "found.sum(dim=1)", check="test_each_prompt_has_its_own_places"),
    Mutant("the roles of a prompt are brought to sum 1", GATHER,
           "torch.nn.functional.normalize(from_end.gather(-1, at), p=1, dim=-1)", check="test_one_prompt"),
    Mutant("four roles are read whatever is asked for", "places[:, None]", "places[:, [0, 1, -2, -1], None].mT",
           check="test_the_roles_are_those_that_are_asked_for"),
]  # fmt: skip

ACCEPTED = [
    Accepted.whole(
        "a loop over roles, rows paired with their places",
        """
def attention_by_role(cache, places):
    rows = torch.arange(len(places))
    layers = []
    for layer in range(cache.model.cfg.n_layers):
        pattern = cache["pattern", layer]
        layers.append(torch.stack([pattern[rows, :, -1, place].mean(dim=0) for place in places.T], dim=-1))
    return torch.stack(layers)
""",
    ),
]
