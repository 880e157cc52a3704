"""The learner's commands: list, check, watch, hint, solution, reset, sync, progress."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from course_utils.catalog import Catalog, Chapter, CourseError, Exercise, load_catalog
from course_utils.grading.verdict import Verdict
from course_utils.learner.overview import legend, list_lines, overview
from course_utils.learner.screen import as_typed, bar, colour, duration, first_failure, paint, print_json, shown_path

Name = Annotated[str, typer.Argument(metavar="NAME", help="An exercise, for example LayerNorm.")]
Target = Annotated[str, typer.Argument(metavar="NAME", help="An exercise (LayerNorm) or a chapter (1, ch01).")]
MaybeTarget = Annotated[
    str | None, typer.Argument(metavar="NAME", help="An exercise (LayerNorm) or a chapter (1, ch01).")
]
MaybeChapter = Annotated[str | None, typer.Argument(metavar="CHAPTER", help="A chapter: 1, ch01 or transformers.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
File = Annotated[Path | None, typer.Option(metavar="PATH", help="Judge this file instead of the chapter's own.")]
Rung = Annotated[int | None, typer.Argument(min=1, metavar="RUNG", help="Which hint; 1 is the gentlest.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Show it although your own doesn't pass yet.")]
Keep = Annotated[Literal["py", "ipynb"] | None, typer.Option(help="Where both were edited: the one that is right.")]


def list_(chapter: MaybeChapter = None, json: Json = False) -> None:
    """Show the exercises in order, and which are done.

    \b
    ✓ done
    ✗ not passing yet
    ! passed before, your present version doesn't
    ~ edited since the last check
    · not started
    """
    rows = []
    for part in _chapters(chapter):
        row = overview(part)
        rows.append(row)
        if not json:
            typer.echo(f"\n{part.number}  {part.title} ({row['done']} of {len(part.exercises)} done)\n")
            for line in list_lines(part, row):
                typer.echo(line)
    if json:
        print_json({"chapters": rows})
    elif meaning := legend(rows):
        typer.echo(f"\n{meaning}")


def check(name: MaybeTarget = None, json: Json = False, file: File = None) -> None:
    """Check one exercise, or all of a chapter; with no NAME the next one that isn't done.

    The exit status is 0 only when everything that was checked passes.
    """
    from course_utils.grading.report import as_line, as_text
    from course_utils.learner.checking import next_exercise, next_words

    catalog = load_catalog()
    if name is None and file is not None:
        raise CourseError("Say which exercise the file answers: `course check LayerNorm --file my_answer.py`.")
    target = catalog.find(name) if name else next_exercise(catalog)
    if target is None and not json:
        typer.echo("Every exercise passes: there is nothing left to check.")
    whole = isinstance(target, Chapter)
    single = target if isinstance(target, Exercise) else None
    verdicts = []
    for verdict in _judged(catalog, target, file):
        verdicts.append(verdict)
        if not json:
            typer.echo(as_typed((as_line if whole else as_text)(verdict, colour())))
    if whole and not json:
        typer.echo(as_typed(first_failure(verdicts, colour())))
    ok = all(verdict.ok for verdict in verdicts)
    if ok and single and not file and not json:
        typer.echo(as_typed(f"  {next_words(catalog, single)}"))
    if json:
        print_json({"ok": ok, "verdicts": [verdict.to_dict() for verdict in verdicts]})
    raise typer.Exit(0 if ok else 1)


def _judged(catalog: Catalog, target: Exercise | Chapter | None, file: Path | None) -> Iterator[Verdict]:
    from course_utils.learner.checking import check_exercises

    if isinstance(target, Chapter):
        yield from check_exercises(target, target.exercises, file)
    elif target is not None:
        yield from check_exercises(catalog.chapter_of(target), [target], file)


def watch(chapter: MaybeChapter = None) -> None:
    """Check what you edited every time you save, the .py or the .ipynb.

    Keys: n next exercise   h hint   l list   c check again   q quit
    """
    from course_utils.learner.watch import Watcher

    Watcher(load_catalog(), tuple(_chapters(chapter))).run()


def hint(name: Name, rung: Rung = None) -> None:
    """Show one more hint each time: first a nudge, at last nearly the answer."""
    from course_utils.learner.ladder import next_hint

    catalog = load_catalog()
    typer.echo(as_typed(next_hint(catalog, catalog.find_exercise(name), rung)))


def solution(name: Name, anyway: Anyway = False) -> None:
    """Show the course's own solution, once yours passes (or with --anyway)."""
    from course_utils.learner.ladder import solution_text

    catalog = load_catalog()
    typer.echo(solution_text(catalog, catalog.find_exercise(name), anyway))


def reset(name: Target) -> None:
    """Put the stub of an exercise (or a whole chapter) back. A copy of what you had is kept."""
    from course_utils.learner.reset import reset_chapter, reset_exercise

    catalog = load_catalog()
    target = catalog.find(name)
    if isinstance(target, Chapter):
        copy = reset_chapter(target)
        typer.echo(f"Chapter {target.number} is as new. What you had is kept: {shown_path(copy, target.root)}")
    else:
        chapter = catalog.chapter_of(target)
        copy = reset_exercise(chapter, target)
        typer.echo(f"{target.name} is a stub again. Your file as it was: {shown_path(copy, chapter.root)}")


def sync(chapter: MaybeChapter = None, keep: Keep = None) -> None:
    """Bring a chapter's .py and .ipynb in step. Every check does this too.

    Where only one was edited, the other follows. Where both were, in different cells, both get all the edits. Where
    one cell was edited in both, nothing is changed until you say --keep py or --keep ipynb. Copies are kept.
    """
    from course_utils.learner.pairing import sync as sync_pair

    for part in _chapters(chapter):
        typer.echo(sync_pair(part, keep=keep) or f"Chapter {part.number}: both files hold the same.")


def progress(json: Json = False) -> None:
    """Show how far you are, and what comes next."""
    from course_utils.learner.checking import next_exercise

    catalog = load_catalog()
    upcoming = next_exercise(catalog)
    rows = [overview(part) for part in catalog.chapters]
    if json:
        print_json({"next": upcoming.name if upcoming else None, "chapters": rows})
        return
    for part, row in zip(catalog.chapters, rows, strict=True):
        rest = f"about {duration(row['minutes_left'])} to go" if row["minutes_left"] else paint("all done", "32")
        typer.echo(f"{part.number}  {part.title}")
        typer.echo(f"   {bar(row['done'], len(part.exercises))} {row['done']} of {len(part.exercises)} · {rest}")
    if upcoming:
        typer.echo(f"\nNext: {upcoming.name} ({upcoming.title}, about {duration(upcoming.minutes)})")


def _chapters(name: str | None) -> Iterator[Chapter]:
    """The chapter that was named, or all."""
    catalog: Catalog = load_catalog()
    yield from [catalog.find_chapter(name)] if name else catalog.chapters
