"""Checks for make_induction_hook, coarse to fine."""

import inspect

import torch

from course_utils.grading import Accepted, Mutant, agree, require
from course_utils.model import HookedTransformer, HookedTransformerConfig, HookPoint


def at_layer(layer):
    point = HookPoint()
    point.name = f"blocks.{layer}.attn.hook_pattern"
    return point


def on_first(pattern):
    """A measure: each head's mean attention to position 0."""
    return pattern[..., 0].mean(dim=(0, 2))


def on_itself(pattern):
    """Another measure: each head's mean attention to the position that asks."""
    return pattern.diagonal(dim1=-2, dim2=-1).mean(dim=(0, 2))


def patterns(seed=0):
    """2 texts, 4 heads, 5 positions."""
    return torch.rand(2, 4, 5, 5, generator=torch.Generator().manual_seed(seed)).tril()


def made(make_induction_hook, scores, measure):
    hook = make_induction_hook(scores, measure)
    says = "make_induction_hook returns a function: write it inside, and return it by its name, without calling it."
    require(callable(hook), says, got=hook)
    arguments = inspect.signature(hook).parameters
    says = "The model calls a hook as `hook_function(pattern, hook=point)`: name the second argument `hook`."
    require(
        "hook" in arguments or any(one.kind is one.VAR_KEYWORD for one in arguments.values()), says, got=list(arguments)
    )
    return hook


def test_the_measure_is_written_into_scores(make_induction_hook):
    scores = torch.zeros(1, 4)
    got = made(make_induction_hook, scores, on_first)(patterns(), hook=at_layer(0))
    says = "The hook returns the measure, which would go on in place of the pattern; `scores` is still 0. Write it into `scores`."
    require(got is None or bool(scores.any()), says, got=got)
    says = "The hook was called with a pattern of layer 0: row 0 of the tensor `scores` that was passed in must now hold the measure."
    agree(scores[0], on_first(patterns()), says)


def test_the_row_is_that_of_the_hooks_layer(make_induction_hook):
    scores = torch.full((4, 4), 9.0)
    hook = made(make_induction_hook, scores, on_first)
    hook(patterns(1), hook=at_layer(2))
    hook(patterns(2), hook=at_layer(0))
    expected = torch.full((4, 4), 9.0)
    expected[2], expected[0] = on_first(patterns(1)), on_first(patterns(2))
    says = "Called at layer 2 of 4, then at layer 0: rows 2 and 0 are written, whatever they held, and rows 1 and 3 stay as they were (9)."
    agree(scores, expected, says)


def test_the_pattern_goes_on_unchanged(make_induction_hook):
    pattern = patterns()
    got = made(make_induction_hook, torch.zeros(1, 4), on_first)(pattern, hook=at_layer(0))
    agree(pattern, patterns(), "The hook must not write into the pattern that it is handed.")
    says = "What a hook returns takes the place of the activation. This one only reads: it returns nothing (None)."
    require(got is None or (isinstance(got, torch.Tensor) and torch.equal(got, patterns())), says, got=got)


def test_it_measures_as_the_model_runs(make_induction_hook):
    model = HookedTransformer(
        HookedTransformerConfig(n_layers=3, d_model=12, n_heads=4, n_ctx=6, d_vocab=11, seed=0, attn_only=True)
    )
    tokens = torch.tensor([[1, 5, 3, 5, 2], [4, 4, 0, 9, 10]])
    scores = torch.zeros(3, 4)
    hook = made(make_induction_hook, scores, on_itself)
    with torch.no_grad():
        _, cache = model.run_with_cache(tokens)
        model.run_with_hooks(tokens, fwd_hooks=[("*hook_pattern", hook)])
        expected = torch.stack([on_itself(cache["pattern", layer]) for layer in range(3)])
    agree(
        scores,
        expected,
        "A model of 3 layers and 4 heads ran with the hook on all its patterns: one row a layer, with the measure given.",
    )


WRITTEN, ROW = "test_the_measure_is_written_into_scores", "test_the_row_is_that_of_the_hooks_layer"
ON, RUNS = "test_the_pattern_goes_on_unchanged", "test_it_measures_as_the_model_runs"
WRITE = "scores[hook.layer()] = measure(pattern)"
MUTANTS = [
    Mutant("the inner function assigns to a local name `scores`, or to a copy, and the tensor itself stays as it was", WRITE, "scores = measure(pattern)", check=WRITTEN),
    Mutant("the measure is returned by the hook and written nowhere", WRITE, "return measure(pattern)", check=WRITTEN),
    Mutant.whole("the rows are filled in the order of the calls, whatever layer they come from",
                 "def make_induction_hook(scores, measure):\n    calls = []\n\n    def hook_function(pattern, hook):\n"
                 "        scores[len(calls)] = measure(pattern)\n        calls.append(hook)\n\n    return hook_function\n", check=ROW),
    Mutant.whole("the second argument of the hook has another name than `hook`",
                 "def make_induction_hook(scores, measure):\n    def hook_function(pattern, point):\n        scores[point.layer()] = measure(pattern)\n    return hook_function\n", check=WRITTEN),
    Mutant("nothing is returned by the maker", "return hook_function", "return None", check=WRITTEN),
    Mutant("only the first text is measured", "= measure(pattern)", "= measure(pattern[:1])", check=WRITTEN),
    Mutant("query and key are exchanged before the measure", "= measure(pattern)", "= measure(pattern.mT)", check=WRITTEN),
    Mutant("one number is written for all heads of a layer", "= measure(pattern)", "= measure(pattern).mean()", check=WRITTEN),
    Mutant("every layer writes into row 0", "scores[hook.layer()]", "scores[0]", check=ROW),
    Mutant("every layer writes into all rows", "scores[hook.layer()]", "scores[:]", check=ROW),
    Mutant("the rows are filled from the last to the first", "scores[hook.layer()]", "scores[-1 - hook.layer()]", check=ROW),
    Mutant("the measure is added to what the row held before", WRITE, "scores[hook.layer()] += measure(pattern)", check=ROW),
    Mutant("the pattern is emptied after the measure", WRITE, WRITE + "\n        pattern.zero_()", check=ON),
    Mutant("the hook returns the scores, which take the pattern's place", WRITE, WRITE + "\n        return scores", check=ON),
    Mutant("the attention to position 0 is always measured, and not what `measure` says", "= measure(pattern)",
           "= pattern[..., 0].mean(dim=(0, 2))", check=RUNS),
]  # fmt: skip

ACCEPTED = [
    Accepted("copy_", WRITE, "scores[hook.layer()].copy_(measure(pattern))"),
    Accepted("the pattern is handed on", WRITE, WRITE + "\n        return pattern"),
    Accepted("the layer from the hook's name", "scores[hook.layer()]", 'scores[int(hook.name.split(".")[1])]'),
]  # fmt: skip
