"""Checks, verdicts, and the one judge that pytest, notebook, command line, site and gate share.

The check files import `agree`, `require`, `refuses`, `Mutant`, `Accepted` from here. What is named here is loaded when
it is first used, so that the command line can reach the client and the verdicts without loading torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.grading.compare import Wrong, agree, refuses, require
    from course_utils.grading.judge import judge_file, run_check
    from course_utils.grading.mutants import Accepted, Mutant
    from course_utils.grading.verdict import Outcome, Verdict

__all__ = [
    "Accepted",
    "Mutant",
    "Outcome",
    "Verdict",
    "Wrong",
    "agree",
    "judge_file",
    "refuses",
    "require",
    "run_check",
]

_HOME = {
    **dict.fromkeys(("Wrong", "agree", "refuses", "require"), "compare"),
    **dict.fromkeys(("judge_file", "run_check"), "judge"),  # `judge` itself would clash with its module's name
    **dict.fromkeys(("Accepted", "Mutant"), "mutants"),
    **dict.fromkeys(("Outcome", "Verdict"), "verdict"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
