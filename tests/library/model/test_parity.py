"""The same numbers as transformers and TransformerLens, at every hook."""

import contextlib
import copy
import re

import pytest
import torch

from course_utils.model import load_model, process_weights, save_model

CLOSE = {"atol": 1e-5, "rtol": 1e-4}

# Hooks of ours that have no counterpart of the same name and shape, and why. Everything else is compared.
COMPARED = {
    "hook_embed", "hook_pos_embed", "ln_final.hook_scale", "ln_final.hook_normalized",
    *(f"blocks.*.{part}" for part in (
        "hook_resid_pre", "hook_attn_in", "hook_q_input", "hook_k_input", "hook_v_input", "ln1.hook_scale",
        "ln1.hook_normalized", "attn.hook_q", "attn.hook_k", "attn.hook_v", "attn.hook_attn_scores",
        "attn.hook_pattern", "attn.hook_z", "attn.hook_result", "hook_attn_out", "hook_resid_mid", "hook_mlp_in",
        "ln2.hook_scale", "ln2.hook_normalized", "mlp.hook_pre", "mlp.hook_pre_linear", "mlp.hook_post",
        "hook_mlp_out", "hook_resid_post",
    )),
}  # fmt: skip
NOT_ON_THE_BRIDGE = {
    "hook_rot_q": "transformers' GPT-NeoX turns queries inside its attention function; the bridge has no hook there",
    "hook_rot_k": "the same for keys",
}


NOT_WITH_GROUPS = ["hook_attn_in"]  # TransformerLens refuses it where key-value heads are shared


@pytest.fixture(params=[True, False], ids=["raw", "processed"])
def raw(request):
    return request.param


def all_activations(model, tokens):
    """Activations of an ordinary pass, and those that are on demand from a second one with everything switched on.

    In the second, ln1 runs once for each head, so its own hooks are taken from the first.
    """
    _, first = model.run_with_cache(tokens)
    found = dict(first.items())
    model.set_use_attn_result(True)
    model.set_use_split_qkv_input(True)
    if not model.cfg.attn_only:
        model.set_use_hook_mlp_in(True)
    _, second = model.run_with_cache(tokens)
    model.set_use_attn_result(False)
    model.set_use_split_qkv_input(False)
    with contextlib.suppress(AssertionError):  # TransformerLens refuses it for grouped heads
        model.set_use_attn_in(True)
    _, third = model.run_with_cache(tokens)
    with contextlib.suppress(AssertionError):
        model.set_use_attn_in(False)
    attn_in = {name: value for name, value in third.items() if name.endswith("hook_attn_in")}
    return {**dict(second.items()), **found, **attn_in}


def compare(ours, theirs, absent=(), grouped=False):
    """Every activation of ours equals theirs of the same name. Returns how many were compared."""
    compared = []
    for name, value in ours.items():
        if name.rpartition(".")[2] in absent and name not in theirs:
            continue
        if name.endswith("hook_attn_in") and name not in theirs and grouped:
            continue
        other = theirs[name]
        seen = value.isfinite()  # scores where a query may not look are -inf here, a large negative number elsewhere
        assert value.shape == other.shape, name
        torch.testing.assert_close(value[seen], other[seen], msg=lambda text, name=name: f"{name}: {text}", **CLOSE)
        compared.append(name)
    return compared


def kinds(names):
    return {re.sub(r"^blocks\.\d+", "blocks.*", name) for name in names}


def test_the_list_of_hooks_is_whole(model):
    rest = kinds(model.hook_dict) - COMPARED
    assert all(name.rpartition(".")[2] in NOT_ON_THE_BRIDGE for name in rest)


def test_logits_equal_transformers(checkpoint, hf_name, raw, tokens):
    theirs, folder = checkpoint(hf_name)
    model = load_model(folder, raw=raw)
    with torch.no_grad():
        expected, got = theirs(tokens).logits, model(tokens)
    if raw:
        torch.testing.assert_close(got, expected, **CLOSE)
    torch.testing.assert_close(got.log_softmax(-1), expected.log_softmax(-1), **CLOSE)


