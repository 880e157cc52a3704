"""The examples in the docstrings of the model run."""

import ast
import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import course_utils.model

NAMES = [found.name for found in pkgutil.walk_packages(course_utils.model.__path__, "course_utils.model.")]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert not failed


@pytest.mark.parametrize("name", NAMES)
def test_files_and_functions_stay_short(name):
    """A file is read in one sitting: at most 200 lines, and 40 for a function besides its docstring."""
    path = importlib.import_module(name).__file__
    text = Path(path).read_text(encoding="utf-8")
    assert text.count("\n") <= 200
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    lengths = {
        f.name: f.end_lineno - f.lineno - (ast.get_docstring(f, clean=False) or "").count("\n") for f in functions
    }
    assert not {name: length for name, length in lengths.items() if length > 40}
