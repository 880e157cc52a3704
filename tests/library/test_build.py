import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from course_utils.authoring.build import build, stray_files
from course_utils.authoring.course_rules import course_problems
from course_utils.authoring.execute import execute_chapter
from course_utils.authoring.tolerance import differences
from course_utils.catalog import CourseError

SCRIPT = "chapters/ch01_tiny/ch01_tiny.py"


@pytest.fixture
def chapter(tiny):
    return tiny.chapters[0]


def test_a_build_writes_three_files_and_then_nothing(tiny, chapter):
    said = build(tiny)
    assert said == [
        f"{SCRIPT} written",
        "chapters/ch01_tiny/ch01_tiny.ipynb written",
        "solutions/ch01_tiny.ipynb written",
    ]
    before = {path: path.stat().st_mtime_ns for path in (chapter.script, chapter.notebook)}
    assert build(tiny) == []
    assert build(tiny, check=True) == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_check_names_the_file_and_the_first_line_and_writes_nothing(tiny, chapter):
    assert build(tiny, check=True)[0] == f"{SCRIPT} is missing"
    build(tiny)
    edited = chapter.script.read_text().replace("# Say what", "# Say that")
    chapter.script.write_text(edited)
    chapter.notebook.write_text(chapter.notebook.read_text() + "\n")
    first, second = build(tiny, check=True)
    line = edited[: edited.index("# Say that")].count("\n") + 1
    assert first.startswith(f"{SCRIPT} differs from line {line} on: '# Say that")
    assert "should be '# Say what" in first
    assert "is too long from line" in second
    assert chapter.script.read_text() == edited


def test_crlf_is_a_difference(tiny, chapter):
    build(tiny)
    chapter.script.write_bytes(chapter.script.read_bytes().replace(b"\n", b"\r\n"))
    assert "differs from line 1 on" in build(tiny, check=True)[0]


def test_what_a_learner_wrote_is_kept_and_what_the_build_wrote_is_not(tiny, chapter):
    build(tiny)
    text = chapter.solution.read_text()
    chapter.solution.write_text(text.replace("Say what", "Say now what"))
    assert all("kept" not in line for line in build(tiny))
    mine = chapter.script.read_text() + "\nmine = 1\n"
    chapter.script.write_text(mine)
    [said] = build(tiny)
    copy = Path(said.rsplit(" ", 1)[1])
    assert copy.parent == chapter.root / ".course" / "backups"
    assert copy.read_text() == mine
    assert "mine" not in chapter.script.read_text()


def test_stray_files_are_named(tiny, chapter):
    build(tiny)
    for name in ("line.json", "numbers.json", "orphan.json"):
        (chapter.figures / name).write_text("{}")
    (chapter.folder / "notes.md").write_text("")
    (chapter.tests / "test_halve.py").write_text("")
    (chapter.root / "solutions" / "ch02_gone.py").write_text("")
    (chapter.tests / "__pycache__").mkdir()
    (chapter.tests / "__pycache__" / "x.pyc").write_text("")
    chapter.solution.write_text(chapter.solution.read_text() + '\n# %%\nname = "line"\n')
    assert stray_files(tiny) == [
        "chapters/ch01_tiny/figures/orphan.json",
        "chapters/ch01_tiny/notes.md",
        "solutions/ch02_gone.py",
        "tests/ch01_tiny/test_halve.py",
    ]


def test_a_chapter_without_solutions_is_said(tiny, chapter):
    chapter.solution.unlink()
    with pytest.raises(CourseError, match="No such file"):
        build(tiny)
    with pytest.raises(CourseError, match=r"solutions/ch01_tiny.py is missing"):
        stray_files(tiny)


def test_execute_measures_the_numbers_that_the_prose_states(tiny, chapter, tmp_path, monkeypatch):
    (chapter.figures / "numbers.json").unlink()
    (chapter.figures / "gone.json").write_text("{}")
    with pytest.raises(CourseError, match="course build --execute"):
        build(tiny)
    said = build(tiny, execute=True)
    assert said[:3] == [
        "chapters/ch01_tiny/figures/line.json written",
        "chapters/ch01_tiny/figures/numbers.json written",
        "chapters/ch01_tiny/figures/gone.json removed: no cell makes it any more",
    ]
    assert "The ratio is 2.0." in chapter.script.read_text()
    assert json.loads(chapter.solution_notebook.read_text())["cells"][1].get("outputs") == []
    made = shutil.copytree(chapter.figures, tmp_path / "made")
    monkeypatch.setattr(
        "course_utils.authoring.build.execute_chapter",
        lambda _, folder: shutil.copytree(made, folder, dirs_exist_ok=True),
    )
    assert build(tiny, check=True, execute=True) == []
    (chapter.figures / "numbers.json").write_text('{"ratio": 3.0}')
    [said, *stale] = build(tiny, check=True, execute=True)
    assert said.startswith("chapters/ch01_tiny/figures/numbers.json: ratio was 3.0 and is now 2.0")
    assert len(stale) == 3
    assert json.loads((chapter.figures / "numbers.json").read_text()) == {"ratio": 3.0}


