"""`course doctor`: each thing that can be wrong is found, with its remedy."""

import shutil
import sys
from collections import namedtuple

import pytest

from course_utils.grading.client import NoServer
from course_utils.jail.walls import levels as jail_levels
from course_utils.jail.walls.levels import Found
from course_utils.jail.walls.levels import Level as JailLevel
from course_utils.learner import doctor
from course_utils.learner.doctor import Level
from course_utils.learner.pairing import sync


def levels(findings) -> list[Level]:
    return [finding.level for finding in findings]


def test_a_healthy_course(course, capsys, monkeypatch):
    (course.root / "requirements.lock").write_text("# pinned\npytest==" + pytest.__version__ + "\n")
    sync(course.chapter)
    monkeypatch.setattr(jail_levels, "attempt", lambda level: Found(level, ("pid", "seccomp")))
    findings = list(doctor.examine(course.root))
    assert levels(findings) == [Level.OK] * len(findings), findings
    assert len(findings) == 8
    assert not any(finding.remedy for finding in findings)


@pytest.mark.parametrize(
    ("best", "level", "says", "remedy"),
    [
        (JailLevel.BUBBLEWRAP, Level.OK, "behind bubblewrap (pid, seccomp)", ""),
        (JailLevel.NAMESPACES, Level.OK, "behind namespaces", "For a stronger wall: mend BUBBLEWRAP"),
        (JailLevel.LANDLOCK, Level.OK, "behind landlock", "For a stronger wall: mend NAMESPACES"),
        (JailLevel.RLIMITS, Level.WARN, "no wall", "mend LANDLOCK"),
        (None, Level.WARN, "can't be graded here", "Your own checks don't need it."),
    ],
)
def test_the_jail(monkeypatch, best, level, says, remedy):
    def attempt(tried):
        works = best is not None and tried <= best
        return Found(tried, ("pid", "seccomp")) if works else Found(tried, (), "no", f"mend {tried.name}")

    monkeypatch.setattr(jail_levels, "attempt", attempt)
    finding = doctor.jail()
    assert finding.level is level
    assert says in finding.says
    assert finding.remedy == remedy


def test_the_jail_of_this_very_machine_is_looked_at():
    finding = doctor.jail()
    assert "grade" in finding.says
    assert bool(finding.remedy) != ("bubblewrap (" in finding.says)


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    assert doctor.python_version().level is Level.FAIL


def test_packages_that_are_missing_or_others(tmp_path):
    (finding,) = doctor.packages(tmp_path)
    assert finding.level is Level.WARN
    (tmp_path / "requirements.lock").write_text(
        "no-such-package-here==1.0\npytest==0.1\ntyper==0.0.1 ; python_version > '3'\n"
    )
    missing, other = doctor.packages(tmp_path)
    assert (missing.level, other.level) == (Level.FAIL, Level.WARN)
    assert "no-such-package-here" in missing.says
    assert f"pytest {pytest.__version__} instead of 0.1" in other.says
    assert "make course" in missing.remedy


def test_a_state_folder_that_cannot_be_written(tmp_path):
    (tmp_path / ".course").write_text("")
    finding = doctor.state_is_writable(tmp_path)
    assert finding.level is Level.WARN
    assert "writable" in finding.remedy


def test_a_full_disk(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10, 9, 1 << 20))
    assert "Only 1 MB" in doctor.disk_space(tmp_path).says


def test_chapter_files(course):
    chapter = course.chapter
    sync(chapter)
    assert levels(doctor.chapter_files(course.root)) == [Level.OK]
    course.answer("double", "x = 1")
    (differ,) = doctor.chapter_files(course.root)
    assert (differ.level, "differ" in differ.says) == (Level.WARN, True)
    sync(chapter)
    (gone,) = doctor.chapter_files(course.root)
    assert "double" in gone.says
    assert "course reset double" in gone.remedy
    chapter.notebook.write_text("{")
    assert levels(doctor.chapter_files(course.root)) == [Level.FAIL]
    chapter.notebook.unlink()
    (missing,) = doctor.chapter_files(course.root)
    assert "ch01_tiny.ipynb" in missing.says


def test_records_that_cannot_be_read(course):
    from course_utils import catalog

    course.chapter.records.write_text("title = ")
    catalog._load.cache_clear()
    (finding,) = doctor.chapter_files(course.root)
    assert finding.level is Level.FAIL
    assert "not valid TOML" in finding.says


def test_a_server_that_does_not_start_is_a_warning(monkeypatch):
    def refuse():
        raise NoServer("no sockets here")

    monkeypatch.setattr(doctor, "ping", refuse)
    finding = doctor.server()
    assert finding.level is Level.WARN
    assert "no sockets here" in finding.says


def test_a_slow_server_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor, "ping", lambda: 3.0)
    assert doctor.server().level is Level.WARN
