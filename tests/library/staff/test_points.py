"""`points` in a chapter's records: as many as the difficulty, unless the author says otherwise."""

import pytest

from course_utils.catalog import CourseError, load_catalog

from .test_intake import put


def test_points_are_the_difficulty_unless_the_record_says_otherwise(small):
    points = {exercise.name: (exercise.difficulty, exercise.points) for exercise in small.exercises}
    assert points == {"double": (1, 1), "quadruple": (2, 2), "Scale": (2, 5), "half": (1, 1)}


@pytest.mark.parametrize(
    ("value", "says"), [("0", "at least 1"), ("-3", "at least 1"), ('"8"', "type int"), ("true", "type int")]
)
def test_points_that_are_none(small, tmp_path, value: str, says: str):
    text = small.chapters[0].records.read_text().replace("points = 5", f"points = {value}")
    put(tmp_path, "other/chapters/ch01_transformers/exercises.toml", text)
    with pytest.raises(CourseError, match=f"Scale.*points.*{says}"):
        load_catalog(tmp_path / "other")
