import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import jupytext
import pytest

from course_utils.authoring.cells import Cell, read_cells
from course_utils.authoring.notebook import (
    chapter_cells,
    documents,
    script_header,
    solved_cells,
    write_notebook,
    write_script,
)
from course_utils.authoring.prose import fill, last_heading
from course_utils.catalog import CourseError


@pytest.fixture
def chapter(tiny):
    return tiny.chapters[0]


def edit(chapter, old, new):
    text = chapter.solution.read_text()
    assert old in text
    chapter.solution.write_text(text.replace(old, new))


def test_an_exercise_becomes_heading_stub_check_and_help(chapter):
    cells = chapter_cells(chapter)
    mine = [cell for cell in cells if cell.exercise == "Scale"]
    assert [cell.role for cell in mine] == ["prose", "stub", "check", "help"]
    assert mine[0].source == (
        "The ratio is 2.0.\n\n### Scale by a factor\n\n"
        "*`Scale` · about 15 minutes · difficulty 2 of 5 · needs `double`*"
    )
    assert 'raise NotImplementedError("Scale.forward")' in mine[1].source
    assert "given, with its comment" in mine[1].source
    assert "_multiply" not in mine[1].source
    assert mine[2].source == "check(Scale)"
    assert mine[3].source == '# hint("Scale")\n# solution("Scale")'


def test_text_after_the_heading_stays_below_the_facts(chapter):
    [heading] = [cell for cell in chapter_cells(chapter) if cell.exercise == "double" and cell.role == "prose"]
    assert heading.source == (
        "## Numbers\n\n### Twice as much\n\n*`double` · about 5 minutes · difficulty 1 of 5*\n\n"
        "Say what `double(3)` gives before you write it."
    )


def test_the_solved_document_keeps_the_bodies(chapter):
    sources = [cell.source for cell in solved_cells(chapter)]
    assert any("shifted = x << 1" in source for source in sources)
    assert not any("check(" in source for source in sources)


def test_the_setup_cell_comes_first_and_does_nothing_here(chapter):
    code = [cell for cell in chapter_cells(chapter) if cell.kind == "code"]
    assert code[0].role == "setup"
    assert code[0].source.endswith("\n\nfrom course_utils import check, hint, solution")
    url = tomllib.loads(Path("pyproject.toml").read_text())["project"]["urls"]["Repository"]
    assert url in code[0].source
    setup = next(cell.source for cell in solved_cells(chapter) if cell.role == "setup")
    before = list(sys.path)
    exec(setup, {})
    assert sys.path == before


def test_the_setup_cell_in_colab_pins_the_torch_that_is_there(chapter, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setitem(sys.modules, "google.colab", object())
    monkeypatch.setattr(subprocess, "run", lambda command, check: ran.append((command, pin(command))))
    monkeypatch.setattr(sys, "path", list(sys.path))
    setup = next(cell.source for cell in solved_cells(chapter) if cell.role == "setup")
    (tmp_path / "content" / "glassbox").mkdir(parents=True)
    shutil.copy("pyproject.toml", tmp_path / "content" / "glassbox")
    exec(setup.replace("/content/", f"{tmp_path}/content/").replace("if not course.exists()", "if True"), {})
    (clone, _), (install, pinned) = ran
    assert clone[:2] == ["git", "clone"]
    from importlib.metadata import version

    assert pinned == f"torch=={version('torch')}\n"
    assert any(item.startswith("einops") for item in install)
    assert sys.path[0] == str(tmp_path / "content" / "glassbox")


def pin(command):
    return Path(command[command.index("-c") + 1]).read_text() if "-c" in command else None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{{ratio:.1f}}", "{{ration:.1f}}", r"ration.*never measured.*course build --execute"),
        ("{{ratio:.1f}}", "{{ratio:.1q}}", "can't format 2.0"),
        (
            "### Scale by a factor",
            "### Scale by",
            "cell before Scale must end its headings with '### Scale by a factor'",
        ),
        ("### Scale by a factor", "No heading", "heading is missing"),
        ("class Scale:", "class Scala:", "Scale has no cell"),
        ("# %%\nScale(2.0)", "# %%\ndef double(x): ...\n\n# %%\nScale(2.0)", "double is solved in several cells"),
        ("    return shifted\n", "    return shifted +\n", r"line 43: invalid syntax"),
        (
            "# %% [markdown]\n# ## Numbers\n#\n# ### Twice as much\n#\n# Say",
            "# %%\n# Say",
            "double needs a markdown cell",
        ),
    ],
)
def test_solutions_that_disagree_with_the_catalog_are_said(chapter, old, new, says):
    edit(chapter, old, new)
    with pytest.raises(CourseError, match=says):
        chapter_cells(chapter)


