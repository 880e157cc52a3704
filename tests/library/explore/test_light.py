"""What the computing imports: torch and nothing heavier, and nothing that draws."""

import doctest
import importlib
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from course_utils.explore import ablation, attention, attribution, lens, patching, predictions, prompt, question
heavy = {"streamlit", "transformer_lens", "sae_lens", "transformers", "plotly", "circuitsvis"} & set(sys.modules)
sys.exit(" ".join(sorted(heavy)) or 0)
"""


def test_no_streamlit_and_no_library_of_models():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["ablation", "attention", "snippet"])
def test_examples_in_docstrings(name):
    found = doctest.testmod(importlib.import_module(f"course_utils.explore.{name}"))
    assert found.attempted and not found.failed
