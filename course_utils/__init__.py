"""What a notebook of the course imports: `check`, `hint`, `solution`, `load_specimen`. Importing it loads no torch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.model import HookedTransformer

__all__ = ["check", "hint", "load_specimen", "solution"]


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


def load_specimen(name: str, *, step: int | None = None, raw: bool = False) -> "HookedTransformer":
    """A trained model of the course by its name (`course specimens` lists them), with its tokenizer, ready to run.

    step: a checkpoint from the middle of its training, where the specimen ships some. raw: the weights as trained;
    otherwise LayerNorm is folded and writing weights are centred, which changes no probability.
    Raises CourseError, naming what there is, for another name or step, and for files that don't fit.
    """
    from course_utils.specimens.load import load

    return load(name, step=step, raw=raw)
