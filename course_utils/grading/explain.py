"""From a check that did not pass to a verdict that teaches: the evidence, the numbers, the belief behind it."""

from typing import Any

from course_utils.catalog import Exercise
from course_utils.grading.checks import Check, load_checks, quiet_torch
from course_utils.grading.compare import Wrong, same
from course_utils.grading.crash import message_of
from course_utils.grading.diagnose import diagnose
from course_utils.grading.frames import elsewhere, where_in_theirs
from course_utils.grading.hidden import KINDS, label, private
from course_utils.grading.kinds import came_back, is_ordinary
from course_utils.grading.mutants import load_reference
from course_utils.grading.show import change, short
from course_utils.grading.verdict import Outcome, Verdict, grader_error
from course_utils.grading.watched import Calls, watch


def wrong_verdict(exercise: Exercise, name: str, wrong: Wrong, calls: Calls, *, explain: bool = True) -> Verdict:
    """The verdict on an answer that a check found wrong, with the call that showed it."""
    says, gap = wrong.says, wrong.gap
    if gap and wrong.kind in ("type", "shape", "dtype", "finite"):  # the plain fact first, then the author's sentence
        gap = wrong.fact if private() else gap
        fact = f"{gap[0].upper()}{gap[1:].rstrip('.')}." if gap else KINDS[wrong.kind]
        says, gap = f"{fact} {says}".replace("?.", "?"), None
    details: list[tuple[str, str]] = []
    if wrong.kind == "changed_input":
        details.append(("after", change(wrong.expected, wrong.got)))
    else:
        details += [("expected", short(wrong.expected))] if wrong.expected is not None else []
        details += [("yours", short(wrong.got))] if wrong.got is not None else []
    details += [("", gap)] if gap else []
    found = where_in_theirs(wrong.__cause__) if wrong.__cause__ else None  # an exception that was not the wanted one
    belief = _belief(exercise, name, wrong) if explain else None
    numeric = wrong.kind in ("value", "shape") and not belief  # a belief says more, and two readings would contradict
    diagnosis = diagnose(wrong.expected, wrong.got, calls.sizes()) if numeric else None
    return Verdict(
        exercise.name,
        Outcome.WRONG,
        says,
        name,
        diagnosis=label(diagnosis) if private() else diagnosis,
        belief=belief,
        details=() if private() else with_line(calls) + tuple(f"{at:9} {text}" if at else text for at, text in details),
        where=found.text if found else None,
        code=found.code if found else None,
        next_step=f"course hint {exercise.name}",
    )


def with_line(calls: Calls) -> tuple[str, ...]:
    """The last call as a line of the report, if there was one and it may be shown."""
    shown = "" if private() else calls.shown()
    return (f"{'with':9} {shown}",) if shown else ()


def _belief(exercise: Exercise, name: str, wrong: Wrong) -> str | None:
    """The belief of the mutant that gives the same wrong answer in the same comparison, if there is one."""
    if wrong.got is None or wrong.kind in ("signature", "changed_input"):
        return None
    checks = load_checks(exercise)
    try:
        reference = load_reference(exercise)
        # A mutant that an earlier check catches is not what this learner did: they have passed that check.
        for mutant in (mutant for mutant in checks.mutants if mutant.check == name):
            twin = _failure(checks.checks[name], exercise, reference.variant(mutant.edit, mutant.belief))
            if twin and twin.comparison == wrong.comparison and same(twin.got, wrong.got):
                return mutant.belief
    except Exception:  # without the solutions at hand there are no beliefs to name
        return None
    return None


def _failure(check: Check, exercise: Exercise, thing: Any) -> Wrong | None:
    subject, _ = watch(thing, exercise.name, may_change_input=exercise.may_change_input)
    try:
        with quiet_torch():
            check(subject)
    except Wrong as wrong:
        return wrong
    except Exception:
        return None
    return None


def unusable(exercise: Exercise, name: str, error: BaseException, calls: Calls) -> Verdict:
    """An exception with no line of theirs in it: the check could not use what came back, or the check is at fault."""
    try:
        fine = _passes_reference(exercise, name)
    except Exception:
        fine = False
    if not fine:
        return grader_error(exercise, type(error).__name__ if private() else error, name)  # it may hold an input
    if private():
        says = f"{exercise.name} gave something that the check can't use."
        if (told := elsewhere(error)) and told.line:  # past the firewall already
            says = f"A call of {exercise.name} did not go through: {told.line}"
        elif calls.returned:
            what = came_back(calls.result, bare=True)
            says = f"{says} {what[0].upper()}{what[1:]}"
        return Verdict(exercise.name, Outcome.WRONG, says, name, next_step=f"course hint {exercise.name}")
    message, came = message_of(error), calls.result
    details = list(with_line(calls))
    if not calls.returned:
        says = f"A call of {exercise.name} did not go through: {message}"
    else:
        plain = is_ordinary(came) or isinstance(came, int | float | str | list | tuple | dict)
        what = f"What came back is {short(came, 60)}" if plain else came_back(came)
        says = f"{exercise.name} gave something that the check can't use. {what[0].upper()}{what[1:]}"
        details.append(message)
    return Verdict(
        exercise.name, Outcome.WRONG, says, name, details=tuple(details), next_step=f"course hint {exercise.name}"
    )


def _passes_reference(exercise: Exercise, name: str) -> bool:
    subject, _ = watch(load_reference(exercise).thing, exercise.name, may_change_input=exercise.may_change_input)
    with quiet_torch():
        load_checks(exercise).checks[name](subject)
    return True
