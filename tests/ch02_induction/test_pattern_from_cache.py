"""Checks for pattern_from_cache, coarse to fine. What the caches hold as scores and patterns is false on purpose."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import ActivationCache, HookedTransformer, HookedTransformerConfig


def cache_of(*layers):
    """A cache with the given (q, k) of each layer, [batch pos head d_head], and patterns that don't belong to them."""
    _, pos, heads, d_head = layers[0][0].shape
    cfg = HookedTransformerConfig(
        n_layers=len(layers), d_model=3, n_heads=heads, d_head=d_head, n_ctx=pos, d_vocab=2, attn_only=True
    )
    held = {}
    for layer, (q, k) in enumerate(layers):
        false = torch.eye(pos).expand(len(q), heads, pos, pos)
        backward = 50 * false.flip(-1)
        here = f"blocks.{layer}.attn.hook_"
        held |= {here + "q": q, here + "k": k, here + "attn_scores": backward, here + "pattern": false}
    return ActivationCache(held, HookedTransformer(cfg))


def column(*numbers):
    """One text, one head, d_head = 1: one number a position."""
    return torch.tensor(numbers).reshape(1, -1, 1, 1)


def test_equal_scores_are_shared_among_what_is_visible(pattern_from_cache):
    cache = cache_of((column(0.0, 0.0, 0.0), column(5.0, 1.0, 3.0)))
    expected = torch.tensor([[[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]]]])
    says = "All queries are 0, so all scores are 0: each row is shared equally between the position itself and those before it."
    agree(pattern_from_cache(cache, 0), expected, says)


def test_rows_are_queries_and_columns_are_keys(pattern_from_cache):
    cache = cache_of((column(0.0, math.log(3), 0.0), column(1.0, 0.0, 7.0)))
    expected = torch.tensor([[[[1.0, 0.0, 0.0], [0.75, 0.25, 0.0], [1 / 3, 1 / 3, 1 / 3]]]])
    says = "Only query 1 asks, with ln 3. Its scores are ln 3 for key 0, which is 1, and 0 for key 1: weights 3/4 and 1/4, in row 1."
    agree(pattern_from_cache(cache, 0), expected, says)


def test_scores_are_divided_by_the_root_of_d_head(pattern_from_cache):
    q, k = torch.zeros(1, 2, 3, 4), torch.zeros(1, 2, 3, 4)
    q[0, 1, :], k[0, 0, :] = torch.tensor([math.log(3), 0.0, 0.0, 5.0]), torch.tensor([2.0, 5.0, 5.0, 0.0])
    expected = torch.tensor([[1.0, 0.0], [0.75, 0.25]]).expand(1, 3, 2, 2)
    says = "Three heads alike, d_head is 4. Query 1 and key 0 have the product 2 ln 3; divided by sqrt(4), ln 3, so the weights are 3/4 and 1/4."
    agree(pattern_from_cache(cache_of((q, k)), 0), expected, says)


def test_each_text_head_and_layer_has_its_own(pattern_from_cache):
    rng = torch.Generator().manual_seed(0)
    layers = [tuple(torch.randn(2, 5, 3, 4, generator=rng) for _ in "qk") for _ in range(2)]
    expected = [slowly(*layer) for layer in layers]
    cache = cache_of(*layers)
    for layer in (0, 1):
        says = f"2 texts, 5 positions, 3 heads, d_head = 4, random numbers: layer {layer} of 2."
        agree(pattern_from_cache(cache, layer), expected[layer], says)


def test_the_cache_is_left_as_it_was(pattern_from_cache):
    rng = torch.Generator().manual_seed(1)
    cache = cache_of(tuple(torch.randn(2, 5, 3, 4, generator=rng) for _ in "qk"))
    before = {name: value.clone() for name, value in cache.items()}
    pattern_from_cache(cache, 0)
    changed = [name for name in before if not torch.equal(before[name], cache[name])]
    says = "What is in the cache belongs to others too: don't write into it (`q /= …`, `fill_`). Make a new tensor (`q / …`)."
    require(not changed, says, got=changed)


def slowly(q, k):
    """One query at a time."""
    pattern = torch.zeros(q.shape[0], q.shape[2], q.shape[1], q.shape[1])
    for text in range(q.shape[0]):
        for head in range(q.shape[2]):
            for query in range(q.shape[1]):
                scores = [
                    float(q[text, query, head] @ k[text, key, head]) / math.sqrt(q.shape[3]) for key in range(query + 1)
                ]
                total = sum(map(math.exp, scores))
                for key, score in enumerate(scores):
                    pattern[text, head, query, key] = math.exp(score) / total
    return pattern


RETURN = "return scores.masked_fill(later, -torch.inf).softmax(dim=-1)"
SCALE = "scores / math.sqrt(q.shape[-1])"
PRODUCT = 'scores = einsum(q, k, "batch query head d_head, batch key head d_head -> batch head query key")'
SCALED = PRODUCT + "\n    scores = " + SCALE
EQUAL, ROWS = "test_equal_scores_are_shared_among_what_is_visible", "test_rows_are_queries_and_columns_are_keys"
ROOT, OWN = "test_scores_are_divided_by_the_root_of_d_head", "test_each_text_head_and_layer_has_its_own"
KEPT = "test_the_cache_is_left_as_it_was"
MUTANTS = [
    Mutant("the pattern in the cache is looked up", RETURN, 'return cache["pattern", layer]', check=EQUAL),
    Mutant("the scores in the cache are looked up", SCALE, 'cache["attn_scores", layer]', check=EQUAL),
    Mutant("the future is not hidden (a score of 0 hides nothing, since e to the 0 is 1)", "scores.masked_fill(later, -torch.inf)", "scores", check=EQUAL),
    Mutant("the next position can still be seen", "diagonal=1", "diagonal=2", check=EQUAL),
    Mutant("the past is hidden, and not the future", ".triu(diagonal=1)", ".tril(diagonal=-1)", check=EQUAL),
    Mutant("the softmax runs over the queries and not over the keys", "softmax(dim=-1)", "softmax(dim=-2)", check=EQUAL),
    Mutant("the mask comes after the softmax, so that the rows don't sum to 1", RETURN,
           "return scores.softmax(dim=-1).masked_fill(later, 0.0)", check=EQUAL),
    Mutant("the scores themselves are returned, without a softmax", ".softmax(dim=-1)", "", check=EQUAL),
    Mutant("queries and keys have changed places", '-> batch head query key"', '-> batch head key query"', check=ROWS),
    Mutant("the scores are not divided by anything", SCALE, "scores", check=ROOT),
    Mutant("the scores are divided by d_head, and not by its root", "math.sqrt(q.shape[-1])", "q.shape[-1]", check=ROOT),
    Mutant("the scores are divided by the root of the number of heads", "q.shape[-1]", "q.shape[-2]", check=ROOT),
    Mutant("queries and keys are always those of layer 0", 'cache["q", layer], cache["k", layer]', 'cache["q", 0], cache["k", 0]',
           check=OWN),
    Mutant("the queries in the cache themselves are divided", "    " + SCALED, "    q /= math.sqrt(q.shape[-1])\n    " + PRODUCT, check=KEPT),
]  # fmt: skip

ACCEPTED = [
    Accepted("the scale from the configuration", SCALE, "scores / cache.model.cfg.attn_scale"),
    Accepted("a very negative number in place of minus infinity", "-torch.inf", "-1e9"),
    Accepted("matrix products", 'einsum(q, k, "batch query head d_head, batch key head d_head -> batch head query key")',
             "q.transpose(1, 2) @ k.transpose(1, 2).mT"),
]  # fmt: skip