def test_every_hook_equals_the_bridge(lens, quietly, checkpoint, hf_name, raw, tokens):
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedTokenizerFast

    theirs, folder = checkpoint(hf_name)
    words = PreTrainedTokenizerFast.from_pretrained(str(folder))
    bridge = quietly(
        TransformerBridge.boot_transformers, "x", hf_model=copy.deepcopy(theirs), tokenizer=words, device="cpu"
    )
    if not raw:
        quietly(bridge.enable_compatibility_mode, disable_warnings=True)
    model = load_model(folder, raw=raw)
    ours = all_activations(model, tokens)
    grouped = model.cfg.n_key_value_heads < model.cfg.n_heads
    compared = compare(ours, all_activations(bridge, tokens), NOT_ON_THE_BRIDGE, grouped)
    missed = kinds(model.hook_dict) - kinds(compared)
    assert all(name.rpartition(".")[2] in {*NOT_ON_THE_BRIDGE, *NOT_WITH_GROUPS * grouped} for name in missed)
    torch.testing.assert_close(model.W_Q, bridge.W_Q, **CLOSE)
    torch.testing.assert_close(model.W_O, bridge.W_O, **CLOSE)


def test_every_hook_equals_hooked_transformer(as_theirs, model, tokens):
    theirs = as_theirs(model)
    torch.testing.assert_close(model(tokens), theirs(tokens), **CLOSE)
    ours = all_activations(model, tokens)
    grouped = model.cfg.n_key_value_heads < model.cfg.n_heads
    compared = compare(ours, all_activations(theirs, tokens), grouped=grouped)
    missed = kinds(model.hook_dict) - kinds(compared)
    assert missed == ({"blocks.*.hook_attn_in"} if grouped else set())


@pytest.mark.parametrize("name", ["gpt2", "neox", "attn_only"])
def test_processing_equals_transformer_lens(as_theirs, quietly, make, name, tokens):
    model = make(name, tie_word_embeddings=False, normalization_type="LN")
    theirs = as_theirs(model)
    state = {key: value.clone() for key, value in theirs.state_dict().items()}
    quietly(theirs.load_and_process_state_dict, state, fold_ln=True, center_writing_weights=True, center_unembed=True)
    ours = process_weights(model)
    for key in ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_O", "W_U", "b_U", "W_E"):
        torch.testing.assert_close(getattr(ours, key), getattr(theirs, key), **CLOSE)
    compare(all_activations(ours, tokens), all_activations(theirs, tokens))


@pytest.mark.parametrize("layout", ["gpt2", "gpt_neox", "llama", "mistral"])
def test_what_we_save_opens_in_transformers(make, layout, tokens, tokenizer, tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    name, changes = {
        "gpt2": ("gpt2", {"d_head": 6, "eps": 1e-3}),
        "gpt_neox": ("neox", {"d_head": 6, "rotary_dim": 2}),
        "llama": ("llama", {}),
        "mistral": ("mistral", {}),
    }[layout]
    model = make(name, **changes)
    with torch.no_grad():  # biases that the layout has no place for
        for key, parameter in model.named_parameters():
            if key == "unembed.b_U" or (layout in ("llama", "mistral") and key.rpartition(".")[2].startswith("b")):
                parameter.zero_()
    model.set_tokenizer(tokenizer)
    save_model(model, tmp_path, layout)
    assert transformers.AutoTokenizer.from_pretrained(tmp_path)(" the cat")["input_ids"] == [32, 35]
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation="eager")
    assert (theirs.config.bos_token_id, theirs.config.eos_token_id) == (0, 1)
    torch.testing.assert_close(model(tokens), theirs(tokens).logits, **CLOSE)
    torch.testing.assert_close(load_model(tmp_path, raw=True)(tokens), model(tokens), rtol=0, atol=0)
