"""The same work on many machines, by Dask distributed (`pip install "glassbox[cluster]"`).

What travels: tasks as plain data with derived seeds, never the secret, and results. What is kept is kept here alone.
Scheduler and workers trust each other and whoever can reach them: keep them in a private network, or use tls://.
"""

import hashlib
import json
import threading
from collections.abc import Generator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from course_utils.catalog import CourseError
from course_utils.staff.hired import Lost, Workbench
from course_utils.staff.pool import TRIES
from course_utils.staff.results import Result
from course_utils.staff.task import Task, undecided

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_WITHIN = 10.0  # seconds
AHEAD = 3  # tasks a processor that are sent before the first of them is done

_idle: list[Workbench] = []  # on a worker: those that wait for a task
_lock = threading.Lock()


def grade_there(data: dict[str, Any]) -> dict[str, str]:
    """Runs on a Dask worker: a task as plain data in, a result as JSON out, or the problem of that machine."""
    task = Task.from_dict(data)
    why = ""
    for _ in range(TRIES):
        with _lock:
            bench = _idle.pop() if _idle else None
        bench = bench or Workbench()
        try:
            result = bench.grade(task)
        except Lost as lost:
            bench.end()
            why = str(lost)
            continue
        except CourseError as error:
            bench.end()
            return {"problem": str(error)}
        with _lock:
            _idle.append(bench)
        return {"result": result.to_json()}
    return {"result": undecided(task, why).to_json()}


def graded_on(address: str, tasks: list[Task]) -> Generator[tuple[Task, Result]]:
    """Grade tasks on the cluster whose scheduler listens at `address`; each as it is done.

    A task whose machine dies goes to another one; the scheduler sees to that. Raises CourseError when there is no
    cluster, or none of its workers, at that address, when one of them can't grade, or when the connection is lost.
    """
    try:
        from distributed import CancelledError, Client
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise CourseError('--cluster needs Dask distributed: pip install "glassbox[cluster]"') from None
    try:
        client = Client(address, timeout=CONNECT_WITHIN, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise CourseError(
            f"No Dask scheduler answers at {address} ({error}): start one with `dask scheduler`."
        ) from None
    try:
        with client:
            yield from _results(client, address, tasks)
    except (CancelledError, CommClosedError, OSError) as error:
        why = f"{type(error).__name__}: {error}".rstrip(": ")
        raise CourseError(
            f"The cluster at {address} was lost ({why}). What is graded is kept: start the same command again."
        ) from None


def _results(client: "Client", address: str, tasks: list[Task]) -> Iterator[tuple[Task, Result]]:
    from distributed import as_completed

    processors = sum(client.nthreads().values())
    if not processors:
        raise CourseError(f"The scheduler at {address} has no workers: start some with `dask worker {address}`.")
    waiting = iter(tasks)
    sent: dict[str, Task] = {}

    def send(count: int) -> "list[Future]":
        return [_send(client, task, sent) for task in islice(waiting, count)]

    first = send(AHEAD * processors)
    ahead = as_completed(first, loop=client.loop, with_results=True, raise_errors=False)
    for future, reply in ahead:
        task = sent.pop(future.key)
        ahead.update(send(1))
        yield task, _result(task, future, reply)
        future.release()


def _send(client: "Client", task: Task, sent: dict[str, Task]) -> "Future":
    """Submit a task under a key that follows from it: sent twice, it is done once."""
    data = task.to_dict()
    key = "grade-" + hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    sent[key] = task
    return client.submit(grade_there, data, key=key, pure=True)


def _result(task: Task, future: "Future", reply: Any) -> Result:
    """What a worker's reply means."""
    from distributed import CancelledError

    if future.status == "cancelled":
        raise CancelledError(f"the scheduler forgot {task.file}")
    if future.status == "error":  # the worker could not so much as run the task, or died of it again and again
        error = future.exception()
        return undecided(task, f"{type(error).__name__}: {error}")
    if "problem" in reply:
        raise CourseError(f"A machine of the cluster can't grade: {reply['problem']}")
    return Result.from_json(reply["result"])
