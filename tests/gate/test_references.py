"""The examples in the references' docstrings are true."""

import doctest

import pytest

from course_utils.catalog import load_catalog
from course_utils.grading.mutants import load_reference

EXERCISES = [exercise.name for exercise in load_catalog().exercises]


@pytest.mark.parametrize("name", EXERCISES)
def test_docstring_example(name):
    reference = load_reference(load_catalog().find_exercise(name))
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, verbose=False)
    said: list[str] = []
    for test in doctest.DocTestFinder(recurse=False).find(
        reference.thing, name, module=False, globs=dict(reference.submission.namespace)
    ):
        runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)