PRINTS = """
# %%
print("loss", 1)
print("50 %\\r100 %\\x1b[0m")

# %%
import sys

for i in range(100):
    print(i, "x" * 99 if i > 30 else "")
print("a warning", file=sys.stderr)

# %%
quiet = 1
"""


def test_execute_keeps_what_the_cells_print(tiny, chapter, tmp_path, monkeypatch):
    chapter.solution.write_text(chapter.solution.read_text() + PRINTS)
    build(tiny, execute=True)
    path = chapter.figures / "printed.json"
    short, long = sorted(json.loads(path.read_text()).values(), key=len)
    assert short == "loss 1\n100 %"
    assert long.startswith("0\n1\n") and long.endswith("\n…")
    assert len(long) < 3010 and len(long.split("\n")) <= 41 and "warning" not in long
    ids = [cell["id"] for cell in json.loads(chapter.solution_notebook.read_text())["cells"]]
    assert all(name in ids for name in json.loads(path.read_text()))
    assert stray_files(tiny) == [
        "chapters/ch01_tiny/figures/line.json"
    ]  # only the tiny chapter's own odd way of drawing
    assert not [problem for problem in course_problems(tiny) if "printed" in problem]

    made = shutil.copytree(chapter.figures, tmp_path / "made")
    monkeypatch.setattr(
        "course_utils.authoring.build.execute_chapter",
        lambda _, folder: shutil.copytree(made, folder, dirs_exist_ok=True),
    )
    (made / "printed.json").write_text(json.dumps(dict.fromkeys(json.loads(path.read_text()), "12 ms")))
    assert build(tiny, check=True, execute=True) == []
    (made / "printed.json").write_text(json.dumps({"abc": "new"}))
    said = build(tiny, check=True, execute=True)
    assert len(said) == 3 and "prints nothing any more" in said[0] and "abc prints 'new'" in said[2]


def test_a_failing_cell_is_named_by_its_line_and_error(chapter, tmp_path):
    text = chapter.solution.read_text() + "\n# %%\n# a comment\nx = 1\nx / 0\n"
    chapter.solution.write_text(text)
    line = text[: text.index("# a comment")].count("\n") + 1
    with pytest.raises(
        CourseError, match=f"line {line}: the cell '# a comment' fails with ZeroDivisionError: division by zero"
    ):
        execute_chapter(chapter, tmp_path)


def figures(chapter, tmp_path, old, new, name="line.json"):
    fresh = tmp_path / "fresh"
    fresh.mkdir(exist_ok=True)
    for folder, content in ((chapter.figures, old), (fresh, new)):
        for path in folder.glob("*.json"):
            path.unlink()
        (folder / name).write_text(json.dumps(content))
    return differences(replace(chapter), fresh)


def trace(**fields):
    return {"data": [{"type": "scatter", **fields}]}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (trace(y=[0, 1, 2.0]), trace(y=[0, 1.3, 2.2]), None),
        (trace(y=[0, 1, 2.0]), trace(y=[0, 1, 3.0]), "trace 0, y: 2 is now 3"),
        (trace(y=[0, 1]), trace(y=[0, 1, 2]), r"its shape was \(2,\) and is now \(3,\)"),
        (trace(y=[0]), trace(x=[0]), "trace 0, x"),
        (trace(z=[[1, 2], [3, 4]]), trace(z=[[1, 2], [3, 4.5]]), None),
        (trace(z=[[1, 2], [3, 4]]), trace(z=[[1, 2, 3, 4]]), "shape"),
        (trace(y=[0, None]), trace(y=[0, 1]), "other places are filled"),
        (trace(text=["a"]), trace(text=["b"]), None),
        ({"data": []}, trace(y=[0]), "traces"),
    ],
)
def test_figures_are_compared_as_a_reader_would(chapter, tmp_path, old, new, says):
    said = figures(chapter, tmp_path, old, new)
    assert (said == []) == (says is None)
    assert says is None or re.search(says, said[0])


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ({"loss": 2.0}, {"loss": 2.2}, True),
        ({"loss": 2.0}, {"loss": 2.4}, False),
        ({"step_about": 200}, {"step_about": 310}, True),
        ({"epoch_seconds": 2.0}, {"epoch_seconds": 40}, True),
        ({"cache_speedup": 2.0}, {}, False),
        ({"tiny": 1e-6}, {"tiny": 3e-6}, True),
    ],
)
def test_numbers_are_compared_with_tolerance(chapter, tmp_path, old, new, same):
    assert (figures(chapter, tmp_path, old, new, "numbers.json") == []) == same


def test_timings_are_compared_by_shape_only(chapter, tmp_path):
    assert figures(chapter, tmp_path, trace(y=[1, 2]), trace(y=[10, 90]), "cache-timing.json") == []
    assert figures(chapter, tmp_path, trace(y=[1, 2]), trace(y=[10]), "cache-timing.json") != []


def test_a_figure_that_comes_or_goes_is_named(chapter, tmp_path):
    said = figures(chapter, tmp_path, trace(), trace())
    (chapter.figures / "old.json").write_text("{}")
    (tmp_path / "fresh" / "new.json").write_text("{}")
    said = differences(chapter, tmp_path / "fresh")
    assert ["old.json is committed" in said[0], "new.json is made, but" in said[1]] == [True, True]
