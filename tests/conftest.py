"""Hands each check the thing under test.

`pytest tests/ch01_transformers` judges the learner's file; `--subject solutions` judges the reference.
A check's verdict comes from the same `run_check` as everywhere else, and its text is all that is shown.
"""

import re
from pathlib import Path

import pytest

CHECKS = re.compile(r"tests/(ch\d\d_\w+)/test_(\w+)\.py$")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--subject",
        choices=["chapters", "solutions"],
        default="chapters",
        help="whose answers the exercise checks judge: the learner's file (chapters) or the reference (solutions)",
    )


def _exercise_of(path: Path):
    """The exercise whose checks lie in `path`, or None for any other test file."""
    from course_utils.catalog import load_catalog

    match = CHECKS.search(path.as_posix())
    if not match:
        return None
    return next((e for e in load_catalog().exercises if e.chapter == match[1] and e.slug == match[2]), None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # A check's one argument is filled by run_check below; pytest must not look for a fixture of that name.
    if _exercise_of(metafunc.definition.path):
        (name,) = metafunc.fixturenames
        metafunc.parametrize(name, [None], ids=[""])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    exercise = _exercise_of(pyfuncitem.path)
    if exercise is None:
        return None
    from course_utils.catalog import load_catalog
    from course_utils.grading.judge import run_check
    from course_utils.grading.limits import time_limit
    from course_utils.grading.report import as_text
    from course_utils.grading.subject import load_submission
    from course_utils.grading.verdict import NotLoadable, TimeUp, from_exception

    chapter = load_catalog().chapter_of(exercise)
    path = chapter.solution if pyfuncitem.config.getoption("--subject") == "solutions" else chapter.script
    try:
        with time_limit(exercise.time_limit):
            submission = load_submission(path)
            thing = submission.get(exercise.name)
            verdict = run_check(exercise, pyfuncitem.originalname, thing, skipped=submission.skipped)
    except (NotLoadable, TimeUp, SystemExit) as error:  # a loop or an exit() in a class body, too
        verdict = from_exception(exercise, error)
    if not verdict.ok:
        pytest.fail(as_text(verdict), pytrace=False)
    return True
