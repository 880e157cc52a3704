"""Tasks that only examples tell: how many a model gathers from them, and what it does without any."""

from course_utils.data.microworld.kinds import tasks
from course_utils.data.microworld.passage import Pen
from course_utils.model import HookedTransformer
from course_utils.specimens.facts.measures.answers import SEED, answers_right, unread

ENOUGH = 0.95
EXAMPLES, ALONE = 40, 400  # passages of each task, and of all tasks without examples


def task_accuracy(model: HookedTransformer, task: str) -> float:
    """How often the last of three to seven items is right."""
    return answers_right(model, unread("tasks", EXAMPLES, [task]))


def tasks_learned(model: HookedTransformer) -> float:
    """How many tasks are right on the last item at least 95 times in a hundred."""
    return sum(task_accuracy(model, task) >= ENOUGH for task in tasks.FAMILIES)


def without_examples(model: HookedTransformer) -> float:
    """How often the single item of a passage is right, all tasks mixed as in training."""
    pen = Pen(SEED)
    return answers_right(model, [tasks.zero_shot(pen) for _ in range(ALONE)])
