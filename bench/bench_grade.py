"""How many submissions of a chapter one machine grades an hour behind the jail, beside the same checks without it.

A submission is the chapter's reference, so that every check of every exercise runs to its end. Graded by one process
and by two at once, each with a zygote of its own; all in turns, after a first round that counts for nothing.
Run from the course's folder: `python bench/bench_grade.py [--runs 5] [--chapter ch01] [--level bubblewrap]`.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from multiprocessing.connection import Connection

from course_utils.catalog import Chapter, load_catalog
from course_utils.grading.checks import load_checks
from course_utils.jail.walls.launch import Zygote
from course_utils.jail.walls.levels import Level, strongest
from course_utils.jail.walls.rlimits import Limits


def grader(orders: Connection, level: Level, key: str) -> None:
    """A process that grades one whole submission each time it is told how: "jail" or "none"."""
    import torch._dynamo  # noqa: F401 - what torch's optimizers load when first used must not fall into a time limit

    from course_utils.grading.judge import judge_file
    from course_utils.jail.talk.session import judge_in_jail

    chapter = next(one for one in load_catalog().chapters if one.key == key)
    text = chapter.solution.read_bytes()
    started = time.perf_counter()
    with Zygote(level, chapter) as zygote:
        orders.send(time.perf_counter() - started)
        while (how := orders.recv()) != "end":
            seconds = []
            for exercise in chapter.exercises:
                before = time.perf_counter()
                if how == "jail":
                    with zygote.worker(Limits(memory_mb=exercise.memory_mb)) as worker:
                        verdict = judge_in_jail(exercise, text, "submission.py", worker, seed=1)
                else:
                    verdict = judge_file(exercise, chapter.solution)
                seconds.append(time.perf_counter() - before)
                if not verdict.ok:
                    raise SystemExit(f"{exercise.name}: {verdict.outcome.name}: {verdict.says}")
            orders.send(seconds)


def workers_alone(level: Level, runs: int) -> list[float]:
    """Seconds until a worker is confined and ready, and until it is gone again; torch loaded, no submission."""
    taken = []
    with Zygote(level, None, driver="course_utils.jail.walls.trial") as zygote:
        for _ in range(runs):
            before = time.perf_counter()
            zygote.worker().close()
            taken.append(time.perf_counter() - before)
    return taken


def rounds(pipes: list[Connection], runs: int) -> dict[str, list[list[float]]]:
    """For each way of grading, the seconds of each exercise, one list a submission, and of a whole round at the end."""
    ways = {"no jail": ("none", 1), "one": ("jail", 1), "two": ("jail", 2)}
    rows: dict[str, list[list[float]]] = {name: [] for name in ways}
    for number in range(runs + 1):
        for name, (how, many) in ways.items():
            before = time.perf_counter()
            for pipe in pipes[:many]:
                pipe.send(how)
            seconds = [one for pipe in pipes[:many] for one in pipe.recv()]
            if number:
                rows[name].append([*seconds, (time.perf_counter() - before) / many])
    return rows


def show(chapter: Chapter, rows: dict[str, list[list[float]]]) -> None:
    """Medians over the rounds, and their ratio to grading without a jail."""
    base = statistics.median(row[-1] for row in rows["no jail"])
    checks = sum(len(load_checks(exercise).checks) for exercise in chapter.exercises)
    notes = {"no jail": "no jail, one process", "one": "jailed, one process", "two": "jailed, two processes"}
    for name, row in rows.items():
        whole = statistics.median(one[-1] for one in row)
        exercise = statistics.median(second for one in row for second in one[:-1])
        print(
            f"  {notes[name]:22} {3600 / whole:7.0f} submissions an hour  {whole:6.2f} s a submission  "
            f"{1000 * exercise:5.0f} ms an exercise  {1000 * whole / checks:5.1f} ms a check  "
            f"{whole / base:5.2f} of no jail"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="rounds that count")
    parser.add_argument("--chapter", default="ch01", help="the beginning of its key")
    parser.add_argument("--level", help="of the jail; default: the strongest that works here")
    arguments = parser.parse_args()
    level = Level.named(arguments.level) if arguments.level else strongest().level
    chapter = next(one for one in load_catalog().chapters if one.key.startswith(arguments.chapter))
    checks = sum(len(load_checks(exercise).checks) for exercise in chapter.exercises)

    alone = workers_alone(level, 10 * arguments.runs)
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(2):
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=grader, args=(theirs, level, chapter.key)))
        processes[-1].start()
        theirs.close()  # else the end of that process would not be seen
        pipes.append(ours)
        print(f"zygote started in {ours.recv():.1f} s")
    try:
        rows = rounds(pipes, arguments.runs)
    finally:
        for pipe, process in zip(pipes, processes, strict=True):
            if process.is_alive():
                pipe.send("end")
            process.join()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{chapter.key}: {len(chapter.exercises)} exercises, {checks} checks, {level.name.lower()}; medians of")
    print(f"{arguments.runs} rounds; load average {load} on {os.cpu_count()} processors")
    print(f"  a worker, confined, ready and gone again: {1000 * statistics.median(alone):.0f} ms")
    show(chapter, rows)


if __name__ == "__main__":
    main()
