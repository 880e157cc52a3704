"""Path patching: what flows from a sender to chosen receivers directly, past all other heads.

Three passes (Wang et al., 2022; Goldowsky-Dill et al., 2023): one from which the sender's value comes (the source); one
with that value put in and every other head held at its own value, where what the receivers then read is noted; and one
with nothing changed but these readings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.cache import ActivationCache
from course_utils.model.hooks import HookPair
from course_utils.model.names import UnknownHook, get_act_name, unknown
from course_utils.model.patching.cells import (
    PER_HEAD,
    Cell,
    Metric,
    Source,
    check_source,
    chunks,
    read,
    take_source,
    writer,
)
from course_utils.model.patching.prefix import Prefix
from course_utils.model.patching.sweep import TOKENS_AT_ONCE
from course_utils.model.progress import watched

if TYPE_CHECKING:
    from course_utils.model.transformer import HookedTransformer


@dataclass(frozen=True)
class Node:
    """An activation of a layer, or one head of it, at all positions or at one.

    >>> Node("z", 9, head=6).cell().hook, Node("z", 9, head=6, pos=-1).cell().index
    ('blocks.9.attn.hook_z', (-1, 6))
    """

    name: str  # in short: "z", "mlp_out", "q", "k", "v", "resid_post", ...
    layer: int
    head: int | None = None
    pos: int | None = None

    def cell(self) -> Cell:
        """The place as a sweep names it."""
        pos = slice(None) if self.pos is None else self.pos
        return Cell(get_act_name(self.name, self.layer), self.layer, (pos,) if self.head is None else (pos, self.head))


@torch.no_grad()
def path_patch(
    model: "HookedTransformer",
    tokens: Int[Tensor, "batch pos"],
    source: Source,
    senders: Sequence[Node],
    receivers: Sequence[Node],
    metric: Metric,
    *,
    freeze_mlps: bool = False,
    copies: int | None = None,
    progress: bool = True,
) -> Float[Tensor, "sender"]:
    """The metric with the path from each sender, by itself, to all receivers patched.

    Senders are outputs ("z", "mlp_out", "attn_out", "resid_pre"), receivers what a later part reads ("q", "k", "v",
    "mlp_in", or "resid_post" of the last layer for the logits). MLPs between are part of the path unless `freeze_mlps`.
    `source` holds the senders' other values. Raises CourseError when no receiver comes after a sender.
    """
    tokens = tokens[None] if tokens.ndim == 1 else tokens
    for node in (*senders, *receivers):
        _check_node(model, node, tokens.shape[1])
    for node in senders:
        if not any((node.layer, _stage(node)) < (other.layer, _stage(other)) for other in receivers):
            raise CourseError(f"{node} can't reach any receiver: none of them reads after it.")
    check_source(source, [node.cell() for node in senders], tokens.shape)
    last = max((node.layer for node in receivers), default=0)
    frozen = ["blocks.*.attn.hook_z", *(["blocks.*.hook_mlp_out"] if freeze_mlps else [])]
    _, own = model.run_with_cache(tokens, names_filter=frozen, stop_at_layer=last + 1)
    prefix = Prefix(model, tokens)
    copies = copies or max(1, TOKENS_AT_ONCE // tokens.numel())
    values: list[float] = []
    for chunk in watched(list(chunks([node.cell() for node in senders], copies)), "path patching", progress):
        readings = _read(prefix, chunk, source, own, receivers)
        hooks = [(name, _put(readings, name, receivers)) for name in readings]
        logits = prefix.run(min(node.layer for node in receivers), len(chunk), hooks)
        values += [read(metric, one) for one in logits]
    return torch.tensor(values)


def heads(model: "HookedTransformer", before: int | None = None) -> list[Node]:
    """Every head as a sender, in the layers before `before`."""
    layers = range(model.cfg.n_layers if before is None else before)
    return [Node("z", layer, head) for layer in layers for head in range(model.cfg.n_heads)]


_STAGES = (("resid_pre",), ("z", "result", "attn_out"), ("resid_mid", "mlp_in", "pre"), ("post", "mlp_out"))


def _stage(node: Node) -> float:
    """When in its layer a node comes: the input, what attention reads (the unnamed), writes, and so on."""
    found = [stage for stage, names in enumerate(_STAGES) if node.name in names]
    return found[0] if found else len(_STAGES) if node.name == "resid_post" else 0.5


def _check_node(model: "HookedTransformer", node: Node, n_pos: int) -> None:
    """Refuse a node that the model or the text doesn't have."""
    cfg, hook = model.cfg, node.cell().hook
    if hook not in model.hook_dict:
        raise UnknownHook(unknown(hook, model.hook_dict))
    shared = node.name in ("k", "v", "rot_k", "k_input", "v_input")
    n_heads = (cfg.n_key_value_heads if shared else cfg.n_heads) if node.name in PER_HEAD else 0
    if node.head is not None and not 0 <= node.head < n_heads:
        raise CourseError(f"{node} is not there: {node.name} has {n_heads} heads.")
    if node.pos is not None and not -n_pos <= node.pos < n_pos:
        raise CourseError(f"{node} is not there: the text has {n_pos} tokens.")


def _read(
    prefix: Prefix, chunk: list[Cell], source: Source, own: ActivationCache, receivers: Sequence[Node]
) -> dict[str, Tensor]:
    """What the receivers read when only the senders' values change: `{hook: [copy * batch ...]}`."""
    readings: dict[str, Tensor] = {}

    def freeze(x: Tensor, hook: Any) -> Tensor:
        return own[hook.name].repeat(len(chunk), *[1] * (x.ndim - 1))

    def note(x: Tensor, hook: Any) -> None:
        readings[hook.name] = x

    names = list(dict.fromkeys(node.cell().hook for node in receivers))
    start, stop = chunk[0].layer, max(node.layer for node in receivers) + 1
    later = [name for name in own if int(name.split(".")[1]) >= start]
    hooks: list[HookPair] = [(later, freeze), (chunk[0].hook, writer(chunk, source, take_source)), (names, note)]
    x = prefix.resid[start].repeat(len(chunk), 1, 1)
    prefix.model.run_with_hooks(x, start_at_layer=start, stop_at_layer=stop, fwd_hooks=hooks)
    return readings


def _put(readings: Mapping[str, Tensor], name: str, receivers: Sequence[Node]) -> Any:
    """A hook that gives the receivers at `name` what they read before, and leaves other heads and positions alone."""

    def put(x: Tensor, hook: Any) -> None:
        for node in receivers:
            cell = node.cell()
            if cell.hook == name:
                at = (slice(None), *cell.index)
                x[at] = readings[name][at]

    return put
