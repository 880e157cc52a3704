"""Each hostile submission gets exactly the outcome that its head names: no credit, no secret, no harm to the next."""

import pytest

from course_utils.grading.report import as_text
from course_utils.jail.walls.levels import Level

SEEN = 4096  # characters of a verdict, at most

# What only a wall can stop. Below that a submission reaches the network, files and other processes of the machine, and
# gets credit for what it finds there: that level is called "not certified" for this reason.
NEEDS_A_WALL = {
    "09c_asks_for_the_solution",
    "26_reads_the_course",
    "27_other_processes",
    "27b_ptrace",
    "31_network",
    "38b_memfd",
}


def test_the_corpus_is_as_large_as_it_says(corpus):
    numbers = {attack.path.name[:2] for attack in corpus}
    assert len(corpus) >= 70
    assert len(numbers) >= 40


def test_no_credit_and_nothing_leaked(attack, grader, secrets):
    if grader.level is Level.RLIMITS and attack.path.stem in NEEDS_A_WALL:
        pytest.skip("not promised without a wall")
    verdict = grader.judge(attack.exercise, attack.text)
    assert verdict.outcome in attack.outcomes, as_text(verdict)
    assert verdict.exercise == attack.exercise
    shown = as_text(verdict) + repr(verdict.to_dict())
    assert not secrets.leaked(shown)
    assert len(as_text(verdict)) < SEEN
    assert verdict.printed == "" and verdict.details == ()
    assert "\x1b" not in as_text(verdict)


NEIGHBOURS = ["gelu_new", "merge_pair", "move_values", "LayerNorm", "generate_with_cache", "suppression_effect"]


@pytest.mark.parametrize("exercise", NEIGHBOURS)
def test_the_neighbour_still_passes(exercise, grader, solution):
    """Runs after the attacks, in the same jail: nothing that they did is left."""
    verdict = grader.judge(exercise, solution(exercise))
    assert verdict.ok, as_text(verdict)
