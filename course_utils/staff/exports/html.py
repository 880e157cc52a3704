"""What every HTML page for staff and learners shares: one file, no script, nothing fetched, all text escaped."""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from html import escape

from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.plain import one_line, tidy

# In the order of a stacked bar, each with its words; the CSS class is the outcome's own name.
WORDS = {
    Outcome.PASSED: "passed",
    Outcome.WRONG: "wrong",
    Outcome.CRASHED: "raised an error",
    Outcome.TIMEOUT: "too slow",
    Outcome.OUT_OF_MEMORY: "out of memory",
    Outcome.NOT_LOADABLE: "could not be loaded",
    Outcome.NOT_ATTEMPTED: "not attempted",
    Outcome.GRADER_ERROR: "the grader failed",
}
SIGNS = {Outcome.PASSED: "✓", Outcome.NOT_ATTEMPTED: "·", Outcome.GRADER_ERROR: "!"}  # every other is ✗

# Of a bar's parts: Okabe and Ito's palette (2008), as in the figures, and two more; they hold in light and in dark.
FILLS = {
    Outcome.PASSED: "#009e73",
    Outcome.WRONG: "#d55e00",
    Outcome.CRASHED: "#cc79a7",
    Outcome.TIMEOUT: "#e69f00",
    Outcome.OUT_OF_MEMORY: "#8c510a",
    Outcome.NOT_LOADABLE: "#762a83",
    Outcome.NOT_ATTEMPTED: "#8b949e",
    Outcome.GRADER_ERROR: "#56b4e9",
}

_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2328; --soft: #57606a; --line: #d0d7de; --tint: #f6f8fa;
  --good: #1a7f37; --bad: #b23c17; --ours: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --page: #15181d; --ink: #dfe3e8; --soft: #a9b0ba; --line: #3d444d;
  --tint: #1d2127; --good: #56c271; --bad: #f0825c; --ours: #7db8f2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0; } p { margin: .4rem 0; max-width: 46rem; } a { color: inherit; }
