"""The help that a learner climbs: one hint at a time, at last the course's own solution. What was shown is noted."""

from course_utils.catalog import Catalog, Chapter, CourseError, Exercise
from course_utils.learner import progress


def next_hint(catalog: Catalog, exercise: Exercise, rung: int | None = None) -> str:
    """The next hint that wasn't shown yet (or the given rung, counted from 1), with how many are left.

    Raises CourseError for a rung that there isn't.
    """
    root = catalog.chapter_of(exercise).root
    last = len(exercise.hints)
    seen = progress.hint_rungs(root, exercise.name)
    number = rung if rung is not None else min(seen + 1, last)
    if not 1 <= number <= last:
        raise CourseError(f"{exercise.name} has {last} hints: ask for one from 1 to {last}.")
    progress.note_hint(root, exercise.name, number)
    left = last - number
    anyway = "" if progress.load(root).of(exercise.name).passed_once else " --anyway"
    more = f"{left} more" if left else f"the last; after it, `course solution {exercise.name}{anyway}`"
    return f"Hint {number} of {last} for {exercise.name} ({more})\n\n{exercise.hints[number - 1].strip()}\n"


def solution_text(catalog: Catalog, exercise: Exercise, anyway: bool = False) -> str:
    """The source of the reference solution. Noted when the learner's own has never passed.

    Raises CourseError when theirs has never passed and they did not ask for it `anyway`.
    """
    from course_utils.authoring.cells import read_text
    from course_utils.authoring.stub import source_of

    chapter = catalog.chapter_of(exercise)
    passed = progress.load(chapter.root).of(exercise.name).passed_once
    if not passed and not anyway:
        raise CourseError(_not_yet(chapter, exercise))
    source = source_of(read_text(chapter.solution), exercise.name)
    if source is None:
        raise CourseError(
            f"solutions/{chapter.solution.name} has no {exercise.name}: get that file from the course again."
        )
    if not passed:
        progress.note_solution(chapter.root, exercise.name)
    return source


def _not_yet(chapter: Chapter, exercise: Exercise) -> str:
    left = len(exercise.hints) - progress.hint_rungs(chapter.root, exercise.name)
    first = f"`course hint {exercise.name}` has {left} more for you" if left > 0 else "you have seen all its hints"
    return (
        f"Your {exercise.name} doesn't pass yet, and {first}. To see the solution all the same: "
        f"`course solution {exercise.name} --anyway` (or `check`, if you have mended it since)."
    )
