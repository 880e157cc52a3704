"""The site as visitors get it: nothing of theirs runs or is written here, whatever a browser or a program sends it."""

import json
import os
import re
import signal
import socket
import tempfile
import time
from pathlib import Path

import pytest

from course_utils.authoring.trial import serving

SLUG, NAME = "layer_norm", "LayerNorm"
STORE = "glassbox.progress"
MARK = "a_visitor_s_own_code"  # watch/sitecustomize.py looks for it
CODE = f"def LayerNorm():\n    {MARK} = open('/tmp/{MARK}', 'w')\n"
DRAFT = {"draft": {"number": 10**6, "text": CODE, "digest": ""}, "run": True, "kept": CODE}


class Program:
    """A session with the site that no browser is in: it may send any message that the protocol knows."""

    def __init__(self, served, path, host="localhost"):
        from websockets.sync.client import connect  # Streamlit brings it

        port = int(served.address.rpartition(":")[2])
        plug = socket.create_connection(("127.0.0.1", port))
        address, origin = f"ws://{host}:{port}/_stcore/stream", f"http://{host}:{port}"
        self.opening = connect(address, sock=plug, origin=origin, subprotocols=["streamlit"])
        self.page, _, self.query = path.lstrip("/").partition("?")
        self.ids, self.said = set(), b""

    def __enter__(self):
        self.line = self.opening.__enter__()
        self.run()
        return self

    def __exit__(self, *error):
        self.opening.__exit__(*error)

    def run(self, **values):
        """Draw the page, with these widgets set, and wait until it has been."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        for widget, (kind, value) in values.items():
            setattr(message.rerun_script.widget_states.widgets.add(id=widget), kind, value)
        self.line.send(message.SerializeToString())
        self._read()

    def _read(self):
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        self.said = b""
        while True:
            text = self.line.recv(timeout=60)
            self.said += text
            self.ids |= {found.decode() for found in re.findall(rb"\$\$ID-[0-9a-f]+-[\w.-]+", text)}
            if ForwardMsg.FromString(text).WhichOneof("type") == "script_finished":
                return

    def forge(self, ids):
        """Set each of these widgets in every way in which one can be set."""
        ways = {
            "trigger_value": True,
            "bool_value": True,
            "string_value": CODE,
            "json_value": json.dumps(DRAFT),
            "json_trigger_value": json.dumps([{"event": name, "value": value} for name, value in DRAFT.items()]),
        }
        for kind, value in ways.items():
            for widget in sorted(ids):
                self.run(**{widget: (kind, value)})


def done_on(served):
    """What the site's process has written or started, by its own account, and what stands in its folder."""
    chapters = sorted((served.folder / "chapters").rglob("*.*"))
    events = map(json.loads, (served.folder / "watched").read_text().splitlines())
    # Python tries once whether a file can be made among the temporary ones; that one holds nothing.
    mine = [event for event in events if Path(event[1][0]).parent != Path(tempfile.gettempdir())]
    return mine, {str(path): path.read_bytes() for path in chapters}


def modules_of(served):
    """What the site's process has loaded, told by itself."""
    told = served.folder / "modules"
    told.unlink(missing_ok=True)
    os.kill(served.process, signal.SIGUSR1)
    for _ in range(100):
        time.sleep(0.1)
        if told.is_file() and told.read_text().endswith("]"):
            return set(json.loads(told.read_text()))
    raise AssertionError("the site's process did not tell its modules")


@pytest.fixture
def exercise(open_public):
    page = open_public(f"/?exercise={SLUG}")
    page.locator(f".st-key-exercise-{SLUG}").get_by_role("button").first.wait_for()
    return page


def kept_by(page):
    return json.loads(page.evaluate(f"localStorage.getItem('{STORE}')") or "{}")


def test_an_exercise_is_there_to_read_with_hints_and_solution_and_no_check(exercise, served_public):
    box = exercise.locator(f".st-key-exercise-{SLUG}")
    box.locator("code", has_text='raise NotImplementedError("LayerNorm.forward")').first.wait_for()
    assert exercise.get_by_role("button", name=re.compile("Run checks|Check my file|Reset")).count() == 0
    assert exercise.locator(".cm-editor").count() == 0
    box.get_by_role("button", name=re.compile("^Hint 1 of|Hint 1 of")).click()
    box.get_by_text(re.compile("^Hint 1 of")).first.wait_for()
    box.get_by_role("button", name="Solution").click()
    exercise.get_by_role("button", name="Show me the solution").click()
    box.get_by_role("button", name="Hide the solution").wait_for()
    assert str(served_public.folder) not in exercise.locator("body").inner_text()


