import json
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from course_utils.authoring.build import build
from course_utils.authoring.cells import read_cells
from course_utils.catalog import CourseError
from course_utils.learner import agreed, pairing
from course_utils.learner.agreed import document_digest
from course_utils.learner.backup import keep_copy
from course_utils.learner.pairing import sync
from course_utils.learner.state import write_atomically

STUB = 'raise NotImplementedError("double")'


@pytest.fixture
def chapter(tiny):
    build(tiny)
    return tiny.chapters[0]


@pytest.fixture
def synced(chapter):
    assert sync(chapter) is None
    return chapter


def edit(path, old, new):
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new).encode())


def escaped(text):
    return json.dumps(text)[1:-1]


def edit_script(chapter, new="return 2 * x"):
    edit(chapter.script, STUB, new)


def edit_notebook(chapter, new="return 2 * x"):
    edit(chapter.notebook, escaped(STUB), escaped(new))


def agree(chapter):
    return document_digest(read_cells(chapter.script)) == document_digest(read_cells(chapter.notebook))


def contents(chapter):
    return chapter.script.read_bytes(), chapter.notebook.read_bytes()


def backups(chapter):
    return sorted((chapter.root / ".course" / "backups").glob("*"))


@pytest.mark.parametrize("seen", [True, False])
def test_the_notebook_follows_an_edited_script(chapter, seen):
    if seen:
        sync(chapter)
    edit_script(chapter)
    assert sync(chapter) == "chapters/ch01_tiny/ch01_tiny.ipynb was brought up to date with ch01_tiny.py."
    assert "return 2 * x" in chapter.notebook.read_text()
    assert agree(chapter)
    assert sync(chapter) is None


@pytest.mark.parametrize("seen", [True, False])
def test_the_script_follows_an_edited_notebook(chapter, seen):
    if seen:
        sync(chapter)
    before = chapter.script.read_text()
    edit_notebook(chapter)
    assert sync(chapter) == "chapters/ch01_tiny/ch01_tiny.py was brought up to date with ch01_tiny.ipynb."
    assert chapter.script.read_text() == before.replace(STUB, "return 2 * x")
    assert sync(chapter) is None


def test_one_after_the_other_in_turns(synced):
    for number in range(4):
        (edit_script if number % 2 else edit_notebook)(synced, f"x = {number}\n    {STUB}")
        assert sync(synced)
        assert agree(synced)
    text = synced.script.read_text()
    assert all(f"x = {number}\n" in text for number in range(4))


@pytest.mark.parametrize("seen", [True, False])
def test_both_edited_and_different_is_refused_and_changes_neither(chapter, seen):
    if seen:
        sync(chapter)
    edit_script(chapter, "return x + x")
    edit_notebook(chapter)
    before = contents(chapter)
    with pytest.raises(
        CourseError, match=r"were edited, and both changed double; neither was changed.*course sync ch01 --keep py"
    ):
        sync(chapter)
    assert contents(chapter) == before
    assert backups(chapter) == []


@pytest.mark.parametrize("keep", ["py", "ipynb"])
def test_keeping_one_of_two_edited_files_copies_the_other_first(synced, keep):
    edit_script(synced, "return x + x")
    edit_notebook(synced)
    before = contents(synced)
    assert "is kept as" in sync(synced, keep=keep)
    [copy] = backups(synced)
    assert copy.read_bytes() == before[1 if keep == "py" else 0]
    assert contents(synced)[0 if keep == "py" else 1] == before[0 if keep == "py" else 1]
    assert agree(synced)
    assert sync(synced) is None


def test_keep_without_a_difference_does_nothing(synced):
    assert sync(synced, keep="py") is None
    assert backups(synced) == []


def test_keep_of_a_missing_file_is_refused(synced):
    synced.script.unlink()
    with pytest.raises(CourseError, match="can't be kept"):
        sync(synced, keep="py")


def test_the_same_edit_in_both_is_no_conflict(synced):
    edit_script(synced)
    edit_notebook(synced)
    before = contents(synced)
    assert sync(synced) is None
    assert contents(synced) == before
    edit_script_again = synced.script.read_text().replace("return 2 * x", "return x + x")
    synced.script.write_text(edit_script_again)
    assert "ipynb was brought up" in sync(synced)


