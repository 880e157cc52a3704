"""A verdict as text for a terminal or a notebook: at most twelve lines. Imports no torch."""

import textwrap

from course_utils.grading.printed import printable
from course_utils.grading.verdict import Outcome, Verdict

WIDTH = 100
LINES = 12
_SIGN = {Outcome.PASSED: "✓", Outcome.NOT_ATTEMPTED: "·"}
_WORD = {
    Outcome.PASSED: "passed",
    Outcome.WRONG: "not yet",
    Outcome.CRASHED: "your code raised an error",
    Outcome.TIMEOUT: "too slow",
    Outcome.OUT_OF_MEMORY: "out of memory",
    Outcome.NOT_ATTEMPTED: "not attempted yet",
    Outcome.NOT_LOADABLE: "could not be loaded",
    Outcome.GRADER_ERROR: "the grader failed",
}
_COLOUR = {Outcome.PASSED: "32", Outcome.NOT_ATTEMPTED: "33"}


def check_title(name: str) -> str:
    """A check's name as words.

    >>> check_title("test_eps_is_under_the_root")
    'eps is under the root'
    """
    return name.removeprefix("test_").replace("_", " ")


def as_line(verdict: Verdict, colour: bool = False) -> str:
    """One line: sign, name, outcome, checks passed."""
    sign = _SIGN.get(verdict.outcome, "✗")
    count = f" ({verdict.passed}/{verdict.total} checks)" if verdict.total else ""
    return _paint(f"{sign} {verdict.exercise}: {_WORD[verdict.outcome]}{count}", verdict.outcome, colour)


def as_text(verdict: Verdict, colour: bool = False, width: int = WIDTH) -> str:
    """The whole verdict, in at most twelve lines: what failed, why it may be, the smallest case, what next.

    width: characters after which a sentence goes on in a line of its own.

    Whatever a learner's code put into it, nothing comes out that a terminal would obey.
    """
    head = _SIGN.get(verdict.outcome, "✗") + f" {verdict.exercise}: {_WORD[verdict.outcome]}"
    if verdict.check and not verdict.ok:
        where = f"check {verdict.passed + 1} of {verdict.total}: " if verdict.total else "check: "
        head += f" · {where}{check_title(verdict.check)}"
    if verdict.ok:
        body = [f"  {_flat(verdict.says)}"]
    else:
        body = _explanation(verdict, width) + _evidence(verdict)
    body = [line.rstrip() for line in body + _printed(verdict)]
    last = [f"  Next: {_flat(verdict.next_step)}"] if verdict.next_step else []
    room = LINES - 1 - len(last)
    if len(body) > room:
        body = [*body[: room - 1], "  …"]
    return "\n".join([_paint(head, verdict.outcome, colour), *body, *last])


def _explanation(verdict: Verdict, width: int) -> list[str]:
    sentences = [verdict.says]
    if verdict.belief:
        sentences.append(f"This is what comes out when {verdict.belief}.")
    elif verdict.diagnosis:
        sentences.append(f"Looking at the numbers: {verdict.diagnosis}{'' if verdict.diagnosis.endswith('?') else '.'}")
    return [line for sentence in sentences for line in _wrap(sentence, width)][:6]


def _flat(text: str) -> str:
    """One line of a bounded length."""
    text = " ".join(printable(text).splitlines())
    return text if len(text) <= WIDTH + 20 else f"{text[: WIDTH + 19]}…"


def _evidence(verdict: Verdict) -> list[str]:
    lines = [f"  {_flat(detail)}" for detail in verdict.details]
    if verdict.where:
        lines.append(f"  {_flat(verdict.where)}" + (":" if verdict.code else ""))
        lines += [f"      {_flat(line)}" for line in (verdict.code or "").splitlines()[:2]]
    return lines


def _printed(verdict: Verdict) -> list[str]:
    if not verdict.printed.strip():
        return []
    lines = printable(verdict.printed).strip().splitlines()
    shown = [f"    {_flat(line)}" for line in (lines if len(lines) <= 3 else [*lines[:2], "…"])]
    return ["  Your code printed:", *shown]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text), width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _paint(text: str, outcome: Outcome, colour: bool) -> str:
    return f"\033[{_COLOUR.get(outcome, '31')}m{text}\033[0m" if colour else text
