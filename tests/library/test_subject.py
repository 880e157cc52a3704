"""Reading a learner's file: what is defined in it, and nothing that it does."""

import ast
import builtins
import json
import sys
import tokenize
from pathlib import Path

import pytest

from course_utils.grading import sources
from course_utils.grading.subject import load_submission
from course_utils.grading.verdict import NotLoadable


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write an answer and load it; paths in messages are relative to its folder."""
    monkeypatch.chdir(tmp_path)

    def written(content: str | bytes, name: str = "answer.py"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_submission(path)

    return written


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})


def reason(call) -> NotLoadable:
    with pytest.raises(NotLoadable) as caught:
        call()
    return caught.value


def test_definitions_imports_and_constants_are_there(load):
    sub = load(
        "import math\nTAU = 2 * math.pi\nNAMES: list = ['a']\n\ndef f():\n    return TAU, NAMES\n\nclass C:\n    pass\n"
    )
    assert sub.get("f")()[1] == ["a"]
    assert isinstance(sub.get("C"), type)


def test_demonstrations_do_not_run(load, tmp_path):
    mark = tmp_path / "mark"
    statements = [
        f"open({str(mark)!r}, 'w')",
        "print(1 / 0)",
        "x = [1 / 0 for _ in 'a']",
        "for i in 'abc': 1 / 0",
        "if True: 1 / 0",
        "assert 0",
        "with open('nosuch') as f: pass",
        "raise SystemExit",
    ]
    sub = load("\n".join([*statements, "def f():\n    return 1"]))
    assert sub.get("f")() == 1
    assert not mark.exists()
    assert set(sub.skipped) >= {"i", "x"}


def test_a_lambda_and_an_alias_are_definitions(load):
    sub = load("import math\nf = lambda x: math.sqrt(x)\ng = f\n")
    assert sub.get("g")(4) == 2


def test_a_lambda_with_a_default_that_runs_is_not(load):
    assert "by a call" in str(reason(lambda: load("f = lambda x=print(): x\n").get("f")))


def test_imports_that_no_definition_uses_are_left_out(load, tmp_path, monkeypatch):
    (tmp_path / "slow_one.py").write_text("raise SystemExit\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    sub = load(
        "import math, slow_one\nfrom slow_one import thing\nimport slow_one as s\n\ndef f():\n    return math.pi\n"
    )
    assert sub.get("f")() > 3
    assert "slow_one" not in sys.modules


@pytest.mark.parametrize("use", ["@n.x\ndef f():\n    pass\n", "class f(n.x):\n    pass\n"])
def test_a_missing_package_is_said_where_it_is_needed(load, use):
    sub = load(f"import nosuch.part as n\n\n{use}\ndef g():\n    return 1\n")
    error = reason(lambda: sub.get("f"))
    assert "No module named 'nosuch' (`pip install nosuch`, or take the import out)" in str(error)
    assert (error.where, error.code) == ("line 1 of answer.py", "import nosuch.part as n")
    assert sub.get("g")() == 1


def test_a_missing_package_that_is_used_when_called_is_known(load):
    sub = load("import nosuch\n\ndef f():\n    nosuch = 3\n    return nosuch\n\ndef g():\n    return nosuch.x\n")
    assert sub.get("f")() == 3
    assert "No module named 'nosuch'" in str(sub.skipped["nosuch"])


def test_a_syntax_error_in_one_cell_leaves_the_others(load):
    sub = load("# %%\ndef f():\n    return 1\n\n# %%\ndef g(:\n    pass\n\n# %%\ndef h():\n    return 3\n")
    assert (sub.get("f")(), sub.get("h")()) == (1, 3)
    error = reason(lambda: sub.get("g"))
    assert str(error) == "SyntaxError: invalid syntax."
    assert error.where == "line 6 of answer.py"
    assert error.code == "def g(:\n      ^"


def test_an_open_string_does_not_swallow_what_follows(load):
    assert load('# %%\nx = """open\n\n# %%\ndef f():\n    return 1\n').get("f")() == 1


