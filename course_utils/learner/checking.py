"""One exercise of the learner's file checked: the pair brought in step, judged in a child, the result noted.

Command line, watch, notebook and site all come through here.
"""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from course_utils.catalog import Catalog, Chapter, CourseError, Exercise
from course_utils.grading.client import check_in_child
from course_utils.grading.verdict import Verdict
from course_utils.learner import progress
from course_utils.learner.fingerprints import digests


def check_exercise(chapter: Chapter, exercise: Exercise, path: Path | None = None) -> Verdict:
    """Judge one exercise of a chapter; see `check_exercises`."""
    return next(check_exercises(chapter, [exercise], path))


def check_exercises(chapter: Chapter, exercises: Iterable[Exercise], path: Path | None = None) -> Iterator[Verdict]:
    """Judge exercises of a chapter one after the other, and note each result as it comes.

    path: another file with the learner's answers; then the pair is left alone and nothing is noted.
    Raises CourseError when that file is missing or the pair can't be brought in step.
    """
    if path is not None:
        if not path.is_file():
            raise CourseError(f"{path} is missing: name a file that holds your answer.")
        yield from (check_in_child(exercise, path) for exercise in exercises)
        return
    _sync_quietly(chapter)
    # The fingerprints first: if the file is saved again meanwhile, a verdict counts for the older text.
    now = digests(chapter)
    for exercise in exercises:
        verdict = check_in_child(exercise, chapter.script)
        progress.record(chapter.root, verdict, now.get(exercise.name))
        yield verdict


def sync_pair(chapter: Chapter) -> str | None:
    """Bring the chapter's `.py` and `.ipynb` in step, where both are there or one can be made from the other."""
    from course_utils.learner.pairing import sync

    return sync(chapter)


def _sync_quietly(chapter: Chapter) -> None:
    """The same; only a merge of two edited files is told, on stderr, where it doesn't mix with what a program reads."""
    from course_utils.learner.pairing import MergeNews

    if isinstance(said := sync_pair(chapter), MergeNews):
        print(f"course: {said}", file=sys.stderr)


def follow_edits(chapter: Chapter) -> None:
    """Let the `.py` follow a notebook that was edited, where that can be done; a check says why it can't."""
    if chapter.script.is_file() and chapter.notebook.is_file():
        with contextlib.suppress(CourseError, OSError):
            _sync_quietly(chapter)


def next_words(catalog: Catalog, passed: Exercise) -> str:
    """What to do after an exercise passed: the next one that isn't done, after it or, at the end, from the start."""
    every = list(catalog.exercises)
    known = {name: state for chapter in catalog.chapters for name, state in progress.states(chapter).items()}
    start = every.index(passed) + 1
    for exercise in every[start:] + every[:start]:
        if known[exercise.name] is not progress.State.DONE and exercise != passed:
            return f"Next: course check {exercise.name} ({exercise.title})"
    return "Every exercise passes."


def next_exercise(catalog: Catalog, chapter: Chapter | None = None) -> Exercise | None:
    """The first exercise that isn't done, in the course or in one chapter; None when all are."""
    for part in [chapter] if chapter else catalog.chapters:
        follow_edits(part)
        states = progress.states(part)
        for exercise in part.exercises:
            if states[exercise.name] is not progress.State.DONE:
                return exercise
    return None
