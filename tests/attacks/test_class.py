"""Attacks on the whole run: what lies beside a submission, how it is called, what wraps it. The neighbour is unharmed."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile

import pytest

GOOD = """
def merge_pair(ids, pair, new_id):
    made, at = [], 0
    while at < len(ids):
        found = tuple(ids[at : at + 2]) == tuple(pair)
        made.append(new_id if found else ids[at])
        at += 2 if found else 1
    return made
"""
SPOILERS = {  # 10: files that a test run or an interpreter picks up from the folder that it stands in
    "conftest.py": "def pytest_collection_modifyitems(items):\n    items.clear()\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "sitecustomize.py": "import os\nos._exit(0)\n",
    "numpy.py": "import os\nos._exit(0)\n",
    "torch.py": "import os\nos._exit(0)\n",
}
MAGICS = [
    "%run ../ada/ch01_transformers.py",
    "!cat /etc/passwd",
    "def merge_pair(ids, pair, new_id):\n    return ids",
]  # 33
FILE = "ch01_transformers.py"


def course(*arguments):
    command = [sys.executable, "-m", "course_utils.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def notebook(*sources):
    cells = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
        for text in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def hand_in(folder, person, text, name=FILE):
    (folder / person).mkdir(exist_ok=True)
    (folder / person / name).write_text(text)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """One run over all of them: what it said, its results by person, and the CSV."""
    there = tmp_path_factory.mktemp("class")
    folder, out = there / "hand-in", there / "results"
    folder.mkdir()
    hand_in(folder, "ada", GOOD)
    hand_in(folder, "spoiler", "def merge_pair(ids, pair, new_id):\n    return ids\n")
    for name, text in SPOILERS.items():
        hand_in(folder, "spoiler", text, name)
    hand_in(folder, "magics", notebook(*MAGICS), "ch01_transformers.ipynb")
    hand_in(folder, '=HYPERLINK("x")', "def merge_pair(ids, pair, new_id):\n    return None\n")  # 46
    (folder / "link").mkdir()
    (folder / "link" / FILE).symlink_to(folder / "ada" / FILE)  # 32
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / FILE)
    (folder / "nulls").mkdir()
    (folder / "nulls" / FILE).write_bytes(b"x = 1\0\n")  # 48
    done = course("grade", folder, "--out", out, "--chapter", "ch01")
    results = {path.name.split(".")[0]: path.read_text() for path in (out / "results").glob("*.json")}
    table = course("grades", "export", out, "--format", "csv", "--out", there / "grades.csv")
    assert table.returncode == 0, table.stderr
    return done, results, (there / "grades.csv").read_text(encoding="utf-8-sig")


def test_only_the_neighbour_gets_points(graded):
    done, _, table = graded
    rows = {row["person"]: row for row in csv.DictReader(io.StringIO(table))}
    assert int(rows["ada"]["passed"]) == 1, done.stdout + done.stderr
    assert {person: int(row["passed"]) for person, row in rows.items() if person != "ada"} == dict.fromkeys(
        set(rows) - {"ada"}, 0
    )
    assert {"spoiler", "magics"} <= set(rows)


def test_what_is_no_ordinary_file_is_named_and_left_alone(graded):
    done = graded[0]
    assert done.returncode == 1
    for person in ("link", "pipe", "nulls"):
        assert f"not graded: {person}/{FILE}" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_no_cell_is_a_formula_and_nothing_of_the_machine_is_told(graded):
    _, results, table = graded
    assert not any(cell.startswith(("=", "+", "@")) for row in csv.reader(io.StringIO(table)) for cell in row)
    assert not any("root:" in text for text in results.values())


def test_a_zip_with_ways_out_and_a_bomb_harms_nobody(tmp_path):
    """43, 48."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"ada/{FILE}", GOOD)
        archive.writestr(f"../../eve/{FILE}", GOOD)
        archive.writestr(f"bomb/{FILE}", b"#" * (64 << 20))
    done = course("grade", tmp_path / "all.zip", "--out", tmp_path / "results", "--chapter", "ch01")
    assert "Traceback" not in done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "results" / "results").glob("*")] == ["ada.ch01_transformers.json"]
    assert not (tmp_path.parent.parent / "eve").exists()
    assert done.returncode == 1
