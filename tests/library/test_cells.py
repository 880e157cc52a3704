import json
import time

import jupytext
import nbformat
import pytest

from course_utils.authoring import magics
from course_utils.authoring.cells import Cell, cells_of_script, read_cells, split_header
from course_utils.authoring.notebook import chapter_cells, solved_cells
from course_utils.authoring.writers import dump_notebook, script_header, write_notebook, write_script
from course_utils.catalog import CourseError, course_root, load_catalog

SCRIPT = (
    script_header("solutions/x.py")
    + '''
# %% [markdown]
# # Prose
#
# with a fence and $x$

# %% A title tags=["one", "two"]
# a comment first
x = """
# %% no marker
"""


def f():
    return "'" # it's


# %% [markdown]
# More prose\x20\x20

# %%
# %pip install foo
!ls

# %% [raw]
# raw text

# %%
@decorated
def g():
    return 2\x20\x20
# %%
if True:
    # %%time
    y = 1
'''
)


def pairs(cells):
    return [(cell.kind, cell.source) for cell in cells]


def from_jupytext(text):
    cells = jupytext.reads(text, fmt="py:percent").cells
    return [(cell.cell_type, cell.source.rstrip("\n")) for cell in cells]


def test_the_reader_sees_what_jupytext_sees():
    text = SCRIPT.replace("!ls", "# !ls")
    assert pairs(cells_of_script(text)) == from_jupytext(text)


def test_first_lines_titles_and_tags():
    cells = cells_of_script(SCRIPT)
    lines = SCRIPT.split("\n")
    assert [lines[cell.first_line - 1] for cell in cells[:2]] == ["# # Prose", "# a comment first"]
    assert (cells[1].title, cells[1].tags) == ("A title", ("one", "two"))
    assert cells[0].source == "# Prose\n\nwith a fence and $x$"


@pytest.mark.parametrize(
    "text", ["", "\n\n", "x = 1", "# %%", "# %%\n\n# %% [markdown]\n", "# ---\n# a: 1\n", "#!/bin/sh\n# ---\n# ---"]
)
def test_odd_files(text):
    assert [cell for cell in pairs(cells_of_script(text)) if cell[1]] == [
        cell for cell in from_jupytext(text) if cell[1]
    ]
    assert "".join(split_header(text)) == text


def test_prose_in_a_string_and_a_bash_cell():
    cells = cells_of_script('# %% [markdown]\n"""\n# Title\ntext\n"""\n# %% language="bash"\n# ls -l\n')
    assert pairs(cells) == [("markdown", "# Title\ntext"), ("code", "%%bash\nls -l")]


def test_an_unclosed_string_does_not_swallow_the_cells_after_it():
    cells = cells_of_script('# %%\ndef f():\n    """oops\n\n# %%\nx = 1\n\n# %%\ndef g():\n    """fine"""\n')
    assert [cell.source.split("\n")[0] for cell in cells] == ["def f():", "x = 1", "def g():"]


@pytest.mark.parametrize(
    "source",
    [
        "%time f()",
        "x = !ls -l",
        "!pip install a \n!ls",
        "%%time\nf()",
        "%%bash\nls\ngrep x y",
        "    %timeit f()\nprint()",
        "f?",
        "?f",
        "cd ..",
    ],
)
def test_magics_are_commented_and_known_again(source):
    script = magics.to_script(source)
    assert all(not line or line.lstrip().startswith("#") or line in ("f()", "print()") for line in script.split("\n"))
    assert magics.key(magics.to_notebook(script)) == magics.key(source)
    if "?" not in source[1:] and not source.startswith("cd"):
        assert magics.to_notebook(script) == source
    if not source.startswith("%%bash"):  # jupytext wants the language beside the marker; it is read, not written
        assert from_jupytext(write_script([Cell("code", source)], "")) == [("code", source)]


@pytest.mark.parametrize(
    "source", ["# why?\n# copy the mask\nx = 1", "x = 5 %d", '"""\n%time\n!ls\n"""', "copy (x)", "# 100 %", "#!no"]
)
def test_comments_and_code_are_not_taken_for_magics(source):
    assert magics.to_script(source) == source
    assert magics.to_notebook(source) == source


