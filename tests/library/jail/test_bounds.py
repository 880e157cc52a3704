"""What a worker may use up: memory, processor time, processes, files; and that nothing of it stays behind."""

import pytest

from course_utils.jail.walls.levels import Level
from course_utils.jail.walls.rlimits import MB, Limits

FILL = """
import os
value = 0
try:
    with open({place!r} + '/big', 'wb', buffering=0) as file:
        while value < 4096: value += file.write(bytes(1 << 20)) / (1 << 20)
except OSError as error: value = [value, error.errno]
"""


@pytest.mark.parametrize("place", ["/dev/shm", "/scratch"])
def test_scratch_and_shared_memory_are_small(jail, place):
    worker = jail.worker(scratch_mb=8)
    written, error = worker.run(
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + FILL.format(place=place)
    )
    if jail.level >= Level.NAMESPACES:
        assert 4 <= written <= 8 and error in (27, 28)  # EFBIG, ENOSPC
        rest, error = worker.run(FILL.format(place=place).replace("/big", "/more"))
        assert rest <= 4 and error == 28
    else:
        assert (written, error) in ((0, 13), (0, 2))
    worker.close()


def test_many_small_files_come_to_an_end(apart_jail):
    worker = apart_jail.worker()
    code = "value = 0\nwhile value < 10**5:\n    open(f'/scratch/{value}', 'w').close(); value += 1"
    assert worker.run(code) == "OSError"
    worker.close()


def test_a_memory_bomb_is_an_error_that_can_be_caught(every_jail):
    worker = every_jail.worker(memory_mb=64)
    assert worker.run("value = len(bytearray(32 << 20))") == 32 * MB
    assert worker.run("bytearray(100 << 20)") == "MemoryError"
    assert worker.run("import mmap; mmap.mmap(-1, 1 << 30)") == "OSError"
    assert worker.run("value = 'alive'") == "alive"
    worker.close()


def test_processor_time_runs_out(jails):
    worker = jails(Level.RLIMITS, "ordinary").worker(cpu_seconds=1)
    assert worker.run("while True: pass") == "closed"
    ended = worker.wait()
    assert ended["end"] == "CPU"
    worker.close()


def test_processor_time_runs_out_for_one_who_ignores_signals(every_jail):
    worker = every_jail.worker(cpu_seconds=1)
    code = "import signal\nfor n in range(1, 65):\n  try: signal.signal(n, signal.SIG_IGN)\n  except (OSError, ValueError): pass\n"
    assert worker.run(code + "while True: pass") == "closed"
    assert worker.wait()["end"] == "CPU"
    worker.close()


def test_a_submission_is_one_process_with_threads(jail):
    worker = jail.worker()
    for act in ("os.fork()", "os.posix_spawn('/bin/true', ['true'], {})", "os.system('true') and 1/0"):
        assert worker.run(f"import os; {act}") in ("PermissionError", "BlockingIOError", "ZeroDivisionError"), act
    threads = "import threading as t; s = [t.Thread(target=int) for _ in range(8)]; [x.start() for x in s]; [x.join() for x in s]; value = 8"
    assert worker.run(threads) == 8
    worker.close()


def test_a_thread_bomb_is_stopped(jail):
    worker = jail.worker(threads=20)
    bomb = "import threading as t, time\nvalue = 0\nwhile value < 500: t.Thread(target=time.sleep, args=(9,), daemon=True).start(); value += 1"
    assert worker.run(bomb) == "RuntimeError"
    assert worker.run("value = 1") == 1
    worker.kill()
    assert worker.alone()
    worker.close()


def test_a_fork_bomb_is_stopped_and_leaves_nothing(apart_jail):
    worker = apart_jail.worker(processes=8, threads=24)
    bomb = """
import os, time
value = 0
try:
    while True:
        if os.fork() == 0: time.sleep(60); os._exit(0)
        value += 1
except OSError: pass
"""
    assert 10 <= worker.run(bomb) <= 24
    worker.kill()
    assert worker.alone()
    neighbour = apart_jail.worker()
    assert neighbour.run("value = 1") == 1
    neighbour.close()
    worker.close()


DAEMON = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)
        time.sleep(60)
    os._exit(0)
os._exit(7)
"""


def test_a_daemon_dies_with_the_worker(apart_jail):
    worker = apart_jail.worker(processes=4)
    worker.run(DAEMON, wait=1)
    ended = worker.wait()
    assert (ended["status"], ended["end"]) == (7, "RETURNED")
    assert worker.alone()  # a living daemon would still hold the socket
    worker.close()


def test_a_daemon_dies_where_there_are_only_limits_too(jails):
    jail = jails(Level.RLIMITS, "ordinary")
    worker = jail.worker(processes=4)
    worker.run(DAEMON, wait=1)
    assert worker.wait()["status"] == 7
    assert worker.alone()
    worker.close()


def test_open_files_and_locked_memory_are_few(every_jail):
    worker = every_jail.worker(open_files=16)
    code = "import os; value = []\ntry:\n  while True: value.append(os.open('/dev/null', 0))\nexcept OSError: value = len(value)"
    assert worker.run(code) <= 16
    worker.close()


def test_limits_are_data():
    assert Limits(**Limits(memory_mb=3).to_dict()) == Limits(memory_mb=3)
