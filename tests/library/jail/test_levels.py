"""The levels and their order, what is tried of them, and the remedy that is named for what is missing."""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.jail.walls import landlock, levels, seccomp, trial
from course_utils.jail.walls.levels import Found, JailError, Level
from course_utils.records import CourseError
from tests.library.jail.conftest import USERS

EVERYWHERE = {"rlimits"}
WALL = EVERYWHERE | {"no_new_privs", "seccomp"}
APART = WALL | {"user", "pid", "mount", "net", "ipc", "uts", "tmpfs"}


def test_their_order():
    assert Level.BUBBLEWRAP > Level.NAMESPACES > Level.LANDLOCK > Level.RLIMITS
    assert [level.name for level in Level if not level.certified] == ["RLIMITS"]


def test_by_name():
    assert Level.named("Landlock") is Level.LANDLOCK
    with pytest.raises(
        CourseError, match="'gvisor' is no level of the jail: choose one of bubblewrap, namespaces, landlock"
    ):
        Level.named("gvisor")


def test_each_level_that_works_has_all_its_parts(every_jail):
    worker = every_jail.worker()
    wanted = {Level.RLIMITS: EVERYWHERE, Level.LANDLOCK: WALL}.get(every_jail.level, APART)
    parts = {part.split()[0] for part in worker.parts}
    assert parts - {"landlock"} == wanted
    assert every_jail.level != Level.LANDLOCK or "landlock" in parts
    worker.close()


def test_probe_tries_all_of_them_and_each_says_what_is_the_matter():
    found = levels.probe()
    assert [one.level for one in found] == sorted(Level, reverse=True)
    for one in found:
        assert one.works == bool(one.parts)
        assert one.works or (one.says and one.remedy and "\n" not in one.says + one.remedy), one


def test_the_strongest_comes_first(monkeypatch):
    tried = []

    def attempt(level):
        tried.append(level)
        return Found(level, ("seccomp",) if level <= Level.LANDLOCK else ())

    monkeypatch.setattr(levels, "attempt", attempt)
    assert levels.strongest().level is Level.LANDLOCK
    assert tried == [Level.BUBBLEWRAP, Level.NAMESPACES, Level.LANDLOCK]


def test_a_machine_without_any_level(monkeypatch):
    monkeypatch.setattr(levels, "attempt", lambda level: Found(level, (), f"{level.name} fails.", "Mend it."))
    with pytest.raises(JailError, match=r"No submission can be graded here\. RLIMITS fails\. Mend it\.") as caught:
        levels.strongest()
    assert caught.value.remedy == "Mend it."


def test_bubblewrap_is_not_installed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = trial.attempt(Level.BUBBLEWRAP)
    assert not found.works
    assert "apt-get install bubblewrap" in found.remedy


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_have_only_limits(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "system", lambda: "Elsewhere")
    for level in Level:
        if level.certified or system == "win32":
            found = trial.attempt(level)
            assert found.says == "Elsewhere has no such jail."
            assert "Linux virtual machine" in found.remedy


@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1\n", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0\n", "user.max_user_namespaces=15000"),
    ],
)
def test_a_setting_of_the_kernel_is_in_the_way(monkeypatch, name, text, command):
    really = Path.read_text

    def read_text(path, *arguments):
        if path == Path("/proc/sys", name):
            return text
        if Path("/proc/sys") in path.parents:
            raise FileNotFoundError
        return really(path, *arguments)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert f"`sudo sysctl {command}`" in trial.remedy(Level.NAMESPACES)


@pytest.mark.parametrize(("in_container", "says"), [(True, "--security-opt"), (False, "virtual machine")])
def test_a_container_is_in_the_way(monkeypatch, in_container, says):
    monkeypatch.setattr(trial, "_SYSCTLS", ())
    monkeypatch.setattr(Path, "exists", lambda path: in_container)
    assert says in trial.remedy(Level.BUBBLEWRAP)


def test_a_wall_with_a_hole_is_none(monkeypatch):
    """Should a level let a worker through after all, it doesn't count."""
    monkeypatch.setattr(trial, "_heard", lambda sock: ["read /etc/passwd", "open a network socket"])
    for level in Level:
        found = trial.attempt(level)
        if level.certified:
            assert not found.works
            assert "open a network socket" in found.says or found.remedy


@pytest.mark.skipif(not (seccomp.available() and landlock.version()), reason="needs a filter of calls, and Landlock")
@pytest.mark.parametrize("user", USERS)
def test_in_a_container_that_refuses_namespaces_landlock_is_what_is_left(user):
    script = Path(__file__).with_name("contained.py")
    answer = subprocess.run([sys.executable, "-B", script, user], check=True, capture_output=True, text=True)
    bubblewrap, namespaces, landlocked, limits = json.loads(answer.stdout)
    for name, parts, says, remedy in (bubblewrap, namespaces):
        assert not parts, name
        assert "does not start" in says and "\n" not in says
        assert remedy
    assert (landlocked[0], landlocked[1][-1]) == ("LANDLOCK", "seccomp")
    assert limits[1] == ["rlimits"]
