"""The class report as one HTML page for staff: no script, nothing fetched, everything foreign escaped."""

from collections.abc import Collection, Sequence

from course_utils.grading.report import check_title
from course_utils.staff.exports.html import (
    WORDS,
    cards,
    document,
    facts,
    histogram,
    legend,
    name_shown,
    prose,
    shown,
    stacked_bar,
    table,
)
from course_utils.staff.exports.plain import one_line
from course_utils.staff.intake.names import person_key
from course_utils.staff.report import ClassReport, Standing

_BELIEFS = 25  # rows of the table of beliefs


def class_page(reports: Sequence[ClassReport]) -> str:
    """The page, a part for each chapter."""
    body = "\n".join(_chapter(report) for report in reports) or "<h1>Class report</h1><p>There are no results yet.</p>"
    title = ", ".join(report.title for report in reports) or "no results"
    return document(f"Class report: {title}", body)


def _chapter(report: ClassReport) -> str:
    parts = [f"<h1>{shown(report.title)}: the class</h1>", cards(figures(report)), _warning(report)]
    parts += ["<h2>Where people are stuck</h2>", _legend(), _exercises(report)]
    parts += ["<h2>What is behind wrong answers</h2>", _beliefs(report)]
    parts += ["<h2>Points</h2>", histogram(report.points, "People by their share of the points")]
    parts += ["<h2>Time to grade a file</h2>", histogram(report.seconds, "Files by the seconds that grading took")]
    parts += ["<h2>People</h2>", _people(report), "<h2>How this was graded</h2>", _makers(report)]
    return "\n".join(parts)


def figures(report: ClassReport) -> list[tuple[str, str]]:
    """The few numbers that stand on top, with their labels."""
    rows = [
        ("Graded", str(len(report.people))),
        ("Median points", f"{report.median_points:g} of {report.max_points}"),
        ("Everything passed", str(sum(row.passed == len(report.exercises) for row in report.people))),
    ]
    if report.missing is not None:
        rows.insert(1, ("Without a result", str(len(report.missing))))
    if undecided := sum(bool(row.undecided) for row in report.people):
        rows.append(("To be graded again", str(undecided)))
    return rows


def behind(standing: Standing) -> str:
    """What most failures of an exercise have in common, as plain text; "" where there is none."""
    if standing.beliefs:
        first = standing.beliefs[0]
        return f"{first.people} × {first.says}"
    if standing.stuck_at:
        check, count = standing.stuck_at[0]
        return f"{count} × fails at “{check_title(check)}”"
    return ""


def lines(report: ClassReport, refused: Collection[str] = (), most: int = 5) -> list[str]:
    """The same in short, for a terminal: the figures, the hardest exercises, the commonest misconceptions, who lacks.

    refused: people who handed in something that couldn't be graded.
    """
    found = [f"{report.title}", "  " + "; ".join(f"{label.lower()}: {value}" for label, value in figures(report))]
    if says := mixture(report):
        found.append(f"  {says}")
    hard = [one for one in report.exercises if one.stuck][:most]
    if hard:
        found.append("  most are stuck at:")
        width = max(len(one.name) for one in hard)
        found += [f"    {one.name:{width}}  {one.stuck} of {one.tried} who tried. {behind(one)}" for one in hard]
    if report.beliefs:
        found.append("  behind wrong answers:")
        found += [f"    {one.people} × {one.exercise}: {one.says}" for one in report.beliefs[:most]]
    came = {person_key(person) for person in refused}
    for words, people in (
        ("nothing came from", [one for one in report.missing or () if person_key(one) not in came]),
        ("came, but could not be graded", [one for one in report.missing or () if person_key(one) in came]),
        ("graded, but not on the roster", report.strangers),
    ):
        if people:
            found.append(f"  {words}: {one_line(', '.join(people), 400)}")
    return found


def mixture(report: ClassReport) -> str:
    """What to do where not all files were graded by one version; "" where they were."""
    if len(report.makers) < 2:
        return ""
    counts = " and ".join(str(count) for _, count in report.makers)
    return (
        f"Not yet to be compared: {counts} files were graded by different versions of grader, checks or libraries. "
        "`course grade SUBMISSIONS --out RESULTS --regrade` grades what is in SUBMISSIONS by one version; "
        "`course grades drop RESULTS PERSON` takes out a result whose file is no longer there."
    )


def _warning(report: ClassReport) -> str:
    says = mixture(report)
    return f"<h2>Graded by different versions</h2><p>{prose(says)}</p>" if says else ""


def _legend() -> str:
    said = "First what most people are stuck at: they tried it, and it doesn't pass. A bar is all files."
    return f'<p class="soft small">{said}</p>{legend()}'


def _exercises(report: ClassReport) -> str:
    rows = [
        (
            f'{shown(one.title)} <code class="soft">{shown(one.name)}</code>',
            stacked_bar([(outcome, one.outcomes.get(outcome, 0)) for outcome in WORDS], one.files),
            str(one.stuck),
            f"{one.passed} of {one.tried}",
            str(one.not_attempted),
            prose(behind(one)),
        )
        for one in report.exercises
    ]
    heads = ("Exercise", "Outcomes", "Stuck", "Pass", "Not attempted", "Most common failure")
    return table(heads, rows, numbers=(2, 3, 4), wide=True)


def _beliefs(report: ClassReport) -> str:
    if not report.beliefs:
        return '<p class="soft">No answer was recognised as one of the known misconceptions.</p>'
    rows = [
        (prose(one.says, 400), f"<code>{shown(one.exercise)}</code>", str(one.people), f"{one.share:.0%}")
        for one in report.beliefs[:_BELIEFS]
    ]
    left = len(report.beliefs) - len(rows)
    more = f'<p class="soft small">And {left} rarer ones.</p>' if left else ""
    heads = ("The answer is what comes out when …", "Exercise", "People", "Of those who tried")
    return table(heads, rows, numbers=(2, 3), wide=True) + more


def _people(report: ClassReport) -> str:
    rows = [
        (
            name_shown(row.person),
            f"{row.points} of {row.max_points}" + (f" ({row.undecided} not decided)" if row.undecided else ""),
            str(row.passed),
            f"{row.seconds:.1f}",
        )
        for row in report.people
    ]
    parts = [table(("Person", "Points", "Exercises passed", "Seconds"), rows, numbers=(1, 2, 3))]
    if report.missing is not None:
        parts.append(_names("Without a result", report.missing))
    if report.strangers:
        parts.append(_names("Handed in, but not on the roster", report.strangers))
    return "".join(parts)


def _names(heading: str, people: Sequence[str]) -> str:
    items = "".join(f"<li>{name_shown(person)}</li>" for person in people) or "<li>nobody</li>"
    return f'<h3>{shown(heading)}</h3><ul class="people">{items}</ul>'


def _makers(report: ClassReport) -> str:
    rows = [("Jail", f"{shown(level)}: {count} files") for level, count in report.jails]
    return facts(rows + [("Version", f"{shown(maker)}: {count} files") for maker, count in report.makers])
