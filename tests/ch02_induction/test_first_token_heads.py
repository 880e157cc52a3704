"""Checks for first_token_heads, coarse to fine. The patterns are made by hand."""

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
KEY_1 = lambda query: min(query, 1)  # noqa: E731


def habits():
    """Two layers of five heads, one text. First: 0.0, less so 0.3, less so 1.1. Key 1: 0.4, 1.4."""
    one = [looking(FIRST, 0.8), looking(CURRENT, 0.8), looking(PREVIOUS, 0.8), looking(FIRST, 0.7), looking(KEY_1, 0.8)]
    two = [
        looking(CURRENT, 0.5),
        looking(FIRST, 0.5),
        looking(PREVIOUS, 0.5),
        looking(CURRENT, 0.0),
        looking(KEY_1, 0.5),
    ]
    return cache_of(torch.stack(one)[None], torch.stack(two)[None])


def test_heads_are_named_by_layer_and_head(first_token_heads):
    says = "Two layers of five heads. Heads 0 and 3 of layer 0 and head 1 of layer 1 look at position 0 by more than 0.4: in this order."
    agree(first_token_heads(habits()), [(0, 0), (0, 3), (1, 1)], says)


def test_query_0_does_not_count(first_token_heads):
    heads = torch.zeros(4, 4, 4)
    for head, weights in enumerate([(1, 0.5, 0.45, 0.05), (1, 0.7, 0.3, 0.3), (1, 0.1, 0.3, 0.6), (1, 0.1, 0.6, 0.3)]):
        for query, weight in enumerate(weights):
            heads[head, query, query] = 1 - weight
            heads[head, query, 0] += weight
    says = (
        "Head 0 gives position 0 the weights 1, 0.5, 0.45 and 0.05. Query 0 has no choice; without it the mean is 0.33, not "
        "above 0.4; nor are those of heads 2 and 3. Head 1 gives it 0.7, 0.3 and 0.3: 0.43 is."
    )
    agree(first_token_heads(cache_of(heads[None])), [(0, 1)], says)


def test_the_threshold_is_the_one_given(first_token_heads):
    says = "With the threshold 0.7, head (1, 1) with 0.61 no longer counts; with 0.8 only head (0, 0) does; with 0.99 none."
    got = [first_token_heads(habits(), threshold=threshold) for threshold in (0.7, 0.8, 0.99)]
    agree(got, [[(0, 0), (0, 3)], [(0, 0)], []], says)


def test_the_mean_is_over_all_texts(first_token_heads):
    rarely, often = [FIRST, CURRENT, CURRENT, CURRENT], [CURRENT, FIRST, FIRST, FIRST]
    texts = torch.stack([torch.stack([looking(rarely[i], 1.0), looking(often[i], 1.0)]) for i in range(4)])
    says = (
        "Head 0 looks at the beginning in the first of four texts only (score 1/4), head 1 in all but the first (3/4)."
    )
    agree(first_token_heads(cache_of(texts)), [(0, 1)], says)


def test_it_holds_for_numbers_drawn_at_random(first_token_heads):
    one, two = torch.randn(2, 3, 4, 7, 7).softmax(dim=-1)
    scores = {(i, head): 0.0 for i in range(2) for head in range(4)}
    for layer, head in scores:
        there = [float((one, two)[layer][text, head, pos, 0]) for text in range(3) for pos in range(1, 7)]
        scores[layer, head] = sum(there) / len(there)
    third, fourth = sorted(scores.values())[-3], sorted(scores.values())[-4]
    got = first_token_heads(cache_of(one, two), threshold=(third + fourth) / 2)
    says = "Random patterns of two layers: the three heads with the largest mean weight on position 0."
    agree(got, [head for head, score in scores.items() if score >= third], says)


NAMED, ZERO = "test_heads_are_named_by_layer_and_head", "test_query_0_does_not_count"
THRESHOLD, TEXTS = "test_the_threshold_is_the_one_given", "test_the_mean_is_over_all_texts"
MEAN = 'reduce(on_first, "batch head query -> head", "mean")'
MUTANTS = [
    Mutant("the list goes through the heads first and the layers second", "return found", "return sorted(found, key=lambda at: at[::-1])", check=NAMED),
    Mutant("the pairs are (head, layer)", "(layer, head) for", "(head, layer) for", check=NAMED),
    Mutant("query and key are exchanged: what position 0 gives to the others, always 0", "[:, :, 1:, 0]", "[:, :, 0, 1:]", check=NAMED),
    Mutant("key 1 is looked at, as if one counted from 1", "[:, :, 1:, 0]", "[:, :, 1:, 1]", check=NAMED),
    Mutant("texts and heads are mixed up: only the first head is seen", '[:, :, 1:, 0]', "[:, :1, 1:, 0]", check=NAMED),
    Mutant("query 1 is left out too, although it has a choice", "[:, :, 1:, 0]", "[:, :, 2:, 0]", check=ZERO),
    Mutant("only layer 0 is looked at", 'on_first = cache["pattern", layer]', 'on_first = cache["pattern", 0]', check=NAMED),
    Mutant("query 0 counts, which has no choice", "[:, :, 1:, 0]", "[:, :, :, 0]", check=ZERO),
    Mutant("only the last query counts", "[:, :, 1:, 0]", "[:, :, -1:, 0]", check=ZERO),
    Mutant("only query 1 counts", "[:, :, 1:, 0]", "[:, :, 1:2, 0]", check=NAMED),
    Mutant("the threshold is always 0.4", "score > threshold", "score > 0.4", check=THRESHOLD),
    Mutant("only the first text is looked at", MEAN, "on_first[0].mean(dim=-1)", check=TEXTS),
    Mutant("the best text counts, and not the mean over all", MEAN, "on_first.mean(dim=-1).amax(dim=0)", check=TEXTS),
]  # fmt: skip

ACCEPTED = [
    Accepted("select, then cut", '[:, :, 1:, 0]', ".select(-1, 0)[..., 1:]"),
    Accepted("without einops", MEAN, "on_first.mean(dim=(0, 2))"),
]  # fmt: skip
