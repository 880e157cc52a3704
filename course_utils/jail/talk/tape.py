"""Gradients across the wall: what was computed on one side remembers, on the other, whom to ask for its gradients."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from course_utils.jail.talk.links import Ref


@dataclass
class Tape:
    """Results that need gradients, and the leaves that they may come from."""

    results: list[Tensor]
    leaves: list[Ref]


class Bridge(torch.autograd.Function):
    """Results that came over the wire, tied to this side's counterparts of the leaves."""

    @staticmethod
    def forward(ctx: Any, peer: Any, tape: int, places: list[int], count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.peer, ctx.tape, ctx.places, ctx.inputs = peer, tape, places, tensors[count:]
        return tuple(tensor.clone() for tensor in tensors[:count])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        found = ctx.peer.gradients(ctx.tape, list(gradients)) if ctx.places else []
        wanted = [found[place] for place in ctx.places] or [None]
        for one, tensor in zip(wanted, ctx.inputs, strict=True):
            if one is not None and (one.shape != tensor.shape or one.dtype != tensor.dtype):
                raise RuntimeError("a gradient of another shape came back")
        return (None, None, None, None, *([None] * len(gradients)), *wanted)


def tied(peer: Any, tape: int, results: list[Tensor], leaves: list[Any]) -> list[Tensor]:
    """The results, tied to those of the leaves that need gradients; if none does, to nothing that anybody sees."""
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor) and leaf.requires_grad]
    inputs = [leaves[i] for i in places] or [torch.zeros((), requires_grad=True)]
    return list(Bridge.apply(peer, tape, places, len(results), *results, *inputs))
