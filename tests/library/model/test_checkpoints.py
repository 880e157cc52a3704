"""Checkpoints are read key by key; the first that does not fit is named."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils.catalog import CourseError
from course_utils.model import HookedTransformer, load_model


def tampered(checkpoint, tmp_path, name="gpt2", change=lambda state: None, config=lambda told: None):
    _, folder = checkpoint(name)
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, tmp_path / "model.safetensors")
    told = json.loads((folder / "config.json").read_text())
    config(told)
    (tmp_path / "config.json").write_text(json.dumps(told))
    return tmp_path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("transformer.h.1.mlp.c_fc.bias"), "has no transformer.h.1.mlp.c_fc.bias"),
        (
            lambda s: s.update({"transformer.h.7.extra": torch.zeros(1)}),
            "has transformer.h.7.extra, which this model has no",
        ),
        (
            lambda s: s.update({"transformer.h.0.attn.c_attn.weight": torch.zeros(24, 70)}),
            r"h.0.attn.c_attn.weight has shape \[24, 70\], and config.json makes it \[24, 72\] \(d_model \(part head d_head\)\)",
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_names_the_first_difference(checkpoint, tmp_path, change, words):
    with pytest.raises(CourseError, match=words):
        load_model(tampered(checkpoint, tmp_path, change=change))


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        ("gpt2", lambda t: t.update(model_type="bloom"), "says 'bloom': the layouts known here are gpt2, gpt_neox"),
        (
            "gpt2",
            lambda t: t.update(scale_attn_by_inverse_layer_idx=True),
            "sets scale_attn_by_inverse_layer_idx to True",
        ),
        ("gpt2", lambda t: t.pop("n_embd"), "lacks or has an unknown 'n_embd'"),
        ("llama", lambda t: t.update(hidden_act="swish2"), "lacks or has an unknown 'swish2'"),
        ("llama", lambda t: t.update(rope_parameters={"rope_type": "yarn"}), "rotary positions of type 'yarn'"),
        ("llama", lambda t: t.update(mlp_bias=True), "sets mlp_bias to True"),
    ],
)
def test_a_configuration_that_is_not_known_here_is_refused(checkpoint, tmp_path, name, config, words):
    with pytest.raises(CourseError, match=words):
        load_model(tampered(checkpoint, tmp_path, name, config=config))


def test_old_files_without_prefix_and_with_masks_load(checkpoint, tmp_path, tokens):
    """The hub's own GPT-2 file is like that."""
    theirs, _ = checkpoint("gpt2")

    def old(state):
        for key in list(state):
            state[key.removeprefix("transformer.")] = state.pop(key)
        state["h.0.attn.bias"] = torch.ones(1, 1, 16, 16)

    model = load_model(tampered(checkpoint, tmp_path, change=old), raw=True)
    torch.testing.assert_close(model(tokens), theirs(tokens).logits, atol=1e-5, rtol=1e-4)


def test_sharded_files_load(checkpoint, tmp_path, tokens):
    theirs, _ = checkpoint("neox")
    theirs.save_pretrained(tmp_path, max_shard_size="10KB")
    assert (tmp_path / "model.safetensors.index.json").exists()
    torch.testing.assert_close(load_model(tmp_path, raw=True)(tokens), theirs(tokens).logits, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "words"),
    [("/no/such/folder", "There is no folder /no/such/folder"), ("no-such-model-anywhere", "Offline, download it")],
)
def test_a_model_that_is_not_there_says_what_to_do(name, words):
    with pytest.raises(CourseError, match=words):
        load_model(name)


def test_a_file_that_is_cut_off_says_so(checkpoint, tmp_path):
    folder = tampered(checkpoint, tmp_path)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CourseError, match=r"model.safetensors can't be read.*fetch it again"):
        load_model(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(CourseError, match=r"config.json can't be read"):
        load_model(folder)


def test_from_pretrained_is_load_model(checkpoint, tokens):
    _, folder = checkpoint("gpt2")
    model = HookedTransformer.from_pretrained(folder, center_unembed=False)
    torch.testing.assert_close(model(tokens), load_model(folder, center_unembed=False)(tokens), rtol=0, atol=0)


def test_an_empty_folder_says_what_is_missing(tmp_path):
    with pytest.raises(CourseError, match=r"has no config.json"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "n_layer": 1, "n_embd": 4, "n_head": 2, '
                                          '"n_positions": 4, "vocab_size": 5}')  # fmt: skip
    with pytest.raises(CourseError, match=r"has no model.safetensors"):
        load_model(tmp_path)
