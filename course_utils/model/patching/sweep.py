"""Activation patching: put one activation of another pass in, see what the metric says, for every place there is.

A patched pass begins at the layer and at the position that it touches: what lies before is the same for all. Patches
that begin at the same place run side by side in one batch.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.model.patching.cells import (
    Edit,
    Metric,
    Source,
    cells_of,
    check_source,
    chunks,
    read,
    take_source,
    writer,
)
from course_utils.model.patching.prefix import Prefix
from course_utils.model.progress import watched

if TYPE_CHECKING:
    from course_utils.model.transformer import HookedTransformer

TOKENS_AT_ONCE = 1024  # positions in one forward pass; more costs memory and gains little


@torch.no_grad()
def sweep(
    model: "HookedTransformer",
    tokens: Int[Tensor, "batch pos"],
    source: Source,
    metric: Metric,
    activation: str,
    axes: Sequence[str] = ("layer", "pos"),
    *,
    edit: Edit = take_source,
    copies: int | None = None,
    last_only: bool = False,
    progress: bool = True,
) -> Float[Tensor, "..."]:
    """The metric of a pass over `tokens` with one piece of `activation` replaced, for each index of `axes`.

    `source` is the cache (or a mapping) with the values to put in; `edit(own, source)` says how, so that
    `lambda own, source: 0 * own` ablates. `metric` turns logits `[batch pos d_vocab]` into one number; with `last_only`
    it is given the last position's only, which saves the rest of the unembedding. `axes` are "layer", then some of
    "pos" and "head", or of "head", "dest_pos" and "src_pos" for patterns. `copies` patches run at once.

    >>> from course_utils.model import HookedTransformer, HookedTransformerConfig
    >>> model = HookedTransformer(HookedTransformerConfig(n_layers=2, d_model=8, n_heads=2, n_ctx=6, d_vocab=10))
    >>> tokens, other = torch.tensor([[1, 2, 3]]), torch.tensor([[1, 2, 4]])
    >>> _, cache = model.run_with_cache(other)
    >>> result = sweep(model, tokens, cache, lambda logits: logits[0, -1, 5], "resid_pre", progress=False)
    >>> list(result.shape), torch.allclose(result[:, 2], model(other)[0, -1, 5], atol=1e-5)  # all differs at the end
    ([2, 3], True)
    """
    tokens = tokens[None] if tokens.ndim == 1 else tokens
    cells, sizes = cells_of(model, activation, axes, tokens.shape[1])
    check_source(source, cells, tokens.shape)
    prefix = Prefix(model, tokens)
    copies = copies or max(1, TOKENS_AT_ONCE // tokens.numel())
    order = sorted(range(len(cells)), key=lambda i: (cells[i].layer, cells[i].start))
    values: list[float] = []
    for chunk in watched(list(chunks([cells[i] for i in order], copies)), f"patching {activation}", progress):
        hooks = [(chunk[0].hook, writer(chunk, source, edit))]
        logits = prefix.run(chunk[0].layer, len(chunk), hooks, start=chunk[0].start, last_only=last_only)
        values += [read(metric, one) for one in logits]
    result = torch.empty(len(cells))
    result[order] = torch.tensor(values)
    return result.view(sizes)


Named = Callable[..., Float[Tensor, "..."]]


def named(activation: str, *axes: str) -> Named:
    """A sweep with its activation and axes filled in, under the signature of `transformer_lens.patching`."""

    def run(
        model: "HookedTransformer",
        corrupted_tokens: Int[Tensor, "batch pos"],
        clean_cache: Source,
        patching_metric: Metric,
        **options: bool,
    ) -> Float[Tensor, "..."]:
        return sweep(model, corrupted_tokens, clean_cache, patching_metric, activation, axes, **options)  # type: ignore[arg-type]

    run.__doc__ = f"`sweep` of {activation} over {', '.join(axes)}; further options are those of `sweep`."
    return run


get_act_patch_resid_pre = named("resid_pre", "layer", "pos")
get_act_patch_resid_mid = named("resid_mid", "layer", "pos")
get_act_patch_attn_out = named("attn_out", "layer", "pos")
get_act_patch_mlp_out = named("mlp_out", "layer", "pos")
get_act_patch_attn_head_out_by_pos = named("z", "layer", "pos", "head")
get_act_patch_attn_head_q_by_pos = named("q", "layer", "pos", "head")
get_act_patch_attn_head_k_by_pos = named("k", "layer", "pos", "head")
get_act_patch_attn_head_v_by_pos = named("v", "layer", "pos", "head")
get_act_patch_attn_head_pattern_by_pos = named("pattern", "layer", "head", "dest_pos")
get_act_patch_attn_head_pattern_dest_src_pos = named("pattern", "layer", "head", "dest_pos", "src_pos")
get_act_patch_attn_head_out_all_pos = named("z", "layer", "head")
get_act_patch_attn_head_q_all_pos = named("q", "layer", "head")
get_act_patch_attn_head_k_all_pos = named("k", "layer", "head")
get_act_patch_attn_head_v_all_pos = named("v", "layer", "head")
get_act_patch_attn_head_pattern_all_pos = named("pattern", "layer", "head")


def together(*sweeps: Named, heads_before_pos: int | None = None) -> Named:
    """Several sweeps of one shape, stacked along a new first axis."""

    def run(*args: object, **options: object) -> Float[Tensor, "kind ..."]:
        results = [one(*args, **options) for one in sweeps]
        if heads_before_pos is not None:  # patterns come as [layer head pos], the others as [layer pos head]
            results[heads_before_pos] = results[heads_before_pos].mT
        return torch.stack(results)

    run.__doc__ = "One sweep after the other: " + "; ".join(str(one.__doc__).partition(";")[0] for one in sweeps) + "."
    return run


get_act_patch_block_every = together(get_act_patch_resid_pre, get_act_patch_attn_out, get_act_patch_mlp_out)
get_act_patch_attn_head_all_pos_every = together(
    get_act_patch_attn_head_out_all_pos,
    get_act_patch_attn_head_q_all_pos,
    get_act_patch_attn_head_k_all_pos,
    get_act_patch_attn_head_v_all_pos,
    get_act_patch_attn_head_pattern_all_pos,
)
get_act_patch_attn_head_by_pos_every = together(
    get_act_patch_attn_head_out_by_pos,
    get_act_patch_attn_head_q_by_pos,
    get_act_patch_attn_head_k_by_pos,
    get_act_patch_attn_head_v_by_pos,
    get_act_patch_attn_head_pattern_by_pos,
    heads_before_pos=4,
)
