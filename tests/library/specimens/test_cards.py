"""Cards, what is measured for them, and the commands around them."""

import json
import shutil
import sys
from dataclasses import replace

import pytest

from course_utils import cli
from course_utils.catalog import CourseError
from course_utils.specimens import files
from course_utils.specimens.card import read_card, rounded, write_card
from course_utils.specimens.facts import Fact
from course_utils.specimens.verify import Measured, put_on_card, verify

FACT = Fact(name="share", says="A share", measure=lambda model: 0.97, at_least=0.95, at_most=1)


@pytest.fixture
def folder(known, tiny):
    return shutil.copytree(tiny.folder, known / "tiny")


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `course specimens …` in this process: exit status, output, errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["course", "specimens", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_what_a_new_card_says(tiny):
    card = read_card(tiny.folder)
    assert (card.name, card.purpose, card.seed, card.steps, card.tokens) == ("tiny", "the tests", 0, 12, 12 * 4 * 32)
    assert card.text == {"letters": 1, "years": 2}
    assert card.sizes["d_mlp"] == 12
    assert 0 < card.loss < 10
    assert card.facts == {}


def test_a_card_is_read_as_it_was_written(tiny, tmp_path):
    card = read_card(tiny.folder).with_facts({"share": 0.123456, "count": 21})
    write_card(card, tmp_path)
    first = (tmp_path / "card.json").read_bytes()
    assert read_card(tmp_path) == card
    write_card(read_card(tmp_path), tmp_path)
    assert (tmp_path / "card.json").read_bytes() == first
    assert card.facts == {"share": 0.1235, "count": 21}
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_numbers_keep_four_digits():
    assert [rounded(x) for x in (0.98765, 123456, 1e-7 / 3, -2)] == [0.9877, 123500, 3.333e-08, -2]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_does_not_go_on_a_card(tiny, value):
    with pytest.raises(CourseError, match=r"the measurement of share gives (nan|inf), which can't go on a card"):
        read_card(tiny.folder).with_facts({"share": value})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: "{",
        lambda told: "[]",
        lambda told: json.dumps({**told, "facts": 3}),
        lambda told: json.dumps({**told, "facts": {"share": "much"}}),
        lambda told: json.dumps({**told, "author": "me"}),
        lambda told: json.dumps({key: told[key] for key in told if key != "seed"}),
    ],
)
def test_a_card_that_cannot_be_read(folder, spoil, run):
    path = folder / "card.json"
    path.write_text(spoil(json.loads(path.read_text())))
    with pytest.raises(CourseError, match=r"card.json can't be read as a card \(.*\): get the course's copy again"):
        read_card(folder)
    status, _, err = run()
    assert status == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "card", "holds", "near"),
    [
        (0.97, 0.97, True, True),
        (0.97, 0.991, True, False),
        (0.97, 0.951, True, True),
        (0.94, 0.95, False, True),
        (1.1, 1.1, False, True),
        (0.97, None, True, False),
        (0.97, -0.01, True, False),
        (float("nan"), 0.97, False, False),
    ],
)
def test_bounds_and_distance_from_the_card(value, card, holds, near):
    measured = Measured(FACT, value, card)
    assert (measured.holds, measured.near, measured.ok) == (holds, near, holds and near)


def test_small_numbers_may_differ_by_as_much_as_shares():
    small = Fact(name="gap", says="A gap", measure=lambda model: 0.01)
    assert Measured(small, 0.01, 0.001).near
    assert not Measured(small, float("nan"), 0.001).holds


def test_large_numbers_may_differ_by_a_share_of_themselves():
    assert Measured(FACT, 101.0, 100.0).near
    assert not Measured(FACT, 103.0, 100.0).near


def test_facts_are_put_on_the_card_and_hold_then(folder):
    assert not any(measured.near for measured in verify("tiny", folder))
    assert [measured.fact.name for measured in put_on_card("tiny", folder)] == ["layers", "width"]
    assert list(read_card(folder).facts) == ["layers", "width"]
    assert all(measured.ok for measured in verify("tiny", folder))


def test_a_fact_that_looks_at_checkpoints_sees_those_of_the_folder(known, tiny, monkeypatch):
    """Also where the specimen that ships is another one, or is not there."""
    step = Fact(name="step", says="The first step", measure=lambda model: files.steps_of("tiny")[0])
    monkeypatch.setattr(sys.modules["course_utils.specimens.facts.tiny"], "FACTS", (step,))
    assert [measured.value for measured in verify("tiny", tiny.folder)] == [4]
    assert files.place_of("tiny") == known / "tiny"


