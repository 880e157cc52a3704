"""The same work on a Dask cluster of real processes, one of them killed in the middle: nothing lost, nothing double."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from course_utils.catalog import CourseError, load_catalog
from course_utils.staff.cluster import graded_on
from course_utils.staff.run import Order, run

from .conftest import RIGHT, tasks_for
from .test_intake import put
from .test_run import processes_of, stored, wait_until

pytest.importorskip("distributed", reason="the optional extra `cluster` is not installed")
PEOPLE = ("ann", "ben", "cat", "dan", "eve", "fay")


class Cluster:
    """A scheduler, and workers that come and go."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"GLASSBOX_ROOT": str(root)}
        self.processes: list[subprocess.Popen] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")

    def _start(self, *words: str) -> subprocess.Popen:
        with open(self.folder / f"{words[0]}-{len(self.processes)}.log", "w") as log:
            command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment, cwd=self.folder)
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen:
        """One more, with one thread and without a nanny that would bring it back when it is killed."""
        return self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def log(self, number: int) -> str:
        (path,) = self.folder.glob(f"*-{number}.log")
        return path.read_text()

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(small, tmp_path: Path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    one = Cluster(small.chapters[0].root, folder)
    yield one
    one.close()


def test_one_of_two_workers_is_killed_in_the_middle(cluster: Cluster, handed_in: Path, tmp_path: Path):
    for number, person in enumerate(PEOPLE):
        put(handed_in, f"{person}_ch01_transformers.py", RIGHT["ch01_transformers"] + f"\n# {number}\n")
    first, _second = cluster.worker(), cluster.worker()
    order = Order(handed_in, tmp_path / "out", "landlock", cluster=cluster.address)
    wait_until(lambda: all("Registered to" in cluster.log(number) for number in (1, 2)))
    seen: dict[str, str] = {}

    def progress(done: int, total: int, result) -> None:
        if result is None:
            return
        assert stored(order.out)[result.graded.person] == result.to_json()
        assert result.graded.person not in seen
        seen[result.graded.person] = result.to_json()
        if done == 1:
            first.send_signal(signal.SIGKILL)

    summary = run(order, load_catalog(), progress)
    assert first.wait() == -signal.SIGKILL
    assert [one.graded.person for one in summary.results] == list(PEOPLE)
    assert all(one.graded.totals.points == 8 for one in summary.results)
    assert stored(order.out) == seen  # what came first is what stays

    here = run(Order(handed_in, tmp_path / "here", "landlock", secret_file=order.out / "secret"), load_catalog())
    assert [one.graded.to_dict() for one in here.results] == [one.graded.to_dict() for one in summary.results]
    secret = (order.out / "secret").read_bytes().strip()
    sent = json.dumps([task.to_dict() for task in tasks_for(handed_in, load_catalog(), secret)])
    assert summary.results[0].graded.seed in sent  # it is these that were sent
    assert secret.decode() not in sent
    cluster.close()
    wait_until(lambda: not processes_of(load_catalog().chapters[0].root), 30)


def test_a_scheduler_that_goes_away(cluster: Cluster, handed_in: Path, tmp_path: Path):
    put(handed_in, "ann_ch01_transformers.py", RIGHT["ch01_transformers"])
    cluster.worker()
    wait_until(lambda: "Registered to" in cluster.log(1))
    threading.Timer(1.0, cluster.scheduler.kill).start()
    with pytest.raises(CourseError, match=r"was lost .*What is graded is kept"):
        run(Order(handed_in, tmp_path / "out", "landlock", cluster=cluster.address), load_catalog())


def test_no_scheduler_and_no_workers(cluster: Cluster, handed_in: Path):
    put(handed_in, "ann_ch01_transformers.py", RIGHT["ch01_transformers"])
    tasks = tasks_for(handed_in, load_catalog())
    wait_until(lambda: "Scheduler at" in cluster.log(0))
    with pytest.raises(CourseError, match=re.escape(f"dask worker {cluster.address}")):
        next(graded_on(cluster.address, tasks))
    with pytest.raises(CourseError, match="No Dask scheduler answers"):
        next(graded_on("tcp://127.0.0.1:1", tasks))
