"""What a notebook of the course imports: `check`, `hint`, `solution`. Importing it loads no torch."""

from typing import Any

__all__ = ["check", "hint", "solution"]


def check(thing: Any) -> None:
    """Check an exercise, print what came of it, and note it.

    thing: your function or class (`check(LayerNorm)`), judged as it is in this notebook, or its name
    (`check("LayerNorm")`), judged as it was last saved in the chapter's file.
    """
    from course_utils.learner import notebook

    notebook.check(thing)


def hint(name: Any, rung: int | None = None) -> None:
    """Print one more hint for an exercise, or the one with this number (1 is the gentlest)."""
    from course_utils.learner import notebook

    notebook.hint(name, rung)


def solution(name: Any, anyway: bool = False) -> None:
    """Print the course's own solution, once yours passes. `anyway=True` prints it before that, and notes it."""
    from course_utils.learner import notebook

    notebook.solution(name, anyway)
