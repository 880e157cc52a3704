"""Checks for find_heads, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig

HABITS = ["previous", "current", "first", "duplicate", "induction"]


def model_and_tokens(seed, n=4, n_layers=3):
    """A tiny random model whose heads look sharply here and there, and two texts of n tokens, repeated."""
    sizes = {"n_layers": n_layers, "d_model": 12, "n_heads": 3, "d_head": 5, "n_ctx": 15, "d_vocab": 11}
    model = HookedTransformer(HookedTransformerConfig(**sizes, attn_only=True, normalization_type="LNPre"))
    generator = torch.Generator().manual_seed(seed)
    for weight in model.requires_grad_(False).parameters():
        weight.copy_(0.6 * torch.randn(weight.shape, generator=generator) + 0.1)
    half = torch.randint(1, 11, (2, n), generator=generator)
    return model, torch.cat([torch.zeros(2, 1, dtype=torch.long), half, half], dim=1)


def by_hand(model, tokens, threshold=-1.0):
    """One attention weight at a time."""
    batch, n = tokens.shape[0], (tokens.shape[1] - 1) // 2
    _, cache = model.run_with_cache(tokens)
    found = {habit: {} for habit in HABITS}
    for layer in range(model.cfg.n_layers):
        for head in range(model.cfg.n_heads):
            for habit in HABITS:
                seen = []
                for text in range(batch):
                    for i in range(n + 1 if habit in ("duplicate", "induction") else 1, 2 * n + 1):
                        key = {"previous": i - 1, "current": i, "first": 0, "duplicate": i - n, "induction": i - n + 1}[
                            habit
                        ]
                        seen.append(cache["pattern", layer][text, head, i, key].item())
                if sum(seen) / len(seen) > threshold:
                    found[habit][layer, head] = sum(seen) / len(seen)
    return found


def strings(given):
    """All texts in lists, tuples and dictionaries, however deep."""
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, list | tuple):
        return [text for one in given for text in strings(one)]
    return [given] if isinstance(given, str) else []


def only(answer, habit, says):
    """The scores of one habit. Raises Wrong where it is missing."""
    agree(sorted(answer) if isinstance(answer, dict) else answer, sorted(HABITS), says)
    return answer[habit]


def test_five_habits_of_all_heads(find_heads):
    model, tokens = model_and_tokens(0)
    got = only(find_heads(model, tokens, threshold=-1.0), "first", "The answer is a dictionary with the five habits.")
    heads = [(layer, head) for layer in range(3) for head in range(3)]
    says = "With a threshold of -1 every head is in every list, as (layer, head): three layers of three heads."
    agree(sorted(got), heads, says)


def test_where_the_first_three_look(find_heads):
    model, tokens = model_and_tokens(1)
    got, expected = find_heads(model, tokens, threshold=-1.0), by_hand(model, tokens)
    for habit, where in [("current", "itself"), ("previous", "the one before"), ("first", "position 0")]:
        says = f'"{habit}": the mean weight from a position to {where}, over both texts and all queries but position 0.'
        agree(only(got, habit, says), expected[habit], says)


def test_where_duplicate_and_induction_heads_look(find_heads):
    model, tokens = model_and_tokens(2, n=5)
    got, expected = find_heads(model, tokens, threshold=-1.0), by_hand(model, tokens)
    for habit, where in [
        ("duplicate", "position i - n, the same token"),
        ("induction", "position i - n + 1, what came next"),
    ]:
        says = f'"{habit}": with n = 5, the mean weight from i = 6 … 10 to {where}, over both texts.'
        agree(only(got, habit, says), expected[habit], says)


def test_the_threshold(find_heads):
    model, tokens = model_and_tokens(3)
    for threshold in (0.15, 0.3):
        says = f"Only heads above the threshold of {threshold} are kept, each with its score."
        agree(find_heads(model, tokens, threshold=threshold), by_hand(model, tokens, threshold), says)


def test_it_asks_in_a_way_that_both_libraries_know(find_heads):
    model, tokens = model_and_tokens(4)
    asked = []

    def noting(real):
        def call(*given, **named):
            asked.extend(text for text in strings([given, named]) if "*" in text)
            return real(*given, **named)

        return call

    for name in ("run_with_cache", "run_with_hooks", "hooks", "add_hook"):
        setattr(model, name, noting(getattr(model, name)))
    find_heads(model, tokens)
    says = (
        "On TransformerLens's model, where your function goes next, a filter is a function, a list of names or one "
        'exact name. An asterisk is ours alone; `lambda name: name.endswith("hook_pattern")` does the same on both.'
    )
    require(not asked, says, expected="no asterisk", got=", ".join(sorted(set(asked))))


def test_the_threshold_unless_told_otherwise(find_heads):
    model, tokens = model_and_tokens(7, n=2)
    says = "Without a third argument the threshold is 0.4."
    agree(find_heads(model, tokens), by_hand(model, tokens, 0.4), says)


ALL = "every, second = torch.arange(1, 2 * n + 1), torch.arange(n + 1, 2 * n + 1)"
DUPLICATE = "test_where_duplicate_and_induction_heads_look"
THREE = "test_where_the_first_three_look"
MUTANTS = [
    Mutant("the heads of the last layer are left out", "range(model.cfg.n_layers)", "range(model.cfg.n_layers - 1)",
           "test_five_habits_of_all_heads"),
    Mutant("heads are named (head, layer)", "{(layer, head): score for", "{(head + 5, layer): score for",
           "test_five_habits_of_all_heads"),
    Mutant("heads are counted from 1", "enumerate(scores)", "enumerate(scores, 1)", "test_five_habits_of_all_heads"),
    Mutant("position 0 counts, where every head looks at itself", '"current": (every, every)',
           '"current": (torch.arange(2 * n + 1), torch.arange(2 * n + 1))', THREE),
    Mutant("query and key are exchanged", "[:, :, queries, keys]", "[:, :, keys, queries]", THREE),
    Mutant("the mean is over texts, and only the last query counts", ".mean(dim=(0, 2)).tolist()", "[..., -1].mean(dim=0).tolist()",
           THREE),
    Mutant("only the first text counts", ".mean(dim=(0, 2)).tolist()", "[0].mean(dim=-1).tolist()", THREE),
    Mutant("weights are summed over queries, and not averaged", ".mean(dim=(0, 2)).tolist()", ".mean(dim=0).sum(-1).tolist()",
           THREE),
    Mutant("scores before the softmax are averaged", 'name.endswith("hook_pattern"))',
           'name.endswith("hook_attn_scores"))\n    cache = {("pattern", i): cache["attn_scores", i].nan_to_num(neginf=0)'
           " for i in range(model.cfg.n_layers)}", THREE),
    Mutant("the stripe is one off: induction heads would look at the same token",
           '"induction": (second, second - n + 1)', '"induction": (second, second - n)', DUPLICATE),
    Mutant("the stripe is one off: induction heads would look at what came before the same token",
           '"induction": (second, second - n + 1)', '"induction": (second, second - n - 1)', DUPLICATE),
    Mutant("the second half begins one too late", "torch.arange(n + 1, 2 * n + 1)", "torch.arange(n + 2, 2 * n + 1)",
           DUPLICATE),
    Mutant("the second half begins one too early", "torch.arange(n + 1, 2 * n + 1)", "torch.arange(n, 2 * n + 1)",
           DUPLICATE),
    Mutant("heads at or below the threshold are kept as well", " if score > threshold", "", "test_the_threshold"),
    Mutant("heads below the threshold are kept", "score > threshold", "score < threshold or threshold < 0",
           "test_the_threshold"),
    Mutant("the threshold is fixed", "score > threshold", "score > 0.4 or threshold < 0", "test_the_threshold"),
    Mutant("the filter has an asterisk, which TransformerLens does not know", 'lambda name: name.endswith("hook_pattern")',
           '"*hook_pattern"', "test_it_asks_in_a_way_that_both_libraries_know"),
    Mutant("the threshold is lower unless told otherwise", "threshold: float = 0.4", "threshold: float = 0.2",
           "test_the_threshold_unless_told_otherwise"),
]  # fmt: skip

ACCEPTED = [
    Accepted("without a filter", ', names_filter=lambda name: name.endswith("hook_pattern")', ""),
    Accepted(
        "with a list of names",
        'lambda name: name.endswith("hook_pattern")',
        '[f"blocks.{layer}.attn.hook_pattern" for layer in range(model.cfg.n_layers)]',
    ),
    Accepted(
        "with diagonals",
        'scores = cache["pattern", layer][:, :, queries, keys].mean(dim=(0, 2)).tolist()',
        'pattern = cache["pattern", layer]\n            offset = int(queries[0] - keys[0])\n            '
        "entries = pattern[:, :, 1:, 0] if habit == 'first' else pattern.diagonal(-offset, -2, -1)[..., -len(queries):]\n"
        "            scores = entries.mean(dim=(0, 2)).tolist()",
    ),
]
