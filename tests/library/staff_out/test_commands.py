"""`course grades` and `course gradescope`, as staff type them."""

import csv
import io
import json
import re
import shlex
import subprocess
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from course_utils.catalog import CourseError
from course_utils.cli import app

from .conftest import OUTSIDE
from .test_exports import assert_exercism, assert_gradescope, assert_harmless


def course(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_csv_on_the_screen_and_in_a_file(folder, tmp_path):
    printed = course("grades", "export", folder, "--format", "csv")
    assert len(list(csv.reader(io.StringIO(printed)))) == 7
    out = tmp_path / "new" / "grades.csv"
    assert f"Written: {out}" in course("grades", "export", folder, "--format", "csv", "--bom", "--out", out)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf") and b"\r\n" in out.read_bytes()


@pytest.mark.parametrize("form", ["gradescope", "exercism", "html"])
def test_a_file_a_person(folder, form):
    assert "Written: 6 files" in course("grades", "export", folder, "--format", form)
    files = sorted((folder / form).iterdir())
    assert [path.name.split(".")[0] for path in files] == ["ada", "bob", "cyd", "dan", "eve", "fay"]
    for path in files:
        text = path.read_text(encoding="utf-8")
        if form == "html":
            assert "Transformers from scratch" in assert_harmless(text)
        else:
            (assert_gradescope if form == "gradescope" else assert_exercism)(json.loads(text))


def test_the_report(folder, roster):
    said = course("grades", "report", folder, "--roster", roster)
    assert "graded: 6; without a result: 1; median points: 1 of 6" in said
    assert "attention  3 of 4 who tried. 1 × the scores aren't scaled" in said
    assert f"2 × LayerNorm: {OUTSIDE}" in said and "nothing came from: gil" in said
    assert "graded, but not on the roster: fay" in said
    assert "Transformers from scratch: the class" in assert_harmless((folder / "report.html").read_text())


def test_what_is_not_there_is_one_sentence(folder, tmp_path):
    for words in (
        ("grades", "report", tmp_path / "no"),
        ("grades", "export", folder, "--format", "csv", "--chapter", "2"),
    ):
        with pytest.raises(CourseError, match="There are no results"):
            course(*words)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(CourseError, match="--out"):
        course("grades", "report", folder, "--out", file / "x.html")


def test_the_zip_holds_one_chapter_and_is_the_same_each_time(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef")
    secret.chmod(0o600)
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    for out in (first, second):
        course("gradescope", "ch02", "--out", out, "--secret-file", secret, "--require-jail", "landlock")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        members = {info.filename: info for info in archive.infolist()}
        assert {"setup.sh", "run_autograder", "secret", "autograder.json"} <= set(members)
        for name in ("setup.sh", "run_autograder"):
            assert archive.read(name).startswith(b"#!") and members[name].external_attr >> 16 == 0o100755
            assert subprocess.run(["bash", "-n"], input=archive.read(name), check=False).returncode == 0
        assert members["secret"].external_attr >> 16 == 0o100600
        assert archive.read("secret") == b"0123456789abcdef"
        settings = json.loads(archive.read("autograder.json"))
        assert settings == {"chapter": "ch02_induction", "require_jail": "landlock"}
        assert {info.date_time for info in members.values()} == {(1980, 1, 1, 0, 0, 0)}
    answers = [name for name in members if name.startswith(("course/solutions/", "course/tests/"))]
    assert "course/solutions/ch02_induction.py" in answers and all("ch02_induction" in name for name in answers)
    assert sum(name.endswith("exercises.toml") for name in members) > 1  # a catalog needs every chapter's records
    assert not any("__pycache__" in name or name.endswith(".ipynb") or ".." in name for name in members)


def test_the_zip_s_jail_and_secret_are_checked_when_it_is_made(tmp_path):
    with pytest.raises(CourseError, match="no level of the jail"):
        course("gradescope", "ch01", "--out", tmp_path / "x.zip", "--require-jail", "strong")
    short = tmp_path / "short"
    short.write_text("abc")
    short.chmod(0o600)
    with pytest.raises(CourseError, match="holds 3 bytes"):
        course("gradescope", "ch01", "--out", tmp_path / "x.zip", "--secret-file", short)
    assert not (tmp_path / "x.zip").exists()


def test_every_command_of_the_staff_s_page_exists():
    """With each of its options; whoever renames one finds the page that names it."""
    page = (Path(__file__).resolve().parents[3] / "STAFF.md").read_text(encoding="utf-8")
    fenced = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    typed = [line for block in fenced for line in block.splitlines() if re.match(r"([A-Z_]+=\S+ )*course ", line)]
    typed += re.findall(r"`(course [^`…]+)`", page)
    assert len(typed) > 10
    for line in typed:
        words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)][1:]
        command = typer.main.get_command(app)
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
