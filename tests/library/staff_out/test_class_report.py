"""The class of six, counted by hand, and the page that shows it."""

import pytest

from course_utils.catalog import CourseError
from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.class_page import behind, class_page, figures, lines
from course_utils.staff.report import Belief, class_reports
from course_utils.staff.roster import read_roster

from .conftest import HOSTILE, OUTSIDE, SCALE, N, P, W, result_of, row
from .test_exports import assert_harmless


@pytest.fixture
def report(people, roster):
    (made,) = class_reports(reversed(people), read_roster(roster), {"ch01_transformers": "Transformers"})
    return made


def test_the_hardest_comes_first(report):
    assert [one.name for one in report.exercises] == ["attention", "LayerNorm", "embed"]
    assert [(one.stuck, one.passed, one.tried) for one in report.exercises] == [(3, 1, 4), (3, 2, 5), (1, 5, 6)]
    assert [round(one.pass_rate, 3) for one in report.exercises] == [0.25, 0.4, 0.833]
    assert [one.files for one in report.exercises] == [6, 6, 6]
    assert [one.not_attempted for one in report.exercises] == [2, 0, 0]
    assert [one.place for one in report.exercises] == [3, 2, 1]


def test_outcomes(report):
    attention, norm, _ = report.exercises
    assert attention.outcomes == {
        Outcome.PASSED: 1, Outcome.WRONG: 1, Outcome.CRASHED: 1, Outcome.TIMEOUT: 1, Outcome.NOT_ATTEMPTED: 2,
    }  # fmt: skip
    assert norm.outcomes == {Outcome.PASSED: 2, Outcome.WRONG: 3, Outcome.GRADER_ERROR: 1}


def test_beliefs_are_counted_over_people(report):
    assert report.beliefs == (Belief("LayerNorm", OUTSIDE, 2, 5), Belief("attention", SCALE, 1, 4))
    assert [round(belief.share, 3) for belief in report.beliefs] == [0.4, 0.25]
    attention, norm, embed = report.exercises
    assert norm.stuck_at == (("test_scores_are_scaled", 1),)  # dan's, whose belief isn't known
    assert attention.stuck_at == (("test_scores_are_scaled", 2),)  # dan's and fay's; a stub tells nothing of a check
    assert behind(norm) == f"2 × {OUTSIDE}"
    assert behind(embed) == "1 × fails at “scores are scaled”"


def test_people_points_and_time(report):
    assert [(one.person, one.points, one.passed) for one in report.people] == [
        ("ada", 6, 3), ("bob", 1, 1), ("cyd", 1, 1), ("dan", 1, 1), ("eve", 2, 1), ("fay", 1, 1),
    ]  # fmt: skip
    assert report.median_points == 1 and report.max_points == 6
    # 6 of 6 is 100 %, 2 of 6 is 33 %, 1 of 6 is 17 %
    assert [count for _, count in report.points] == [0, 4, 0, 1, 0, 0, 0, 0, 0, 1]
    # 0.5 | 1.5 | 3.0, 4.0 | 7.0 | … | 130
    assert [count for _, count in report.seconds] == [1, 1, 2, 1, 0, 0, 0, 1]
    assert [name for name, _ in report.seconds][::7] == ["<1 s", "≥120 s"]
    assert report.exercises[2].median_seconds == pytest.approx(3.5 / 3)


def test_who_is_missing(report, people):
    assert report.missing == ("gil",) and report.strangers == ("fay",)
    (without,) = class_reports(people)
    assert without.missing is None and without.strangers == ()
    assert dict(figures(report))["Without a result"] == "1" and "Without a result" not in dict(figures(without))
    assert dict(figures(report))["To be graded again"] == "1"


def test_who_never_came_and_who_was_refused_are_apart(people):
    (report,) = class_reports(people, ["ada", "Gil", "hal"])
    said = lines(report, refused=["gil", "somebody"])
    assert "  nothing came from: hal" in said and "  came, but could not be graded: Gil" in said
    assert "  graded, but not on the roster: bob, cyd, dan, eve, fay" in said


def test_a_roster_is_read_by_its_head_or_its_first_column(tmp_path):
    path = tmp_path / "r.csv"
    for text in ("ada\nbob\n", "id,who\nada,1\nbob,2\n", "who,Person\n1, ada\n2,bob\n\n3,\n", "ada,x\nbob,y\nada,z"):
        path.write_text(text)
        assert read_roster(path) == ("ada", "bob"), text
    for content in (b"", b"person\n", b"\xff\xfe\x00", b"person\n\n ,\n"):
        path.write_bytes(content)
        with pytest.raises(CourseError, match="roster"):
            read_roster(path)
    with pytest.raises(CourseError, match="can't be read"):
        read_roster(tmp_path / "none.csv")


def test_the_page_says_it(report):
    said = assert_harmless(class_page([report]))
    for part in ("Transformers: the class", "2 of 5", f"2 × {OUTSIDE}", "gil", "fay", "1 of 6 (2 not decided)"):
        assert part in said
    assert said.index("Attention") < said.index("Layer normalisation") < said.index("Embedding")
    assert "different versions" not in said


def test_versions_that_differ_are_said(people):
    import dataclasses

    made_by = dataclasses.replace(people[0].graded.provenance, checks="3" * 64)
    other = dataclasses.replace(
        people[0], graded=dataclasses.replace(people[0].graded, person="zoe", provenance=made_by)
    )
    (report,) = class_reports([*people, other])
    assert len(report.makers) == 2 and report.makers[0][1] == 6
    said = assert_harmless(class_page([report]))
    assert "Graded by different versions" in said and "6 and 1 files" in said and "--regrade" in said
    assert "the grader failed</span>" not in said.partition("Where people are stuck")[0]
    assert "6 and 1 files were graded by different versions" in "\n".join(lines(report))


def test_hostile_names_stay_text(hostile):
    said = assert_harmless(class_page(class_reports([hostile], [HOSTILE])))
    assert "<script>alert(1)</script>" in said and "SECRET" not in said


def test_a_class_without_results_and_one_that_passed_everything():
    assert "no results yet" in assert_harmless(class_page(class_reports([])))
    (report,) = class_reports([result_of("a", row("embed", P))])
    assert "No answer was recognised" in assert_harmless(class_page([report]))
    (stubs,) = class_reports([result_of("a", row("embed", N)), result_of("b", row("embed", W))])
    assert stubs.exercises[0].stuck_at == (("test_scores_are_scaled", 1),)
