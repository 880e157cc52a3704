"""Whatever is wrong with a specimen's files is said in one sentence that names the file."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

import course_utils
from course_utils.catalog import CourseError
from course_utils.specimens.load import load_folder


@pytest.fixture
def folder(tiny, tmp_path):
    return shutil.copytree(tiny.folder, tmp_path / "tiny")


def config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def another_shape(folder):
    state = load_file(folder / "model.safetensors")
    state["transformer.h.0.mlp.c_fc.weight"] = torch.zeros(16, 13)
    save_file(state, folder / "model.safetensors")


def one_word_more(folder):
    path = folder / "tokenizer.json"
    told = json.loads(path.read_text())
    told["model"]["vocab"]["Ġnew"] = len(told["model"]["vocab"])
    path.write_text(json.dumps(told))


def cut(folder, name, keep):
    path = folder / name
    path.write_bytes(path.read_bytes()[:keep])


WRONG = {
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "has no model.safetensors"),
    "weights cut off": (lambda f: cut(f, "model.safetensors", -5), r"model.safetensors can't be read \(.*\): fetch it"),
    "weights empty": (lambda f: cut(f, "model.safetensors", 0), r"model.safetensors can't be read \(.*\): fetch it"),
    "weights garbled": (
        lambda f: (f / "model.safetensors").write_bytes(b"<html>Not Found</html>" * 9),
        r"model.safetensors can't be read \(.*\): fetch it",
    ),
    "another shape": (another_shape, r"c_fc.weight has shape \[16, 13\], and config.json makes it \[16, 12\]"),
    "no config": (lambda f: (f / "config.json").unlink(), "has no config.json"),
    "config cut off": (lambda f: cut(f, "config.json", 50), r"config.json can't be read \(.*\): fetch it again"),
    "another context": (
        lambda f: config(f, n_positions=48),
        r"wpe.weight has shape \[32, 16\], and config.json makes it \[48, 16\]",
    ),
    "tokenizer with a word more": (
        one_word_more,
        r"tokenizer.json has (\d+) tokens, and config.json says \d+: the two files belong to different models",
    ),
    "no tokenizer": (
        lambda f: (f / "tokenizer.json").unlink(),
        "has no tokenizer.json: get the specimen's folder again",
    ),
    "tokenizer cut off": (
        lambda f: cut(f, "tokenizer.json", 500),
        r"tokenizer.json can't be read \(.*\): fetch it again",
    ),
    "special tokens cut off": (
        lambda f: cut(f, "tokenizer_config.json", 20),
        r"tokenizer_config.json can't be read \(.*\): fetch it again",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_files(tiny, folder, wrong):
    spoil, words = WRONG[wrong]
    spoil(folder)
    with pytest.raises(CourseError, match=words) as caught:
        load_folder(tiny.recipe, folder)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_the_folder_of_another_model(specimen):
    with pytest.raises(CourseError, match="holds another model than tiny: its d_mlp is 0, the recipe says 12"):
        load_folder(specimen("tiny").recipe, specimen("tiny-attn-only").folder)


def test_the_weights_of_another_model(specimen, folder):
    shutil.copy(specimen("tiny-attn-only").folder / "model.safetensors", folder)
    with pytest.raises(CourseError, match=r"c_fc.weight has shape \[16, 1\], and config.json makes it \[16, 12\]"):
        load_folder(specimen("tiny").recipe, folder)


def test_a_checkpoint_that_is_cut_off(tiny, folder):
    cut(folder, "checkpoints/step-4.safetensors", -5)
    with pytest.raises(CourseError, match=r"step-4.safetensors can't be read"):
        load_folder(tiny.recipe, folder, step=4)
    load_folder(tiny.recipe, folder)


def test_a_wrong_step(tiny):
    with pytest.raises(CourseError, match="tiny ships no checkpoint of step 5: there is 4"):
        tiny.load(step=5)


def test_names_and_places(known):
    with pytest.raises(
        CourseError, match=r"There is no specimen 'tinny': there is tiny.* \(`course specimens` lists all"
    ):
        course_utils.load_specimen("tinny")
    with pytest.raises(
        CourseError, match=r"weights of tiny are not here: train them with `course specimens train tiny`"
    ):
        course_utils.load_specimen("tiny")


def test_every_call_gives_a_model_of_its_own(known, tiny):
    shutil.copytree(tiny.folder, known / "tiny")
    first, second = course_utils.load_specimen("tiny", raw=True), course_utils.load_specimen("tiny", raw=True)
    first.W_E.zero_()
    assert second.W_E.any()
    assert not any(weights.requires_grad for weights in second.parameters())
    assert course_utils.load_specimen("tiny", step=4).W_E.ne(course_utils.load_specimen("tiny").W_E).any()
