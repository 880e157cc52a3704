"""Inside the jail: takes a submission's text and the name of an exercise, and does what it is asked with them.

It knows no check, no expected value and no seed. Whoever tampers with it in their own worker still has to give the
right answers to questions that come from outside.
"""

import contextlib
import importlib
import importlib.util
import linecache
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from course_utils.grading.reach import exercises_used
from course_utils.grading.subject import Submission, load_submission
from course_utils.grading.verdict import NotLoadable, TimeUp
from course_utils.jail.talk import wire
from course_utils.jail.talk.attested import Watching
from course_utils.jail.talk.codec import Codec, Unsendable
from course_utils.jail.talk.errors import KINDS, TooLarge, told_of
from course_utils.jail.talk.links import Ref
from course_utils.jail.talk.peer import Peer
from course_utils.jail.talk.spying import Spy

if importlib.util.find_spec("course_utils.model"):  # not for chapter 1, whose exercises it would answer
    importlib.import_module("course_utils.jail.talk.hooked")


class InsidePeer(Peer):
    """The jail's end."""

    inside = True

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.submission = Submission(Path(), {})
        self.exercise, self.thing = "", None
        self.permanent: frozenset[Ref] = frozenset()  # what outlives a check
        self.spies = Spy()

    def run(self) -> None:
        """Serve until the other side hangs up."""
        while True:
            try:
                message, tensors = wire.receive(self.sock)
            except wire.Closed:
                return
            self.serve(message, tensors)

    def ask(self, op: str, ref: Ref | None, args: Any = (), kwargs: Any = None, **more: Any) -> Any:
        """As ever; the time that the other side takes for its answer is its own."""
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            return super().ask(op, ref, args, kwargs, **more)
        finally:
            signal.setitimer(signal.ITIMER_REAL, left)

    def serve(self, message: Any, tensors: list[Tensor]) -> None:
        if message["k"] == "check":
            self._forget()
            return
        touched: dict[Ref, None] = {}
        watching = Watching(message.get("o"))
        self.spies.notes.clear()
        try:
            with torch._C.DisableTorchFunction():
                codec = Codec(self.links, tensors, home=self)
                target = message["f"] and (not message["f"][0], message["f"][1])
                args = [codec.decode(one) for one in message["a"]]
                kwargs = {name: codec.decode(one) for name, one in message["w"].items()}
                touched = self.touched_by(codec, target)
                self.read_updates(codec, message)
            with watching.on(), torch.set_grad_enabled(message.get("g", True)), _limited(message["l"]):
                value = self._do(message, target, args, kwargs)
            self._answer(value, touched, watching)
            if message["k"] in ("load", "uses"):
                self.permanent = frozenset(self.links.things)
        except BaseException as error:
            self._refuse(error, touched, watching)

    def _answer(self, value: Any, touched: dict[Ref, None], watching: Watching) -> None:
        try:
            self.answer(value, touched, o=watching.seen, n=self.spies.notes[:])
        except (Unsendable, RecursionError, wire.TooLong) as error:
            raise TooLarge(f"what came back can't be looked at: {error}") from None

    def _do(self, message: Any, target: Ref | None, args: list[Any], kwargs: dict[str, Any]) -> Any:
        op = message["k"]
        thing: Any = self.links.things[target] if target else None
        if op in ("call", "new"):
            return thing(*args, **kwargs)
        if op == "get":
            return getattr(thing, args[0])
        if op == "next":
            try:
                return (False, next(thing))
            except StopIteration:
                return (True, None)
        if op == "grad":
            return self.serve_gradients(message["t"], args)
        if op == "load":
            return self._load(args[0], **kwargs)
        if op == "uses":
            return exercises_used(self.thing, set(args[0]), direct=args[1])
        raise ValueError(op)

    def _load(self, source: Tensor, filename: str, exercise: str, given: dict[str, Any]) -> Any:
        self.exercise = exercise
        data = source.numpy().tobytes()
        path = Path(filename)
        try:
            self.submission = load_submission(path, data)
            text = data.decode("utf-8-sig", errors="replace")
            if path.suffix != ".ipynb":
                linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
            self.submission.namespace.update({name: one for name, one in given.items() if name != exercise})
            self.thing = self.submission.get(exercise)
        except NotLoadable as error:
            return {"not_loadable": _reason(error)}
        skipped = {name: why and _reason(why) for name, why in self.submission.skipped.items()}
        return {"thing": self.thing, "skipped": dict(skipped)}

    def _refuse(self, error: BaseException, touched: dict[Ref, None], watching: Watching) -> None:
        number = getattr(error, "raised_outside", None)
        told: Any = told_of(error, self.exercise, self.submission.skipped)
        if number is not None:
            told["outside"] = number
        codec = Codec(self.links, home=self)
        codec.touched.update(touched)
        self.write({"k": "raise", "e": told, "o": watching.seen, "n": self.spies.notes[:]}, codec)

    def _forget(self) -> None:
        """A check is over: what it brought along isn't needed any more."""
        self.forget(self.permanent)

    def read_error(self, told: Any) -> BaseException:
        """What a callback raised outside, as one of the same built-in kind."""
        kind = KINDS.get(told["kind"], Exception)
        error = kind(told["text"]) if issubclass(kind, Exception) else RuntimeError(told["text"])
        error.raised_outside = told["number"]  # type: ignore[attr-defined]
        return error

    def spy(self, model: nn.Module, number: int, names: list[str]) -> None:
        """Note what the outside wants to know about calls of these methods of a model."""
        self.spies.watch(model, number, names)


def _reason(error: NotLoadable) -> list[Any]:
    return [str(error), error.where, error.code, error.next_step]


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the block after so many seconds."""
    signal.signal(signal.SIGALRM, _time_is_up)
    before, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, before)


def _time_is_up(signum: int, frame: FrameType | None) -> None:
    # Again in a moment, for code that swallows the first one in a bare `except:`.
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    raise TimeUp


def main(sock: socket.socket) -> NoReturn:
    """Serve one submission over this socket; ends the process."""
    sys.dont_write_bytecode = True
    status = 1
    try:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        torch.set_num_threads(1)
        InsidePeer(sock).run()
        status = 0
    finally:
        os._exit(status)
