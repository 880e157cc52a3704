"""Processing keeps predictions; checkpoints are checked key by key."""

import copy
import subprocess
import sys
from itertools import product

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.model import HookedTransformer, load_model, process_weights, save_model

SWITCHES = ["fold_ln", "center_writing_weights", "center_unembed", "fold_value_biases"]


@pytest.mark.parametrize("switches", list(product([False, True], repeat=4)), ids=lambda s: "".join("ny"[x] for x in s))
def test_every_step_by_itself_keeps_log_probabilities(make, tokens, switches):
    for name in ("gpt2", "neox", "llama", "no_positions"):
        model = make(name)
        if name == "llama":  # RMSNorm's gated MLP is folded without shifts
            assert model.cfg.normalization_type == "RMS"
        done = process_weights(model, **dict(zip(SWITCHES, switches, strict=True)))
        got, expected = done(tokens).log_softmax(-1), model(tokens).log_softmax(-1)
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5, msg=name)


def test_what_each_step_leaves_behind(make):
    model = process_weights(make("gpt2"))
    assert model.cfg.normalization_type == "LNPre"
    assert model.ln_final.w is None
    assert not model.b_V.any()
    for centred in (model.W_E, model.W_pos, model.W_O, model.W_out, model.W_U, model.b_U, model.W_Q.mT, model.W_in.mT):
        torch.testing.assert_close(centred.mean(-1), torch.zeros(centred.shape[:-1]), atol=1e-6, rtol=0)
    untouched = process_weights(make("gpt2"), **dict.fromkeys(SWITCHES, False))
    torch.testing.assert_close(untouched.W_Q, make("gpt2").W_Q, rtol=0, atol=0)


def test_a_shift_before_a_gate_is_refused(make):
    model = make("llama", normalization_type="LN")
    with pytest.raises(CourseError, match=r"blocks.0.ln2.b can't be folded.*fold_ln=False"):
        process_weights(model)


def test_own_layout_keeps_every_architecture(model, tokens, tmp_path, tokenizer):
    model.set_tokenizer(tokenizer)
    save_model(model, tmp_path)
    again = load_model(tmp_path, raw=True)
    assert again.cfg.__dict__ == model.cfg.__dict__ | {"seed": None}
    torch.testing.assert_close(again(tokens), model(tokens), rtol=0, atol=0)
    assert again.to_tokens("the cat").tolist() == model.to_tokens("the cat").tolist()


def test_loading_keeps_the_memory_layout_that_makes_projection_one_matmul(make, tmp_path):
    save_model(make("gpt2"), tmp_path)
    model = load_model(tmp_path)
    for weights in (model.blocks[0].attn.W_Q, model.blocks[1].attn.W_V):
        assert weights.transpose(0, 1).is_contiguous()


@pytest.mark.parametrize(
    ("name", "layout", "words"),
    [
        ("attn_only", "gpt2", "can't say attn_only=True"),
        ("neox", "gpt2", "can't say"),
        ("gpt2", "nonsense", "layout says 'nonsense'"),
        ("llama", "llama", "no place for blocks.0.attn.b_Q"),
    ],
)
def test_a_model_that_a_layout_cannot_hold_is_not_written(make, tmp_path, name, layout, words):
    with pytest.raises(CourseError, match=words):
        save_model(make(name, **({"d_head": 6} if layout == "gpt2" else {})), tmp_path / "new", layout)
    assert not (tmp_path / "new").exists()


def test_processed_weights_say_so_when_a_layout_cannot_hold_them(make, tmp_path):
    with pytest.raises(CourseError, match=r"normalization_type=.*raw=True"):
        save_model(process_weights(make("gpt2", d_head=6, tie_word_embeddings=False)), tmp_path, "gpt2")


def test_importing_the_model_imports_nothing_heavy():
    heavy = "transformers", "transformer_lens", "huggingface_hub", "pandas", "plotly"
    code = f"import sys, course_utils.model; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_seed_fixes_the_weights(make):
    first, second = make("gpt2"), make("gpt2")
    torch.testing.assert_close(first.W_Q, second.W_Q, rtol=0, atol=0)
    assert isinstance(first, HookedTransformer)


def test_a_tied_unembedding_is_one_parameter(make, tokens):
    model = make("gpt2")
    assert "unembed.W_U" not in dict(model.named_parameters())
    model(tokens, return_type="loss").backward()
    assert model.W_E.grad[39].any()  # a token that may not occur gets a gradient from the unembedding
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.W_E.zero_()
    assert not other.W_U.any()
    assert model.W_U.any()


def test_half_precision_runs_and_stays_half(model, tokens):
    model = model.to(torch.bfloat16)
    logits, cache = model.run_with_cache(tokens)
    assert logits.dtype == torch.bfloat16
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(model(tokens), logits, atol=0.3, rtol=0.1)
    assert cache["resid_post", 0].dtype == torch.bfloat16


def test_training_lowers_the_loss_and_keeps_the_layout(make, tokens):
    model = make("gpt2")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(20):
        loss = model(tokens, return_type="loss")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert model.blocks[0].attn.W_Q.transpose(0, 1).is_contiguous()


def test_a_copy_is_independent_and_keeps_its_hook_names(make, tokens):
    model = make("gpt2")
    other = copy.deepcopy(model)
    other.add_hook("hook_embed", lambda x, hook: 0 * x)
    assert not torch.allclose(other(tokens), model(tokens))
    assert other.hook_dict["hook_embed"] is other.hook_embed
