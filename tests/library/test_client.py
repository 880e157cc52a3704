"""The client and the life of the server: started on demand, one at a time, replaced when it dies, gone when idle."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from course_utils.catalog import CourseError
from course_utils.grading import client
from course_utils.grading.address import folder_for_sockets, server_address
from course_utils.grading.client import check_in_child, ping

# A server that loads no torch and looks around often; enough to see when it comes and goes.
LIGHT = """
import sys
from pathlib import Path
from course_utils.grading import server
server._load = lambda: None
server.LOOK_AROUND = 0.05
server._still_wanted = {wanted}
server.serve(Path(sys.argv[1]), idle_exit=float(sys.argv[2]))
"""


def light_server(address: Path, idle_exit: float, wanted: str = "server._still_wanted") -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", LIGHT.format(wanted=wanted), str(address), str(idle_exit)])


@pytest.fixture
def address(socket_folder) -> Path:
    folder = socket_folder / "light"
    folder_for_sockets(folder)
    return folder / "light.sock"


def wait_for(condition) -> None:
    done = threading.Event()
    for _ in range(250):
        if condition():
            return
        done.wait(0.02)
    raise AssertionError("it did not happen within five seconds")


def test_an_idle_server_leaves_and_takes_its_files_with_it(address):
    assert light_server(address, idle_exit=0.2).wait(5) == 0
    assert list(address.parent.iterdir()) == []


def test_a_second_server_gives_way(address):
    first = light_server(address, idle_exit=30, wanted="lambda *_: True")
    wait_for(address.exists)
    inode = address.stat().st_ino
    assert light_server(address, idle_exit=30).wait(5) == 0
    assert address.stat().st_ino == inode
    first.terminate()
    first.wait()


def test_a_server_whose_socket_or_version_is_gone_leaves(address):
    # `light.sock` is no address that `server_address` would give, as after an upgrade.
    assert light_server(address, idle_exit=30).wait(5) == 0


def test_a_dead_server_and_its_stale_socket_are_replaced(address):
    first = light_server(address, idle_exit=30, wanted="lambda *_: True")
    wait_for(address.exists)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert address.exists()
    assert client._try_to_connect(address) is None
    second = light_server(address, idle_exit=30, wanted="lambda *_: True")
    wait_for(lambda: client._try_to_connect(address) is not None)
    second.terminate()
    second.wait()


def test_clients_that_race_share_one_server(course, monkeypatch, socket_folder):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(socket_folder / "race"))
    (socket_folder / "race").mkdir()
    processes = []
    start = client._start
    monkeypatch.setattr(client, "_start", lambda address: processes.append(start(address)) or processes[-1])
    results = []
    threads = [threading.Thread(target=lambda: results.append(ping())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 3
    running = [process for process in processes if process.poll() is None]
    assert len(running) == 1
    running[0].kill()
    assert [process.wait(5) for process in processes if process is not running[0]] == [0] * (len(processes) - 1)


def test_without_a_server_the_check_goes_on(course, monkeypatch):
    monkeypatch.setattr(client, "server_address", lambda: Path("/proc/nowhere/x.sock"))
    course.answer("double", "def double(x: int) -> int:\n    return x + x")
    assert check_in_child(course.catalog.find_exercise("double"), course.chapter.script).ok


def test_a_grader_that_cannot_run_is_said_in_one_sentence(course, monkeypatch):
    monkeypatch.setattr(client, "_CAN_SERVE", False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CourseError, match=r"could not run.*course doctor"):
        check_in_child(course.catalog.find_exercise("double"), course.chapter.script)


def test_a_folder_that_others_can_enter_is_refused(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(CourseError, match="remove that folder"):
        folder_for_sockets(folder)


def test_the_address_fits_a_socket_and_depends_on_the_code(monkeypatch, tmp_path):
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert len(os.fsencode(server_address())) <= 100
    before = server_address().name
    monkeypatch.setattr(sys, "version", "another")
    assert server_address().name != before


def test_the_client_loads_no_torch():
    code = "import sys; import course_utils.grading.client; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
