"""Who may reach a site, what it tells Streamlit, and what a visitor's browser is believed."""

import json
import socket
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("streamlit", reason="the site's own dependency; `pip install streamlit` to run these")

import streamlit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # `app` is a folder of the checkout, not installed

from app import mode
from app.visitor import VisitorProgress, believed
from course_utils import cli
from course_utils.catalog import CourseError
from course_utils.commands import machine
from course_utils.learner.public import PUBLIC, told_public


@pytest.fixture
def started(course, monkeypatch):
    """`course site` with these options, without a site: the flags and the environment that it would have."""
    monkeypatch.delenv(PUBLIC, raising=False)
    (course.root / "app").mkdir()
    (course.root / "app" / "main.py").write_text("")
    calls = []

    def serve(command, root, told):
        calls.append((command, told))
        return 0

    monkeypatch.setattr(machine, "_serve", serve)

    def start(*options, port=8950):
        said = CliRunner().invoke(cli.app, ["site", "--no-browser", "--port", str(port), *options])
        if isinstance(said.exception, CourseError):
            raise said.exception
        assert said.exit_code == 0, said.output
        return *calls[-1], said.output

    return start


def test_a_site_is_one_s_own_unless_asked_otherwise(started):
    flags, told, said = started()
    assert "--server.address=localhost" in flags and told == {}
    assert "Your files:" in said


def test_a_public_site_says_so_and_names_no_files(started, course):
    flags, told, said = started("--public", "--address", "127.0.0.1")
    assert told == {PUBLIC: "1"} and "--server.address=127.0.0.1" in flags
    assert "nobody's code runs" in said and "Your files" not in said and str(course.root) not in said


def test_the_environment_makes_a_site_public_too(started, monkeypatch):
    monkeypatch.setenv(PUBLIC, "yes")
    assert started("--address", "0.0.0.0")[1] == {PUBLIC: "1"}


@pytest.mark.parametrize("options", [["--address", "0.0.0.0"], ["--address", "::"], ["--url", "https://example.org/x"]])
def test_a_site_that_runs_code_is_not_opened_to_others_by_accident(started, monkeypatch, options):
    with pytest.raises(CourseError, match="Add --public"):
        started(*options)
    monkeypatch.setenv(PUBLIC, "0")
    assert "can run any code" in started(*options)[2]


def test_an_address_behind_a_proxy_decides_path_and_origin(started):
    flags, _, said = started("--public", "--url", "https://example.org/a/course/")
    assert "--server.baseUrlPath=a/course" in flags
    assert "--server.corsAllowedOrigins=https://example.org" in flags
    assert "--browser.serverAddress=example.org" in flags
    assert "https://example.org/a/course/" in said


def test_behind_a_proxy_a_taken_port_is_an_error(started):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CourseError, match="is taken"):
            started("--public", "--url", "https://example.org", port=port)


@pytest.mark.parametrize(
    "options", [["--url", "example.org"], ["--url", "file:///x"], ["--address", "nowhere.invalid"]]
)
def test_an_address_that_can_t_be_is_refused(started, options):
    with pytest.raises(CourseError, match="is no address"):
        started("--public", *options)


@pytest.mark.parametrize(
    ("said", "public"), [("1", True), ("anything", True), ("0", False), ("No", False), (" ", None)]
)
def test_what_the_environment_says(monkeypatch, said, public):
    monkeypatch.setenv(PUBLIC, said)
    assert told_public() is public


HERE = {"Host": "localhost:8501"}


@pytest.mark.parametrize(
    ("address", "headers", "public"),
    [
        ("localhost", HERE, False),
        ("127.0.0.1", {"Host": "[::1]:8501"}, False),
        ("localhost", {"Host": "evil.example:8501"}, True),
        ("localhost", {}, False),
        ("localhost", HERE | {"X-Forwarded-For": "1.2.3.4"}, True),
        ("localhost", {"Accept": "*/*"}, True),
        ("0.0.0.0", HERE, True),
        (None, HERE, True),
    ],
)
def test_how_a_site_was_reached_decides_where_nothing_was_said(monkeypatch, address, headers, public):
    monkeypatch.delenv(PUBLIC, raising=False)
    monkeypatch.setattr(type(streamlit.context), "headers", headers)
    monkeypatch.setattr(streamlit, "get_option", {"server.address": address}.get)
    assert mode.is_public() is public
    assert mode.called_from_elsewhere() is (public and address == "localhost")
    monkeypatch.setenv(PUBLIC, "0")
    assert not mode.is_public()
    monkeypatch.setenv(PUBLIC, "1")
    assert mode.is_public()


def test_of_a_visitor_s_store_only_what_the_catalog_knows_is_believed(course):
    text = json.dumps({"done": ["double", "<b>", 3], "hints": {"double": 99, "Scale": True, "x": 1}, "more": 1})
    assert believed(text, course.catalog) == VisitorProgress(frozenset({"double"}), {"double": 2})


@pytest.mark.parametrize(
    "text", ["", "{", "3", "[]", "null", '{"done": 3, "hints": 4}', "[" * 9999, "1" * 9999, None, 3]
)
def test_a_store_that_makes_no_sense_is_an_empty_one(course, text):
    assert believed(text, course.catalog) == VisitorProgress()
