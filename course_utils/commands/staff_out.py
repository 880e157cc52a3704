"""Commands for those who teach, about results that are there: grades export, grades report, gradescope."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_utils.catalog import CourseError, course_root, load_catalog
from course_utils.learner.screen import shown_path
from course_utils.learner.state import state_folder, write_atomically

if TYPE_CHECKING:
    from course_utils.staff.reading import Read
    from course_utils.staff.results import Result

_EXAMPLES = """\b
Examples:
  course grades export results --format csv --out grades.csv
  course grades export results --format html
  course grades report results --roster roster.csv
  course grades drop results doe_jane --chapter ch01
"""

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, epilog=_EXAMPLES)


class Format(StrEnum):
    """What results can be written as; the last three are one file a person."""

    CSV = "csv"
    JUNIT = "junit"
    GRADESCOPE = "gradescope"
    EXERCISM = "exercism"
    HTML = "html"


Results = Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder that `course grade` wrote.")]
As = Annotated[Format, typer.Option("--format", help="Which form: csv and junit are one file for all of the class.")]
Out = Annotated[
    Path | None, typer.Option(help="A file for csv and junit, else a folder; without it the screen, or RESULTS/FORMAT.")
]
OnlyChapter = Annotated[str | None, typer.Option("--chapter", help="The results for this chapter alone.")]
Bom = Annotated[bool, typer.Option("--bom", help="csv: mark the file as UTF-8, as Excel wants it.")]
Outcomes = Annotated[bool, typer.Option("--outcomes", help="csv: say how each exercise came out, not its points.")]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="The person, as `course grade` calls them.")]
Roster = Annotated[
    Path | None, typer.Option(metavar="CSV", help="Who should have handed in: a column “person”, or the first one.")
]
ReportOut = Annotated[Path | None, typer.Option(help="The page's file; otherwise RESULTS/report.html.")]
ChapterName = Annotated[str, typer.Argument(metavar="CHAPTER", help="The chapter that the autograder is for: ch01.")]
ZipOut = Annotated[Path, typer.Option(help="The zip's file.")]
Required = Annotated[
    str,
    typer.Option(
        metavar="LEVEL",
        help="bubblewrap, namespaces, landlock or rlimits: in a container that offers less, nothing is graded.",
    ),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file with the secret behind the hidden seeds, that exists, chmod 600; else one is made and kept.",
    ),
]


@app.callback()
def grades() -> None:
    """For staff: results in other forms, and a report on the class."""


@app.command(short_help="Results as CSV, JUnit, for Gradescope, for Exercism, or as pages for learners.")
def export(
    results: Results,
    format: As,
    out: Out = None,
    chapter: OnlyChapter = None,
    bom: Bom = False,
    outcomes: Outcomes = False,
) -> None:
    """Write results in another form. RESULTS stays as it is; no export shows the inputs of a check."""
    from course_utils.staff.exports.csv import class_csv
    from course_utils.staff.exports.junit import junit

    found = _chosen(_read(results), results, chapter)
    if format is Format.CSV:
        _one_file(class_csv(found, bom=bom, outcomes=outcomes), out)
    elif format is Format.JUNIT:
        _one_file(junit(found), out)
    else:
        _file_each(found, format, out or results / str(format))


def _one_file(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
    else:
        _write(out, text)
        typer.echo(f"Written: {out}")


def _file_each(found: "list[Result]", format: Format, folder: Path) -> None:
    from course_utils.staff.exports.exercism import exercism
    from course_utils.staff.exports.gradescope import gradescope
    from course_utils.staff.exports.page import page
    from course_utils.staff.store import file_name

    titles = {chapter.key: chapter.title for chapter in load_catalog().chapters}
    forms: dict[Format, Callable[[Result], str]] = {
        Format.GRADESCOPE: gradescope,
        Format.EXERCISM: exercism,
        Format.HTML: lambda one: page(one, titles.get(one.graded.chapter, "")),
    }
    suffix = ".html" if format is Format.HTML else ".json"
    for one in found:
        name = file_name(one.graded.person, one.graded.chapter).removesuffix(".json") + suffix
        _write(folder / name, forms[format](one))
    typer.echo(f"Written: {len(found)} files in {folder}")


@app.command(short_help="Where the class is stuck, as a page and a few lines.")
def report(results: Results, roster: Roster = None, out: ReportOut = None, chapter: OnlyChapter = None) -> None:
    """Write a page on the class: where people are stuck, which misconceptions they have, who is missing."""
    from course_utils.staff.exports.class_page import class_page, lines
    from course_utils.staff.report import class_reports
    from course_utils.staff.roster import read_roster

    titles = {one.key: one.title for one in load_catalog().chapters}
    people = read_roster(roster) if roster else None
    read = _read(results)
    reports = class_reports(_chosen(read, results, chapter), people, titles)
    target = out or results / "report.html"
    _write(target, class_page(reports))
    for one in reports:
        for line in lines(one, read.refused):
            typer.echo(line)
    typer.echo(f"\nWritten: {target}")


@app.command(short_help="Take a person's results out of the class; they are moved aside.")
def drop(results: Results, person: Person, chapter: OnlyChapter = None) -> None:
    """Take a person's results out of exports and reports: of a file that was renamed, or isn't handed in any more.

    Nothing is destroyed: results files are moved to RESULTS/dropped, and grading such a file brings its result back.
    """
    from course_utils.staff.alone import alone
    from course_utils.staff.store import DATABASE, Store

    key = load_catalog().find_chapter(chapter).key if chapter else None
    if not (results / DATABASE).is_file():
        raise CourseError(f"There are no results in {results}: name the folder that `course grade` wrote.")
    with alone(results), Store(results) as store:
        found = [one for one in store.counting() if one[0] == person and key in (None, one[1])]
        if not found:
            of = f" for {key}" if key else ""
            raise CourseError(f"There are no results of {person}{of} in {results}: capitals matter here.")
        for one in found:
            typer.echo(f"Taken out: {shown_path(store.drop(*one), results)}")


def gradescope(
    chapter: ChapterName, out: ZipOut, require_jail: Required = "namespaces", secret_file: SecretFile = None,
) -> None:  # fmt: skip
    """Make the zip from which Gradescope builds an autograder for a chapter.

    It holds the chapter's solution, checks and the secret: give it to Gradescope and to nobody else. A submission is
    graded inside of Gradescope's container, in the strongest jail that can be had there; its level is in every result.
    A container that offers less than --require-jail grades nothing and says so to staff; then choose a lower level
    knowingly: STAFF.md says what each is worth.
    """
    from course_utils.jail.walls.levels import Level
    from course_utils.staff.gradescope_zip import autograder_zip
    from course_utils.staff.seeds import kept_secret, read_secret

    found = load_catalog().find_chapter(chapter)
    level = Level.named(require_jail).name.lower()
    if secret_file is None:
        kept = state_folder(course_root()) / "gradescope"
        kept.mkdir(exist_ok=True)
        secret = kept_secret(kept)
        where = shown_path(kept / "secret", course_root())
        typer.echo(f"The secret is kept in {where}: with it, the next zip draws the same hidden inputs.")
    else:
        secret = read_secret(secret_file)
    data = autograder_zip(found, secret, {"chapter": found.key, "require_jail": level})
    _write(out, data)
    typer.echo(f"Written: {out} ({len(data) / 1e6:.1f} MB), for {found.key}, in a jail of level {level} or better")


def _read(folder: Path) -> "Read":
    """The results in a folder; what isn't among them is said on stderr."""
    from course_utils.staff.exports.plain import one_line
    from course_utils.staff.reading import read_results

    found = read_results(folder)
    for complaint in found.complaints:
        typer.echo(f"not graded: {one_line(complaint, 400)}", err=True)
    return found


def _chosen(found: "Read", folder: Path, chapter: str | None) -> "list[Result]":
    if chapter is None:
        return list(found.results)
    key = load_catalog().find_chapter(chapter).key
    chosen = [one for one in found.results if one.graded.chapter == key]
    if not chosen:
        raise CourseError(f"There are no results for {key} in {folder}: leave --chapter out to see what there is.")
    return chosen


def _write(path: Path, content: str | bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise CourseError(f"{path} can't be written ({error.strerror}): name another place with --out.") from None