CELLS = [
    Cell("markdown", "# Title\n\nprose é", role="prose"),
    Cell("code", "import os"),
    Cell("code", "def f():\n    return 1"),
    Cell("code", "check(f)"),
    Cell("code", '# hint("f")\n# solution("f")'),
    Cell("code", '# hint("f")\n# solution("f")', tags=("a", "b")),
    Cell("markdown", "next"),
    Cell("code", "@wrap\nclass A:\n    x = 1\n\n\n    y = 2"),
    Cell("markdown", "after a class", tags=("t",)),
    Cell("code", ""),
    Cell("code", 's = """\ndef no():\n"""'),
    Cell("code", "def g(): ..."),
    Cell("code", "x = [\n    1,\n]"),
    Cell("raw", "raw"),
]


def as_jupytext_writes(cells):
    notebook = nbformat.reads(write_notebook(cells, "x"), as_version=4)
    notebook.metadata.clear()
    return jupytext.writes(
        notebook,
        fmt={
            "extension": ".py",
            "format_name": "percent",
            "cell_metadata_filter": "tags,-all",
            "notebook_metadata_filter": "-all",
        },
    )


def test_the_writer_spaces_cells_as_jupytext_does():
    for n in range(len(CELLS)):
        for cells in (CELLS[n:], CELLS[: n + 1]):
            assert write_script(cells, "") == as_jupytext_writes(cells)


def test_writing_and_reading_gives_the_same_cells(tmp_path):
    (tmp_path / "x.py").write_text(write_script(CELLS, script_header("solutions/x.py")))
    (tmp_path / "x.ipynb").write_text(write_notebook(CELLS, "solutions/x.py"))
    for name in ("x.py", "x.ipynb"):
        assert pairs(read_cells(tmp_path / name)) == pairs(CELLS)
        assert [cell.tags for cell in read_cells(tmp_path / name)] == [cell.tags for cell in CELLS]


def test_the_notebook_is_valid_and_always_the_same():
    text = write_notebook(CELLS, "solutions/x.py")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert text == write_notebook(list(CELLS), "solutions/x.py") == dump_notebook(json.loads(text))
    assert text == nbformat.writes(notebook) + "\n"
    assert len({cell.id for cell in notebook.cells}) == len(CELLS)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.generated_from == "solutions/x.py"


def test_a_long_script_is_read_at_once(tmp_path):
    text = SCRIPT * 60
    (tmp_path / "x.py").write_text(text)
    assert text.count("\n") > 2000
    best = min(timed(read_cells, tmp_path / "x.py") for _ in range(5))
    assert best < 0.05


def timed(function, *args):
    start = time.process_time()  # not wall time: other work on the machine is no fault of the reader
    function(*args)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{", "isn't JSON"), (b"[]", "format 4"), (b'{"cells": [1], "nbformat": 4}', "format 4"), (b"\xff\xfe", "UTF-8")],
)
def test_what_is_no_notebook_is_said(tmp_path, content, says):
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    with pytest.raises(CourseError, match=says):
        read_cells(path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(CourseError, match="No such file"):
        read_cells(tmp_path / "x.py")


def test_bom_and_crlf_do_not_matter(tmp_path):
    path = tmp_path / "x.py"
    path.write_bytes(b"\xef\xbb\xbf" + SCRIPT.replace("\n", "\r\n").encode())
    assert read_cells(path) == cells_of_script(SCRIPT)


def real_chapters():
    try:
        return [chapter for chapter in load_catalog(course_root()).chapters if chapter.solution.exists()]
    except CourseError:
        return []


@pytest.mark.parametrize("chapter", real_chapters(), ids=lambda chapter: chapter.key)
def test_both_readers_and_both_files_agree_on_the_real_chapters(chapter):
    text = chapter.solution.read_text()
    assert pairs(cells_of_script(text)) == from_jupytext(text)
    for cells in (chapter_cells(chapter), solved_cells(chapter)):
        script = write_script(cells, script_header("solutions/x.py"))
        assert pairs(cells_of_script(script)) == from_jupytext(script) == pairs(cells)
        assert script == script_header("solutions/x.py") + "\n" + as_jupytext_writes(cells)


def test_code_below_prose_without_a_marker_stays_code():
    cells = cells_of_script("# %% [markdown]\n# Prose.\n\nx = 1\n# why\n# %% [markdown]\ny = 2\n# %%\nz = 3\n")
    assert [(cell.kind, cell.source, cell.first_line) for cell in cells] == [
        ("markdown", "Prose.", 2),
        ("code", "x = 1\n# why", 4),
        ("code", "y = 2", 7),
        ("code", "z = 3", 9),
    ]
