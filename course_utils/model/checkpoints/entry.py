"""One tensor of a checkpoint and what it is in our model, as an einops pattern that is read in both directions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import HookedTransformerConfig


class BadCheckpoint(CourseError):
    """A checkpoint lacks a tensor, has one too many, or has one of another shape. The message names the first."""


@dataclass(frozen=True)
class Entry:
    """`theirs` rearranged by `pattern` is `ours`; with several of ours, the pattern's new first axis is `part`.

    >>> cfg = HookedTransformerConfig(n_layers=1, d_model=4, n_heads=2, n_ctx=3, d_vocab=5)
    >>> entry = Entry("attn.o_proj.weight", ("attn.W_O",), "d_model (head d_head) -> head d_head d_model")
    >>> entry.shape(cfg), {name: list(w.shape) for name, w in entry.read(torch.zeros(4, 4), cfg).items()}
    ([4, 4], {'attn.W_O': [2, 2, 4]})
    """

    theirs: str
    ours: tuple[str, ...]
    pattern: str

    def shape(self, cfg: HookedTransformerConfig) -> list[int]:
        """The shape that the checkpoint's tensor must have."""
        sizes = self._sizes(cfg)
        axes = re.findall(r"\(([^)]*)\)|(\w+)", self.pattern.partition("->")[0])
        shape = []
        for group, single in axes:
            length = 1
            for name in (group or single).split():
                length *= sizes[name]
            shape.append(length)
        return shape

    def read(self, tensor: Tensor, cfg: HookedTransformerConfig) -> dict[str, Tensor]:
        """Ours from theirs. Raises BadCheckpoint for another shape."""
        if list(tensor.shape) != self.shape(cfg):
            axes = self.pattern.partition("->")[0].strip()
            raise BadCheckpoint(
                f"{self.theirs} has shape {list(tensor.shape)}, and config.json makes it {self.shape(cfg)} ({axes}): "
                "the two files belong to different models."
            )
        moved = rearrange(tensor, self.pattern, **self._sizes(cfg))
        return dict(zip(self.ours, moved if len(self.ours) > 1 else [moved], strict=True))

    def write(self, state: Mapping[str, Tensor], cfg: HookedTransformerConfig) -> Tensor:
        """Theirs from ours, contiguous."""
        parts = [state[name] for name in self.ours]
        left, right = (side.strip() for side in self.pattern.split("->"))
        tensor = torch.stack(parts) if len(parts) > 1 else parts[0]
        return rearrange(tensor, f"{right} -> {left}", **self._sizes(cfg)).contiguous()

    def _sizes(self, cfg: HookedTransformerConfig) -> dict[str, int]:
        known = {
            "part": len(self.ours),
            "head": cfg.n_heads,
            "kv_head": cfg.n_key_value_heads,
            "d_head": cfg.d_head,
            "d_model": cfg.d_model,
            "d_mlp": cfg.d_mlp,
            "d_vocab": cfg.d_vocab,
            "d_vocab_out": cfg.d_vocab_out,
            "n_ctx": cfg.n_ctx,
        }
        return {name: known[name] for name in set(re.findall(r"\w+", self.pattern))}


def plain(theirs: str, ours: str, axes: str) -> Entry:
    """A tensor that is the same on both sides."""
    return Entry(theirs, (ours,), f"{axes} -> {axes}")
