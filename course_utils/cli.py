"""The `course` command. Imports no torch; what a command needs is imported when it runs (see `commands/`)."""

import sys
from collections.abc import Callable
from typing import Any

import typer

from course_utils.catalog import CourseError
from course_utils.commands import author, learn, machine, specimens, staff, staff_out
from course_utils.learner.screen import as_typed, print_json

_HELP = """Glassbox: a course in mechanistic interpretability in which every exercise is checked.

Open a chapter in chapters/, as a notebook or as a .py file, and edit one exercise at a time. Then:

\b
  course check LayerNorm     judge one exercise
  course watch               judge what you edit, every time you save
  course hint LayerNorm      one more hint

Every command has examples: course check --help
"""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: drawing it with rich costs more than everything else here
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _add(function: Callable[..., Any], short: str, *examples: str) -> None:
    """A command, named as the function; `short` is its line in the list, the examples stand at the foot of its help."""
    epilog = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples)
    app.command(function.__name__.rstrip("_"), short_help=short, epilog=epilog)(function)


_add(learn.list_, "The exercises, and which are done.", "course list", "course list ch01", "course list --json")
_add(
    learn.check,
    "Judge an exercise or a chapter.",
    "course check",
    "course check LayerNorm",
    "course check ch01",
    "course check MLP --file my_answer.py",
)
_add(learn.watch, "Judge what you edit, on every save.", "course watch", "course watch ch01")
_add(learn.hint, "One more hint each time.", "course hint LayerNorm", "course hint LayerNorm 1")
_add(learn.solution, "The course's own solution.", "course solution LayerNorm", "course solution LayerNorm --anyway")
_add(learn.reset, "Put a stub back, keeping a copy.", "course reset LayerNorm", "course reset ch01")
_add(learn.sync, "Bring .py and .ipynb in step.", "course sync", "course sync ch01 --keep py")
_add(learn.progress, "How far you are, and what is next.", "course progress", "course progress --json")
_add(machine.site, "Read the course in a browser.", "course site", "course site --port 8600 --no-browser")
_add(machine.doctor, "Find what is wrong with the installation.", "course doctor")
app.add_typer(specimens.app, name="specimens", short_help="The trained models that come with the course.")
_add(
    staff.grade,
    "For staff: grade what learners handed in.",
    "course grade submissions --out results",
    "course grade export.zip --out results --chapter ch01",
    "course grade list.csv --out results --workers 8 --json",
    "course grade submissions --out results --regrade",
)
app.add_typer(staff_out.app, name="grades", short_help="For staff: results as CSV and pages, and a report.")
_add(
    staff_out.gradescope,
    "For staff: the zip of a Gradescope autograder.",
    "course gradescope ch01 --out autograder.zip",
    "course gradescope ch01 --out autograder.zip --require-jail landlock",
)
_add(
    author.new,
    "For authors: start a new exercise.",
    'course new min_p_filter --title "Keep what is likely enough" --chapter ch01 --after top_p_filter',
)
_add(
    author.build,
    "For authors: make the chapters from the solutions.",
    "course build",
    "course build --check",
    "course build --execute",
)
_add(
    author.gate, "For authors: prove that the course holds.", "course gate", "course gate LayerNorm", "course gate ch01"
)


def main() -> None:
    """Run `course`. Ctrl-C is quiet; what a user can mend gives exit status 2.

    It is one line on stderr, or, with --json, an object on stdout whose only key is "error".
    """
    try:
        app()
    except CourseError as error:
        sys.stdout.flush()
        if "--json" in sys.argv:
            print_json({"error": str(error)})
        else:
            print(f"course: {as_typed(str(error))}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
