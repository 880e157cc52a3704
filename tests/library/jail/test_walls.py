"""Attacks from inside a worker, at every level of the jail that is a wall: what a submission must not get at."""

import os
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from course_utils.jail.walls.levels import Level

ROOT = Path(__file__).resolve().parents[3]
REFUSED = ("PermissionError", "FileNotFoundError", "NotADirectoryError")
NR_CLONE, NR_CLONE3, NR_PTRACE, NR_READV, NR_MEMFD = {
    "x86_64": (56, 435, 101, 310, 319),
    "aarch64": (220, 435, 117, 270, 279),
}.get(os.uname().machine, (0,) * 5)
CALL = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"


OUT_OF_SIGHT = [
    "/etc/passwd",
    "/etc/shadow",
    ROOT / "solutions/ch01_transformers.py",
    ROOT / "tests/ch01_transformers/test_layer_norm.py",
    ROOT / "chapters/ch01_transformers/exercises.toml",
    ROOT / "course_utils/grading/judge.py",
    Path(sysconfig.get_path("purelib"), "pytest/__init__.py"),
    Path.home() / ".bashrc",
    "/bin/sh",
    "/proc/1/environ",
    "/proc/self/environ",
    "/proc/1/cmdline",
    "/proc/1/mem",
    "/proc/self/mem",
    "/proc/cpuinfo",
    "/sys/kernel/notes",
    "/dev/tty",
    "/tmp",
]


def test_nothing_but_python_and_the_staged_course_can_be_read(worker):
    for path in OUT_OF_SIGHT:
        code = (
            f"import os; p = {str(path)!r}; value = os.listdir(p) if os.path.isdir(p) else open(p, 'rb').read(10).hex()"
        )
        # A folder on the way to Python may be there, empty.
        assert worker.run(code) in ([], *REFUSED), path


def test_the_way_to_python_holds_nothing_else(apart_jail):
    worker = apart_jail.worker()
    home = str(Path(sys.base_prefix).resolve())
    entries = worker.run(f"import os; value = sorted(os.listdir({home!r}))")
    assert set(entries) <= {"bin", "lib"} or home == "/usr"
    roots = {"course", "dev", "etc", "lib", "lib64", "packages", "proc", "scratch", "usr", "nix", "gnu"}
    assert set(worker.run("import os; value = os.listdir('/')")) - roots <= {Path(home).parts[1]}
    assert worker.run("import os; value = sorted(os.listdir('/course'))") == ["attacker.py", "course_utils"]
    worker.close()


ANSWERS = [
    "course_utils.grading.judge",
    "course_utils.jail.walls.launch",
    "course_utils.catalog",
    "solutions.ch01_transformers",
    "transformer_lens",
    "transformers",
    "pytest",
    "pip",
]


def test_no_module_with_answers_can_be_imported(every_jail):
    worker = every_jail.worker()
    for module in ANSWERS:
        assert worker.run(f"import {module}") == "ModuleNotFoundError", module
    worker.close()


def test_any_module_of_python_can_be_found_however_long_ago_the_zygote_looked(every_jail):
    worker = every_jail.worker()
    afresh = "import sys, importlib; sys.path_importer_cache.clear(); importlib.invalidate_caches()\n"
    for module in ("mmap", "wave", "xml.dom.minidom", "sqlite3"):
        assert worker.run(f"{afresh}import {module}; value = 1") == 1, module
    worker.close()


def test_nothing_can_be_written_outside_scratch(worker):
    inside = ["/", "/course", "/course/course_utils", "/packages", "/usr/lib", "/dev", "/proc"]
    for folder in (*inside, "/tmp", "/var/tmp", str(Path.home())):
        assert worker.run(f"open({folder!r} + '/mine', 'w')") in (*REFUSED, "OSError"), folder


def test_what_is_staged_cannot_be_changed(worker):
    place = "import course_utils.jail as j, os; p = j.__path__[0] + '/rlimits.py'\n"
    for act in ("open(p, 'a')", "os.unlink(p)", "os.rename(p, p + '~')", "os.truncate(p, 0)", "os.chmod(p, 0o777)"):
        assert worker.run(place + act) in ("OSError", *REFUSED), act


def test_scratch_is_ones_own_and_gone_afterwards(apart_jail):
    first = apart_jail.worker()
    assert first.run("open('/scratch/note', 'w').write('x'); import os; value = os.getcwd()") == "/scratch"
    neighbour = apart_jail.worker()
    assert neighbour.run("import os; value = os.listdir('/scratch') + os.listdir('/dev/shm')") == []
    first.close()
    neighbour.close()
    after = apart_jail.worker()
    assert after.run("import os; value = os.listdir('/scratch') + os.listdir('/dev/shm')") == []
    after.close()


def test_there_is_no_network_and_no_socket_at_all(worker):
    for family in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"):
        code = f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM)"
        assert worker.run(code) == "PermissionError", family


def test_no_pair_of_sockets_either(worker):
    assert worker.run("import socket; socket.socketpair()") == "PermissionError"


AROUND = [
    ("libc.unshare(0x10000000)", 1),
    ("libc.setns(3, 0)", 1),
    ("libc.mount(b'none', b'/scratch', b'tmpfs', 0, None)", 1),
    ("libc.umount2(b'/proc', 2)", 1),
    ("libc.chroot(b'/scratch')", 1),
    (f"libc.syscall({NR_CLONE}, 0x10000011, 0, 0, 0, 0)", 1),
    (f"libc.syscall({NR_CLONE3}, 0, 0)", 38),
    (f"libc.syscall({NR_PTRACE}, 16, 1, 0, 0)", 1),
    (f"libc.syscall({NR_READV}, 1, 0, 0, 0, 0, 0)", 1),
    (f"libc.syscall({NR_MEMFD}, b'x', 0)", 1),
    ("libc.prctl(1, 0, 0, 0, 0)", 1),
    ("libc.ioctl(3, 0x8901, ctypes.byref(ctypes.c_int(1)))", 1),
    ("libc.fcntl(3, 8, 1)", 1),
    ("libc.shmget(0, 4096, 0o1600)", 1),
    ("libc.syscall(425, 1, 0)", 38),
]


