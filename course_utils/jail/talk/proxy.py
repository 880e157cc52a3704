"""Outside: the thing under test as a check sees it. What it does is asked of the jail; what comes back is data.

The jail may call back only what a check handed to it in this very check, and only while it is being asked something.
"""

import math
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from course_utils.grading.crash import text_of
from course_utils.grading.frames import Elsewhere, Place, display_name
from course_utils.grading.verdict import TimeUp
from course_utils.jail.talk import attested, spying
from course_utils.jail.talk.codec import Codec
from course_utils.jail.talk.errors import MOST_SAID, error_from, kind_of
from course_utils.jail.talk.firewall import Open
from course_utils.jail.talk.guard import Guard
from course_utils.jail.talk.links import Ref
from course_utils.jail.talk.opaque import Opaque, coroutine, opaque_class, walk
from course_utils.jail.talk.peer import Peer
from course_utils.jail.talk.wire import Closed, Late, Malformed
from course_utils.model import HookedTransformer

GRACE = 1.0  # seconds past the time limit, in which the jail's own alarm can still tell the line
MOST_CALLBACKS = 200_000  # in one exercise
MOST_BYTES = 1 << 26  # of tensors that came from inside in one exercise; copies of them may take some times as much
_FUNCTION = re.compile(r"[\w<>]{1,80}", re.ASCII)


class Gone(BaseException):
    """The worker has ended, or makes no sense any more. A BaseException, so that no check takes it for an answer."""


