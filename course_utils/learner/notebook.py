"""The learner's verbs in a notebook. They print text; a mistake that the reader can mend is printed too, not raised."""

import contextlib
import functools
import inspect
import linecache
import re
from collections.abc import Callable
from typing import Any, ParamSpec

from course_utils.authoring.stub import source_of
from course_utils.catalog import CourseError, Exercise, load_catalog
from course_utils.grading.printed import Printed
from course_utils.grading.report import as_text
from course_utils.grading.verdict import TimeUp, Verdict, timed_out
from course_utils.learner import ladder, progress
from course_utils.learner.fingerprints import digest_of

_P = ParamSpec("_P")


def _says_mistakes(verb: Callable[_P, None]) -> Callable[_P, None]:
    @functools.wraps(verb)
    def quiet(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            verb(*args, **kwargs)
        except CourseError as error:
            print(_as_verb(str(error)))

    return quiet


@_says_mistakes
def check(thing: Any) -> None:
    """Judge a live object here in this process, or a name by the chapter's file; see `course_utils.check`."""
    from course_utils.learner.checking import check_exercise, next_words

    catalog = load_catalog()
    exercise = catalog.find_exercise(_name_of(thing))
    chapter = catalog.chapter_of(exercise)
    if isinstance(thing, str):
        verdict = check_exercise(chapter, exercise)
    else:
        verdict = _judge_here(exercise, thing)
        progress.record(chapter.root, verdict, digest_of(_source_of(thing, exercise.name)), live=True)
    # Before it is laid out in lines, since a command could be cut by the end of one.
    print(as_text(verdict.with_(says=_as_verb(verdict.says), next_step=_as_verb(verdict.next_step))))
    if verdict.ok:
        print(_as_verb(f"  {next_words(catalog, exercise)}"))


@_says_mistakes
def hint(name: Any, rung: int | None = None) -> None:
    """Print the next hint; see `course_utils.hint`."""
    catalog = load_catalog()
    print(_as_verb(ladder.next_hint(catalog, catalog.find_exercise(_name_of(name)), rung)))


@_says_mistakes
def solution(name: Any, anyway: bool = False) -> None:
    """Print the reference; see `course_utils.solution`."""
    catalog = load_catalog()
    print(ladder.solution_text(catalog, catalog.find_exercise(_name_of(name)), anyway))


def _as_verb(text: str) -> str:
    """Commands in `text` as one types them in a notebook.

    >>> _as_verb("Next: course hint MLP"), _as_verb("`course solution MLP --anyway`")
    ('Next: hint("MLP")', '`solution("MLP", anyway=True)`')
    >>> _as_verb("course hint MLP 1, then course check MLP"), _as_verb("a course solution")
    ('hint("MLP", 1), then check(MLP)', 'a course solution')
    """
    text = re.sub(r"\bcourse solution (\w+) --anyway", r'solution("\1", anyway=True)', text)
    text = re.sub(r"\bcourse hint (\w+) (\d)\b", r'hint("\1", \2)', text)
    text = re.sub(r"\bcourse check (\w+)", r"check(\1)", text)
    return re.sub(r"\bcourse (hint|solution) (\w+)", r'\1("\2")', text)


def _name_of(thing: Any) -> str:
    """The name to look up. Raises CourseError for something that can't be an exercise."""
    if isinstance(thing, str):
        return thing
    name = getattr(thing, "__name__", None)
    if isinstance(name, str):
        return name
    kind = type(thing).__name__
    known = {exercise.name for exercise in load_catalog().exercises}
    remedy = f"give the class itself: check({kind})." if kind in known else "give your function or class, or its name."
    raise CourseError(f"This is an object of type {kind}, not an exercise: {remedy}")


def _judge_here(exercise: Exercise, thing: Any) -> Verdict:
    """Judge a live object in this process, under the exercise's time limit; what it prints is kept for the verdict."""
    from course_utils.grading.judge import judge
    from course_utils.grading.limits import time_limit

    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            with time_limit(exercise.time_limit):
                verdict = judge(exercise, thing)
        except TimeUp:  # it rang between two checks
            verdict = timed_out(exercise, None)
    return verdict.with_(printed=printed.shown())


def _source_of(thing: Any, name: str) -> str | None:
    """The text that defined a live function or class, found by the cell or file that its code was compiled from."""
    thing = inspect.unwrap(thing)
    inside = vars(thing).values() if isinstance(thing, type) else ()
    for part in [thing, *(inspect.unwrap(getattr(value, "__func__", value)) for value in inside)]:
        code = getattr(part, "__code__", None)
        if code is not None and code.co_qualname.split(".")[0] == name:
            return source_of("".join(linecache.getlines(code.co_filename)), name)
    return None