def test_calls_that_reach_around_the_wall_are_refused(worker):
    for call, error in AROUND:
        assert worker.run(f"{CALL}value = [{call}, ctypes.get_errno()]") == [-1, error], call


def test_another_machines_convention_ends_the_worker(jail):
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 has the x32 convention")
    worker = jail.worker()
    assert worker.run(f"{CALL}libc.syscall(0x40000000 | 39)") == "closed"
    assert worker.wait()["end"] == "FORBIDDEN"
    worker.close()


def test_nobody_becomes_anybody_else(worker):
    for act in ("os.setuid(0)", "os.setgroups([0])", "os.setresuid(0, 0, 0)", "os.execv('/bin/sh', ['sh'])"):
        assert worker.run(f"import os; {act}") in ("OSError", *REFUSED), act


def test_it_is_nobody_without_any_right(worker):
    ids = worker.run("import os; value = [*os.getresuid(), *os.getresgid(), os.getgroups()]")
    assert ids[:6] == [65534] * 6
    assert set(ids[6]) <= {65534}
    assert worker.run(f"{CALL}value = libc.prctl(39, 0, 0, 0, 0)") == 1  # no_new_privs
    held = "import struct; h = ctypes.create_string_buffer(struct.pack('<Ii', 0x20080522, 0), 8)\n"
    held += "d = ctypes.create_string_buffer(24); libc.capget(h, d); value = d.raw.hex()"
    assert worker.run(CALL + held) == "00" * 24


def test_no_open_file_but_the_one_socket(every_jail):
    worker = every_jail.worker()
    code = (
        "import os, stat\nvalue = []\n"
        "for fd in range(65536):\n"
        "    try: info = os.fstat(fd)\n"
        "    except OSError: continue\n"
        "    value.append([fd, stat.S_ISSOCK(info.st_mode), os.major(info.st_rdev), os.minor(info.st_rdev)])"
    )
    null = [False, 1, 3]
    assert worker.run(code) == [[0, *null], [1, *null], [2, *null], [3, True, 0, 0]]
    worker.close()


def test_nothing_of_the_machine_is_in_environment_or_arguments(every_jail):
    worker = every_jail.worker()
    names = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "MALLOC_ARENA_MAX"}
    names |= {"LANG", "HOME", "TMPDIR", "PWD", "LC_CTYPE"}
    assert set(worker.run("import os; value = list(os.environ)")) <= names
    assert "a-token" not in str(worker.run("import sys; value = sys.orig_argv"))
    # Not in memory either: the zygote was started without it.
    scan = "import ctypes, os\nc = ctypes.CDLL(None); value = [c.getenv(b'GLASSBOX_SECRET')]"
    assert worker.run(scan) == [0]
    worker.close()


def test_signals_reach_nobody(jail):
    one, other = jail.worker(), jail.worker()
    zygote = jail.ask("zygote_pid")["pid"]
    attack = f"""
import os
value = []
for pid in [-1, os.getppid(), 1, {zygote}, {zygote} + 1, {os.getpid()}]:
    try: os.kill(pid, 9); value.append(pid)
    except (PermissionError, ProcessLookupError): pass
"""
    # Process 1 of a pid namespace can be sent signals from inside, and doesn't hear them.
    assert set(one.run(attack)) <= ({1} if jail.level >= Level.NAMESPACES else set())
    assert one.run("value = 0") == 0
    assert other.run("value = 1") == 1
    again = jail.worker()
    assert again.run("value = 2") == 2
    for worker in (one, other, again):
        worker.close()


@pytest.fixture
def own_file():
    """A file of the ordinary user's own, where everybody may go."""
    with tempfile.TemporaryDirectory(prefix="gb-own-") as folder:
        path = Path(folder, "mine")
        path.write_text("x")
        for place in (Path(folder), path):
            place.chmod(0o777)
            if os.geteuid() == 0:
                os.chown(place, 65534, 65534)
        yield path


def test_rights_and_dates_of_files_stay(jail, own_file):
    """Landlock does not govern them: a submission of an ordinary user could spoil that user's own files."""
    worker = jail.worker()
    for act in ("chmod(p, 0)", "utime(p)", "truncate(p, 0)", "setxattr(p, 'user.x', b'')", "chown(p, -1, -1)"):
        assert worker.run(f"import os; p = {str(own_file)!r}; os.{act}") in REFUSED, act
    worker.close()


def test_the_attacks_do_work_where_there_are_only_limits(jails, own_file):
    """Else the refusals above could come from something else than the wall."""
    worker = jails(Level.RLIMITS, "ordinary").worker()
    for act in ("chmod(p, 0o700)", "utime(p)", "truncate(p, 0)", "fork() or os._exit(0)", "getcwd()"):
        assert worker.run(f"import os; p = {str(own_file)!r}; os.{act}; value = 1") == 1, act
    assert worker.run("import socket; socket.socket().close(); value = 1") == 1
    assert worker.run("value = open('/etc/passwd').read(4)") == "root"
    assert str(os.getpid()) in worker.run("import os; value = os.listdir('/proc')")
    worker.close()


def test_other_processes_are_out_of_sight(apart_jail):
    worker = apart_jail.worker()
    assert worker.run("import os; value = [os.listdir('/proc'), os.getpid(), os.getppid()]") == [[], 2, 1]
    worker.close()
