"""Where a patch goes: the cells of a sweep, and the hook that fills them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import Direction
from course_utils.model.names import get_act_name

if TYPE_CHECKING:
    from course_utils.model.transformer import HookedTransformer


class Source(Protocol):
    """Anything that has activations by their full names: a cache, a dictionary."""

    def __getitem__(self, name: str, /) -> Tensor: ...


Edit = Callable[[Tensor, Tensor], Tensor]
Metric = Callable[[Float[Tensor, "batch pos d_vocab"]], Any]

PER_HEAD = ("q", "k", "v", "z", "rot_q", "rot_k", "result", "attn_in", "q_input", "k_input", "v_input")
_INNER: dict[str, tuple[str, ...]] = dict.fromkeys(PER_HEAD, ("pos", "head"))
_INNER |= {"pattern": ("head", "dest_pos", "src_pos"), "attn_scores": ("head", "dest_pos", "src_pos")}
_SAME = {"head_index": "head"}  # TransformerLens has both


@dataclass(frozen=True)
class Cell:
    """One patch: a hook, the layer it lies in, and what to index behind the batch axis.

    Positions before `start` can't be changed by it.

    >>> Cell("blocks.3.attn.hook_z", layer=3, index=(slice(None), 2))  # head 2 at every position
    Cell(hook='blocks.3.attn.hook_z', layer=3, index=(slice(None, None, None), 2), start=0)
    """

    hook: str
    layer: int
    index: tuple[int | slice, ...]
    start: int = 0


def cells_of(
    model: "HookedTransformer", activation: str, axes: Sequence[str], n_pos: int
) -> tuple[list[Cell], list[int]]:
    """Every cell of a sweep over `axes`, in order, and the length of each axis.

    Raises CourseError for an axis that the activation doesn't have.
    """
    axes = [_SAME.get(axis, axis) for axis in axes]
    inner = _INNER.get(activation, ("pos",))
    if axes[:1] != ["layer"] or not set(axes[1:]) <= set(inner) or len(set(axes)) < len(axes):
        raise CourseError(f"{activation} can be swept over layer, then any of {', '.join(inner)}; not over {axes}.")
    n_heads = model.cfg.n_key_value_heads if activation in ("k", "v", "k_input", "v_input") else model.cfg.n_heads
    lengths = {"layer": model.cfg.n_layers, "head": n_heads, "pos": n_pos, "dest_pos": n_pos, "src_pos": n_pos}
    sizes = [lengths[axis] for axis in axes]
    cells = []
    for layer, *rest in product(*map(range, sizes)):
        place = dict(zip(axes[1:], rest, strict=True))
        index = tuple(place.get(axis, slice(None)) for axis in inner)
        start = place.get("pos", 0) if model.cfg.attention_dir is Direction.CAUSAL else 0
        cells.append(Cell(get_act_name(activation, layer), layer, index, start))
    return cells, sizes


def chunks(cells: Sequence[Cell], size: int) -> Iterator[list[Cell]]:
    """Neighbouring cells of the same hook and start, at most `size` at a time."""
    chunk: list[Cell] = []
    for cell in cells:
        if chunk and ((chunk[0].hook, chunk[0].start) != (cell.hook, cell.start) or len(chunk) == size):
            yield chunk
            chunk = []
        chunk.append(cell)
    if chunk:
        yield chunk


def writer(chunk: Sequence[Cell], source: Source, edit: Edit) -> Callable[..., None]:
    """A hook that gives the i-th copy of the batch the i-th cell's patch; the pass begins at the cells' start."""
    start = chunk[0].start

    def write(x: Tensor, hook: Any) -> None:
        copies = x.unflatten(0, (len(chunk), -1))  # the hook's own copy, so writing is safe
        theirs = source[chunk[0].hook].shape
        if theirs[2:] != x.shape[2:]:
            raise CourseError(
                f"{chunk[0].hook} is {list(x.shape)} here and {list(theirs)} in the source: was the source "
                "cached from another model?"
            )
        for copy, cell in zip(copies, chunk, strict=True):
            at = (slice(None), *cell.index)
            here = (slice(None), 0, *cell.index[1:]) if start else at
            new = edit(copy[here], source[cell.hook][at].to(copy))
            if new.shape != copy[here].shape:
                raise CourseError(
                    f"At {cell.hook} {list(new.shape)} is to replace {list(copy[here].shape)}: edit and source must "
                    "keep the shape."
                )
            copy[here] = new

    return write


def take_source(patched: Tensor, source: Tensor) -> Tensor:
    """The ordinary patch: the other pass's value."""
    return source


def number(value: Any) -> float:
    """A metric's value. Raises CourseError unless it is one number."""
    if isinstance(value, Tensor) and value.numel() != 1:
        raise CourseError(f"The metric returned {list(value.shape)}: it must turn logits into one number.")
    return float(value.detach() if isinstance(value, Tensor) else value)


def read(metric: Metric, logits: Tensor) -> float:
    """The metric of one copy's logits. Raises CourseError when it asks for a position that isn't there."""
    try:
        return number(metric(logits))
    except IndexError as error:
        shape = list(logits.shape)
        raise CourseError(
            f"The metric asks for more than it is given, logits {shape} ({error}): with last_only "
            "there is one position, -1."
        ) from error


def check_source(source: Source, cells: Sequence[Cell], shape: torch.Size) -> None:
    """Refuse a source that lacks a hook, or is of another batch, length or model, before the first pass."""
    for hook, index in {cell.hook: cell.index for cell in cells}.items():
        try:
            cached = source[hook].shape
        except KeyError:
            raise CourseError(f"The source has no {hook}: cache it, with a names_filter that includes it.") from None
        if len(cached) < 3 or len(cached) <= len(index):
            raise CourseError(f"{hook} was cached as {list(cached)}: keep the batch axis (remove_batch_dim=False).")
        n_pos = cached[-1 if hook.endswith(("pattern", "attn_scores")) else 1]
        if (cached[0], n_pos) != tuple(shape):
            raise CourseError(
                f"{hook} was cached for {cached[0]} texts of {n_pos} tokens and is to go into {shape[0]} of {shape[1]}"
                ": use as many of the same length."
            )
