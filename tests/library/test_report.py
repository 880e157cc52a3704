"""A verdict as text: short, and nothing in it that a terminal would obey."""

import itertools
import subprocess
import sys
from dataclasses import fields

import pytest

from course_utils.grading.printed import printable
from course_utils.grading.report import LINES, as_line, as_text
from course_utils.grading.verdict import Outcome, Verdict

NASTY = "\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\r\x08\x00\x9b1m\u202eback\u2028line\ud800\n"
LONG = "word " * 400
TEXTS = {
    "says": "says",
    "diagnosis": "numbers",
    "belief": "you think so",
    "where": "line 3 of a.py",
    "code": "x = 1",
    "next_step": "go on",
    "printed": "out",
}


def verdict(outcome=Outcome.WRONG, **changes) -> Verdict:
    return Verdict("f", outcome, **{"says": "Says.", "check": "test_a_b", "total": 3, "passed": 1, **changes})


def test_everything_in_its_place():
    text = as_text(
        verdict(
            says="Eps belongs under the root.",
            belief="eps is added outside the root",
            diagnosis="not shown beside a belief",
            details=("with      x = 1", "expected  2", "yours     3"),
            where="line 3 of a.py, in f",
            code="return 3\n       ^",
            printed="one\ntwo\n",
            next_step="course hint f",
        )
    )
    assert (
        text
        == """\
✗ f: not yet · check 2 of 3: a b
  Eps belongs under the root.
  This is what comes out when eps is added outside the root.
  with      x = 1
  expected  2
  yours     3
  line 3 of a.py, in f:
      return 3
             ^
  Your code printed:
  …
  Next: course hint f"""
    )


def test_a_pass_is_short():
    assert (
        as_text(Verdict("f", Outcome.PASSED, "all 3 checks passed", passed=3, total=3))
        == "✓ f: passed\n  all 3 checks passed"
    )
    assert as_line(Verdict("f", Outcome.PASSED, "", passed=3, total=3)) == "✓ f: passed (3/3 checks)"


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_words_of_its_own(outcome):
    line = as_line(verdict(outcome))
    others = {as_line(verdict(other)) for other in Outcome if other is not outcome}
    assert line not in others
    assert ("✓" in line) == (outcome is Outcome.PASSED)


@pytest.mark.parametrize("filler", [LONG, "x" * 5000, "line\n" * 50, NASTY * 20, "", "\n", "é" * 300])
@pytest.mark.parametrize("outcome", Outcome)
def test_twelve_lines_whatever_is_in_it(filler, outcome):
    texts = dict.fromkeys(TEXTS, filler)
    text = as_text(verdict(outcome, details=(filler,) * 8, **texts))
    assert len(text.splitlines()) <= LINES == 12
    assert all(len(line) <= 130 for line in text.splitlines())


@pytest.mark.parametrize("field", [*TEXTS, "details"])
def test_nothing_that_a_terminal_would_obey(field):
    value = (NASTY, NASTY) if field == "details" else NASTY
    for text in (as_text(verdict(**{field: value})), as_text(verdict(Outcome.CRASHED, **{field: value}))):
        assert all(character.isprintable() or character == "\n" for character in text), repr(text)
        text.encode("utf-8")
        assert "title" not in text


def test_ordinary_text_is_let_be():
    text = "x → √2 · naïve 🙂 日本\tend\n"
    assert printable(text) == text


def test_colour_is_ours_alone():
    text = as_text(verdict(says="\x1b[32mgreen"), colour=True)
    assert text.startswith("\033[31m✗ f: not yet · check 2 of 3: a b\033[0m\n")
    assert text.count("\033") == 2


def test_colour_of_each_outcome():
    codes = {outcome: as_line(verdict(outcome), colour=True)[2:4] for outcome in Outcome}
    assert (codes[Outcome.PASSED], codes[Outcome.NOT_ATTEMPTED], codes[Outcome.WRONG]) == ("32", "33", "31")


def test_all_subsets_of_fields_make_sense():
    for count in range(len(TEXTS) + 1):
        for names in itertools.combinations(TEXTS, count):
            text = as_text(Verdict("f", Outcome.CRASHED, **{"says": "says", **{name: TEXTS[name] for name in names}}))
            assert all(line.strip() for line in text.splitlines())


def test_a_verdict_survives_the_way_to_json_and_back():
    import json

    one = verdict(details=("a", "b"), where="x", printed=NASTY, seconds=0.5)
    assert Verdict.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert {f.name for f in fields(Verdict)} == set(one.to_dict())


@pytest.mark.parametrize(
    "data", [{}, {"outcome": "nosuch", "details": []}, {"outcome": "wrong", "details": [], "extra": 1}]
)
def test_other_data_is_no_verdict(data):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Verdict.from_dict(data)


@pytest.mark.parametrize(
    "module",
    [
        "course_utils.catalog",
        "course_utils.grading.verdict",
        "course_utils.grading.report",
        "course_utils.grading.client",
    ],
)
def test_no_torch_is_loaded(module):
    code = f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('torch', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
