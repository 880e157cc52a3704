"""Landlock by itself, in a child of our own; skipped where the kernel has none."""

import os
import socket

import pytest

from course_utils.jail.walls import landlock, syscalls

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


def in_child(act):
    """The error number that `act` fails with in a child, 0 if it doesn't."""
    child = os.fork()
    if child == 0:
        status = 255
        try:
            act()
            status = 0
        except OSError as error:
            status = error.errno
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def place(tmp_path):
    """`read` and `write` are allowed, `other` isn't."""
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)

    def restrict():
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        readable = [str(tmp_path / "read"), str(tmp_path / "not there")]
        landlock.restrict(readable, [str(tmp_path / "write")], ["/dev/null"])

    restrict.folder = tmp_path
    return restrict


@pytest.mark.parametrize(
    ("name", "mode", "error"),
    [
        ("read/file", "r", 0),
        ("read/file", "w", 13),
        ("read/new", "w", 13),
        ("write/file", "r", 0),
        ("write/new", "w", 0),
        ("other/file", "r", 13),
        ("other/new", "w", 13),
    ],
)
def test_files_by_folder(place, name, mode, error):
    def act():
        place()
        open(place.folder / name, mode).close()

    assert in_child(act) == error


@pytest.mark.parametrize("act", [os.mkfifo, os.mkdir, os.unlink, os.rmdir, os.listdir])
def test_a_folder_that_no_rule_names_is_closed(place, act):
    target = place.folder / "other"
    target = target / "new" if act in (os.mkfifo, os.mkdir) else target / "file" if act is os.unlink else target

    def attempt():
        place()
        act(target)

    assert in_child(attempt) == 13


def test_a_folder_whose_names_alone_are_shown(place):
    def look():
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        landlock.restrict([], listable=[str(place.folder)])
        assert os.listdir(place.folder / "other") == ["file"]
        open(place.folder / "other" / "file").close()

    assert in_child(look) == 13


def test_devices_can_be_used_and_not_made(place):
    def use():
        place()
        with open("/dev/null", "wb") as null:
            null.write(b"x")

    def make():
        place()
        os.mknod(place.folder / "write" / "null", 0o20666, os.makedev(1, 3))

    assert in_child(use) == 0
    assert in_child(make) in (1, 13)


def test_links_do_not_lead_out(place):
    (place.folder / "write" / "out").symlink_to(place.folder / "other" / "file")

    def follow():
        place()
        open(place.folder / "write" / "out").close()

    def hard():
        place()
        os.link(place.folder / "other" / "file", place.folder / "write" / "hard")

    assert in_child(follow) == 13
    assert in_child(hard) in (1, 13, 18)


@pytest.mark.skipif(landlock.version() < 4, reason="Landlock knows TCP from version 4")
def test_no_tcp(place):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def connect():
            place()
            socket.create_connection(listener.getsockname(), timeout=2)

        assert in_child(connect) == 13


@pytest.mark.skipif(landlock.version() < 6, reason="Landlock knows signals from version 6")
def test_no_signal_to_the_outside(place):
    def hit():
        place()
        os.kill(os.getppid(), 0)

    assert in_child(hit) == 1


def test_a_child_stays_restricted(place):
    def grandchild():
        place()
        child = os.fork()
        if child == 0:
            try:
                open(place.folder / "other" / "file").close()
            except OSError as error:
                os._exit(error.errno)
            os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    assert in_child(grandchild) == 13