def test_progress_stays_in_the_browser_and_survives_a_reload(exercise, open_public, served_public):
    box = exercise.locator(f".st-key-exercise-{SLUG}")
    box.get_by_role("button", name=re.compile("Hint 1 of")).click()
    box.get_by_role("button", name=re.compile("Hint 2 of")).wait_for()
    box.get_by_text("Done", exact=True).click()
    total = len(list(served_public.catalog.exercises))
    exercise.locator("section").first.get_by_text(f"1 of {total} exercises done").wait_for()
    exercise.wait_for_function(f"() => (localStorage.getItem('{STORE}') || '').includes('{NAME}')")
    assert kept_by(exercise) == {"done": [NAME], "hints": {NAME: 1}}
    exercise.reload()
    exercise.locator("section").first.get_by_text(f"1 of {total} exercises done").wait_for()
    box.get_by_role("button", name=re.compile("Hint 2 of")).wait_for()
    other = open_public("/")
    other.locator("section").first.get_by_text(f"1 of {total} exercises done").wait_for()
    box.get_by_text("Done", exact=True).click()
    other.locator("section").first.get_by_text(f"0 of {total} exercises done").wait_for()  # told by the browser
    assert kept_by(exercise)["done"] == []


TAMPERED = [
    "nonsense",
    "[1, 2]",
    json.dumps({"done": {"a": 1}, "hints": [1]}),
    json.dumps({"done": ["<img src=x onerror=alert(1)>", NAME, 7, None], "hints": {NAME: 10**30, "x": 1, "MLP": True}}),
    "[" * 5000,
    json.dumps({"done": ["x" * 300_000]}),
]


@pytest.mark.parametrize("text", TAMPERED, ids=range(len(TAMPERED)))
def test_a_store_that_was_tampered_with_does_no_harm(open_public, served_public, text):
    page = open_public("/")
    page.evaluate("text => localStorage.setItem('glassbox.progress', text)", text)
    page.goto(f"{served_public.address}/?exercise={SLUG}")
    box = page.locator(f".st-key-exercise-{SLUG}")
    box.get_by_role("button").first.wait_for()
    known = 1 if NAME in text else 0
    page.locator("section").first.get_by_text(re.compile(f"^{known} of ")).first.wait_for()
    assert page.locator("[data-testid='stAlert'], [data-testid='stException'], img[src='x']").count() == 0
    before = known == 1
    box.get_by_text("Done", exact=True).click()
    page.locator("section").first.get_by_text(re.compile(f"^{0 if before else 1} of ")).first.wait_for()


def test_widgets_of_a_learner_s_own_site_do_nothing_on_a_public_one(served, served_public):
    with Program(served, f"/ch01_transformers?exercise={SLUG}") as own:
        ids = own.ids
        assert any(f"check-{SLUG}" in widget for widget in ids), "the attack must know what to send"
    before = done_on(served_public)
    with Program(served_public, f"/ch01_transformers?exercise={SLUG}") as visitor:
        visitor.forge(ids | visitor.ids)
    with Program(served_public, f"/ch01_transformers?exercise={SLUG}") as other:
        assert b"NotImplementedError" in other.said  # for others the site goes on
    time.sleep(0.5)
    assert done_on(served_public) == before


def test_the_same_attack_works_where_code_may_run(served):
    """So the test above could fail: on one's own site the same messages check the learner's file."""
    progress = served.folder / ".course" / "progress.json"
    checked = NAME in progress.read_text() if progress.is_file() else False
    with Program(served, f"/ch01_transformers?exercise={SLUG}") as own:
        own.run(**{widget: ("trigger_value", True) for widget in own.ids if widget.endswith(f"check-{SLUG}")})
        assert checked or NAME in progress.read_text()


def test_a_name_that_was_made_to_point_here_reaches_a_public_site_only(served):
    with Program(served, f"/ch01_transformers?exercise={SLUG}", host="evil.example") as page:
        assert not any(f"check-{SLUG}" in widget for widget in page.ids)
        assert b"take the course on your machine" in page.said


def test_a_site_that_everyone_can_reach_is_public_without_being_told(served):
    with serving() as open_to_all, Program(open_to_all, f"/ch01_transformers?exercise={SLUG}") as page:
        assert not any(f"check-{SLUG}" in widget for widget in page.ids)
        assert b"take the course on your machine" in page.said


def test_visiting_every_page_writes_nothing_and_starts_nothing(open_public, served_public):
    page = open_public("/")
    links = page.locator("[data-testid='stSidebarNavLink']")
    page.wait_for_timeout(500)
    for number in range(links.count()):
        links.nth(number).click()
        page.wait_for_timeout(1000)
        page.wait_for_selector("h1")
        assert page.locator("[data-testid='stException']").count() == 0
        assert str(served_public.folder) not in page.locator("body").inner_text(), page.url
    assert done_on(served_public)[0] == []
    assert not modules_of(served_public) & {"transformer_lens", "sae_lens"}  # seconds, and hundreds of MB


def test_the_script_of_a_visitor_is_never_on_the_page(open_public):
    typed = "<script>alert(1)</script><img src=x onerror=alert(2)> **bold** $x$"
    page = open_public("/")
    box = page.locator("section").first.get_by_role("textbox", name="Search the course")
    box.fill(typed)
    box.press("Enter")
    page.wait_for_url(re.compile("/search"))
    page.wait_for_timeout(1500)
    assert page.locator("[data-testid='stMain'] img, [data-testid='stMain'] script[src]").count() == 0
    assert page.locator("[data-testid='stMain'] strong", has_text="bold").count() == 0