def test_the_caret_of_a_long_line_stays_in_view(load):
    error = reason(lambda: load("def f(x):\n    return " + "x + " * 500 + "+\n").get("f"))
    line, caret = error.code.splitlines()
    assert len(line) < 60
    assert len(caret) <= len(line) + 2


def test_an_error_that_only_the_compiler_sees(load):
    error = reason(lambda: load("def f():\n    nonlocal x\n").get("f"))
    assert "no binding for nonlocal 'x' found" in str(error)
    assert error.where == "line 2 of answer.py"


def test_an_error_in_a_class_body_names_its_line(load):
    error = reason(lambda: load("class C:\n    a = 1\n    b = a / 0\n").get("C"))
    assert str(error) == "ZeroDivisionError: division by zero"
    assert error.where == "line 3 of answer.py, in C"
    assert error.code == "b = a / 0"


def test_a_later_broken_definition_counts(load):
    assert "NameError" in str(
        reason(lambda: load("def f():\n    return 1\n\n@nosuch\ndef f():\n    return 2\n").get("f"))
    )


def test_a_later_right_definition_counts(load):
    assert load("@nosuch\ndef f():\n    return 1\n\ndef f():\n    return 2\n").get("f")() == 2


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("def layernorm(x): pass", "layer_norm", "was it renamed to layernorm?"),
        ("def quite_another(x): pass", "layer_norm", "was it deleted or renamed?"),
        ("", "f", "answer.py has no top-level f"),
        ("if True:\n    def f(): pass", "f", "has no top-level f"),
        ("import functools\nf = functools.partial(print)", "f", "makes f by a call, which a check does not run"),
        ("f = 1 / 0", "f", "ZeroDivisionError"),
    ],
)
def test_what_is_not_there(load, text, name, words):
    assert words in str(reason(lambda: load(text).get(name)))


def test_names_that_demonstrations_bind_are_known(load):
    sub = load(
        "data = make()\nrate = data.rate\n\nfor step in data:\n    loss, (a, b) = step\n\ndef f():\n    return data\n"
    )
    assert set(sub.skipped) == {"data", "rate", "step", "loss", "a", "b"}


def test_line_numbers_are_those_of_the_file(load):
    sub = load("# %% [markdown]\n# # Title\n#\n# %%\nimport math\n\n# %%\ndef f():\n    return math.nosuch\n")
    assert sub.get("f").__code__.co_firstlineno == 8


def test_windows_line_ends_and_a_byte_order_mark(load):
    sub = load(b"\xef\xbb\xbf# %%\r\ndef f():\r\n    return '''a\r\nb'''\r\n")
    assert sub.get("f")() == "a\nb"


def test_future_annotations_hold_for_what_follows(load):
    assert load("from __future__ import annotations\n\ndef f(x: Nosuch) -> 'y z':\n    return 1\n").get("f")(0) == 1


def test_dataclasses_find_their_module(load):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n\n@dataclass\nclass C:\n    x: int = 1\n"
    assert load(text).get("C")().x == 1


def test_deep_nesting_is_a_reason_and_no_crash(load):
    for inner in ("(" * 400 + "1" + ")" * 400, "-" * 50_000 + "1", "[" * 90 + "]" * 90 + "[0]" * 5000):
        sub = load(f"# %%\ndef f():\n    return {inner}\n\n# %%\ndef g():\n    return 1\n")
        assert sub.get("g")() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"def f(): pass\0", "holds null bytes"),
        ("def f(): pass".encode("utf-16"), "is not UTF-8 text (at byte 0)"),
        (b"# caf\xe9\n", "is not UTF-8 text (at byte 5)"),
        (b"#" * 2_000_001, "is larger than 2 MB"),
    ],
)
def test_a_file_that_is_no_text_of_a_usual_size(load, content, words):
    error = reason(lambda: load(content))
    assert f"answer.py {words}" in str(error)
    assert error.next_step


