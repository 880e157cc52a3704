"""Commands about the trained models that come with the course."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from course_utils.catalog import CourseError
from course_utils.learner.screen import as_typed, print_json

if TYPE_CHECKING:
    from course_utils.specimens.verify import Measured

_EXAMPLES = """\b
Examples:
  course specimens
  course specimens verify attn-only-2l
  course specimens train attn-only-2l --seconds 600 --out my-2l
"""

app = typer.Typer(rich_markup_mode=None, epilog=_EXAMPLES)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A specimen, for example attn-only-2l.")]
MaybeName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="A specimen; otherwise all that are here.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Folder = Annotated[Path | None, typer.Option(help="Where the training is kept; otherwise .course/specimens/NAME.")]
Out = Annotated[Path | None, typer.Option(help="Where to put the model; otherwise over the one that the course ships.")]
Seconds = Annotated[float | None, typer.Option(min=0, help="Stop after so long; the same command goes on.")]
Write = Annotated[bool, typer.Option("--write", help="Put what is measured on the card.")]
WritePage = Annotated[bool, typer.Option("--write", help="Put it into the page, between its markers.")]


@app.callback(invoke_without_command=True)
def specimens(context: typer.Context, json: Json = False) -> None:
    """Show the trained models that come with the course; with a command, train, export or measure them."""
    if context.invoked_subcommand is not None:
        return
    from course_utils.specimens.overview import lines, overview

    records = overview()
    if json:
        print_json({"specimens": records})
        return
    for line in lines(records):
        typer.echo(line)


@app.command(short_help="Train one, or go on with it.")
def train(name: Name, folder: Folder = None, out: Out = None, seconds: Seconds = None) -> None:
    """Train a specimen from its recipe, or go on where that stopped; at the end, write it and measure its facts."""
    from course_utils.specimens.workshop import train as train_specimen

    train_specimen(name, folder, out, seconds, _say)


@app.command(short_help="Write a training as a model's folder.")
def export(name: Name, folder: Folder = None, out: Out = None) -> None:
    """Write a training, finished or not, as a folder that every library opens, and measure its facts."""
    from course_utils.specimens.workshop import put_out

    put_out(name, folder, out, _say)


@app.command(short_help="Measure every fact again.")
def verify(name: MaybeName = None, json: Json = False, write: Write = False) -> None:
    """Measure every fact again. The exit status is 0 only when all are within bounds and as the cards say."""
    from course_utils.specimens.files import folder_of, names, shipped
    from course_utils.specimens.verify import put_on_card
    from course_utils.specimens.verify import verify as verify_specimen

    told: dict[str, list[Measured]] = {}
    folders = {each: folder_of(each) for each in ([name] if name else shipped())}
    for each, folder in folders.items():
        if not json:
            typer.echo(each)
        told[each] = []
        for measured in (put_on_card if write else verify_specimen)(each, folder):
            told[each].append(measured)
            if not json:
                typer.echo(_line(measured, write))
    if not told:
        raise CourseError(f"No weights are here: train some with `course specimens train {names()[0]}`.")
    ok = all(measured.holds if write else measured.ok for each in told.values() for measured in each)
    if json:
        print_json({"ok": ok, "specimens": {each: list(map(_record, facts)) for each, facts in told.items()}})
    raise typer.Exit(0 if ok else 1)


@app.command(short_help="For authors: the page's tables.")
def table(write: WritePage = False) -> None:
    """Print the tables of course_utils/specimens/README.md as they follow from cards and generators, or write them."""
    from course_utils.specimens import readme

    if write:
        typer.echo(f"{readme.README}: {'written' if readme.write() else 'is up to date'}.")
    else:
        for part in readme.PARTS.values():
            typer.echo(part())


def _say(text: str) -> None:
    typer.echo(as_typed(text))


def _line(measured: "Measured", write: bool) -> str:
    from course_utils.specimens.overview import bound, shown

    card = "not on the card" if measured.card is None else f"card {shown(measured.card)}"
    failed = "" if measured.holds else "  OUT OF BOUNDS"
    failed += "" if write or measured.near else "  NOT AS ON THE CARD"
    mark = "✗" if failed else "✓"
    fact, value = measured.fact, shown(measured.value)
    return f"  {mark} {fact.name:28} {value:>7}  {bound(fact):12}  {card:16}{failed}  {fact.says}"


def _record(measured: "Measured") -> dict[str, Any]:
    fact = measured.fact
    return {
        "name": fact.name,
        "says": fact.says,
        "value": measured.value,
        "at_least": fact.at_least,
        "at_most": fact.at_most,
        "card": measured.card,
        "holds": measured.holds,
        "near": measured.near,
    }