def test_another_order_than_the_catalogs_is_said(chapter):
    turned = replace(chapter, exercises=chapter.exercises[::-1])
    with pytest.raises(CourseError, match="double stands where the catalog has Scale"):
        chapter_cells(turned)


def test_headings_in_fences_and_latex_braces_are_left_alone():
    assert last_heading("### A\n```\n### B\n```\n") == (0, "A")
    assert last_heading("### A\n## B") is None
    assert fill("$\\frac{1}{2}$ {x} {{ a }} {{b:,}}", {"a": 1, "b": 12345}, "here") == "$\\frac{1}{2}$ {x} 1 12,345"


def test_both_files_are_one_document_for_jupytext(chapter):
    cells = chapter_cells(chapter)
    header = script_header("solutions/ch01_tiny.py")
    script, notebook = write_script(cells, header), write_notebook(cells, "solutions/ch01_tiny.py")
    from_script = jupytext.reads(script, fmt="py:percent")
    from_notebook = jupytext.reads(notebook, fmt="ipynb")
    assert [(c.cell_type, c.source) for c in from_script.cells] == [
        (c.cell_type, c.source) for c in from_notebook.cells
    ]
    for read in (from_script, from_notebook):
        written = jupytext.writes(read, fmt="py:percent")
        assert without_version(written) == script
    assert from_script.metadata["jupytext"]["formats"] == "ipynb,py:percent"


def without_version(text):
    return "".join(line for line in text.splitlines(keepends=True) if "jupytext_version" not in line)


def test_jupytext_sync_leaves_a_fresh_pair_alone_and_carries_an_edit(chapter):
    shutil.copy("pyproject.toml", chapter.root)
    for path, text in documents(chapter).items():
        (chapter.root / path).write_text(text)
    before = chapter.script.read_text()
    sync_with_jupytext(chapter.script)
    assert chapter.script.read_text() == before
    chapter.script.write_text(before.replace('raise NotImplementedError("double")', "return 2 * x"))
    sync_with_jupytext(chapter.script)
    assert "return 2 * x" in chapter.notebook.read_text()
    assert json.loads(chapter.notebook.read_text())["metadata"]["generated_from"] == "solutions/ch01_tiny.py"
    assert chapter.script.read_text().startswith("# Generated from solutions/ch01_tiny.py")


def sync_with_jupytext(path):
    from jupytext.cli import jupytext as command

    assert command(["--quiet", "--sync", str(path)]) == 0


def test_documents_are_the_same_each_time_and_say_what_they_are(chapter):
    first, again = documents(chapter), documents(chapter)
    assert first == again
    assert list(first) == [
        "chapters/ch01_tiny/ch01_tiny.py",
        "chapters/ch01_tiny/ch01_tiny.ipynb",
        "solutions/ch01_tiny.ipynb",
    ]
    assert first["chapters/ch01_tiny/ch01_tiny.py"].startswith(
        "# Generated from solutions/ch01_tiny.py by `course build`"
    )
    assert all(text.endswith("\n") for text in first.values())
    assert ["secret" in text for text in first.values()] == [False, False, True]


def test_the_learners_script_compiles_and_reads_back(chapter):
    for path, text in documents(chapter).items():
        (chapter.root / path).write_text(text)
    compile(chapter.script.read_bytes(), "x", "exec")
    script, notebook = read_cells(chapter.script), read_cells(chapter.notebook)
    assert [(c.kind, c.source) for c in script] == [(c.kind, c.source) for c in notebook]
    assert isinstance(script[0], Cell)
