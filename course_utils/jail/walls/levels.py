"""How strong a jail can be, and which levels this machine has, found by trying each.

What is left out: building a jail (`launch.py`).
"""

from dataclasses import dataclass
from enum import IntEnum

from course_utils.records import CourseError


class Level(IntEnum):
    """Strongest last, so that levels compare. Each holds all that the ones before it hold."""

    RLIMITS = 1
    LANDLOCK = 2
    NAMESPACES = 3
    BUBBLEWRAP = 4

    @property
    def certified(self) -> bool:
        """Whether a result of this level may be called safe against a hostile submission."""
        return self > Level.RLIMITS

    @staticmethod
    def named(name: str) -> "Level":
        """The level of this name in any case. Raises CourseError that lists the names."""
        try:
            return Level[name.upper()]
        except KeyError:
            names = ", ".join(level.name.lower() for level in sorted(Level, reverse=True))
            raise CourseError(f"{name!r} is no level of the jail: choose one of {names}.") from None


class JailError(CourseError):
    """The jail can't be built or doesn't answer. `says` and `remedy` are the message's two halves."""

    def __init__(self, says: str, remedy: str = "") -> None:
        super().__init__(f"{says} {remedy}".strip())
        self.says, self.remedy = says, remedy


@dataclass(frozen=True)
class Found:
    """What came of trying one level.

    parts: what held the worker that was tried, () where none could be had. says: why not, in one line. remedy: what
    to do about that, "" when the level is there.
    """

    level: Level
    parts: tuple[str, ...] = ()
    says: str = ""
    remedy: str = ""

    @property
    def works(self) -> bool:
        """Whether a worker could be had at this level."""
        return bool(self.parts)


def attempt(level: Level) -> Found:
    """Try one level with a short-lived worker. Takes some tenths of a second."""
    from course_utils.jail.walls import trial

    return trial.attempt(level)


def probe() -> tuple[Found, ...]:
    """Try every level, strongest first."""
    return tuple(attempt(level) for level in sorted(Level, reverse=True))


def strongest() -> Found:
    """The strongest level that works here; it stops at the first. Raises JailError where none does."""
    for level in sorted(Level, reverse=True):
        found = attempt(level)
        if found.works:
            return found
    raise JailError(f"No submission can be graded here. {found.says}", found.remedy)
