"""A class graded for real, in the jail: typed outcomes, points, nobody charged twice, nobody spoilt by a neighbour."""

import json
import os
import stat
from pathlib import Path

import pytest

from course_utils.catalog import CourseError, load_catalog
from course_utils.grading.verdict import Outcome
from course_utils.staff.reading import read_results
from course_utils.staff.results import Result
from course_utils.staff.run import Order, run
from course_utils.staff.summary import Summary, table

from .conftest import RIGHT, make_course
from .test_intake import notebook, put

TEXT = RIGHT["ch01_transformers"]
SECRET = "hunter2-but-long-enough"


def edited(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


CLASS = {
    "ann_ch01_transformers.py": TEXT,
    "ben_ch01_transformers.ipynb": notebook("%time 3", *TEXT.split("# %%\n")),
    "cat_ch01_transformers.py": edited("return x + x", "return x * x + 1"),
    # double is wrong, and quadruple is right but for that:
    "dan_ch01_transformers.py": edited("return x + x", "return x").replace("4 * x", "double(double(x))"),
    # both are wrong, each for itself:
    "eve_ch01_transformers.py": edited("return x + x", "return x").replace("4 * x", "double(x)"),
    "fay_ch01_transformers.py": edited("return x + x", "raise NotImplementedError('double')"),
    "gus_ch01_transformers.py": "import os\n\n\nclass Scale:\n    os._exit(0)\n",
    "hal_ch01_transformers.py": edited("return 4 * x", "while True: pass"),
    "ida_ch01_transformers.py": TEXT + "\nx = " + "not " * 20_000 + "1\n",
    "jon_ch01_transformers.py": edited("return x + x", "return 1 / 0  # <script>=1+1"),
    "kim_ch01_transformers.ipynb": notebook(TEXT, "x = " + "not " * 20_000 + "1"),
    "leo_ch01_transformers.py": "",
    "mia_ch09_none.py": TEXT,
    "nia_ch01_transformers.py": "\xff",
    "ola_ch02_induction.py": RIGHT["ch02_induction"],
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory):
    """The class, graded once: what came of it, and the folders."""
    folder = tmp_path_factory.mktemp("class")
    for name, content in CLASS.items():
        put(folder / "in", name, content.encode("latin-1") if name.startswith("nia") else content)
    secret = put(folder, "mine", SECRET)
    secret.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLASSBOX_ROOT", str(make_course(folder / "course")))
        patch.setenv("PYTHONHASHSEED", "random")
        order = Order(folder / "in", folder / "out", "landlock", workers=2, secret_file=secret)
        yield run(order, load_catalog()), order


def of(graded: tuple[Summary, Order], person: str) -> Result:
    return next(one for one in graded[0].results if one.graded.person == person)


def outcomes(graded, person: str) -> list[str]:
    return [str(row.outcome) for row in of(graded, person).graded.exercises]


@pytest.mark.parametrize(
    ("person", "expected", "points"),
    [
        ("ann", ["passed", "passed", "passed"], 8),
        ("ben", ["passed", "passed", "passed"], 8),
        ("cat", ["wrong", "passed", "passed"], 7),
        ("dan", ["wrong", "passed", "passed"], 7),
        ("eve", ["wrong", "wrong", "passed"], 5),
        ("fay", ["not_attempted", "passed", "passed"], 7),
        ("gus", ["crashed", "crashed", "crashed"], 0),
        ("hal", ["passed", "timeout", "passed"], 6),
        ("ida", ["passed", "passed", "not_loadable"], 3),
        ("jon", ["crashed", "passed", "passed"], 7),
        ("kim", ["passed", "passed", "passed"], 8),
        ("ola", ["passed"], 1),
    ],
)
def test_everybody_gets_what_they_earned(graded, person: str, expected: list[str], points: int):
    assert (outcomes(graded, person), of(graded, person).graded.totals.points) == (expected, points)


def test_a_belief_is_named(graded):
    assert of(graded, "cat").graded.exercises[0].verdict.belief == "x is squared and one is added"


def test_one_mistake_is_charged_once(graded):
    assert of(graded, "dan").graded.exercises[1].with_reference_for == ("double",)
    for person in ("ann", "cat", "gus"):  # nothing is built on anything there
        assert not any(row.with_reference_for or row.blocked_by for row in of(graded, person).graded.exercises)


def test_a_mistake_of_its_own_stays_one_with_the_right_help(graded):
    row = of(graded, "eve").graded.exercises[1]
    assert (row.outcome, row.with_reference_for) == (Outcome.WRONG, ("double",))


def test_what_was_refused_has_one_line_each(graded):
    lines = [str(complaint) for complaint in graded[0].refused]
    assert len(lines) == 3
    assert lines[0].startswith("mia_ch09_none.py: is for ch09_none")
    assert lines[1].startswith("leo_ch01_transformers.py: the file is empty")
    assert lines[2].startswith("nia_ch01_transformers.py: is not UTF-8")
    assert not graded[0].ok


def test_a_result_says_where_it_comes_from(graded):
    one = of(graded, "ann").graded
    assert one.jail.level in ("bubblewrap", "namespaces", "landlock")
    assert {"rlimits", "seccomp"} <= set(one.jail.parts)
    assert one.provenance.torch and one.provenance.course and len(one.provenance.checks) == 64
    assert one.file == "ann_ch01_transformers.py"


def test_the_files_are_the_results(graded):
    summary, order = graded
    files = [Result.from_json(path.read_text()) for path in (order.out / "results").iterdir()]
    assert sorted(files, key=lambda one: one.graded.person) == list(summary.results)
    assert read_results(order.out).results == summary.results
    report = json.loads((order.out / "run.json").read_text())
    assert report == summary.to_dict()
    assert len(report["refused"]) == 3


def test_no_secret_and_no_seed_in_what_is_kept(graded):
    _, order = graded
    kept = b"".join(path.read_bytes() for path in order.out.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert not (order.out / "secret").exists()


def test_results_are_nobody_elses_business(graded):
    assert stat.S_IMODE(graded[1].out.stat().st_mode) & 0o077 == 0


def test_the_table_names_everybody(graded):
    lines = table(graded[0])
    assert len(lines) == 1 + len(graded[0].results)
    assert "ann" in lines[1] and "8/8" in lines[1]


def test_the_same_file_and_secret_give_the_same_bytes(graded, tmp_path: Path):
    """In another folder, by other processes, among other people."""
    _, order = graded
    people = ("ben", "cat", "dan")
    for person in people:
        (path,) = order.submissions.glob(f"{person}*")
        put(tmp_path / "in", path.name, path.read_bytes())
    again = run(Order(tmp_path / "in", tmp_path / "out", "landlock", secret_file=order.secret_file), load_catalog())
    assert again.from_before == 0
    for person, other in zip(people, again.results, strict=True):
        assert json.dumps(of(graded, person).graded.to_dict()) == json.dumps(other.graded.to_dict())


def test_what_is_graded_is_not_graded_again(graded, monkeypatch):
    summary, order = graded
    monkeypatch.setattr("course_utils.staff.run.graded_here", None)  # nobody to ask
    again = run(order, load_catalog())
    assert again.from_before == len(again.results) == len(summary.results)
    assert again.results == summary.results


def test_another_secret_is_not_mixed_in_silently(graded):
    _, order = graded
    with pytest.raises(CourseError, match="the secret changed: --regrade"):
        run(Order(order.submissions, order.out, "landlock"), load_catalog())


def test_two_runs_at_once_keep_out_of_each_others_way(graded):
    import fcntl

    _, order = graded
    with open(order.out / ".lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(CourseError, match="Another `course grade`"):
            run(order, load_catalog())


def test_a_level_that_does_not_exist(graded, tmp_path: Path):
    with pytest.raises(CourseError, match="no level"):
        run(Order(graded[1].submissions, tmp_path / "out", "fort_knox"), load_catalog())


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_made(graded):
    with pytest.raises(CourseError, match="--out"):
        run(Order(graded[1].submissions, Path("/proc/results"), "landlock"), load_catalog())
