"""The jail level that staff ask for, and whether this machine has it. Imports no torch."""

from course_utils.catalog import CourseError
from course_utils.jail.walls.levels import Level, probe, strongest


def at_least(level: str, required: str) -> bool:
    """Whether a result of this jail level is as good as what is asked for. No jail at all ("none") never is."""
    return level != "none" and Level.named(level) >= Level.named(required)


def level_for(required: str) -> Level:
    """The strongest jail of this machine. Raises CourseError, with the remedy, where it is weaker than asked for."""
    wanted, best = Level.named(required), strongest()
    if best.level >= wanted:
        return best.level
    missing = next((found for found in reversed(probe()) if found.level >= wanted and not found.works), None)
    why = f" {missing.says} {missing.remedy}".rstrip() if missing else ""
    name = best.level.name.lower()
    raise CourseError(
        f"The jail that this machine has is {name}, and {wanted.name.lower()} or stronger is asked for.{why} "
        f"`--require-jail {name}` grades with what there is."
    )
