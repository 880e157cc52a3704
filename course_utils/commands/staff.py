"""Commands for those who teach: grade."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_utils.catalog import Catalog, load_catalog
from course_utils.learner.screen import bar, print_json

if TYPE_CHECKING:
    from course_utils.staff.results import Result
    from course_utils.staff.run import Order
    from course_utils.staff.summary import Summary

Submissions = Annotated[
    Path, typer.Argument(metavar="SUBMISSIONS", help="A folder, a zip, a CSV (person,path[,chapter]) or one file.")
]
Out = Annotated[Path, typer.Option(metavar="RESULTS", help="The folder for results; it is made if need be.")]
OnlyChapter = Annotated[
    str | None, typer.Option("--chapter", help="Grade this chapter alone; files that name none are taken for it.")
]
Required = Annotated[
    str,
    typer.Option(
        metavar="LEVEL", help="bubblewrap, namespaces, landlock or rlimits: nothing is graded in a weaker jail."
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Files graded at once; as many as there are processors.")]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file with the secret behind the hidden seeds, that exists, chmod 600; else RESULTS/secret is made.",
    ),
]
Cluster = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Grade on this Dask cluster (tcp://host:8786).")]
Regrade = Annotated[
    bool, typer.Option("--regrade", help="Grade again what other checks graded; say what changed in unchanged files.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def grade(
    submissions: Submissions,
    out: Out,
    chapter: OnlyChapter = None,
    require_jail: Required = "namespaces",
    workers: Workers = None,
    secret_file: SecretFile = None,
    cluster: Cluster = None,
    regrade: Regrade = False,
    json: Json = False,
) -> None:
    """Grade what learners handed in, each file in a jail, and keep the results.

    Whose a file is: in a folder or zip, the name of the folder it lies in (jane/ch01_transformers.py), or what stands
    before the chapter in its own name (jane_ch01_transformers.py); in a CSV, what the column says. A wrapper folder
    around everything doesn't count. Which chapter it answers: its name says (ch01_…), else its first line, else
    what it defines. A .py and an .ipynb that hold the same code are one file.

    Points: those of each exercise that passes all its checks. One that fails because it builds on an earlier one is
    judged with the course's own in that one's place. What the grader itself fails at is not decided, and costs nothing.

    A file that was graded before is not graded again, so a run that was interrupted goes on where it was. RESULTS then
    holds results/ (a JSON file a person and chapter), class.sqlite, run.json and secret, which nobody else may read.

    The exit status is 0 when everything is graded, 1 when something was refused or not decided, 2 when nothing was,
    130 when you stopped it.
    """
    from course_utils.staff.run import Order

    catalog = load_catalog()
    only = catalog.find_chapter(chapter) if chapter else None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    order = Order(submissions, out, require_jail, only, workers or cores, secret_file, cluster, regrade)
    summary = _watched(order, catalog, shown=sys.stderr.isatty() and not json)
    if json:
        print_json(summary.to_dict())
    else:
        _tell(summary, order)
    raise typer.Exit(0 if summary.ok else 1)


def _watched(order: "Order", catalog: Catalog, *, shown: bool) -> "Summary":
    """The run, with a line of progress if it is to be shown. Ctrl-C ends the command with a sentence."""
    from course_utils.staff.run import run

    clear = "\r\033[K" if shown else ""
    so_far = 0

    def progress(done: int, total: int, result: "Result | None") -> None:
        nonlocal so_far
        so_far = done
        if shown:
            _progress(done, total, result)

    try:
        return run(order, catalog, progress)
    except KeyboardInterrupt:
        typer.echo(
            f"{clear}stopped; {so_far} {'result is' if so_far == 1 else 'results are'} kept, the same command goes on.",
            err=True,
        )
        raise typer.Exit(130) from None
    finally:
        sys.stderr.write(clear)  # the line of progress has served its time


def _tell(summary: "Summary", order: "Order") -> None:
    """The table of the run, then what staff should know of it; complaints go to stderr."""
    from course_utils.staff.intake.files import printable
    from course_utils.staff.summary import table

    for line in table(summary):
        typer.echo(line)
    sys.stdout.flush()  # before what goes to stderr
    for complaint in summary.refused:
        typer.echo(f"not graded: {complaint}", err=True)
    for result in summary.undecided:
        failed = next(row for row in result.graded.exercises if not row.decided)
        typer.echo(f"not decided: {result.graded.person}, {failed.name}: {failed.verdict.says}", err=True)
    for change in summary.changes:
        typer.echo(f"changed: {change}")
    if order.regrade and not summary.changes:
        typer.echo(
            "No outcome changed in the files that are the same as before; new and changed files aren't compared."
        )
    if summary.absent:
        gone = printable(", ".join(summary.absent))
        typer.echo(f"results of earlier runs without a file here: {gone} (`course grades drop` takes them out)")
    typer.echo(f"\n{_counts(summary)} Results: {order.out}")


def _counts(summary: "Summary") -> str:
    """The run in one sentence."""
    graded = len(summary.results) - summary.from_before
    words = [f"{graded} graded now, {summary.from_before} before"]
    words += [f"{len(summary.refused)} not graded"] * bool(summary.refused)
    words += [f"{len(summary.undecided)} not decided"] * bool(summary.undecided)
    words += [f"{summary.passed_over} for other chapters"] * bool(summary.passed_over)
    return f"{', '.join(words)}."


def _progress(done: int, total: int, result: "Result | None") -> None:
    from course_utils.staff.intake.files import printable

    last = printable(result.graded.person) if result else "starting"
    line = f"\r{bar(done, total)} {done}/{total}  {last[:40]:40}"
    sys.stderr.write(line)
    sys.stderr.flush()
