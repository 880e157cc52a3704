"""What one side keeps of a conversation: links, which memory both sides know, and tapes of gradients."""

from typing import Any

import torch
from torch import Tensor

from course_utils.jail.talk.codec import Codec, Unsendable
from course_utils.jail.talk.links import Links, Ref
from course_utils.jail.talk.tape import Tape

MOST_TAPES = 100_000


class Home:
    """What the forms on the wire ask of their side."""

    def __init__(self) -> None:
        self.links = Links()
        self.leaves: dict[Ref, Tensor] = {}  # what gradients are asked for, where it isn't the thing itself
        self.kept: dict[Ref, None] = {}  # what the other side may have kept from earlier calls
        self.tapes: dict[int, Tape] = {}
        self._results: list[Tensor] = []
        self._memory: dict[int, Tensor] = {}  # by address: contiguous tensors that both sides know
        self._tied: list[Tensor] = []

    def remember(self, tensor: Tensor) -> None:
        """Both sides hold this tensor, contiguous: what lies in its memory can be told as a view of it."""
        if tensor.numel() and tensor.is_contiguous():
            self._memory[tensor.untyped_storage().data_ptr()] = tensor

    def alias_of(self, tensor: Tensor, *, whole: bool = True) -> Tensor | None:
        """The tensor known to both sides in whose memory this one lies; `whole`: in all of it, in the same order."""
        if not tensor.numel():
            return None
        address = tensor.untyped_storage().data_ptr()
        known = self._memory.get(address)
        if known is None or self.links.ref(known) is None or known.untyped_storage().data_ptr() != address:
            return None
        if known.dtype != tensor.dtype or known.requires_grad or tensor.numel() > known.numel():
            return None
        same = known.shape == tensor.shape and tensor.is_contiguous()
        same = same and known.storage_offset() == tensor.storage_offset()
        inside = tensor.storage_offset() >= known.storage_offset()
        return known if (same if whole else inside) else None

    def keep_tape(self, tensor: Tensor) -> int:
        """Remember a result that needs gradients; its place on the tape of the message being written."""
        self._results.append(tensor)
        return len(self._results) - 1

    def on_tape(self, values: Tensor, place: Any) -> Tensor:
        """The result at this place of the tape of the message being read."""
        if type(place) is not int or not 0 <= place < len(self._tied):
            raise ValueError("no place on the tape")
        return self._tied[place]

    def _tape(self, codec: Codec, touched: dict[Ref, None]) -> Any:
        leaves = [ref for ref in {**touched, **self.kept} if self._needs(ref)]
        results, self._results = self._results, []
        number = len(self.tapes)
        if number >= MOST_TAPES:
            raise Unsendable("more gradients than anybody needs")
        self.tapes[number] = Tape(results, leaves)
        places = [next(i for i, one in enumerate(codec.tensors) if one is result) for result in results]
        return [number, places, [[own, n] for own, n in leaves]]

    def _needs(self, ref: Ref) -> bool:
        thing = self.leaves.get(ref, self.links.things.get(ref))
        return isinstance(thing, Tensor) and thing.requires_grad

    def serve_gradients(self, tape: Any, given: list[Any]) -> list[Tensor | None]:
        """The gradients of a tape's leaves."""
        recorded = self.tapes[tape]
        leaves = [self.leaves.get(ref, self.links.things[ref]) for ref in recorded.leaves]
        if not leaves:
            return []
        pairs = [(one, grad) for one, grad in zip(recorded.results, given, strict=True) if one.requires_grad]
        found = torch.autograd.grad(
            [one for one, _ in pairs], leaves, [grad for _, grad in pairs], retain_graph=True, allow_unused=True
        )
        return list(found)