def test_an_edit_that_was_taken_back_does_not_win(synced):
    before = synced.script.read_text()
    edit_script(synced)
    synced.script.write_text(before)
    edit_notebook(synced)
    assert ".py was brought up" in sync(synced)


def test_later_modification_times_do_not_matter(synced):
    edit_script(synced)
    later = time.time() + 1000
    os.utime(synced.notebook, (later, later))
    assert ".ipynb was brought up" in sync(synced)


def run_cells(chapter):
    """Leave in the notebook what a session in Jupyter leaves."""
    notebook = json.loads(chapter.notebook.read_text())
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": [f"{number}\n"]}]
            cell["metadata"]["collapsed"] = True
    notebook["metadata"]["widgets"] = {"state": 1}
    chapter.notebook.write_text(json.dumps(notebook))
    return notebook


def test_outputs_alone_are_no_edit(synced):
    run_cells(synced)
    before = contents(synced)
    assert sync(synced) is None
    assert contents(synced) == before
    edit_script(synced)
    assert ".ipynb" in sync(synced)


def test_unchanged_cells_keep_outputs_ids_and_metadata(synced):
    ran = run_cells(synced)
    edit_script(synced)
    synced.script.write_text(synced.script.read_text() + "\n# %%\nprint('new')\n")
    sync(synced)
    now = json.loads(synced.notebook.read_text())
    assert now["metadata"] == ran["metadata"]
    changed = [(old, new) for old, new in zip(ran["cells"], now["cells"], strict=False) if old != new]
    [(old, new)] = changed
    assert "double" in "".join(old["source"])
    assert new["id"] == old["id"]
    assert new["metadata"] == old["metadata"]
    assert new["outputs"] == []
    assert now["cells"][-1]["source"] == ["print('new')"]
    assert len({cell["id"] for cell in now["cells"]}) == len(now["cells"])


def test_a_notebook_of_an_older_minor_format_gets_no_ids(synced):
    notebook = json.loads(synced.notebook.read_text()) | {"nbformat_minor": 4}
    for cell in notebook["cells"]:
        del cell["id"]
    synced.notebook.write_text(json.dumps(notebook))
    synced.script.write_text(synced.script.read_text() + "\n# %%\nx = 1\n")
    sync(synced)
    assert all("id" not in cell for cell in json.loads(synced.notebook.read_text())["cells"])


def add_to_notebook(chapter, *sources, kind="code"):
    notebook = json.loads(chapter.notebook.read_text())
    extra = {"execution_count": None, "outputs": []} if kind == "code" else {}
    for i, source in enumerate(sources):
        notebook["cells"].append({"cell_type": kind, "id": f"mine{i}", "metadata": {}, "source": source, **extra})
    chapter.notebook.write_text(json.dumps(notebook))


def test_magics_are_commented_in_the_script_and_alive_in_the_notebook(synced):
    add_to_notebook(synced, "%timeit double(2)", "Scale?", "!ls\nx = !pwd\nprint(1)  # copy", "%%bash\nls | wc\n\npwd")
    sync(synced)
    text = synced.script.read_text()
    assert "# %timeit double(2)" in text
    assert "# !ls\n# x = !pwd\nprint(1)  # copy" in text
    compile(text, "x", "exec")
    edit_script(synced, "# why?\n    # copy the mask\n    return 2 * x")
    assert ".ipynb" in sync(synced)
    sources = ["".join(cell["source"]) for cell in json.loads(synced.notebook.read_text())["cells"]]
    assert sources[-4:] == ["%timeit double(2)", "Scale?", "!ls\nx = !pwd\nprint(1)  # copy", "%%bash\nls | wc\n\npwd"]
    assert any("    # why?\n    # copy the mask" in source for source in sources)
    assert sync(synced) is None


def test_the_script_of_magics_alone_gives_them_back(synced):
    add_to_notebook(synced, "%timeit double(2)\n%%time", "%%bash\nls | wc\n\npwd", "# !commented out")
    sync(synced)
    synced.notebook.unlink()
    sync(synced)
    sources = ["".join(cell["source"]) for cell in json.loads(synced.notebook.read_text())["cells"]]
    assert sources[-3:-1] == ["%timeit double(2)\n%%time", "%%bash\nls | wc\n\npwd"]