def test_nothing_is_put_on_a_card_before_all_is_measured(folder):
    before = (folder / "card.json").read_bytes()
    next(put_on_card("tiny", folder))
    assert (folder / "card.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": "0" * 64}, "is of other weights than those beside it"),
        ({"name": "tiny-attn-only"}, "is that of tiny-attn-only, not of tiny"),
        ({"facts": {"height": 3}}, "tells of height, which is no fact of it"),
    ],
)
def test_a_card_that_does_not_belong_here(folder, change, words):
    write_card(replace(read_card(folder), **change), folder)
    with pytest.raises(CourseError, match=words):
        list(verify("tiny", folder))


def test_no_card(folder, run):
    (folder / "card.json").unlink()
    status, _, err = run("verify", "tiny")
    assert status == 2
    assert "tiny has no card in" in err
    assert run()[0] == 0


def test_the_list(folder, run):
    list(put_on_card("tiny", folder))
    status, out, _ = run()
    assert status == 0
    assert "tiny-attn-only       2               not trained here  the tests" in out
    assert "1 of 1  the tests" in out
    status, out, _ = run("--json")
    record = json.loads(out)["specimens"][0]
    size = sum(path.stat().st_size for path in folder.rglob("*.*") if path.is_file()) / 1e6
    assert record["megabytes"] == pytest.approx(size, abs=0.06)
    assert (record["name"], record["layers"], record["facts_held"], record["facts"]) == ("tiny", 2, 1, 1)


def test_verify_says_what_does_not_hold(folder, run):
    status, out, _ = run("verify", "tiny")
    assert status == 1
    assert "NOT AS ON THE CARD" in out
    assert run("verify", "--write")[0] == 0
    status, out, _ = run("verify")
    assert status == 0
    assert "✓ layers                             2  ≥ 2           card 2" in out
    write_card(replace(read_card(folder), facts=read_card(folder).facts | {"layers": 3}), folder)
    status, out, _ = run("verify", "--json")
    assert status == 1
    told = json.loads(out)
    assert not told["ok"]
    layers = told["specimens"]["tiny"][0]
    assert (layers["value"], layers["card"], layers["holds"], layers["near"]) == (2, 3, True, False)


def test_a_bound_that_fails(folder, run, monkeypatch):
    facts = (replace(FACT, measure=lambda model: 0.5),)
    monkeypatch.setattr(sys.modules["course_utils.specimens.facts.tiny"], "FACTS", facts)
    status, out, _ = run("verify", "tiny", "--write")
    assert status == 1
    assert "✗ share" in out
    assert "OUT OF BOUNDS" in out
    assert read_card(folder).facts == {"share": 0.5}


def test_commands_with_nothing_to_work_on(known, run):
    assert run("verify")[::2] == (2, "course: No weights are here: train some with `course specimens train tiny`.\n")
    for command in ("verify", "train", "export"):
        status, out, err = run(command, "tinny")
        assert (status, out) == (2, "")
        assert err.startswith("course: There is no specimen 'tinny': there is tiny")
    assert "There is no state.pt in" in run("export", "tiny", "--folder", known / "none")[2]


def test_training_by_command(known, run, tmp_path):
    folder = tmp_path / "run"
    status, out, _ = run("train", "tiny", "--folder", folder, "--seconds", 0)
    assert status == 0
    assert "stopped after step 1 of 12. The same command goes on" in out
    assert not known.exists()
    status, out, _ = run("train", "tiny", "--folder", folder)
    assert status == 0
    assert "tiny: going on from step 1" in out
    assert "✓ layers" in out
    assert run("verify", "tiny")[0] == 0
    assert run("export", "tiny", "--folder", folder, "--out", tmp_path / "again")[0] == 0
    assert read_card(tmp_path / "again") == read_card(known / "tiny")
    status, _, err = run("train", "tiny", "--folder", folder, "--out", folder)
    assert status == 2
    assert "holds other files" in err


def test_where_it_cannot_be_written_is_said_before_training(known, run, tmp_path):
    (tmp_path / "thesis").write_text("years of work")
    status, _, err = run("train", "tiny", "--folder", tmp_path / "run", "--out", tmp_path / "thesis")
    assert (status, err) == (2, f"course: {tmp_path / 'thesis'} is a file: name a folder.\n")
    assert not (tmp_path / "run").exists()
