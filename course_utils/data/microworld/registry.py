"""Every kind of text there is, with how often it is written, and all their words."""

from types import ModuleType

from course_utils.data.microworld.kinds import choices, repeats, verdicts
from course_utils.data.microworld.kinds.repeats import OTHERS

KINDS: dict[str, ModuleType] = {module.KIND: module for module in (*OTHERS, repeats, verdicts, choices)}
VOCABULARY = tuple(sorted(frozenset(word for module in KINDS.values() for word in module.WORDS)))

# Shares of passages. What takes long to learn comes often.
WEIGHTS = {
    "scenes": 24,
    "tasks": 14,
    "repeats": 8,
    "claims": 14,
    "roles": 7,
    "facts": 6,
    "languages": 5,
    "reviews": 5,
    "calendar_sums": 7,
    "requests": 4,
    "years": 3,
    "moves": 4,
    "closing": 3,
    "code": 3,
    "letters": 2,
}
