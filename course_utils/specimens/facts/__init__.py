"""What the specimens are known to do: a file a specimen, each fact a measurement with the bound that it is held to."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from course_utils.model import HookedTransformer


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A number that can be measured again.

    says: one sentence, with the unit. at_least, at_most: the bounds that a test holds it to; None where there is none.
    measure: takes the specimen as `load_specimen` gives it; deterministic.
    """

    name: str
    says: str
    measure: Callable[[HookedTransformer], float]
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a measured value lies within the bounds."""
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


def facts_of(name: str) -> tuple[Fact, ...]:
    """The facts of a specimen, in the order in which its card lists them; none for one without a file of facts."""
    module = f"{__name__}.{name.replace('-', '_')}"
    try:
        found: tuple[Fact, ...] = importlib.import_module(module).FACTS
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        return ()
    return found
