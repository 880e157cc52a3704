"""What every export says about one exercise to the person who handed it in, as plain text.

The firewall between a hidden check and the learner: the values of an input, what was expected and what the code printed
are left out unless staff ask for `values`, whatever the verdict holds.
"""

from textwrap import dedent

from course_utils.grading.report import check_title
from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.plain import one_line, tidy
from course_utils.staff.results import ExerciseResult, Graded

LONGEST = 4000  # characters of one exercise's text


def title_of(row: ExerciseResult) -> str:
    """The exercise as a heading: its title and its name in the file."""
    return f"{one_line(row.title)} ({one_line(row.name)})"


def reading_of(row: ExerciseResult) -> str | None:
    """What is probably behind a failure, as one sentence: a belief that gives the same result, else what is off."""
    if row.verdict.ok:
        return None
    if row.verdict.belief:
        return f"This is what comes out when {one_line(row.verdict.belief, 500)}."
    if row.verdict.diagnosis:
        text = one_line(row.verdict.diagnosis, 500)
        return f"Looking at the numbers: {text}{'' if text.endswith('?') else '.'}"
    return None


def neighbours_of(row: ExerciseResult) -> str | None:
    """How earlier exercises took part, as one sentence."""
    if row.blocked_by:
        return f"It uses {_names(row.blocked_by)}, which did not pass: mend that first."
    if row.with_reference_for:
        return f"It was judged with the course's own {_names(row.with_reference_for)}, as yours did not pass."
    return None


def place_of(row: ExerciseResult) -> tuple[str, str] | None:
    """Their own line that was running, as its place and its text; None where it isn't known."""
    if row.verdict.ok or not row.verdict.where:
        return None
    return one_line(row.verdict.where), dedent(tidy(row.verdict.code or "", 300)).rstrip()


def next_step_of(row: ExerciseResult) -> str | None:
    """What to do now."""
    return one_line(row.verdict.next_step, 300) or None


def check_of(row: ExerciseResult) -> str | None:
    """Which check failed, in words: "check 4 of 6: eps is under the root"."""
    verdict = row.verdict
    if verdict.ok or not verdict.check or row.outcome is Outcome.NOT_ATTEMPTED:
        return None
    count = f"check {verdict.passed + 1} of {verdict.total}: " if verdict.total else "check: "
    return count + one_line(check_title(verdict.check))


def evidence_of(row: ExerciseResult, values: bool) -> list[str]:
    """With `values`: the input that fails, what was expected, what came. Without: nothing."""
    return [one_line(detail, 300) for detail in row.verdict.details] if values else []


def text_of(row: ExerciseResult, values: bool = False) -> str:
    """All of it as lines: what was found, what may be behind it, where, what next."""
    place = place_of(row)
    lines = [
        check_of(row),
        tidy(row.verdict.says, 1500),
        reading_of(row),
        neighbours_of(row),
        *evidence_of(row, values),
        *([f"{place[0]}:", *(f"    {line}" for line in place[1].splitlines()[:2])] if place else []),
    ]
    if step := next_step_of(row):
        lines.append(f"Next: {step}")
    return tidy("\n".join(line for line in lines if line), LONGEST)


def summary_of(graded: Graded) -> str:
    """One sentence on the whole file."""
    totals = graded.totals
    text = f"{totals.points} of {totals.max_points} points: {totals.passed} of {totals.exercises} exercises pass."
    if not totals.decided:
        text += (
            f" {totals.undecided} points are not decided: the grader itself failed there, which counts against nobody."
        )
    return text


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(one_line(name) for name in names)
