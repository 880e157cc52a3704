"""Commands for those who write the course: new, build, gate."""

from typing import Annotated

import typer

from course_utils.catalog import load_catalog
from course_utils.learner.screen import shown_path

NewName = Annotated[str, typer.Argument(metavar="NAME", help="The Python name of the new function or class.")]
Title = Annotated[str, typer.Option(help="The heading over it.")]
InChapter = Annotated[str, typer.Option(help="The chapter it belongs to: 1 or ch01.")]
After = Annotated[str | None, typer.Option(help="The exercise that it follows; otherwise it comes last.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; say what differs from its source.")]
Execute = Annotated[bool, typer.Option("--execute", help="Run the solutions first, for figures and numbers.")]
Parts = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Exercises or chapters; without any, everything.")
]


def new(name: NewName, title: Title, chapter: InChapter, after: After = None) -> None:
    """Start an exercise: its record, its cells in the solutions, and its check file, ready to fill in."""
    from course_utils.authoring.new import new_exercise, next_steps

    catalog = load_catalog()
    part = catalog.find_chapter(chapter)
    for path in new_exercise(catalog, name, title, part, catalog.find_exercise(after) if after else None):
        typer.echo(f"written: {shown_path(path, part.root)}")
    typer.echo(next_steps(name, part))


def build(check: Check = False, execute: Execute = False) -> None:
    """Write the chapters that learners open from the solutions. With --check the exit status says whether all agree."""
    from course_utils.authoring.build import build as build_course

    lines = build_course(load_catalog(), check=check, execute=execute)
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo("Every generated file is what its source gives.")
    raise typer.Exit(1 if check and lines else 0)


def gate(names: Parts = None) -> None:
    """Prove that the course holds: stubs fail, solutions pass, every known wrong answer is caught."""
    from course_utils.authoring.gate import run_gate

    raise typer.Exit(0 if run_gate(load_catalog(), names or [], say=typer.echo) else 1)