def test_titles_tags_and_a_missing_header_stay_in_the_script(synced):
    text = synced.script.read_text()
    headless = text[text.index("# %% [markdown]") :].replace("# %%\ndef double", '# %% mine tags=["a"]\ndef double')
    synced.script.write_text(headless)
    assert sync(synced) is None
    edit_notebook(synced)
    sync(synced)
    assert synced.script.read_text() == headless.replace(STUB, "return 2 * x")


def test_crlf_and_a_byte_order_mark_are_no_edit_and_crlf_stays(synced):
    synced.script.write_bytes(b"\xef\xbb\xbf" + synced.script.read_bytes().replace(b"\n", b"\r\n"))
    assert sync(synced) is None
    edit_notebook(synced)
    sync(synced)
    content = synced.script.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 10
    assert agree(synced)


def test_a_heading_that_asks_is_not_taken_for_a_magic(synced):
    edit(synced.script, "# ## Numbers", "# ## Why?")
    sync(synced)
    edit(synced.script, "# ## Why?", "# # Why?")
    assert ".ipynb was brought" in sync(synced)
    assert '"# Why?\\n"' in synced.notebook.read_text()


def test_empty_cells_are_no_edit(synced):
    add_to_notebook(synced, "", "\n")
    assert sync(synced) is None


def test_a_string_that_is_never_closed_does_not_swallow_the_other_cells(synced):
    run_cells(synced)
    edit_script(synced, '"""never closed')
    sync(synced)
    now = json.loads(synced.notebook.read_text())["cells"]
    assert sum(bool(cell.get("outputs")) for cell in now) == sum(cell["cell_type"] == "code" for cell in now) - 1


@pytest.mark.parametrize("missing", ["script", "notebook"])
@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_a_missing_file_is_made_from_the_other(synced, missing, how):
    edit_script(synced)
    sync(synced)
    path = getattr(synced, missing)
    before = path.read_bytes()
    path.unlink() if how == "deleted" else path.write_bytes(b"\n")
    assert "was made from" in sync(synced)
    assert path.read_bytes() == before if missing == "script" else agree(synced)
    assert "return 2 * x" in synced.script.read_text()
    assert sync(synced) is None


def test_both_missing_are_made_afresh(synced):
    before = contents(synced)
    shutil.rmtree(synced.root / ".course")
    synced.script.unlink()
    synced.notebook.unlink()
    assert "afresh" in sync(synced)
    assert contents(synced) == before


@pytest.mark.parametrize("content", ["{", "[]", '{"cells": 1, "nbformat": 4}'])
def test_a_notebook_that_is_none_is_refused_and_can_be_made_again(synced, content):
    edit_script(synced)
    script = synced.script.read_bytes()
    synced.notebook.write_text(content)
    with pytest.raises(CourseError, match=r"is not a notebook.*delete it"):
        sync(synced)
    assert contents(synced) == (script, content.encode())
    assert "is kept as" in sync(synced, keep="py")
    assert agree(synced)
    assert backups(synced)[0].read_text() == content


def test_a_script_that_is_not_utf8_is_refused(synced):
    synced.script.write_bytes(synced.script.read_bytes().replace(b"Twice", b"Tw\xffce"))
    with pytest.raises(CourseError, match="UTF-8"):
        sync(synced)


def test_a_kill_in_the_middle_of_a_write_leaves_what_was_there(synced, monkeypatch):
    edit_script(synced)
    before = contents(synced)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        sync(synced)
    monkeypatch.undo()
    assert contents(synced) == before
    assert sorted(path.name for path in synced.folder.iterdir()) == [
        "ch01_tiny.ipynb",
        "ch01_tiny.py",
        "exercises.toml",
        "figures",
    ]
    monkeypatch.setenv("GLASSBOX_ROOT", str(synced.root))
    assert ".ipynb was brought" in sync(synced)


def test_a_kill_between_the_write_and_the_record_costs_nothing(synced, monkeypatch):
    edit_script(synced)
    monkeypatch.setattr(pairing, "note", lambda *_: None)
    sync(synced)
    monkeypatch.undo()
    assert sync(synced) is None
    edit_notebook_text = synced.notebook.read_text().replace("return 2 * x", "return x + x")
    synced.notebook.write_text(edit_notebook_text)
    assert ".py was brought" in sync(synced)


