"""One end of the conversation: calls both ways over one socket, with nothing but the values of `values.py` in them.

While one side waits for an answer it serves what the other asks meanwhile (a callback, a gradient). What each side may
ask of the other is up to `serves`; a message that makes no sense raises `Malformed` and ends the conversation.
"""

import socket
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.jail.talk import wire
from course_utils.jail.talk.codec import Unsendable
from course_utils.jail.talk.forms import Codec
from course_utils.jail.talk.home import Home
from course_utils.jail.talk.links import Ref
from course_utils.jail.talk.standins import StandIns
from course_utils.jail.talk.tape import tied
from course_utils.jail.talk.wire import Malformed

DEEPEST = 8  # calls within calls
NONSENSE = (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError, OverflowError, Unsendable)


class Peer(StandIns, Home):
    """What both ends have in common."""

    inside = False

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self.sock = sock
        self.deadline: float | None = None
        self.depth = 0
        self.about: list[dict[Ref, None]] = []  # what the requests that wait for an answer are about

    # messages

    def ask(self, op: str, ref: Ref | None, args: Iterable[Any] = (), kwargs: Any = None, **more: Any) -> Any:
        """Send a request and wait for its answer, serving what is asked meanwhile."""
        if self.depth >= DEEPEST:
            raise RecursionError("too many calls within calls")
        with torch._C.DisableTorchFunction():
            codec = Codec(self.links, sharing=not self.inside and op != "grad", home=self)
            codec.asking = op != "grad"
            message = {"k": op, "f": ref and [ref[0], ref[1]], **more, **self.extras()}
            if ref is not None:
                codec.touch(ref)
            message["a"] = codec.several(args)
            message["w"] = {name: codec.encode(value) for name, value in (kwargs or {}).items()}
            touched = dict(codec.touched)
            self.write(message, codec)
        self.depth += 1
        self.about.append(touched)
        try:
            return self._wait(touched)
        finally:
            self.depth -= 1
            self.about.pop()

    def _wait(self, touched: dict[Ref, None]) -> Any:
        while True:
            message, tensors = self.receive()
            with torch._C.DisableTorchFunction():
                codec = Codec(self.links, tensors, home=self)
                with self.sense():
                    kind = message["k"]
                    if kind == "return":
                        value = self._value(codec, message)
                        self.read_updates(codec, message)
                    elif kind == "raise":
                        error = self.read_error(message["e"])
                        self.read_updates(codec, message)
            if kind == "return":
                if codec.holding:
                    self.kept.update(touched)
                self.heed(message)
                return value
            if kind == "raise":
                self.heed(message)
                raise error
            self.serve(message, tensors)

    def receive(self) -> tuple[Any, list[Tensor]]:
        """The next message."""
        return wire.receive(self.sock, self.deadline)

    def _value(self, codec: Codec, message: dict[str, Any]) -> Any:
        self._tied = []
        if (tape := message.get("t")) is not None:
            number, places, leaves = tape
            results = [codec.tensor(place) for place in places]
            counterparts = [self.links.things.get((not own, n)) for own, n in leaves]
            self._tied = tied(self, int(number), results, counterparts)
        return codec.decode(message["v"])

    def answer(self, value: Any, touched: dict[Ref, None], **more: Any) -> None:
        """Send what a request came to."""
        with torch._C.DisableTorchFunction():
            codec = Codec(self.links, home=self)
            codec.touched.update(touched)
            self._results = []
            message = {"k": "return", "v": codec.encode(value), **more}
            if self._results:
                message["t"] = self._tape(codec, touched)
            if codec.holding:
                self.kept.update(touched)
            self.write(message, codec)

    def gradients(self, tape: int, given: list[Tensor]) -> list[Tensor | None]:
        """Ask the other side for the gradients of a tape's leaves."""
        found = self.ask("grad", None, given, t=tape)
        if not isinstance(found, list) or not all(one is None or type(one) is Tensor for one in found):
            raise Malformed("no gradients")
        return found

    def write(self, message: dict[str, Any], codec: Codec) -> None:
        """Send a message, with what changed of all that it is about."""
        changes = []
        for ref in {**codec.touched, **self.kept}:
            record = self.links.records.get(ref)
            if record is not None and ref not in codec.fresh:
                told = record.changes(codec)
                if told is not None:
                    changes.append([ref[0], ref[1], told])
        message["u"] = changes
        wire.send(self.sock, wire.pack(message, codec.tensors), self.deadline)

    def read_updates(self, codec: Codec, message: dict[str, Any]) -> None:
        """Take over what changed on the other side."""
        for own, number, told in message["u"]:
            ref = (not own, number)
            meant = ref in codec.touched or any(ref in request for request in self.about)
            self.changed(ref, self.links.records[ref].apply(codec, told), meant)

    def changed(self, ref: Ref, values: bool, meant: bool) -> None:
        """Called for each thing that the other side changed. meant: a request under way is about it."""

    @contextmanager
    def sense(self) -> Iterator[None]:
        """What goes wrong while a message is read is the message's fault."""
        try:
            yield
        except Malformed:
            raise
        except NONSENSE as error:
            raise Malformed(f"a message that makes no sense ({type(error).__name__}: {error})") from error

    def forget(self, keep: Collection[Ref]) -> None:
        """Drop all but these numbers: a check is over."""
        self.links.forget(keep)
        self.leaves.clear()
        self.kept.clear()
        self.tapes.clear()
        self._memory.clear()

    def touched_by(self, codec: Codec, ref: Ref | None) -> dict[Ref, None]:
        """What a request is about: its arguments, and its target with all parts."""
        if ref is not None:
            codec.touch(ref)
            thing = self.links.things.get(ref)
            if isinstance(thing, nn.Module):
                for parameter in thing.parameters():
                    if (part := self.links.ref(parameter)) is not None:
                        codec.touch(part)
        return dict(codec.touched)

    # what the two ends do differently

    def extras(self) -> dict[str, Any]:
        """What goes with every request."""
        return {}

    def heed(self, message: dict[str, Any]) -> None:
        """Look at what else an answer says."""

    def serve(self, message: Any, tensors: list[Tensor]) -> None:
        """Do what the other side asks."""
        raise Malformed("a request that nobody may make")

    def read_error(self, told: Any) -> BaseException:
        """The exception that an answer is about."""
        raise NotImplementedError
