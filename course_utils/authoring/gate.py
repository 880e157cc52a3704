"""The author's proof that a course holds: every stub fails, every reference passes, every wrong answer is caught.

One line an exercise, and a total. CI runs the same command.
"""

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import torch

from course_utils.authoring.course_rules import course_problems
from course_utils.authoring.memory import table_problems
from course_utils.authoring.purity import impure_names
from course_utils.authoring.stub import stub_of
from course_utils.authoring.trivial import trivial_answers
from course_utils.catalog import Catalog, CourseError, Exercise, load_catalog
from course_utils.grading.checks import Checks, load_checks
from course_utils.grading.judge import Events, judge
from course_utils.grading.limits import time_limit
from course_utils.grading.mutants import Reference, load_reference
from course_utils.grading.verdict import NotLoadable, Outcome, TimeUp, Verdict, timed_out

FEWEST_MUTANTS = 4


@dataclass
class Proof:
    """What the gate found for one exercise; it holds when there are no problems."""

    name: str
    problems: list[str] = field(default_factory=list)
    counts: str = ""
    seconds: float = 0.0

    def line(self) -> str:
        """The line of the report, with the problems under it."""
        sign = "✗" if self.problems else "✓"
        lines = [f"{sign} {self.name:24} {self.counts}  {self.seconds:.1f} s"]
        return "\n".join(lines + [f"    {problem}" for problem in self.problems])


def run_gate(
    catalog: Catalog, names: Iterable[str] = (), *, say: Callable[[str], Any] = print, workers: int = 2
) -> bool:
    """Prove the named exercises or chapters, or the whole course; True when everything holds.

    The whole course also proves what belongs to no single exercise: headings, order, stray and generated files.
    """
    start = perf_counter()
    wanted = _wanted(catalog, names)
    bad = 0
    context = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
    torch.set_num_threads(1)  # before forking: a thread pool does not survive it
    importlib.import_module("torch._dynamo")  # an optimizer loads it when made: once here, not once a worker
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for proof in pool.map(prove, (exercise.name for exercise in wanted)):
            say(proof.line())
            bad += bool(proof.problems)
    problems = course_problems(catalog) if not list(names) else []
    for problem in problems:
        say(f"✗ {problem}")
    say(
        f"{len(wanted)} exercises, {bad} with problems; {len(problems)} problems of the course as a whole; "
        f"{perf_counter() - start:.0f} s"
    )
    return not bad and not problems


def _wanted(catalog: Catalog, names: Iterable[str]) -> list[Exercise]:
    found: list[Exercise] = []
    for name in names:
        item = catalog.find(name)
        found += [item] if isinstance(item, Exercise) else item.exercises
    return found or list(catalog.exercises)


def prove(name: str) -> Proof:
    """Everything the gate asks of one exercise."""
    start = perf_counter()
    exercise = load_catalog().find_exercise(name)
    proof = Proof(name)
    try:
        reference, checks = load_reference(exercise), load_checks(exercise)
        proof.counts = (
            f"{len(checks.checks)} checks, {len(checks.mutants)} mutants, {len(checks.accepted)} other right answers"
        )
        proof.problems += _record(exercise) + _text(reference) + _right(reference, checks) + _trivial(reference)
        by_heart, caught = table_problems(reference, checks, _judge)
        proof.problems += by_heart + _mutants(reference, checks, caught)
    except (CourseError, NotLoadable) as error:
        proof.problems.append(str(error))
    except Exception as error:
        proof.problems.append(f"{type(error).__name__}: {error}")
    proof.seconds = perf_counter() - start
    return proof


def _judge(exercise: Exercise, thing: Any, *, events: Events | None = None) -> Verdict:
    try:
        with time_limit(exercise.time_limit):
            return judge(exercise, thing, events=events, explain=False)
    except TimeUp:  # the alarm rang between two checks
        return timed_out(exercise, None)


def _told(verdict: Verdict) -> str:
    check = f" in {verdict.check}" if verdict.check else ""
    return f"{verdict.outcome}{check}: {verdict.says}"


def _record(exercise: Exercise) -> list[str]:
    problems = []
    if not 2 <= len(exercise.hints) <= 4:
        problems.append(f"{len(exercise.hints)} hints: a ladder has two to four rungs.")
    if not 2 <= exercise.minutes <= 60:
        problems.append(f"{exercise.minutes} minutes: split what takes more than an hour.")
    return problems


def _text(reference: Reference) -> list[str]:
    """The reference as text: documented, typed, and pure."""
    problems = []
    thing = reference.thing
    if not (thing.__doc__ or "").strip():
        problems.append("the reference has no docstring.")
    if "Float[" not in reference.source and "Int[" not in reference.source and "->" not in reference.source:
        problems.append("the signature has no types.")
    path = load_catalog().chapter_of(reference.exercise).solution
    impure = impure_names(reference.source, reference.exercise.name, path.read_text(encoding="utf-8"))
    if impure:
        problems.append(f"the reference reads {', '.join(impure)} from the notebook: pass it in, or import it.")
    return problems


def _right(reference: Reference, checks: Checks) -> list[str]:
    problems = []
    exercise = reference.exercise
    verdict = _judge(exercise, reference.thing)
    if not verdict.ok:
        problems.append(f"the reference does not pass: {_told(verdict)}")
    stub = reference.compile(stub_of(reference.source, exercise), "stub")
    verdict = _judge(exercise, stub)
    if verdict.outcome is not Outcome.NOT_ATTEMPTED:
        problems.append(f"the stub should be not_attempted, but is {_told(verdict)}")
    for other in checks.accepted:
        verdict = _judge(exercise, reference.variant(other.edit, other.why))
        if not verdict.ok:
            problems.append(f"the accepted answer {other.why!r} does not pass: {_told(verdict)}")
    return problems


def _mutants(reference: Reference, checks: Checks, caught: set[str]) -> list[str]:
    """caught: checks that are there for another wrong answer."""
    problems = []
    if len(checks.mutants) < FEWEST_MUTANTS:
        problems.append(f"{len(checks.mutants)} mutants: at least {FEWEST_MUTANTS} are wanted.")
    for mutant in checks.mutants:
        verdict = _judge(reference.exercise, reference.variant(mutant.edit, mutant.belief))
        if verdict.ok:
            problems.append(f"the mutant {mutant.belief!r} passes.")
        elif verdict.outcome is not Outcome.WRONG or verdict.check != mutant.check:
            problems.append(f"the mutant {mutant.belief!r} should be caught by {mutant.check}, but is {_told(verdict)}")
    for name in set(checks.checks) - {mutant.check for mutant in checks.mutants} - caught:
        problems.append(f"{name} catches no mutant: what wrong answer is it for?")
    return sorted(problems)


def _trivial(reference: Reference) -> list[str]:
    problems = []
    for label, thing in trivial_answers(reference.thing):
        if _judge(reference.exercise, thing).ok:
            problems.append(f"an answer that {label} passes.")
    return problems
