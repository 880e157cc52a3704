"""Checks for current_token_heads, coarse to fine. The patterns are made by hand."""

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


def habits():
    """Two layers of six heads, two equal texts. Current: 0.2, less so 1.0, 0.0, 1.5; once only: 0.5."""
    once = looking(lambda query: query if query == 5 else 0, 0.9)
    one = [
        looking(CURRENT, 0.3),
        looking(FIRST, 0.8),
        looking(CURRENT, 0.8),
        looking(PREVIOUS, 0.8),
        looking(FIRST, 0.3),
        once,
    ]
    two = [
        looking(CURRENT, 0.5),
        looking(FIRST, 0.6),
        looking(PREVIOUS, 0.5),
        looking(CURRENT, 0.0),
        looking(PREVIOUS, 0.3),
    ]
    two.append(looking(CURRENT, 0.15))
    return cache_of(*(torch.stack([torch.stack(heads)] * 2) for heads in (one, two)))


def test_heads_are_named_by_layer_and_head(current_token_heads):
    says = "Two layers of six heads. Head 2 of layer 0 and head 0 of layer 1 look at themselves by more than 0.57: in this order."
    agree(current_token_heads(habits(), threshold=0.57), [(0, 2), (1, 0)], says)


def test_position_0_does_not_count(current_token_heads):
    heads = torch.zeros(4, 4, 4)
    for head, weights in enumerate([(1, 0.5, 0.45, 0.05), (1, 0.7, 0.3, 0.3), (1, 0.05, 0.1, 0.6), (1, 0.2, 0.1, 0.0)]):
        for query, weight in enumerate(weights):
            heads[head, query, query] = weight
            heads[head, query, 0] += 1 - weight
    says = (
        "Head 0 gives itself 1, 0.5, 0.45 and 0.05. Position 0 has no choice; without it the mean is 0.33, which is not "
        "above 0.4. Head 1 gives itself 0.7, 0.3 and 0.3: 0.43 is. The means of heads 2 and 3 are 0.25 and 0.1."
    )
    agree(current_token_heads(cache_of(heads[None])), [(0, 1)], says)


def test_the_threshold_is_the_one_given(current_token_heads):
    says = "With the threshold 0.43 a third head, (0, 0) with 0.46, counts too; with 0.7 only head (0, 2) does; with 0.99 none."
    got = [current_token_heads(habits(), threshold=threshold) for threshold in (0.43, 0.7, 0.99)]
    agree(got, [[(0, 0), (0, 2), (1, 0)], [(0, 2)], []], says)


def test_the_mean_is_over_all_texts(current_token_heads):
    rarely, often = [CURRENT, FIRST, FIRST, FIRST], [FIRST, CURRENT, CURRENT, CURRENT]
    texts = torch.stack([torch.stack([looking(rarely[i], 1.0), looking(often[i], 1.0)]) for i in range(4)])
    says = "Head 0 looks at itself in the first of four texts only (score 1/4), head 1 in all but the first (3/4)."
    agree(current_token_heads(cache_of(texts)), [(0, 1)], says)


def test_it_holds_for_numbers_drawn_at_random(current_token_heads):
    one, two = torch.randn(2, 3, 4, 7, 7).softmax(dim=-1)
    scores = {(i, head): 0.0 for i in range(2) for head in range(4)}
    for layer, head in scores:
        own = [float((one, two)[layer][text, head, pos, pos]) for text in range(3) for pos in range(1, 7)]
        scores[layer, head] = sum(own) / len(own)
    third, fourth = sorted(scores.values())[-3], sorted(scores.values())[-4]
    got = current_token_heads(cache_of(one, two), threshold=(third + fourth) / 2)
    says = "Random patterns of two layers: the three heads with the largest mean weight on themselves."
    agree(got, [head for head, score in scores.items() if score >= third], says)


NAMED, ZERO = "test_heads_are_named_by_layer_and_head", "test_position_0_does_not_count"
THRESHOLD, TEXTS = "test_the_threshold_is_the_one_given", "test_the_mean_is_over_all_texts"
MEAN = 'reduce(on_itself[..., 1:], "batch head pos -> head", "mean")'
MUTANTS = [
    Mutant("the list goes through the heads first and the layers second", "return found", "return sorted(found, key=lambda at: at[::-1])", check=NAMED),
    Mutant("the pairs are (head, layer)", "(layer, head) for", "(head, layer) for", check=NAMED),
    Mutant("the entries below the diagonal are taken: the token before", "diagonal(dim1", "diagonal(offset=-1, dim1", check=NAMED),
    Mutant("the mean is over the whole pattern", MEAN, 'reduce(cache["pattern", layer], "batch head query key -> head", "mean")',
           check=NAMED),
    Mutant("the list holds the heads below the threshold", "score > threshold", "score < threshold", check=NAMED),
    Mutant("only the last layer is looked at", "found += [", "found = [", check=NAMED),
    Mutant("only layer 0 is looked at", 'on_itself = cache["pattern", layer]', 'on_itself = cache["pattern", 0]', check=NAMED),
    Mutant("position 0 counts, where no head has a choice", "on_itself[..., 1:]", "on_itself", check=ZERO),
    Mutant("the last position is left out as well as the first", "[..., 1:]", "[..., 1:-1]", check=ZERO),
    Mutant("`diagonal()` is told no axes, and takes the first two, texts and heads", "diagonal(dim1=-2, dim2=-1)", "diagonal()", check=NAMED),
    Mutant("the last position is left out, and not the first", "[..., 1:]", "[..., :-1]", check=ZERO),
    Mutant("a head counts if it ever looks at itself that strongly", '"mean"', '"max"', check=NAMED),
    Mutant("the score is how often a position looks at itself most of all", MEAN,
           'reduce((cache["pattern", layer].argmax(-1) == torch.arange(on_itself.shape[-1]))[..., 1:].float(), "b h p -> h", "mean")',
           check=NAMED),
    Mutant("the threshold is always 0.4", "score > threshold", "score > 0.4", check=NAMED),
    Mutant("the head with the highest score of a layer is taken", "if score > threshold", "if score == scores.max() > threshold", check=THRESHOLD),
    Mutant("the median is taken, and position 0 counts", MEAN, "on_itself.transpose(0, 1).flatten(1).median(dim=-1).values", check=ZERO),
    Mutant("only the first text is looked at", MEAN, "on_itself[0, :, 1:].mean(dim=-1)", check=TEXTS),
    Mutant("the best text counts, and not the mean over all", MEAN, "on_itself[..., 1:].mean(dim=-1).amax(dim=0)", check=TEXTS),
]  # fmt: skip

ACCEPTED = [
    Accepted("one entry at a time", MEAN,
             "torch.stack([torch.stack([cache['pattern', layer][:, h, i, i] for i in range(1, on_itself.shape[-1])]).mean()"
             " for h in range(on_itself.shape[1])])"),
    Accepted("without einops", MEAN, "on_itself[..., 1:].mean(dim=(0, 2))"),
]  # fmt: skip
