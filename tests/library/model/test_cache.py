"""The cache: what it holds, how it is asked, and sums that equal the residual stream."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.model import NotCached, process_weights


def test_keys_in_full_and_in_short(make, tokens):
    model = make("gpt2")
    _, cache = model.run_with_cache(tokens)
    assert cache["pattern", 1] is cache["blocks.1.attn.hook_pattern"] is cache["attn", -1]
    assert cache["scale", 0, "ln2"] is cache["blocks.0.ln2.hook_scale"]
    assert cache["embed"] is cache["hook_embed"]
    assert cache["normalized"] is cache["ln_final.hook_normalized"]
    assert ("pattern", 0) in cache
    assert ("result", 0) not in cache
    assert len(cache) == len(list(cache)) == len(cache.keys())


@pytest.mark.parametrize("wanted", ["blocks.1.attn.hook_z", "*1.attn.hook_z", ["blocks.1.attn.hook_z"],
                                    lambda name: name == "blocks.1.attn.hook_z"])  # fmt: skip
def test_a_filter_keeps_only_what_was_asked(make, tokens, wanted):
    _, cache = make("gpt2").run_with_cache(tokens, names_filter=wanted)
    assert list(cache) == ["blocks.1.attn.hook_z"]


def test_what_is_on_demand_comes_when_named(make, tokens):
    model = make("llama")
    _, cache = model.run_with_cache(
        tokens, names_filter=["*hook_result", "*hook_[qkv]_input", "*hook_mlp_in", "*attn_in"]
    )
    assert list(cache["result", 0].shape) == [3, 9, 4, 24]
    assert list(cache["k_input", 0].shape) == [3, 9, 2, 24]
    _, cache = model.run_with_cache(tokens)
    assert not [name for name in cache if name.endswith(("result", "_input", "mlp_in", "attn_in"))]
    model.set_use_attn_result(True)
    _, cache = model.run_with_cache(tokens, stop_at_layer=1)
    assert "blocks.0.attn.hook_result" in cache
    assert "blocks.1.attn.hook_result" not in cache


@pytest.mark.parametrize("wide", ["*", lambda name: True, lambda name: not name.endswith("hook_z"), "blocks.0.*"])
def test_a_wide_filter_leaves_out_what_is_on_demand(make, tokens, wide):
    """Otherwise ln1 would run once for each head, and its scale would have another shape."""
    model = make("gpt2")
    _, cache = model.run_with_cache(tokens, names_filter=wide)
    assert "blocks.0.hook_attn_in" not in cache
    assert list(cache["scale", 0, "ln1"].shape) == [3, 9, 1]


def test_what_was_not_cached_says_what_was(make, tokens):
    _, cache = make("gpt2").run_with_cache(tokens, names_filter="*hook_z")
    with pytest.raises(
        NotCached, match=r"blocks.0.attn.hook_pattern was not cached: widen .* The cache holds blocks.0.attn.hook_z"
    ):
        cache["pattern", 0]
    with pytest.raises(NotCached, match=r"Nearest: blocks.0.attn.hook_pattern"):
        cache["blocks.0.attn.hook_patern"]


def test_stop_and_start_make_a_whole(model, tokens):
    for layer in (0, 1, -1):
        resid = model(tokens, stop_at_layer=layer)
        torch.testing.assert_close(model(resid, start_at_layer=layer), model(tokens))
    assert model(tokens, return_type=None) is None


def test_gradients_are_cached_too(make, tokens):
    model = make("gpt2")
    loss, cache = model.run_with_cache(tokens, return_type="loss", incl_bwd=True, names_filter="*resid_post")
    assert loss.ndim == 0
    assert cache["resid_post_grad", 0].shape == cache["resid_post", 0].shape
    with pytest.raises(CourseError, match="return_type"):
        model.run_with_cache(tokens, incl_bwd=True)


def test_batch_axis_and_device(make, tokens):
    model = make("gpt2")
    _, cache = model.run_with_cache(tokens[0], remove_batch_dim=True)
    assert list(cache["resid_pre", 0].shape) == [9, 24]
    torch.testing.assert_close(cache.decompose_resid().sum(0), cache["resid_post", -1])
    with pytest.raises(CourseError, match="3 texts"):
        model.run_with_cache(tokens, remove_batch_dim=True)
    _, cache = model.run_with_cache(tokens, device="meta")
    assert cache["resid_pre", 0].is_meta
    assert cache.to("meta")["embed"].is_meta


@pytest.mark.parametrize("layer", [None, 0, 1, 2])
@pytest.mark.parametrize("pos_slice", [None, -1, slice(2, 5), [0, 3]])
def test_parts_sum_to_the_residual_stream(model, tokens, layer, pos_slice):
    _, cache = model.run_with_cache(tokens)
    end = model.cfg.n_layers if layer is None else layer
    whole = cache["resid_post", end - 1] if end else cache["resid_pre", 0]
    whole = whole if pos_slice is None else whole[:, pos_slice]
    at = {"layer": layer, "pos_slice": pos_slice}
    stacks = [cache.decompose_resid(**at), cache.stack_head_results(**at, incl_remainder=True)]
    if not model.cfg.attn_only:
        stacks += [cache.stack_neuron_results(**at, incl_remainder=True)]
    for stack in stacks:
        torch.testing.assert_close(stack.sum(0), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(cache.accumulated_resid(**at)[-1], whole)


def test_parts_before_the_mlp(make, tokens):
    _, cache = make("gpt2").run_with_cache(tokens)
    parts, labels = cache.decompose_resid(1, mlp_input=True, return_labels=True)
    assert labels == ["embed", "pos_embed", "0_attn_out", "0_mlp_out", "1_attn_out"]
    torch.testing.assert_close(parts.sum(0), cache["resid_mid", 1])
    stream, labels = cache.accumulated_resid(1, incl_mid=True, mlp_input=True, return_labels=True)
    assert labels == ["0_pre", "0_mid", "1_pre", "1_mid"]
    torch.testing.assert_close(stream[-1], cache["resid_mid", 1])


def test_labels(make, tokens):
    _, cache = make("gpt2").run_with_cache(tokens)
    _, labels = cache.stack_head_results(1, return_labels=True, incl_remainder=True)
    assert labels == ["L0H0", "L0H1", "L0H2", "L0H3", "remainder"]
    _, labels = cache.stack_neuron_results(return_labels=True, neuron_slice=[3, 5])
    assert labels == ["L0N3", "L0N5", "L1N3", "L1N5"]
    assert cache.accumulated_resid(return_labels=True)[1] == ["0_pre", "1_pre", "final_post"]
    assert list(cache.stack_activation("pattern").shape) == [2, 3, 4, 9, 9]


def test_normalised_parts_sum_to_what_the_layer_reads(model, tokens):
    """The shift b is the only thing that belongs to no part."""
    _, cache = model.run_with_cache(tokens)
    last = cache.decompose_resid(apply_ln=True).sum(0)
    shift = getattr(model.ln_final, "b", None)
    expected = model.ln_final(cache["resid_post", -1]) - (0 if shift is None else shift)
    torch.testing.assert_close(last, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("processed", [False, True])
def test_logit_attributions_sum_to_the_logit_difference(make, tokens, processed):
    model = make("gpt2")
    model = process_weights(model) if processed else model
    logits, cache = model.run_with_cache(tokens)
    right, wrong = torch.tensor([3, 4, 5]), torch.tensor([7, 8, 9])
    attrs = cache.logit_attrs(cache.decompose_resid(pos_slice=-1), right, wrong, pos_slice=-1).sum(0)
    rows = torch.arange(3)
    expected = logits[rows, -1, right] - logits[rows, -1, wrong]
    bias = model.b_U if processed else model.b_U + model.ln_final.b @ model.W_U
    torch.testing.assert_close(attrs, expected - (bias[right] - bias[wrong]), atol=1e-4, rtol=1e-4)
    everywhere = cache.logit_attrs(cache.decompose_resid(), right, wrong)
    torch.testing.assert_close(everywhere.sum(0)[:, -1], attrs)
    with pytest.raises(CourseError, match="as many of each"):
        cache.logit_attrs(cache.decompose_resid(), right, wrong[:2])


def test_decompositions_equal_transformer_lens(lens, make, tokens):
    import warnings

    from transformer_lens import ActivationCache as TheirCache

    model = process_weights(make("gpt2"))
    _, cache = model.run_with_cache(tokens)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = TheirCache(dict(cache.items()), model)
        for call in (
            lambda c: c.decompose_resid(1, mlp_input=True),
            lambda c: c.decompose_resid(apply_ln=True),
            lambda c: c.accumulated_resid(incl_mid=True),
            lambda c: c.accumulated_resid(apply_ln=True, pos_slice=-1),
            lambda c: c.stack_head_results(1, incl_remainder=True, apply_ln=True),
            lambda c: c.stack_neuron_results(2, pos_slice=-1, incl_remainder=True),
        ):
            torch.testing.assert_close(call(cache), call(theirs), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["resid_post", "q", "z", "pattern", "post", "result", "scale"])
def test_memory_is_what_was_asked_for(make, tokens, name):
    """No tensor keeps a larger one alive."""
    _, cache = make("gpt2").run_with_cache(tokens, names_filter=f"blocks.*hook_{name}")
    held = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes() for value in cache.values()}
    assert sum(held.values()) == sum(value.numel() * 4 for value in cache.values())