def test_a_full_disk_is_said_and_changes_nothing(synced, monkeypatch):
    edit_script(synced)
    before = contents(synced)
    monkeypatch.setattr(os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(CourseError, match="can't be written \\(No space left on device\\)"):
        sync(synced)
    assert contents(synced) == before


def test_a_file_saved_meanwhile_is_not_overwritten(synced, monkeypatch):
    edit_script(synced)
    following = pairing.notebook_following

    def slow(*args):
        edit_notebook(synced, "return x + x")
        return following(*args)

    monkeypatch.setattr(pairing, "notebook_following", slow)
    with pytest.raises(CourseError, match="saved just now"):
        sync(synced)
    assert "return x + x" in synced.notebook.read_text()


@pytest.mark.parametrize("junk", ["{", "[]", '{"ch01_tiny": 3}', "null"])
def test_a_broken_record_is_no_harm(synced, junk):
    (synced.root / ".course" / "pairs.json").write_text(junk)
    edit_script(synced)
    assert ".ipynb was brought" in sync(synced)
    assert sync(synced) is None


def test_without_a_state_folder_syncing_still_works(chapter):
    shutil.rmtree(chapter.root / ".course")
    (chapter.root / ".course").write_text("a file where the folder should be")
    edit_script(chapter)
    assert ".ipynb was brought" in sync(chapter)
    assert sync(chapter) is None


def test_nothing_changed_is_known_without_reading_the_documents(synced, monkeypatch):
    monkeypatch.setattr(agreed, "cells_of_script", lambda *_: pytest.fail("parsed"))
    monkeypatch.setattr(agreed, "cells_of_notebook", lambda *_: pytest.fail("parsed"))
    start = time.process_time()
    assert sync(synced) is None
    assert time.process_time() - start < 0.05


def test_pairing_does_not_import_jupytext_or_torch(synced):
    import subprocess

    code = "import sys, course_utils.learner.reset; print({'jupytext', 'torch', 'nbformat', 'nbclient'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_copies_never_replace_each_other(synced):
    copies = {keep_copy(synced.script) for _ in range(3)}
    assert len(copies) == 3
    assert {copy.read_bytes() for copy in copies} == {synced.script.read_bytes()}
    assert all(copy.parent == synced.root / ".course" / "backups" and copy.suffix == ".py" for copy in copies)


def test_a_copy_that_cannot_be_kept_in_the_course_goes_elsewhere_and_says_so(chapter, tmp_path, monkeypatch):
    shutil.rmtree(chapter.root / ".course")
    (chapter.root / ".course").write_text("")
    with pytest.warns(UserWarning, match="the copy is"):
        copy = keep_copy(chapter.script)
    assert copy.read_bytes() == chapter.script.read_bytes()
    shutil.rmtree(copy.parent)
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(CourseError, match="left as it is"):
        keep_copy(chapter.script)


def test_writing_keeps_permissions_and_links(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o640)
    (tmp_path / "link").symlink_to(path)
    write_atomically(tmp_path / "link", "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert Path(tmp_path / "link").is_symlink()


@pytest.mark.parametrize("below", ["end", "middle"])
def test_code_written_below_prose_stays_code_in_both_files(synced, below):
    prose = [cell for cell in read_cells(synced.script) if cell.kind == "markdown"]
    last = prose[-1 if below == "end" else 0].source.split("\n")[-1]
    text = synced.script.read_text().rstrip("\n")
    if below == "end":
        text += f"\n\n# %% [markdown]\n# {last}"
    head, mark, tail = text.rpartition(f"# {last}") if below == "end" else text.partition(f"# {last}")
    synced.script.write_text(f"{head}{mark}\nmine = 1  # kept\n{tail}\n")
    edit_notebook(synced)
    assert "Both files were edited" in str(sync(synced))  # so that the script is written too
    for path in (synced.script, synced.notebook):
        assert "mine = 1  # kept" in [cell.source for cell in read_cells(path) if cell.kind == "code"]
    assert "\nmine = 1  # kept" in synced.script.read_text()
    assert agree(synced) and sync(synced) is None