def test_a_missing_file_and_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    assert str(reason(lambda: load_submission(tmp_path / "nosuch.py"))) == "nosuch.py is missing."
    assert "can't be read" in str(reason(lambda: load_submission(tmp_path / "folder.py")))


def test_a_notebook_with_magics(load):
    cells = [
        "%matplotlib inline\nimport math",
        "!pip list\nx = !ls\n",
        "%%bash\nls | grep 'x",
        "%%time\ndef f(x):\n    return (x\n        % 3)\n",
    ]
    sub = load(notebook(*cells), "answer.ipynb")
    assert sub.get("f")(4) == 1
    assert not sub.unreadable


def test_a_notebook_names_cell_and_line(load):
    text = json.dumps(
        {
            "cells": [
                {"cell_type": "markdown", "source": "def f"},
                {"cell_type": "code", "source": ["x = 1\n", "def f(:\n"]},
            ]
        }
    )
    assert reason(lambda: load(text, "answer.ipynb").get("f")).where == "line 2 of answer.ipynb (cell 2)"


def test_a_notebook_full_of_figures_is_not_too_large(load):
    text = json.loads(notebook("def f():\n    return 1"))
    text["cells"][0]["outputs"] = ["x" * 3_000_000]
    assert load(json.dumps(text), "answer.ipynb").get("f")() == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "3",
        "{}",
        '{"cells": 3}',
        '{"cells": [3]}',
        '{"cells": [{}]}',
        '{"cells": [{"cell_type": "code", "source": [3]}]}',
        '{"cells": ' + "[" * 100_000,
    ],
)
def test_a_notebook_that_is_none(load, text):
    assert "is not a Jupyter notebook" in str(reason(lambda: load(text, "answer.ipynb")))


def test_half_a_character_in_a_notebook(load):
    sub = load(notebook("x = '\ud800'", "def f():\n    return 1"), "answer.ipynb")
    assert sub.get("f")() == 1


def test_sources_alone_run_nothing(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text("# %%\n1 / 0\n# %% [markdown]\n# text\n# %%\nx = 1\n")
    cells = [text for _, text, _ in sources.code_cells(Path(path))]
    assert [cell for cell in cells if cell] == ["# %%\n1 / 0\n", "# %%\nx = 1\n"]


MAGICS = ["%%bash\nls", "%time f()\nx = 1\n", "x = !ls\n\n'''\n%no magic\n'''\ny = 2"]


def test_a_whole_file_is_read_without_a_parser(tmp_path, monkeypatch):
    """Where nothing confines the reader: an f-string of many fields takes the parser time that grows with its square."""
    for name in ("parse", "literal_eval"):
        monkeypatch.setattr(ast, name, forbidden)
    monkeypatch.setattr(builtins, "compile", forbidden)
    monkeypatch.setattr(tokenize, "generate_tokens", forbidden)
    cells = [*MAGICS, "f'" + "{x}" * 100_000 + "'"]
    found = list(sources.code_cells(Path("their.ipynb"), whole=True, data=notebook(*cells).encode()))
    assert [label for label, _, _ in found] == [f"their.ipynb (cell {i})" for i in range(1, len(cells) + 1)]
    assert [text for _, text, _ in found] == cells
    assert list(sources.code_cells(Path("their.py"), whole=True, data=cells[-1].encode())) == [
        ("their.py", cells[-1], 0)
    ]


def forbidden(*args, **options):
    raise AssertionError("a parser was called")


def test_a_line_has_the_same_number_whether_the_magics_were_commented_or_not():
    data = notebook(*MAGICS).encode()
    loaded, shown = (list(sources.code_cells(Path("their.ipynb"), whole=whole, data=data)) for whole in (False, True))
    for (label, text, _), (same, raw, _) in zip(loaded, shown, strict=True):
        assert label == same
        assert text != raw
        for ours, theirs in zip(text.split("\n"), raw.split("\n"), strict=True):
            assert ours.removeprefix("# ") == theirs
