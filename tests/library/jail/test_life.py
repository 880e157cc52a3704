"""From a worker's start to its end, and the zygote's: killed, crashed, worn out, left alone by the trusted side."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from course_utils.jail.walls import folder, launch
from course_utils.jail.walls.levels import JailError, Level, strongest
from tests.library.jail.conftest import USERS, Jail

STUBBORN = """
import signal
import sys
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
"""


def test_kill_ends_even_one_who_ignores_all_signals_at_once(every_jail):
    worker = every_jail.worker()
    assert worker.run(STUBBORN, wait=0.3) == "silent"
    worker.kill()
    ended = worker.wait()
    assert (ended["status"], ended["end"]) == (-signal.SIGKILL, "KILLED")
    assert ended["seconds"] < 2
    worker.close()


def test_a_worker_that_still_runs_has_no_status(every_jail):
    worker = every_jail.worker()
    assert worker.wait(timeout=0.1)["status"] is None
    assert worker.run("value = 5") == 5
    worker.close()


@pytest.mark.parametrize(
    ("act", "status", "end"),
    [
        ("os._exit(3)", 3, "RETURNED"),
        ("os.abort()", -signal.SIGABRT, "SIGNAL"),
        ("ctypes.string_at(1)", -signal.SIGSEGV, "SIGNAL"),
        ("os.kill(os.getpid(), 9)", -signal.SIGKILL, "MEMORY"),  # as the kernel does it: nobody else is left to
    ],
)
def test_how_a_worker_ended_is_told(every_jail, act, status, end):
    worker = every_jail.worker()
    assert worker.run(f"import os, ctypes; {act}") == "closed"
    ended = worker.wait()
    assert (ended["status"], ended["end"]) == (status, end)
    worker.close()


def test_a_worker_ends_well_when_the_trusted_side_hangs_up(every_jail):
    worker = every_jail.worker()
    worker.run("sock.shutdown(2)", wait=1)
    assert worker.wait()["status"] in (0, 1)
    worker.close()


def test_neighbours_do_not_disturb_each_other(every_jail):
    first, second = every_jail.worker(), every_jail.worker()
    first.run("import os, ctypes; ctypes.string_at(1)")
    assert second.run("value = 'here'") == "here"
    third = every_jail.worker()
    assert third.run("value = 'too'") == "too"
    for worker in (first, second, third):
        worker.close()


@pytest.fixture(params=USERS)
def short_lived(request):
    """A jail whose zygote is replaced after two workers, at the strongest level there is."""
    jail = Jail(strongest().level, request.param, workers=2)
    if "missing" in jail.hello:
        pytest.skip(f"{jail.level.name} for {request.param}: {jail.hello['missing']}")
    yield jail
    jail.close()


def test_a_zygote_is_replaced_after_some_workers_and_its_last_ones_live_on(short_lived):
    workers = [short_lived.worker() for _ in range(5)]
    assert [worker.run("value = 1") for worker in workers] == [1] * 5
    assert short_lived.ask("zygote_pid")["workers"] == 1
    for worker in workers:
        worker.close()


def test_a_zygote_that_died_is_replaced(short_lived):
    before = short_lived.ask("zygote_pid")["pid"]
    orphan = short_lived.worker()
    os.kill(before, signal.SIGKILL)
    assert orphan.alone()
    assert orphan.wait()["end"] == "LOST"
    worker = short_lived.worker()
    assert worker.run("value = 1") == 1
    assert short_lived.ask("zygote_pid")["pid"] != before


def test_nothing_outlives_the_trusted_side(every_jail):
    jail = Jail(every_jail.level, every_jail.user)
    worker = jail.worker()
    assert worker.run(STUBBORN, wait=0.2) == "silent"
    family = _descendants(jail.process.pid)
    assert len(family) >= 2
    jail.process.kill()
    jail.process.wait()
    until = time.monotonic() + 10
    while time.monotonic() < until and any(_lives(pid) for pid in family):
        time.sleep(0.02)
    assert not [pid for pid in family if _lives(pid)]


def _descendants(pid):
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, waiting = [], [pid]
    while waiting:
        children = [child for child, parent in parents.items() if parent == waiting[0]]
        waiting = waiting[1:] + children
        found += children
    return found


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_driver_that_cannot_be_loaded_is_said_in_one_line():
    level = strongest().level
    with pytest.raises(JailError, match="does not start: ModuleNotFoundError: No module named 'nothing_here'"):
        launch.Zygote(level, None, driver="nothing_here", modules=()).__enter__()


def test_no_folder_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    level = strongest().level
    if level < Level.NAMESPACES:
        pytest.skip("the temporary folder of this test is its owner's alone")
    with (
        launch.Zygote(level, None, driver="course_utils.jail.walls.trial", modules=()) as zygote,
        zygote.worker() as worker,
    ):
        assert worker.parts
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_the_folder_of_a_grader_that_was_killed_is_swept_up(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    living = folder.Folder()
    child = os.fork()
    if child == 0:
        folder.Folder()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (tmp_path / "gb-jail-of-somebody").mkdir()
    (tmp_path / "gb-jail-link").symlink_to(living.path)
    assert len(list(tmp_path.iterdir())) == 4
    folder.sweep()
    assert {path.name for path in tmp_path.iterdir()} == {living.path.name, "gb-jail-of-somebody", "gb-jail-link"}
    living.remove()
    assert not living.path.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has such a score")
def test_a_machine_without_memory_sacrifices_workers_first(every_jail):
    worker = every_jail.worker()
    scores = [Path(f"/proc/{pid}/oom_score_adj").read_text() for pid in _descendants(every_jail.process.pid)]
    assert scores.count("1000\n") == 1
    worker.close()
