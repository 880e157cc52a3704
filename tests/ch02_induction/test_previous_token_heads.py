"""Checks for previous_token_heads, coarse to fine. The patterns are made by hand."""

import torch

from course_utils.grading import Accepted, Mutant, agree
from course_utils.model import ActivationCache, HookedTransformer, HookedTransformerConfig


def cache_of(*patterns):
    """A cache that holds these patterns, [batch head query key], one a layer."""
    cfg = HookedTransformerConfig(
        n_layers=len(patterns), d_model=3, n_heads=patterns[0].shape[1], d_head=2, n_ctx=9, d_vocab=2, attn_only=True
    )
    held = {f"blocks.{layer}.attn.hook_pattern": pattern for layer, pattern in enumerate(patterns)}
    return ActivationCache(held, HookedTransformer(cfg))


def looking(target, weight, pos=9):
    """A pattern [query key]: each query gives `weight` to the key `target(query)` and shares the rest among what it sees."""
    seen = torch.ones(pos, pos).tril()
    pattern = (1 - weight) * seen / seen.sum(dim=-1, keepdim=True)
    for query in range(pos):
        pattern[query, max(target(query), 0)] += weight
    return pattern


CURRENT, PREVIOUS, FIRST = (lambda query: query), (lambda query: query - 1), (lambda query: 0)
TWO = lambda query: query - 2  # noqa: E731


def habits():
    """Two layers of five heads, one text. Current: 0.1, less so 1.0 and 0.0. Previous: 0.3, 1.2. First: 0.2, 1.1. Two back: 0.4, 1.4."""
    one = [looking(CURRENT, 0.3), looking(CURRENT, 0.8), looking(FIRST, 0.8), looking(PREVIOUS, 0.8), looking(TWO, 0.8)]
    two = [looking(CURRENT, 0.5), looking(FIRST, 0.5), looking(PREVIOUS, 0.5), looking(CURRENT, 0.0), looking(TWO, 0.5)]
    return cache_of(torch.stack(one)[None], torch.stack(two)[None])


def test_heads_are_named_by_layer_and_head(previous_token_heads):
    says = "Two layers of five heads. Head 3 of layer 0 and head 2 of layer 1 look one back by more than 0.4: in this order."
    agree(previous_token_heads(habits()), [(0, 3), (1, 2)], says)


def test_every_query_that_has_a_predecessor_counts_alike(previous_token_heads):
    heads = torch.zeros(4, 4, 4)
    for head, weights in enumerate([(0.5, 0.45, 0.05), (0.7, 0.3, 0.3), (0.1, 0.5, 0.5), (0.9, 0.8, 0.8)]):
        heads[head, 0, 0] = 1.0
        for query, weight in enumerate(weights, start=1):
            heads[head, query, query - 1] = weight
            heads[head, query, query] = 1 - weight
    says = (
        "Queries 1, 2, 3 of head 0 give their predecessors 0.5, 0.45 and 0.05: 0.33, not above 0.4. Head 1: 0.7, 0.3 and "
        "0.3, so 0.43. Heads 2 and 3: 0.37 and 0.83. Query 0 has no predecessor and does not count as a 0 (or as a 1)."
    )
    agree(previous_token_heads(cache_of(heads[None])), [(0, 1), (0, 3)], says)


def test_the_threshold_is_the_one_given(previous_token_heads):
    says = "With the threshold 0.5, head (1, 2) with 0.61 counts too; with 0.7 only head (0, 3) does; with 0.99 none."
    got = [previous_token_heads(habits(), threshold=threshold) for threshold in (0.5, 0.7, 0.99)]
    agree(got, [[(0, 3), (1, 2)], [(0, 3)], []], says)


def test_the_mean_is_over_all_texts(previous_token_heads):
    rarely, often = [PREVIOUS, CURRENT, CURRENT, CURRENT], [CURRENT, PREVIOUS, PREVIOUS, PREVIOUS]
    texts = torch.stack([torch.stack([looking(rarely[i], 1.0), looking(often[i], 1.0)]) for i in range(4)])
    says = "Head 0 looks one back in the first of four texts only (score 1/4), head 1 in all but the first (3/4)."
    agree(previous_token_heads(cache_of(texts)), [(0, 1)], says)


def test_it_holds_for_numbers_drawn_at_random(previous_token_heads):
    one, two = torch.randn(2, 3, 4, 7, 7).softmax(dim=-1)
    scores = {(i, head): 0.0 for i in range(2) for head in range(4)}
    for layer, head in scores:
        there = [float((one, two)[layer][text, head, pos, pos - 1]) for text in range(3) for pos in range(1, 7)]
        scores[layer, head] = sum(there) / len(there)
    third, fourth = sorted(scores.values())[-3], sorted(scores.values())[-4]
    got = previous_token_heads(cache_of(one, two), threshold=(third + fourth) / 2)
    says = "Random patterns of two layers: the three heads with the largest mean weight on the position before."
    agree(got, [head for head, score in scores.items() if score >= third], says)


NAMED, ALIKE = "test_heads_are_named_by_layer_and_head", "test_every_query_that_has_a_predecessor_counts_alike"
THRESHOLD, TEXTS = "test_the_threshold_is_the_one_given", "test_the_mean_is_over_all_texts"
MEAN = 'reduce(one_back, "batch head pos -> head", "mean")'
MUTANTS = [
    Mutant("the list goes through the heads first and the layers second", "return found", "return sorted(found, key=lambda at: at[::-1])", check=NAMED),
    Mutant("the pairs are (head, layer)", "(layer, head) for", "(head, layer) for", check=NAMED),
    Mutant("query and key are exchanged: the entries above the diagonal, always 0", "offset=-1", "offset=1", check=NAMED),
    Mutant("the diagonal itself is taken: the token that asks", "offset=-1", "offset=0", check=NAMED),
    Mutant("the token two back is taken", "offset=-1", "offset=-2", check=NAMED),
    Mutant("only layer 0 is looked at", 'one_back = cache["pattern", layer]', 'one_back = cache["pattern", 0]', check=NAMED),
    Mutant("query 1 is left out, although it has a predecessor", "reduce(one_back", "reduce(one_back[..., 1:]", check=ALIKE),
    Mutant("the last query is left out", "reduce(one_back", "reduce(one_back[..., :-1]", check=ALIKE),
    Mutant("query 0 is counted as a 0: the sum is divided by all positions", MEAN, MEAN + " * (1 - 1 / (one_back.shape[-1] + 1))",
           check=ALIKE),
    Mutant("a head counts if it ever looks one back that strongly", '"mean"', '"max"', check=NAMED),
    Mutant("the threshold is always 0.4", "score > threshold", "score > 0.4", check=THRESHOLD),
    Mutant("only the first text is looked at", MEAN, "one_back[0].mean(dim=-1)", check=TEXTS),
    Mutant("the best text counts, and not the mean over all", MEAN, "one_back.mean(dim=-1).amax(dim=0)", check=TEXTS),
]  # fmt: skip

ACCEPTED = [
    Accepted("two ranges as indices", MEAN,
             'cache["pattern", layer][:, :, torch.arange(1, one_back.shape[-1] + 1), torch.arange(one_back.shape[-1])].mean(dim=(0, 2))'),
    Accepted("without einops", MEAN, "one_back.mean(dim=(0, 2))"),
]  # fmt: skip
