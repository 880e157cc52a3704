"""Each export against its documented form, and against a learner who writes into it whatever they can."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from xml.parsers import expat

import pytest

from course_utils.grading.verdict import Outcome
from course_utils.staff.exports.csv import class_csv, safe
from course_utils.staff.exports.exercism import exercism
from course_utils.staff.exports.gradescope import gradescope
from course_utils.staff.exports.html import shown
from course_utils.staff.exports.junit import junit
from course_utils.staff.exports.page import page
from course_utils.staff.exports.plain import one_line, tidy

from .conftest import FORMULAS, HOSTILE, NAMES, SCALE, C, L, N, P, W, result_of, row

SECRETS = ("SECRETINPUT", "SECRETVALUE", "SECRETPRINT")
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)


def once(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key occurs twice: {keys}"
    return dict(pairs)


def strictly(text):
    """JSON whose objects name each key once and that holds no NaN."""
    return json.loads(text, object_pairs_hook=once, parse_constant=pytest.fail)


def texts(data):
    """Every string in it."""
    if isinstance(data, dict):
        return [text for key, value in data.items() for text in (key, *texts(value))]
    if isinstance(data, list):
        return [text for value in data for text in texts(value)]
    return [data] if isinstance(data, str) else []


# --- Gradescope: https://gradescope-autograders.readthedocs.io/en/latest/specs/ ---

FORMATS = {"text", "html", "simple_format", "md", "ansi"}
SEEN = {"hidden", "after_due_date", "after_published", "visible"}
TOP = {
    "score": (int, float), "execution_time": (int, float), "output": str, "output_format": FORMATS,
    "test_output_format": FORMATS, "test_name_format": FORMATS, "visibility": SEEN, "stdout_visibility": SEEN,
    "extra_data": dict, "tests": list, "leaderboard": list,
}  # fmt: skip
TEST = {
    "score": (int, float), "max_score": (int, float), "status": {"passed", "failed"}, "name": str,
    "name_format": FORMATS, "number": str, "output": str, "output_format": FORMATS, "tags": list, "visibility": SEEN,
    "extra_data": dict,
}  # fmt: skip


def fits(data, schema):
    for key, value in data.items():
        assert key in schema, f"Gradescope knows no {key}"
        kind = schema[key]
        assert value in kind if isinstance(kind, set) else isinstance(value, kind), (key, value)


def assert_gradescope(data):
    fits(data, TOP)
    assert data["tests"] or "score" in data
    for test in data["tests"]:
        fits(test, TEST)
        assert 0 <= test["score"] <= test["max_score"]
        assert (test["status"] == "passed") == (test["score"] == test["max_score"])
        assert all(isinstance(tag, str) for tag in test["tags"])
    assert data["score"] == sum(test["score"] for test in data["tests"])


def test_gradescope_has_the_documented_form(people):
    for result in people:
        assert_gradescope(strictly(gradescope(result)))
    bob = strictly(gradescope(people[1]))
    assert bob["score"] == 1 and [test["max_score"] for test in bob["tests"]] == [1, 2, 3]
    assert [test["status"] for test in bob["tests"]] == ["passed", "failed", "failed"]
    assert f"This is what comes out when {SCALE}." in bob["tests"][2]["output"]
    assert "Jail: bubblewrap." in bob["output"]


def test_gradescope_says_what_is_not_decided(people):
    fay = strictly(gradescope(people[5]))
    assert fay["tests"][1]["tags"] == ["grader_error", "undecided"]
    assert "2 points are not decided" in fay["output"]


# --- Exercism ---


def assert_exercism(data):
    assert set(data) <= {"version", "status", "message", "tests"} and data["version"] == 3
    assert data["status"] in {"pass", "fail", "error"}
    assert (data["status"] == "error") == (not data["tests"])
    if data["status"] == "error":
        assert 0 < len(data["message"]) <= 65_535
    else:
        assert data.get("message") is None
    for test in data["tests"]:
        assert set(test) <= {"name", "status", "message", "output", "test_code", "task_id"}
        assert test["name"] and test["status"] in {"pass", "fail", "error"}
        assert test["status"] == "pass" or 0 < len(test["message"]) <= 65_535
        assert len(test.get("output") or "") <= 500
    if data["tests"]:
        assert (data["status"] == "pass") == all(test["status"] == "pass" for test in data["tests"])


def test_exercism_has_the_documented_form(people):
    made = [strictly(exercism(result)) for result in people]
    for data in made:
        assert_exercism(data)
    assert [data["status"] for data in made] == ["pass", "fail", "fail", "fail", "fail", "fail"]
    assert [test["status"] for test in made[3]["tests"]] == ["pass", "fail", "error"]
    assert [test["name"].split("(")[1][:-1] for test in made[3]["tests"]] == list(NAMES)


def test_exercism_s_error_is_for_a_file_of_which_nothing_ran():
    nothing = result_of("a", row("embed", L), row("LayerNorm", L))
    data = strictly(exercism(nothing))
    assert_exercism(data)
    assert data["status"] == "error" and "came out not_loadable" in data["message"]
    some = result_of("a", row("embed", L), row("LayerNorm", N))
    assert strictly(exercism(some))["status"] == "fail"


def test_exercism_s_lengths():
    shouted = row("embed", W, says="x" * 200_000, printed="p" * 5000, belief="b" * 200_000)
    short = row("LayerNorm", C, printed="p" * 500)
    data = strictly(exercism(result_of("a", shouted, short), values=True))
    assert_exercism(data)
    assert len(data["tests"][0]["output"]) == 500 and data["tests"][0]["output"].endswith("limit to 500 chars")
    assert data["tests"][1]["output"] == "p" * 500
    assert "output" not in strictly(exercism(result_of("a", shouted)))["tests"][0]


# --- JUnit ---


def test_junit_counts(people):
    root = ET.fromstring(junit(people).encode())
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "18", "failures": "5", "errors": "3", "skipped": "2",
    }  # fmt: skip
    assert [suite.get("name") for suite in root] == [f"{r.graded.person} · ch01_transformers" for r in people]
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases) == 3
        for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(key)) == sum(case.find(tag) is not None for case in cases)
    dan = root[3].findall("testcase")
    assert [case[0].tag if len(case) else None for case in dan] == [None, "failure", "error"]


def test_junit_is_well_formed_whatever_it_says(hostile):
    text = junit([hostile])
    parser = expat.ParserCreate()  # refuses whatever XML 1.0 forbids
    parser.Parse(text.encode("utf-8"), True)
    assert not FORBIDDEN.search(text)
    root = ET.fromstring(text.encode())
    assert {element.tag for element in root.iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error",
    }  # fmt: skip
    assert "<script>" in root.findall(".//failure")[0].text  # as text


# --- CSV ---


def read(text):
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_csv_is_one_row_a_person(people):
    head, *rows = read(class_csv(people))
    assert head[10:] == list(NAMES)
    assert [line[0] for line in rows] == ["ada", "bob", "cyd", "dan", "eve", "fay"]
    table = {line[0]: dict(zip(head, line, strict=True)) for line in rows}
    assert table["ada"]["points"] == table["ada"]["max_points"] == "6" and table["ada"]["percent"] == "100.0"
    assert [table["bob"][name] for name in NAMES] == ["1", "0", "0"] and table["bob"]["percent"] == "16.7"
    assert [table["fay"][name] for name in NAMES] == ["1", "", "0"] and table["fay"]["undecided"] == "2"
    for line in rows:
        assert int(line[3]) == sum(int(cell or 0) for cell in line[10:])


def test_csv_of_outcomes_and_with_a_mark(people):
    text = class_csv(people, bom=True, outcomes=True)
    assert text.encode("utf-8").startswith(b"\xef\xbb\xbf")
    assert read(text[1:])[3][10:] == ["passed", "wrong", "not_attempted"]


def test_csv_has_one_row_for_a_person_with_two_chapters(people):
    import dataclasses

    ada = people[0]
    second = dataclasses.replace(ada, graded=dataclasses.replace(ada.graded, chapter="ch02_induction"))
    head, *rows = read(class_csv([second, *people]))
    assert len(rows) == 6 and len(head) == 10 + 2 * len(NAMES)
    assert rows[0][3:5] == ["12", "12"] and rows[1][13:] == ["", "", ""]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_is_a_formula(name):
    person = result_of(name, row("embed", P), file=name)
    text = class_csv([person])
    for delimiter in ",;\t|":
        for quote in ({"quotechar": '"'}, {"quoting": csv.QUOTE_NONE}):
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **quote):
                for cell in line:
                    assert not re.match(r'["\s]*[=+\-@＝＋－＠]', cell), (delimiter, quote, cell)
    assert len(read(text)) == 2  # nobody adds a row


def test_numbers_and_names_stay_what_they_are():
    for cell in (3, 16.7, "Anne-Marie O'Neil", "a@b.org", "Łukasz", "x=1", "山田太郎"):
        assert safe(cell) == cell


# --- the learner's page ---


class Reader(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.said = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.said.append(data)


OURS = """html head meta title style body main h1 h2 h3 p code bdi dl dt dd div svg rect text table thead tbody tr th td a
article pre strong span ul li"""


def assert_harmless(text):
    """Only our own tags, nothing that runs or is fetched, and a policy that forbids both."""
    reader = Reader()
    reader.feed(text)
    assert {tag for tag, _ in reader.tags} <= set(OURS.split())
    for _, attributes in reader.tags:
        for key, value in attributes.items():
            assert not key.startswith("on") and key not in ("src", "style", "action")
            assert key != "href" or re.fullmatch(r"#exercise-\d+", value)
    policies = [a["content"] for _, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1 and "default-src 'none'" in policies[0] and "unsafe" not in policies[0]
    assert not FORBIDDEN.search(text)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    return "".join(reader.said)


def test_the_page_says_what_helps(people):
    said = assert_harmless(page(people[1], "Transformers"))
    for part in (
        "Transformers",
        "bob",
        "1 of 6",
        f"This is what comes out when {SCALE}.",
        "Next: course hint attention",
    ):
        assert part in said
    assert said.count("check 2 of 3: scores are scaled") == 2


def test_the_page_shows_no_hidden_input_unless_staff_ask(hostile):
    said = assert_harmless(page(hostile))
    assert "SECRET" not in said
    assert "<script>alert(1)</script>" in said  # as text
    assert "with x = SECRETINPUT" in assert_harmless(page(hostile, values=True))


@pytest.mark.parametrize(
    "export", [gradescope, exercism, page, lambda result: junit([result]), lambda r: class_csv([r])]
)
def test_no_export_holds_a_secret_a_control_character_or_100_mb(export, hostile):
    text = export(hostile)
    assert not any(secret in text for secret in SECRETS)
    assert not FORBIDDEN.search(text.replace("\r\n", "\n"))
    assert len(text) < 60_000
    text.encode("utf-8")


@pytest.mark.parametrize("export", [gradescope, exercism])
def test_json_of_a_hostile_result(export, hostile):
    data = strictly(export(hostile))
    (assert_gradescope if export is gradescope else assert_exercism)(data)
    assert not any(FORBIDDEN.search(text) for text in texts(data))
    assert all(len(text) < 10_000 for text in texts(data))


def test_every_outcome_can_be_exported():
    every = result_of("a", *(row(f"exercise_{outcome}", outcome) for outcome in Outcome))
    assert_gradescope(strictly(gradescope(every)))
    assert_exercism(strictly(exercism(every)))
    ET.fromstring(junit([every]).encode())
    assert_harmless(page(every))
    assert read(class_csv([every], outcomes=True))[1][10:] == [str(outcome) for outcome in Outcome]


def test_a_result_without_exercises_can_be_exported():
    none = result_of("a")
    assert_exercism(strictly(exercism(none)))
    assert read(class_csv([none]))[1][5] == "0.0"
    assert strictly(gradescope(none))["score"] == 0
    assert_harmless(page(none))


def test_tidy_text():
    assert tidy(HOSTILE.split("\x1b")[0]) == HOSTILE.split("\x1b")[0]
    assert "\x1b" not in tidy(HOSTILE) and "link" in tidy(HOSTILE)
    assert one_line("a\u202e\n\n b") == "a b"
    assert shown("<&>") == "&lt;&amp;&gt;"