.soft { color: var(--soft); } .small { font-size: .875rem; } code, pre { font-family: ui-monospace, monospace; }
code { font-size: .92em; }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: .35rem; padding: .6rem .8rem;
  white-space: pre-wrap; font-size: .875rem; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; font-size: .875rem; } tbody th { font-weight: 400; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.scroll { overflow-x: auto; } .wide table { min-width: 54rem; } .wide td:nth-child(2) { min-width: 13rem; }
td > code, th > code { white-space: nowrap; } .wide tbody th { min-width: 12rem; }
svg { display: block; width: 100%; } svg text { fill: var(--ink); font: .8rem system-ui, sans-serif; }
.track { fill: var(--line); } .column { fill: #0072b2; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.cards div { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; }
.cards dt { color: var(--soft); font-size: .875rem; } .cards dd { margin: 0; font-size: 1.35rem; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .875rem; }
dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0; }
ul.legend { list-style: none; padding: 0; margin: .5rem 0; }
ul.legend li { display: inline-flex; align-items: center; gap: .4rem; margin-right: 1.1rem; font-size: .875rem; }
ul.legend svg { width: .8rem; }
ul.people { columns: 14rem; padding-left: 1.1rem; }
article { border: 1px solid var(--line); border-left-width: 4px; border-radius: .4rem;
  padding: .8rem 1rem; margin: .9rem 0; }
article, .badge { --mood: var(--bad); } .passed { --mood: var(--good); } .not_attempted { --mood: var(--soft); }
.grader_error { --mood: var(--ours); } article { border-left-color: var(--mood); }
.badge { font-weight: 600; white-space: nowrap; color: var(--mood); }
@media (max-width: 40rem) { body { padding: 1.25rem .9rem 3rem; } dl.facts { grid-template-columns: 1fr; } }
@media print { article { break-inside: avoid; } body { max-width: none; } }
""" + "".join(f"rect.{outcome} {{ fill: {colour}; }}\n" for outcome, colour in FILLS.items())
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# Should anything ever slip through the escaping, this lets it load, run, send and style nothing.
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"


def document(title: str, body: str) -> str:
    """A whole page. `title` is plain text; `body` is HTML in which everything foreign has been escaped."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{shown(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def shown(text: str, most: int = 200) -> str:
    """Foreign text as one escaped line."""
    return escape(one_line(text, most))


def name_shown(text: str) -> str:
    """A person's or a file's name, isolated, so that one written from right to left turns nothing else round."""
    return f"<bdi>{shown(text)}</bdi>"


def block(text: str, most: int = 2000) -> str:
    """Foreign text that keeps its lines."""
    return f"<pre>{escape(tidy(text, most))}</pre>"


def prose(text: str, most: int = 1500) -> str:
    """A foreign sentence, with what stands in backticks shown as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", shown(text, most))


def legend() -> str:
    """The colours of a bar, each with its words."""
    mark = '<svg aria-hidden="true" height="12"><rect class="{}" width="100%" height="12"/></svg>'
    return '<ul class="legend">' + "".join(f"<li>{mark.format(o)}{words}</li>" for o, words in WORDS.items()) + "</ul>"


def badge(outcome: Outcome) -> str:
    """The outcome as sign and words, so that no one needs its colour."""
    return f'<span class="badge {outcome}">{SIGNS.get(outcome, "✗")} {WORDS[outcome]}</span>'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Pairs of a plain label and HTML, as a list."""
    return '<dl class="facts">' + "".join(f"<dt>{shown(k)}</dt><dd>{v}</dd>" for k, v in rows) + "</dl>"


def cards(rows: Iterable[tuple[str, str]]) -> str:
    """Pairs of a plain label and a plain figure, as boxes."""
    return (
        '<dl class="cards">' + "".join(f"<div><dt>{shown(k)}</dt><dd>{shown(v)}</dd></div>" for k, v in rows) + "</dl>"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = (), wide: bool = False) -> str:
    """A table; `heads` are plain, cells are HTML, `numbers` are the columns that stand to the right.

    wide: keep it readable on a narrow screen by letting it scroll.
    """
    right = set(numbers)

    def kind(i: int) -> str:
        return ' class="number"' if i in right else ""

    head = "".join(f'<th scope="col"{kind(i)}>{shown(text)}</th>' for i, text in enumerate(heads))
    lines = []
    for row in rows:
        cells = "".join(f"<td{kind(i)}>{cell}</td>" for i, cell in enumerate(row) if i)
        lines.append(f'<tr><th scope="row">{row[0]}</th>{cells}</tr>')
    kinds = 'class="scroll wide" tabindex="0"' if wide else 'class="scroll"'
    return f"<div {kinds}><table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"


def stacked_bar(parts: Sequence[tuple[Outcome, int]], total: int) -> str:
    """How many came out how, as one bar; its label says the same in words."""
    label = ", ".join(f"{count} {WORDS[outcome]}" for outcome, count in parts if count) or "nothing"
    rects, at = [], 0
    for outcome, count in parts:
        if count and total:
            place = f'x="{100 * at / total:.3f}%" width="{100 * count / total:.3f}%"'
            rects.append(f'<rect class="{outcome}" {place} height="14"><title>{count} {WORDS[outcome]}</title></rect>')
            at += count
    track = '<rect class="track" width="100%" height="14"/>'
    return f'<svg role="img" aria-label="{escape(label)}" height="14">{track}{"".join(rects)}</svg>'


def histogram(bins: Sequence[tuple[str, int]], label: str) -> str:
    """Columns over named bins, with the counts on them. `label` says what is counted."""
    top, width, height = max((count for _, count in bins), default=0) or 1, 100 / max(len(bins), 1), 120
    said = "; ".join(f"{name}: {count}" for name, count in bins)
    parts = [f'<svg role="img" aria-label="{escape(f"{label}. {said}")}" height="{height + 44}">']
    for i, (name, count) in enumerate(bins):
        tall = height * count / top
        middle = f"{width * (i + 0.5):.2f}%"
        place = (
            f'x="{width * (i + 0.1):.2f}%" y="{18 + height - tall:.1f}" width="{width * 0.8:.2f}%" height="{tall:.1f}"'
        )
        parts.append(f'<rect class="column" {place}/>')
        if count:
            parts.append(f'<text x="{middle}" y="{12 + height - tall:.1f}" text-anchor="middle">{count}</text>')
        parts.append(f'<text x="{middle}" y="{height + 36}" text-anchor="middle">{escape(name)}</text>')
    return "".join(parts) + "</svg>"
