"""The page that a learner gets back: what came of each exercise, what the check said, and what to do next."""

from html import escape

from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.html import (
    badge,
    block,
    cards,
    document,
    facts,
    name_shown,
    prose,
    shown,
    stacked_bar,
    table,
)
from course_utils.staff.exports.plain import one_line
from course_utils.staff.exports.words import (
    check_of,
    evidence_of,
    neighbours_of,
    next_step_of,
    place_of,
    reading_of,
    summary_of,
)  # fmt: skip
from course_utils.staff.results import ExerciseResult, Graded, Result


def page(result: Result, chapter_title: str = "", values: bool = False) -> str:
    """The page's HTML: one file without script or outside request, everything foreign escaped.

    values: show the inputs of hidden checks, what was expected and what came.
    """
    graded = result.graded
    title = chapter_title or graded.chapter
    parts = [
        f"<h1>{shown(title)}</h1>",
        f'<p class="soft">Feedback for {name_shown(graded.person)} on <code>{name_shown(graded.file)}</code></p>',
        _overview(graded),
        "<h2>The exercises</h2>",
        _contents(graded),
        "<h2>One by one</h2>",
        *(_exercise(number, row, values) for number, row in enumerate(graded.exercises, 1)),
        "<h2>How this was graded</h2>",
        _provenance(result),
    ]
    return document(f"{one_line(title)}: feedback for {one_line(graded.person)}", "\n".join(parts))


def _overview(graded: Graded) -> str:
    totals = graded.totals
    parts = [(outcome, totals.outcomes.get(str(outcome), 0)) for outcome in Outcome]
    figures = [
        ("Points", f"{totals.points} of {totals.max_points}"),
        ("Exercises", f"{totals.passed} of {totals.exercises}"),
    ]
    if not totals.decided:
        figures.append(("Points not decided yet", str(totals.undecided)))
    return f"<p>{shown(summary_of(graded))}</p>{cards(figures)}{stacked_bar(parts, totals.exercises)}"


def _contents(graded: Graded) -> str:
    rows = [
        (f'<a href="#exercise-{i}">{shown(row.title)}</a>', badge(row.outcome), _points(row))
        for i, row in enumerate(graded.exercises, 1)
    ]
    return table(("Exercise", "What came of it", "Points"), rows, numbers=(2,))


def _points(row: ExerciseResult) -> str:
    return f"{row.points} of {row.max_points}" if row.decided else f"not decided (of {row.max_points})"


def _exercise(number: int, row: ExerciseResult, values: bool) -> str:
    """One article: outcome, what the check said, what may be behind it, their line, next step."""
    head = f'<h3 id="exercise-{number}">{number}. {shown(row.title)} <code class="soft">{shown(row.name)}</code></h3>'
    lines = [f"<p>{badge(row.outcome)} · {_points(row)}</p>"]
    if check := check_of(row):
        lines.append(f'<p class="soft small">{shown(check)}</p>')
    lines.append(f"<p>{prose(row.verdict.says)}</p>")
    for sentence in (reading_of(row), neighbours_of(row)):
        if sentence:
            lines.append(f"<p>{prose(sentence, 600)}</p>")
    if evidence := evidence_of(row, values):
        lines.append(block("\n".join(evidence)))
    if place := place_of(row):
        lines.append(f'<p class="soft small">Your code, {shown(place[0])}:</p>' + (block(place[1]) if place[1] else ""))
    if step := next_step_of(row):
        lines.append(f"<p><strong>Next:</strong> {prose(step, 300)}</p>")
    return f'<article class="{row.outcome}" aria-labelledby="exercise-{number}">{head}{"".join(lines)}</article>'


def _provenance(result: Result) -> str:
    graded, made_by = result.graded, result.graded.provenance
    rows = [
        ("Your file", f"{name_shown(graded.file)}, SHA-256 <code>{shown(graded.sha256)}</code>"),
        ("Graded at", shown(result.timing.graded_at)),
        ("Jail", f"{shown(graded.jail.level)} ({shown(', '.join(graded.jail.parts))})"),
        ("Course", f"{shown(made_by.course)}, torch {shown(made_by.torch)}, Python {shown(made_by.python)}"),
        ("Checks", f"<code>{shown(made_by.checks[:16])}</code>, hidden inputs <code>{shown(graded.seed)}</code>"),
    ]
    note = (
        "Your file was judged on numbers drawn for it, which are not shown here, and on the worked examples of which a "
        "check tells. The same file, graded again with the same checks, gives the same result."
    )
    return f"<p>{escape(note)}</p>{facts(rows)}"
