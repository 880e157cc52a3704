"""What only the inside can see, and says of itself: how large a tensor was made, whether random numbers were drawn.

`Watching` looks, inside; `echo` makes the same happen outside, so that a check that watches for it notices. All of this
is attested, not verified: a submission that tampers with its own process can deny it. So it can only cost a point that
the comparison of answers would have given, never give one.

Attested: no tensor beyond a size (top1_copying, copying_eigenvalue_score), no module built (parameter_count), no draw
from torch's own random numbers (corrupt_abc), no asterisk in a filter (find_heads), the signature of a hook
(make_induction_hook), arguments, models and caches left as they were (everywhere). All else that checks ask is
verified: it is decided outside, on values that came back.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_utils.jail.talk.names import shown_name

MOST_BUILT = 8
_INIT = nn.Module.__init__


class _Largest(TorchFunctionMode):
    """The most numbers that any tensor had that was made inside."""

    most = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else [made]:
            if isinstance(tensor, Tensor):
                self.most = max(self.most, tensor.numel())
        return made


class Watching:
    """Watches one call inside for what the outside wants to know."""

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted if isinstance(wanted, dict) else {}
        self.seen: dict[str, Any] = {}

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Watch what is done in this block."""
        if (seed := self.wanted.get("seed")) is not None:
            torch.manual_seed(seed)
        before = torch.get_rng_state()
        built: list[str] = []

        def noticed(module: Any, *args: Any, **kwargs: Any) -> None:
            built.append(type(module).__name__)
            _INIT(module, *args, **kwargs)

        try:
            with contextlib.ExitStack() as stack:
                largest = stack.enter_context(_Largest()) if self.wanted.get("largest") else None
                if self.wanted.get("built"):
                    setattr(nn.Module, "__init__", noticed)  # noqa: B010
                    stack.callback(setattr, nn.Module, "__init__", _INIT)
                yield
        finally:
            if largest is not None:
                self.seen["largest"] = largest.most
            if built:
                self.seen["built"] = [shown_name(name) for name in built[:MOST_BUILT]]
            if not torch.equal(torch.get_rng_state(), before):
                self.seen["drawn"] = True


def wanted_now() -> dict[str, Any]:
    """What a check is watching for at this moment."""
    wanted: dict[str, Any] = {}
    if torch._C._len_torch_function_stack():
        wanted["largest"] = True
    if nn.Module.__init__ is not _INIT:
        wanted["built"] = True
    return wanted


def echo(seen: Any) -> None:
    """Let happen here what was seen there, in small. Raises ValueError or TypeError for nonsense."""
    if not isinstance(seen, dict):
        raise ValueError("no account")
    if seen.get("drawn") is True:
        torch.rand(1)
    if (largest := seen.get("largest")) is not None and torch._C._len_torch_function_stack():
        torch.zeros(1).expand(min(int(largest), 1 << 40))  # takes no memory
    for name in seen.get("built", ())[:MOST_BUILT]:
        if nn.Module.__init__ is not _INIT:
            type(shown_name(name), (nn.Module,), {})()
