"""Training resumes exactly; what it leaves is what is exported; and the lean model is the hooked one."""

import json
from dataclasses import replace

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.specimens.export import export
from course_utils.specimens.lean import LeanGPT2
from course_utils.specimens.load import load_folder
from course_utils.specimens.ship import parameter_count, ship
from course_utils.specimens.training import Run, read_state


def silent(line):
    pass


@pytest.fixture(params=["tiny", "tiny-attn-only"])
def trained(specimen, request):
    return specimen(request.param)


def test_a_training_that_was_stopped_after_every_step_ends_with_the_same_weights(trained, tmp_path):
    told = []
    runs = 1
    while not Run(trained.recipe, tmp_path).train(told.append, seconds=0):
        runs += 1
    assert runs == trained.recipe.steps
    expected = read_state(trained.recipe, trained.run)
    resumed = read_state(trained.recipe, tmp_path)
    assert resumed["step"] == 12
    assert resumed["model"].keys() == expected["model"].keys()
    for name, weights in expected["model"].items():
        assert torch.equal(resumed["model"][name], weights), name
    assert told[-1].startswith(f"{trained.recipe.name}: step 12/12  loss ")
    assert not list(tmp_path.glob("*.part"))


def test_a_finished_training_has_nothing_left_to_do(trained):
    assert Run(trained.recipe, trained.run).train(silent)
    assert read_state(trained.recipe, trained.run)["step"] == 12


def test_the_training_learned_something(trained):
    losses = [json.loads(line)["loss"] for line in (trained.run / "log.jsonl").read_text().splitlines()]
    torch.manual_seed(trained.recipe.seed)
    untrained = LeanGPT2(trained.recipe.cfg).loss(torch.randint(0, 1000, (4, 32))).item()
    assert losses[-1] < untrained - 1


def test_the_lean_model_is_the_hooked_one(trained, tmp_path):
    """Weights away from their beginnings, and such as 16 bits hold exactly."""
    torch.manual_seed(5)
    lean = LeanGPT2(trained.recipe.cfg).requires_grad_(False)
    for weights in lean.parameters():
        weights.copy_((weights + 0.1 * torch.randn_like(weights)).half())
    export(trained.recipe, lean.state_dict(), tmp_path)
    tokens = torch.randint(0, trained.recipe.cfg.d_vocab, (3, 32))
    ours = load_folder(trained.recipe, tmp_path, raw=True)
    torch.testing.assert_close(ours(tokens), lean(tokens), atol=1e-4, rtol=1e-5)
    assert ours.cfg.attn_only == trained.recipe.cfg.attn_only


def test_shipping_twice_gives_the_same_bytes(trained, tmp_path):
    for _ in range(2):  # the second time over the first
        ship(trained.recipe, trained.run, tmp_path / "out")
    paths = sorted(path.relative_to(trained.folder) for path in trained.folder.rglob("*") if path.is_file())
    assert [str(path) for path in paths] == [
        "card.json", "checkpoints/step-4.safetensors", "config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    for path in paths:
        assert (trained.folder / path).read_bytes() == (tmp_path / "out" / path).read_bytes(), path
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_training_can_be_shipped_before_its_end(trained, tmp_path):
    run = Run(trained.recipe, tmp_path / "run")
    run.train(silent, seconds=0)
    (tmp_path / "run" / "log.jsonl").write_text('{"step": 1, "loss": 7.25}\n{"step": 2, "loss": 1}\n')
    card = ship(trained.recipe, tmp_path / "run", tmp_path / "out")
    assert (card.steps, card.tokens, card.loss) == (1, 128, 7.25)
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_parameters_are_those_of_the_hooked_model(trained):
    model = trained.load(raw=True)
    ours = {id(weights): weights.numel() for weights in model.parameters()}
    assert parameter_count(trained.recipe) == sum(ours.values()) - model.b_U.numel()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"d_model": 32}, r"holds a training from another recipe \(d_model is 16, that of tiny is 32\): name another"),
        ({"seed": 1}, r"\(seed is 0, that of tiny is 1\)"),
        ({"mixture": {"letters": 2}}, r"\(mixture is \{'letters': 1, 'years': 2\}, that of tiny is \{'letters': 2\}\)"),
    ],
)
def test_a_training_of_another_recipe_is_not_gone_on_with(tiny, change, words):
    with pytest.raises(CourseError, match=words):
        Run(replace(tiny.recipe, **change), tiny.run)


def test_words_and_snapshots_may_change(tiny):
    changed = replace(tiny.recipe, purpose="other", note="it learns", tried="much", ships=(8,), snapshots=(8,))
    assert Run(changed, tiny.run).step == 12


def copied(tiny, tmp_path):
    for path in tiny.run.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_a_training_with_another_vocabulary(tiny, tmp_path):
    state = torch.load(copied(tiny, tmp_path) / "state.pt", weights_only=True)
    state["model"]["wte.weight"] = state["model"]["wte.weight"][:-1]
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(CourseError, match="holds a training with another vocabulary"):
        Run(tiny.recipe, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no state", None], ids=["empty", "text", "cut off"])
def test_a_state_that_cannot_be_read(tiny, tmp_path, content):
    path = copied(tiny, tmp_path) / "state.pt"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(
        CourseError, match=r"state.pt can't be read \(\w+\): remove it, and what it held is trained again"
    ):
        Run(tiny.recipe, tmp_path)


def test_a_training_needs_a_folder(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="can't hold a training"):
        Run(tiny.recipe, tmp_path / "file")


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("state.pt", r"There is no state.pt in .*: give the folder of a training"),
        ("step-4.pt", r"There is no step-4.pt in"),
        ("log.jsonl", r"log.jsonl tells no loss up to step 12"),
    ],
)
def test_nothing_is_shipped_of_half_a_training(tiny, tmp_path, lost, words):
    run, out = tmp_path / "run", tmp_path / "out"
    run.mkdir()
    (copied(tiny, run) / lost).unlink()
    ship(tiny.recipe, tiny.run, out)
    (out / "config.json").write_text("older")
    with pytest.raises(CourseError, match=words):
        ship(tiny.recipe, run, out)
    assert (out / "config.json").read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]


def test_other_files_are_not_written_over(tiny, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CourseError, match=r"holds other files \(thesis.tex\): name a new folder"):
        ship(tiny.recipe, tiny.run, tmp_path)
    with pytest.raises(CourseError, match="is a file: name a folder"):
        ship(tiny.recipe, tiny.run, tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