class OutsidePeer(Guard, Peer):
    """The checks' end.

    lines: the learner's source by the name that tracebacks give it, to show the line that an exception came from.
    seed_of: what the jail's random numbers start from, for a state of ours.
    firewall: what may be shown of what is told.
    """

    def __init__(
        self, sock: socket.socket, lines: dict[str, list[str]], seed_of: Callable[[Tensor], int], firewall: Open
    ) -> None:
        super().__init__(sock)
        self.lines, self.seed_of, self.firewall = lines, seed_of, firewall
        self.raised: list[BaseException] = []  # by callbacks, for when it comes out of the learner's code again
        self.fate: BaseException | None = None  # why the conversation ended
        self.callbacks = self.received = 0
        self.left = 0.0  # seconds that the jail may still take; ours don't count
        self.told: BaseException | None = None  # the last exception that came out of the jail
        self._state: Tensor | None = None

    def ask(self, op: str, ref: Ref | None, args: Any = (), kwargs: Any = None, **more: Any) -> Any:
        if self.fate is not None:
            raise TimeUp if isinstance(self.fate, Late) else Gone
        if op == "call":
            self.firewall.gave(args, kwargs)
        with self.guarding(ref) if self.depth == 0 else nullcontext():
            try:
                return super().ask(op, ref, args, kwargs, **more)
            except (Closed, Late, Malformed) as error:
                self.fate = error
                raise (TimeUp if isinstance(error, Late) else Gone) from error
            except BaseException as error:
                self.told = error
                raise

    def start_check(self) -> None:
        """Put back what the last check lent, and have it forgotten on both sides."""
        self.put_back()
        self.firewall.begin()
        self.forget(self.permanent)
        self.raised.clear()
        self._state = None
        if self.fate is None:
            try:
                self.write({"k": "check"}, Codec(self.links, home=self))
            except (Closed, Late) as error:
                self.fate = error

    @contextmanager
    def sense(self) -> Iterator[None]:
        with super().sense():
            try:
                yield
            except MemoryError as error:
                raise Malformed("more than there is room for") from error

    def name(self, text: Any) -> str:
        return self.firewall.name(super().name(text))

    def receive(self) -> tuple[Any, list[Tensor]]:
        start, end = time.monotonic(), self.deadline
        self.deadline = min(start + max(self.left, 0.0), end or math.inf)
        try:
            message, tensors = super().receive()
        finally:
            self.deadline, self.left = end, self.left - (time.monotonic() - start)
        self.received += sum(tensor.nbytes for tensor in tensors)
        if self.received > MOST_BYTES:
            raise Malformed("more than anybody needs")
        if not isinstance(message, dict):
            raise Malformed("no message")
        return message, tensors

    def extras(self) -> dict[str, Any]:
        wanted = attested.wanted_now()
        state = torch.get_rng_state()
        if self._state is None or not torch.equal(state, self._state):
            self._state, wanted["seed"] = state, self.seed_of(state)
        return {"g": torch.is_grad_enabled(), "o": wanted, "l": round(max(self.left - GRACE, 0.01), 3)}

    def heed(self, message: dict[str, Any]) -> None:
        with self.sense():
            attested.echo(message.get("o", {}))
            if message.get("n"):
                spying.replay(self.links, message["n"])

    def serve(self, message: Any, tensors: list[Tensor]) -> None:
        """A callback, or gradients of one: nothing else may be asked from inside."""
        self.callbacks += 1
        if self.callbacks > MOST_CALLBACKS or self.depth >= 8:
            raise Malformed("more calls than anybody needs")
        with self.sense(), torch._C.DisableTorchFunction():
            codec = Codec(self.links, tensors, home=self)
            op, own = message["k"], message["f"]
            target = (True, own[1]) if own and own[0] is False else None
            args = [codec.decode(one) for one in message["a"]]
            kwargs = {str(name): codec.decode(one) for name, one in message["w"].items()}
            touched = self.touched_by(codec, target)
            self.read_updates(codec, message)
            call = self._callable(op, message, target)
        try:
            with torch.enable_grad() if op == "grad" else torch.set_grad_enabled(message.get("g") is not False):
                value = call(*args, **kwargs)
        except (Gone, TimeUp, Malformed, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._tell(error)
            return
        self.answer(value, touched)

    def _callable(self, op: str, message: Any, target: Ref | None) -> Callable[..., Any]:
        if op == "grad":
            tape = message["t"]
            return lambda *given: self.serve_gradients(tape, list(given))
        thing = self.links.things[target] if target else None
        if op == "new" and isinstance(thing, type) and target in self.permanent:
            return thing
        if op == "call" and callable(thing) and not isinstance(thing, type | HookedTransformer):
            return thing
        raise Malformed("a request that nobody may make")

    def _tell(self, error: BaseException) -> None:
        self.raised.append(error)
        told = {"kind": kind_of(error), "text": text_of(error)[:MOST_SAID], "number": len(self.raised) - 1}
        self.write({"k": "raise", "e": told}, Codec(self.links, home=self))

    def read_error(self, told: Any) -> BaseException:
        told = self.firewall.error(told)
        place = self._place(told["at"])
        if (number := told.get("outside")) is None:
            return error_from(told, place)
        if type(number) is not int or not 0 <= number < len(self.raised):
            raise ValueError("no exception of ours")
        error = self.raised[number]
        error.elsewhere = Elsewhere(place, told["line"], told["sentence"])  # type: ignore[attr-defined]
        return error

    def _place(self, at: Any) -> Place | None:
        """The line that the jail names, read from the file itself."""
        if at is None:
            return None
        label, line, name = at
        if label not in self.lines or type(line) is not int or not _FUNCTION.fullmatch(name):
            return None
        lines = self.lines[label]
        text = f"line {line} of {display_name(label)}"
        if self.firewall.name(name) == name and name not in ("<module>", "<lambda>"):
            text += f", in {name}"
        return Place(text, lines[line - 1].strip() if 0 < line <= len(lines) else "")

    def stand_in(self, codec: Codec, number: int, told: dict[str, Any]) -> Any:
        ask = self.asker((False, number))
        kind = told["kind"]
        if kind == "class":
            return opaque_class(codec, ask, self.name(told["name"]), told)
        if kind == "generator":
            return walk(ask)
        if kind == "coroutine":
            return coroutine()
        if kind == "object":
            return Opaque.named(self.name(told["name"]), ask)
        return super().stand_in(codec, number, told)
