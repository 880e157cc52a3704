"""Checks for count_up, coarse to fine."""

from course_utils.grading import Mutant, agree


def test_counts_from_nought(count_up):
    agree(count_up(3), [0, 1, 2], "Counting starts at 0 and ends before n.")


def test_counts_nothing(count_up):
    agree(count_up(0), [], "There are no numbers before 0.")


MUTANTS = [Mutant("counting starts at 1", "range(n)", "range(1, n + 1)", check="test_counts_from_nought")]
