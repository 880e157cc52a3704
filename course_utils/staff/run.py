"""A class graded: what is new is graded, what was graded before comes from the store, a kill costs next to nothing."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from course_utils.catalog import Catalog, Chapter, CourseError
from course_utils.jail.walls.levels import Level
from course_utils.staff.alone import alone
from course_utils.staff.intake import Submission, take_in
from course_utils.staff.intake.files import suffix_of
from course_utils.staff.pool import graded_here
from course_utils.staff.provenance import provenance
from course_utils.staff.required import at_least, level_for
from course_utils.staff.results import Graded, Provenance, Result
from course_utils.staff.seeds import kept_secret, read_secret, seeds_for
from course_utils.staff.store import Row, Store, key_of
from course_utils.staff.summary import Change, Summary, changes_between, save
from course_utils.staff.task import Task

Progress = Callable[[int, int, Result | None], None]
_CONDITIONS = {
    "checks": "the checks, solution or exercises.toml of {}", "grader": "the grader's code",
    "lock": "requirements.lock", "torch": "torch", "python": "Python",
}  # fmt: skip


@dataclass(frozen=True)
class Order:
    """What staff asked for."""

    submissions: Path
    out: Path
    required: str  # the jail level below which nothing is graded
    only: Chapter | None = None
    workers: int = 1
    secret_file: Path | None = None
    cluster: str | None = None  # the address of a Dask scheduler
    regrade: bool = False


def run(order: Order, catalog: Catalog, progress: Progress = lambda done, total, result: None) -> Summary:
    """Grade everything that was handed in, and say what came of it.

    progress: called with how many files are done, how many there are, and the result that came last (None at first).
    Raises CourseError when nothing can be graded; then what was graded before stays as it was.
    """
    Level.named(order.required)  # a slip in it should not wait for the first file
    intake = take_in(order.submissions, catalog, order.only)
    _make(order.out)
    with alone(order.out), Store(order.out) as store:
        secret = read_secret(order.secret_file) if order.secret_file else kept_secret(order.out)
        tasks = dict(_tasks(intake.submissions, secret, order.required))
        before = store.counting()
        _refuse_silent_mixture(tasks, before, order)
        store.refuse(intake.complaints)
        progress(0, len(tasks), None)
        kept = {key: found for key, task in tasks.items() if (found := _kept(store, key, task))}
        for done, (key, result) in enumerate(kept.items(), 1):
            store.add(key, result) if result != store.found(key) else store.let_count(key, result)
            progress(done, len(tasks), result)
        fresh = {id(task): key for key, task in tasks.items() if key not in kept}
        _grade(store, order, [task for key, task in tasks.items() if key not in kept], fresh, len(tasks), progress)
        after = store.counting()
        rows = [after[task.person, task.chapter] for task in tasks.values()]
        changes = [change for row in rows for change in _changes(store, row)] if order.regrade else []
        summary = Summary(
            tuple(row.result for row in rows), len(kept), intake.complaints, intake.passed_over, tuple(changes),
            _absent(after, tasks.values(), order.only),
        )  # fmt: skip
        save(order.out, summary)
        return summary


def _grade(store: Store, order: Order, tasks: list[Task], keys: dict[int, str], total: int, progress: Progress) -> None:
    """Grade tasks, and keep each result the moment it is there."""
    if not tasks:
        return
    if order.cluster:
        from course_utils.staff.cluster import graded_on

        results = graded_on(order.cluster, tasks)
    else:
        level_for(order.required)  # before anything is started
        results = graded_here(tasks, order.workers)
    with contextlib.closing(results):
        for done, (task, result) in enumerate(results, total - len(tasks) + 1):
            store.add(keys[id(task)], result)
            progress(done, total, result)


def _tasks(submissions: Iterable[Submission], secret: bytes, required: str) -> Iterator[tuple[str, Task]]:
    """Each submission as a task, with its key."""
    conditions: dict[str, Provenance] = {}
    for one in submissions:
        chapter = one.chapter
        if chapter.key not in conditions:
            conditions[chapter.key] = provenance(chapter)
        names = [exercise.name for exercise in chapter.exercises]
        seeds = seeds_for(secret, one.person, chapter.key, one.sha256, names)
        where = conditions[chapter.key]
        key = key_of(one.person, chapter.key, one.sha256, suffix_of(one.file), seeds.name, where)
        yield key, Task(one.person, one.file, one.sha256, chapter.key, one.text, seeds.of, seeds.name, required, where)


def _kept(store: Store, key: str, task: Task) -> Result | None:
    """The result that is there for a task, under the name that the file has now; None when it must be graded."""
    found = store.found(key)
    if found is None or not at_least(found.graded.jail.level, task.required):
        return None
    return replace(found, graded=replace(found.graded, file=task.file))


def _refuse_silent_mixture(tasks: dict[str, Task], before: dict[tuple[str, str], Row], order: Order) -> None:
    """Raise CourseError where files were graded before under other conditions, unless staff say that they know."""
    changed: set[str] = set()
    count = 0
    for key, task in tasks.items():
        row = before.get((task.person, task.chapter))
        if row and row.key != key and row.result.graded.sha256 == task.sha256:
            count += 1
            changed |= set(_differences(row.result.graded, task))
    if count and not order.regrade:
        raise CourseError(
            f"{count} of these files {'were' if count > 1 else 'was'} graded here before, and since then "
            f"{' and '.join(sorted(changed)) or 'something'} changed: --regrade grades them again and says whose "
            "outcome changes; another --out leaves these results alone."
        )


def _differences(then: Graded, now: Task) -> Iterator[str]:
    was, is_ = then.provenance.compared(), now.provenance.compared()
    yield from (word.format(now.chapter[:4]) for key, word in _CONDITIONS.items() if was[key] != is_[key])
    if then.seed != now.seed:
        yield "the secret"


def _changes(store: Store, row: Row) -> list[Change]:
    """What a re-grading changed for one file; nothing where the file itself is another."""
    previous = store.by_key(row.previous) if row.previous else None
    if previous is None or previous.graded.sha256 != row.result.graded.sha256:
        return []
    return changes_between(previous, row.result)


def _absent(counting: Iterable[tuple[str, str]], tasks: Iterable[Task], only: Chapter | None) -> tuple[str, ...]:
    """Results of earlier runs that count, and for which no file was handed in now."""
    here = {(task.person, task.chapter) for task in tasks}
    gone = (key for key in counting if key not in here and (only is None or key[1] == only.key))
    return tuple(f"{person}/{chapter[:4]}" for person, chapter in gone)


def _make(out: Path) -> None:
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are nobody else's business
    except OSError as error:
        raise CourseError(f"{out} can't be made ({error.strerror}): name another folder with --out.") from None
