"""Attention patterns: for each head, from which position to which earlier one."""

from jaxtyping import Float
from torch import Tensor

from course_utils.explore.prompt import Prompt
from course_utils.explore.snippet import opening
from course_utils.model import HookedTransformer, get_act_name


def attention(model: HookedTransformer, prompt: Prompt, layer: int) -> Float[Tensor, "head query key"]:
    """The pattern of every head of a layer; each row sums to 1."""
    name = get_act_name("pattern", layer)
    _, cache = model.run_with_cache(prompt.batch(model), names_filter=name, stop_at_layer=layer + 1)
    return cache[name][0]


def most_looked_at(pattern: Float[Tensor, "query key"], count: int = 3) -> list[list[tuple[int, float]]]:
    """For each position, the positions that it attends to most, with their shares.

    >>> import torch
    >>> most_looked_at(torch.tensor([[1.0, 0.0], [0.25, 0.75]]))
    [[(0, 1.0)], [(1, 0.75), (0, 0.25)]]
    """
    rows = []
    for position, row in enumerate(pattern):
        best = row[: position + 1].topk(min(count, position + 1))
        rows.append(list(zip(best.indices.tolist(), best.values.tolist(), strict=True)))
    return rows


def code(loading: str, prompt: Prompt, layer: int, head: int) -> str:
    """A program that prints where a head looks most at each position; its pattern is in `pattern`."""
    return f"""{opening(loading, tokens=prompt)}
with torch.inference_mode():
    _, cache = model.run_with_cache(tokens, names_filter="*hook_pattern")
pattern = cache["pattern", {layer}][0, {head}]  # [query key]
words = model.to_str_tokens(tokens[0])
for position, row in enumerate(pattern):
    share, source = row.max(dim=-1)
    print(f"{{position:3}} {{words[position]!r:>16}} looks at {{source:3}} {{words[source]!r:>16}}  {{share:.3f}}")
"""
