"""`check`, `hint` and `solution` as a notebook calls them."""

import linecache
import subprocess
import sys

import pytest

import course_utils
from course_utils.learner import progress

RIGHT = "def double(x: int) -> int:\n    print('doubling', x)\n    return x + x"
SCALE = """class Scale:
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        return self.factor * x"""


@pytest.fixture
def cell(tmp_path):
    """Run a cell as a kernel does: its text is known to linecache under a name of its own."""
    namespace: dict = {"__name__": "__main__"}

    def run(source: str):
        name = str(tmp_path / f"ipykernel_1/{len(linecache.cache)}.py")
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), namespace)
        return namespace

    return run


def test_a_live_function_is_judged_and_its_prints_are_shown(course, cell, capsys):
    assert course_utils.check(cell(RIGHT)["double"]) is None
    said = capsys.readouterr().out
    assert said.startswith("✓ double: passed")
    assert "doubling 2" in said


def test_a_pass_in_the_notebook_is_done_once_the_file_holds_it(course, cell, capsys):
    double, scale = cell(RIGHT)["double"], cell(SCALE)["Scale"]
    course_utils.check(double)
    course_utils.check(scale)
    assert set(progress.states(course.chapter).values()) == {progress.State.CHANGED}
    course.answer("double", RIGHT)
    course.answer("Scale", SCALE)
    assert set(progress.states(course.chapter).values()) == {progress.State.DONE}


def test_a_failing_experiment_in_the_notebook_leaves_the_tick_of_the_file(course, cell, capsys):
    course.answer("double", RIGHT)
    course_utils.check("double")
    course_utils.check(cell("def double(x):\n    return 3 * x")["double"])
    assert progress.states(course.chapter)["double"] is progress.State.DONE
    course_utils.solution("double")
    said = capsys.readouterr().out
    assert "Next: check(Scale) (Scale by a factor)" in said
    assert 'Next: hint("double")' in said
    assert "x << 1" in said


def test_a_wrong_answer_names_the_line_in_the_cell(course, cell, capsys):
    course_utils.check(cell("def double(x):\n    return x / 0")["double"])
    said = capsys.readouterr().out
    assert "ZeroDivisionError" in said
    assert "line 2 of your cell, in double" in said
    assert "return x / 0" in said


@pytest.mark.parametrize("body", ["while True: pass", "import sys; sys.exit()", "raise KeyboardInterrupt"])
def test_nothing_ends_the_kernel(course, cell, capsys, monkeypatch, body):
    object.__setattr__(course.catalog.find_exercise("double"), "time_limit", 0.4)
    course_utils.check(cell(f"def double(x):\n    {body}")["double"])
    assert capsys.readouterr().out.startswith("✗ double")


def test_long_output_is_cut(course, cell, capsys):
    course_utils.check(cell("def double(x):\n    print('y' * 100_000)\n    return x + x")["double"])
    assert len(capsys.readouterr().out) < 1000


def test_a_name_judges_the_file(course, capsys):
    course.answer("double", RIGHT)
    course_utils.check("double")
    assert capsys.readouterr().out.startswith("✓ double: passed")
    assert progress.states(course.chapter)["double"] is progress.State.DONE


def test_what_is_no_exercise_is_said_in_one_sentence(course, cell, capsys):
    course_utils.check(cell("def doubel(x): pass")["doubel"])
    assert "Nearest: double." in capsys.readouterr().out
    course_utils.check(cell(SCALE)["Scale"](2.0))
    assert "give the class itself: check(Scale)" in capsys.readouterr().out
    course_utils.check(3)
    assert capsys.readouterr().out == (
        "This is an object of type int, not an exercise: give your function or class, or its name.\n"
    )


def test_hint_and_solution(course, cell, capsys):
    course_utils.hint("double")
    course_utils.hint(cell(RIGHT)["double"])
    said = capsys.readouterr().out
    assert "Hint 1 of 2" in said
    assert "Hint 2 of 2" in said
    course_utils.solution("double")
    assert 'solution("double", anyway=True)' in capsys.readouterr().out
    course_utils.solution("double", anyway=True)
    assert "x << 1" in capsys.readouterr().out


def test_importing_the_package_is_cheap():
    code = "import sys; import course_utils; heavy = {'torch', 'numpy', 'typer'} & set(sys.modules); assert not heavy"
    subprocess.run([sys.executable, "-c", code], check=True)
