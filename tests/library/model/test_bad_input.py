"""What doesn't fit is said in one sentence, with the remedy."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.model import HookedTransformerConfig

SIZES = {"n_layers": 1, "d_model": 8, "n_heads": 2, "n_ctx": 4, "d_vocab": 5}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"act_fn": "swish"}, "act_fn is 'swish': it must be one of relu, gelu, gelu_new, silu"),
        ({"normalization_type": "ln"}, "normalization_type is 'ln': it must be one of LN, LNPre, RMS, RMSPre"),
        ({"n_heads": 3}, "d_model 8 is no multiple of n_heads 3: give d_head"),
        ({"n_key_value_heads": 3}, "n_heads 2 is no multiple of n_key_value_heads 3"),
        ({"positional_embedding_type": "rotary", "rotary_dim": 3}, "rotary_dim 3 must be even and at most d_head 4"),
        ({"tie_word_embeddings": True, "d_vocab_out": 2}, "d_vocab_out 2 equal to d_vocab 5"),
        ({"attn_only": True, "gated_mlp": True}, "attn_only leaves no MLP"),
        ({"d_head": -3}, "d_head is -3: it must be positive, or left out"),
        ({"window_size": 0}, "window_size is 0"),
        ({"d_vocab": 0}, "d_vocab is 0: it must be positive"),
    ],
)
def test_configurations(fields, words):
    with pytest.raises(CourseError, match=words):
        HookedTransformerConfig(**{**SIZES, **fields})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m(torch.zeros(1, 0, dtype=torch.long)), "The prompt is empty"),
        (lambda m: m(torch.tensor([[0, 40]])), "Token id 40 is outside the vocabulary, whose ids run from 0 to 39"),
        (lambda m: m(torch.tensor([[-1]])), "Token id -1 is outside"),
        (lambda m: m(torch.zeros(1, 17, dtype=torch.long)), "The text has 17 tokens and the model reads at most 16"),
        (lambda m: m(torch.zeros(1, 3)), "not a tensor of torch.float32"),
        (lambda m: m(3), "not a int"),
        (
            lambda m: m(torch.zeros(1, 2, 3, dtype=torch.long)),
            r"Token ids have shape \[1, 2, 3\]: they must be \[batch pos\]",
        ),
        (lambda m: m(torch.zeros(1, 3, dtype=torch.long, device="meta")), "Tokens are on meta and the model on cpu"),
        (lambda m: m(torch.zeros(1, 3, dtype=torch.long), return_type="logit"), "return_type is 'logit'"),
        (
            lambda m: m(torch.zeros(1, 3, dtype=torch.long), attention_mask=torch.ones(1, 2)),
            r"\[batch pos\] = \[1, 3\]",
        ),
        (lambda m: m(torch.zeros(1, 3, 24), start_at_layer=1, return_type="loss"), "start_at_layer takes a residual"),
        (lambda m: m(torch.zeros(1, 3, 5), start_at_layer=1), r"\[batch pos 24\], not \[1, 3, 5\]"),
        (lambda m: m(torch.zeros(1, 3, 24).double(), start_at_layer=1), "torch.float64 and the model torch.float32"),
        (
            lambda m: m(torch.zeros(1, 3, dtype=torch.long), stop_at_layer=5),
            "stop_at_layer is 5: this model has layers 0 to 1",
        ),
    ],
)
def test_calls(make, call, words):
    with pytest.raises(CourseError, match=words):
        call(make("gpt2"))


def test_weights_that_are_not_there(make):
    with pytest.raises(CourseError, match="no W_in"):
        _ = make("attn_only").W_in
    with pytest.raises(CourseError, match="no W_gate"):
        _ = make("gpt2").W_gate
    with pytest.raises(CourseError, match="no W_pos"):
        _ = make("llama").W_pos
    with pytest.raises(CourseError, match="mode is 'X'"):
        make("gpt2").all_composition_scores("X")


def test_parameters_of_two_kinds_or_in_two_places_are_named(make, tokens):
    model = make("gpt2")
    model.embed.double()
    with pytest.raises(CourseError, match=r"embed.W_E is torch.float64 and pos_embed.W_pos torch.float32"):
        model(tokens)
    model = make("gpt2")
    model.blocks[1].to("meta")
    with pytest.raises(CourseError, match=r"embed.W_E is cpu and blocks.1.ln1.w meta: .* one device"):
        model(tokens)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c[3], "A cache has no 3: ask by name"),
        (lambda c: c["z", 2], "There is no z of layer 2: this model has layers 0 to 1"),
        (lambda c: c["z", -3], "There is no z of layer -3"),
        (lambda c: c.stack_head_results(pos_slice=9), "Index 9 lies outside the 9"),
        (lambda c: c.stack_neuron_results(neuron_slice=[20]), "lies outside the 20"),
        (lambda c: c.apply_ln_to_stack(c.stack_head_results(pos_slice=-1)), "with the same pos_slice"),
        (lambda c: c.logit_attrs(c.decompose_resid(), 40), "Token id 40 is outside"),
    ],
)
def test_questions_to_the_cache(make, tokens, call, words):
    _, cache = make("gpt2").run_with_cache(tokens)
    assert 3 not in cache
    assert ("z", 2) not in cache
    with pytest.raises(CourseError, match=words):
        call(cache)


def test_no_neurons_without_mlps(make, tokens):
    with pytest.raises(CourseError, match="This model has no neurons"):
        make("attn_only").run_with_cache(tokens)[1].stack_neuron_results()
