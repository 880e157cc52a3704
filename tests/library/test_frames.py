"""Which frames are the learner's."""

import sysconfig

import pytest
import torch

from course_utils.catalog import course_root
from course_utils.grading.frames import REFERENCE, display_name, innermost, is_theirs, place, where_in_theirs

ROOT = course_root()


@pytest.mark.parametrize(
    ("filename", "theirs"),
    [
        (str(ROOT / "chapters/ch01_x/ch01_x.py"), True),
        (str(ROOT / "solutions/ch01_x.py"), True),
        ("/home/someone/answer.py", True),
        ("/tmp/ipykernel_123/456.py", True),
        ("<ipython-input-3-abc>", True),
        (str(ROOT / "course_utils/grading/judge.py"), False),
        (str(ROOT / "tests/ch01_x/test_embed.py"), False),
        ("/elsewhere/tests/ch12_probes/test_probe.py", False),
        (torch.__file__, False),
        (sysconfig.get_path("stdlib") + "/json/decoder.py", False),
        ("/usr/lib/python3/dist-packages/numpy/core.py", False),
        ("<frozen importlib._bootstrap>", False),
        ("<string>", False),
        (f"{REFERENCE} Embed: stub>", False),
    ],
)
def test_whose_file(filename, theirs):
    assert is_theirs(filename) is theirs


def raised(text: str, filename: str, **names) -> BaseException:
    with pytest.raises(BaseException) as caught:
        exec(compile(text, filename, "exec"), names)
    return caught.value


def test_the_innermost_line_of_theirs_is_the_place():
    error = raised(
        "def f(x):\n    return torch.ones(2) @ x\n\nf(torch.ones(3))", "/home/someone/answer.py", torch=torch
    )
    found = where_in_theirs(error)
    assert found.text == "line 2 of /home/someone/answer.py, in f"


def test_the_library_beneath_their_line_is_not_shown():
    import json

    error = raised("import json\njson.loads('{')", "/home/someone/answer.py", json=json)
    assert where_in_theirs(error).text == "line 2 of /home/someone/answer.py"


def test_an_exception_without_a_line_of_theirs():
    error = raised("1 / 0", "<string>")
    assert innermost(error.__traceback__.tb_next) is None  # the first frame is this file's
    assert where_in_theirs(ValueError("never raised")) is None


def test_endless_recursion_is_found_too():
    assert where_in_theirs(raised("def f(): f()\nf()", "/home/someone/answer.py")).text.endswith("in f")


def test_names_are_shown_as_the_learner_knows_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert display_name(str(tmp_path / "answer.py")) == "answer.py"
    assert display_name(str(ROOT / "chapters/a.py")) == "chapters/a.py"
    assert display_name("/tmp/ipykernel_123/456.py") == "your cell"
    assert display_name("/somewhere/else.py") == "/somewhere/else.py"


def test_a_place_shows_its_line(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text("def f():\n    return 1\n")
    assert place(str(path), 2, "f").code == "return 1"
    assert place(str(path), 99, "<module>").code == ""
