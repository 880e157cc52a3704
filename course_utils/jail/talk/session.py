"""Outside: one exercise of one submission, judged over a worker's socket by the same judge as everywhere.

The clock, the inputs, the references, the comparison and the verdict are on this side. Points come from here only.
"""

import hashlib
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from course_utils.catalog import Exercise, load_catalog
from course_utils.grading.checks import forget_checks, load_checks
from course_utils.grading.hidden import hidden
from course_utils.grading.judge import judge
from course_utils.grading.mutants import load_reference
from course_utils.grading.sources import code_cells
from course_utils.grading.verdict import (
    NotLoadable,
    Outcome,
    TimeUp,
    Verdict,
    died,
    from_exception,
    grader_error,
    not_loadable,
    timed_out,
)
from course_utils.jail.talk.firewall import Firewall, Open
from course_utils.jail.talk.lent import lent
from course_utils.jail.talk.proxy import GRACE, Gone, OutsidePeer
from course_utils.jail.talk.wire import Late, Malformed

MOST_TIMES, OURS = 3, 30.0  # the whole session, our own work in it: so many time limits, and so many seconds
WAIT = 5.0  # seconds for a worker that hung up to end
_ONE = threading.RLock()  # torch's random numbers, and the checks' own things, belong to the whole process


class Worker(Protocol):
    """A confined process at the other end of a socket (`launch.Worker`)."""

    sock: Any

    def kill(self) -> None: ...

    def wait(self, timeout: float) -> int | None: ...


def judge_in_jail(
    exercise: Exercise,
    text: str | bytes,
    filename: str,
    worker: Worker,
    seed: int | None = None,
    show_inputs: bool = False,
    references: Collection[str] = (),
) -> Verdict:
    """Judge the exercise as `text` defines it, in a worker that serves for this once. Never raises for what it does.

    filename: how the submission is called; its end says what it is (`.py` or `.ipynb`).
    seed: the hidden seed that the checks' own random numbers are mixed with; None: those of the local judge.
    show_inputs: whether the verdict may hold values, messages of exceptions and names that came from inside.
    references: names of earlier exercises that mean the course's own solution while this one is judged.
    """
    data = text.encode("utf-8", errors="surrogatepass") if isinstance(text, str) else text
    stub = load_catalog().chapter_of(exercise).script
    firewall = Open() if show_inputs else Firewall(exercise.name, data, stub)
    peer = OutsidePeer(worker.sock, _lines(data, filename), _seeds(seed), firewall)
    peer.may_write = exercise.may_change_input
    checking: dict[str, None] = {}  # the exercise's own checks that were begun

    def starts(check: str) -> None:
        if check in load_checks(exercise).checks:
            checking[check] = None
        peer.start_check()

    with _ONE, hidden(seed, private=not show_inputs):
        start = time.monotonic()
        peer.left = exercise.time_limit + GRACE
        peer.deadline = start + MOST_TIMES * exercise.time_limit + OURS
        try:
            verdict = _judge(peer, exercise, data, filename, references, starts)
        except (Gone, TimeUp):
            verdict = _ended(exercise, peer, worker, checking)
        except BaseException as error:
            if not isinstance(error, Exception) and error is not peer.told:
                raise  # ours: somebody stops the whole run
            told: BaseException | str = error if show_inputs else type(error).__name__
            verdict = grader_error(exercise, told, next(reversed(checking), None))
        finally:
            peer.put_back()
        if peer.tainted:
            forget_checks()
            verdict = _without_credit(exercise, verdict)
        if peer.fate is not None and (verdict.ok or not isinstance(peer.fate, Late)):
            verdict = _ended(exercise, peer, worker, checking)
    worker.kill()
    if checking and not verdict.total:
        verdict = verdict.with_(passed=len(checking) - 1, total=len(load_checks(exercise).checks))
    return verdict.with_(seconds=time.monotonic() - start, printed="")


def _judge(
    peer: OutsidePeer, exercise: Exercise, data: bytes, filename: str, references: Collection[str], starts: Any
) -> Verdict:
    source = torch.frombuffer(bytearray(data or b"\n"), dtype=torch.uint8)
    given = {name: lent(name, load_reference(load_catalog().find_exercise(name)).thing) for name in references}
    given.pop(exercise.name, None)
    options = {"filename": filename, "exercise": exercise.name, "given": given}
    try:
        loaded = peer.ask("load", None, [source], options)
    except (Gone, TimeUp):
        raise
    except BaseException as error:
        return from_exception(exercise, error)
    if "not_loadable" in loaded:
        return not_loadable(exercise, _reason(loaded["not_loadable"]))
    peer.permanent = frozenset(peer.links.things)
    skipped = {str(name): why and _reason(why) for name, why in loaded["skipped"].items()}
    peer.firewall.skipped = frozenset(skipped)

    def used(thing: Any, names: Collection[str], *, direct: bool = False) -> dict[str, Any]:
        try:
            found = peer.ask("uses", None, [sorted(names), direct])
        except Gone:
            raise
        except BaseException as error:  # the verdict stands; only what else could be said about it is missing
            if not isinstance(error, TimeUp) and error is not peer.told:
                raise
            return {}
        peer.permanent |= frozenset(ref for ref in peer.links.things if not ref[0])
        return {name: one for name, one in found.items() if name in names}

    return judge(exercise, loaded["thing"], events=starts, skipped=skipped, used=used)


def _without_credit(exercise: Exercise, verdict: Verdict) -> Verdict:
    """Of a submission that changed what is nobody's to change: no pass, and no fault of the check's either."""
    if verdict.outcome not in (Outcome.PASSED, Outcome.GRADER_ERROR):
        return verdict
    says = f"{exercise.name} changed a model or a cache that it was given: work on a copy, and leave no hook."
    return verdict.with_(outcome=Outcome.WRONG, says=says, next_step=f"course hint {exercise.name}")


def _ended(exercise: Exercise, peer: OutsidePeer, worker: Worker, checking: Collection[str]) -> Verdict:
    """The verdict on a conversation that ended before its time."""
    check = next(reversed(list(checking)), None)
    if isinstance(peer.fate, Malformed):
        says = "Your code disturbed the connection to the grader: leave file descriptors and sockets alone."
        step = f"course hint {exercise.name}"
        return Verdict(exercise.name, Outcome.CRASHED, says, check, next_step=step)
    status = None if isinstance(peer.fate, Late) else worker.wait(WAIT)
    return timed_out(exercise, check) if status is None else died(exercise, check, status)


def _reason(told: Any) -> NotLoadable:
    """A NotLoadable that was put in words while the file was loaded, before there were any inputs."""
    says, where, code, step = (None if one is None else str(one)[:500] for one in told)
    return NotLoadable(says or "", where, code, step or "")


def _lines(data: bytes, filename: str) -> dict[str, list[str]]:
    try:
        return {label: source.splitlines() for label, source, _ in code_cells(Path(filename), whole=True, data=data)}
    except NotLoadable:
        return {}


def _seeds(seed: int | None) -> Any:
    """What the jail's own random numbers start from: as good as any other, and nothing can be learnt from it."""
    key = hashlib.blake2b(str(seed).encode(), person=b"jail's numbers").digest()

    def seed_of(state: Tensor) -> int:
        digest = hashlib.blake2b(state.numpy().tobytes(), key=key, digest_size=7).digest()
        return int.from_bytes(digest, "big") >> 6

    return seed_of
