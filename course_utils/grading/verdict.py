"""The typed outcome of judging one exercise. The only place where an exception becomes a verdict. Imports no torch."""

import contextlib
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from course_utils.catalog import CourseError, Exercise, load_catalog
from course_utils.grading.crash import crash_sentence, is_out_of_memory, message_of, stub_reached
from course_utils.grading.frames import where_in_theirs


class Outcome(StrEnum):
    """What came of judging an exercise; none of them is a default."""

    PASSED = "passed"
    WRONG = "wrong"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_ATTEMPTED = "not_attempted"
    NOT_LOADABLE = "not_loadable"
    GRADER_ERROR = "grader_error"


@dataclass(frozen=True)
class Verdict:
    """One exercise judged. `says` is for the learner; the other fields are what a report or a program needs."""

    exercise: str
    outcome: Outcome
    says: str
    check: str | None = None  # the first check that did not pass, e.g. "test_eps_is_under_the_root"
    diagnosis: str | None = None  # what is off, numerically
    belief: str | None = None  # the belief of a known wrong answer that gives the same result
    details: tuple[str, ...] = ()  # "with …", "expected …", "yours …"
    where: str | None = None  # "line 143 of chapters/…/x.py, in forward"
    code: str | None = None  # that line
    next_step: str = ""
    printed: str = ""  # what the learner's code printed, cut
    passed: int = 0  # checks passed
    total: int = 0  # checks there are
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.PASSED

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"outcome": str(self.outcome), "details": list(self.details)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Verdict":
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(**{**data, "outcome": Outcome(data["outcome"]), "details": tuple(data["details"])})

    def with_(self, **changes: Any) -> "Verdict":
        """A copy with some fields changed."""
        return replace(self, **changes)


class TimeUp(BaseException):
    """Raised in the judged code when its time is over. A BaseException, so that `except Exception` lets it through."""


class NotLoadable(Exception):
    """A submission that can't be loaded. The message is the sentence for the learner."""

    def __init__(self, says: str, where: str | None = None, code: str | None = None, next_step: str = "") -> None:
        super().__init__(says)
        self.where, self.code, self.next_step = where, code, next_step


Skipped = Mapping[str, NotLoadable | None]  # a name that isn't there, and why its definition failed, if it was tried
NOTHING_SKIPPED: Skipped = MappingProxyType({})


def from_exception(
    exercise: Exercise,
    error: BaseException,
    *,
    check: str | None = None,
    skipped: Skipped = NOTHING_SKIPPED,
    details: tuple[str, ...] = (),
) -> Verdict:
    """The verdict on an exception that came out of the learner's code.

    skipped: names that the learner's file binds in demonstration cells, which a check does not run, or failed to bind.
    details: the call that raised, as the report shows it.
    """
    found = where_in_theirs(error)
    where, code = (found.text, found.code) if found else (None, None)
    if isinstance(error, NameError) and (why := skipped.get(error.name or "")):
        error = why
    if isinstance(error, NotLoadable):
        return not_loadable(exercise, error)
    if stub := stub_reached(error):
        return _not_attempted(exercise, *stub, check)
    if isinstance(error, TimeUp):
        return timed_out(exercise, check, where, code).with_(details=details)
    if is_out_of_memory(error):
        return out_of_memory(exercise, check, where, code).with_(details=details)
    says = crash_sentence(exercise.name, error, skipped)
    # Without a check it was the file itself that failed, while it was loaded.
    step = _hint(exercise) if check else "mend that line, then check again"
    return Verdict(exercise.name, Outcome.CRASHED, says, check, details=details, where=where, code=code, next_step=step)


def _hint(exercise: Exercise) -> str:
    return f"course hint {exercise.name}"


def _not_attempted(exercise: Exercise, raised: str, owner: str, check: str | None) -> Verdict:
    if owner == exercise.name:
        says = f"{raised} is still to be written: replace the `raise NotImplementedError(…)` line."
        return Verdict(exercise.name, Outcome.NOT_ATTEMPTED, says, check, next_step=_hint(exercise))
    says = f"{exercise.name} calls {raised}, which is still to be written: do that one first, or don't call it here."
    first = exercise
    with contextlib.suppress(CourseError):  # a helper of their own is no exercise
        first = next((other for other in load_catalog().exercises if other.name == owner), exercise)
    return Verdict(exercise.name, Outcome.NOT_ATTEMPTED, says, check, next_step=_hint(first))


def not_loadable(exercise: Exercise, error: NotLoadable) -> Verdict:
    """The file is missing, or the exercise in it can't be read."""
    step = error.next_step or f"course reset {exercise.name} puts the stub back and keeps a copy of your file"
    return Verdict(exercise.name, Outcome.NOT_LOADABLE, str(error), where=error.where, code=error.code, next_step=step)


def timed_out(exercise: Exercise, check: str | None, where: str | None = None, code: str | None = None) -> Verdict:
    """The time limit passed; `where` is the line that was running, if known."""
    says = f"Not finished after {exercise.time_limit:g} s, the limit of this exercise: is there a loop that never ends?"
    return Verdict(exercise.name, Outcome.TIMEOUT, says, check, where=where, code=code, next_step=_hint(exercise))


def out_of_memory(exercise: Exercise, check: str | None, where: str | None = None, code: str | None = None) -> Verdict:
    """The memory limit was reached."""
    says = (
        f"More than {exercise.memory_mb / 1024:g} GiB of memory was asked for: "
        "is a tensor built that is far larger than the input?"
    )
    return Verdict(exercise.name, Outcome.OUT_OF_MEMORY, says, check, where=where, code=code, next_step=_hint(exercise))


def died(
    exercise: Exercise, check: str | None, exit_code: int, where: str | None = None, code: str | None = None
) -> Verdict:
    """The judging process ended without a verdict. exit_code: as in `subprocess`, negative for a signal."""
    outcome = Outcome.CRASHED
    if exit_code >= 0:
        says = f"Your code ended the Python process (exit code {exit_code}): take out os._exit() and the like."
    elif -exit_code == signal.SIGKILL:
        says = "The process that ran your code was killed from outside, most likely because memory ran out."
        return Verdict(
            exercise.name, Outcome.OUT_OF_MEMORY, says, check, where=where, code=code, next_step=_hint(exercise)
        )
    else:
        name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else f"signal {-exit_code}"
        words = {"SIGSEGV": "a segmentation fault", "SIGABRT": "an abort"}.get(name, name)
        says = f"The Python process died of {words} while your code ran: look at calls into C (ctypes, as_strided, …)."
    return Verdict(exercise.name, outcome, says, check, where=where, code=code, next_step=_hint(exercise))


def grader_error(exercise: Exercise, error: BaseException | str, check: str | None = None) -> Verdict:
    """Our own fault, said as such; it never counts as the learner's mistake."""
    message = error if isinstance(error, str) else message_of(error)
    says = f"The check itself failed, which is not your mistake: {message}"
    step = "please report this, with the lines above, where you got the course from"
    return Verdict(exercise.name, Outcome.GRADER_ERROR, says, check, next_step=step)
