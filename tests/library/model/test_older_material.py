"""Code as tutorials for TransformerLens write it runs here with the class changed."""

from functools import partial

import pytest
import torch

from course_utils.model import FactoredMatrix, get_act_name


@pytest.fixture
def model(make, tokenizer):
    model = make("gpt2")
    model.set_tokenizer(tokenizer)
    return model


def test_names_as_people_shorten_them(lens):
    from transformer_lens.utilities import get_act_name as theirs

    for told in (
        ("k6",), ("scale4ln1",), ("pre5",), ("embed",), ("normalized",), ("key", 2), ("mlp_post", 1), ("attn", 0),
        ("k", 6, "a"), ("normalized", 27, "ln2"), ("hook_embed",), ("resid_post", 3), ("attn_logits", 1),
    ):  # fmt: skip
        assert get_act_name(*told) == theirs(*told)


def test_direct_logit_attribution(model, tokens):
    logits, cache = model.run_with_cache(tokens)
    answers = torch.tensor([[3, 4], [5, 6], [7, 8]])
    right, wrong = model.tokens_to_residual_directions(answers).unbind(dim=1)
    heads, labels = cache.stack_head_results(layer=-1, pos_slice=-1, return_labels=True)
    assert labels == model.all_head_labels()
    scaled = cache.apply_ln_to_stack(heads, layer=-1, pos_slice=-1)
    by_hand = (scaled * (right - wrong)).sum(-1)
    torch.testing.assert_close(by_hand, cache.logit_attrs(heads, answers[:, 0], answers[:, 1], pos_slice=-1))
    second = cache.logit_attrs(heads[:, 1:2], answers[1:2, 0], answers[1:2, 1], pos_slice=-1, batch_slice=slice(1, 2))
    torch.testing.assert_close(second, by_hand[:, 1:2])
    stream, labels = cache.accumulated_resid(layer=-1, incl_mid=True, pos_slice=-1, return_labels=True)
    assert len(stream) == len(labels) == 5
    assert cache["resid_post", -1] is cache["blocks.1.hook_resid_post"]
    assert logits.shape == (3, 9, 40)


def test_ablating_a_head_with_a_partial(model, tokens):
    def ablate(z, hook, head):
        z[:, :, head] = 0.0
        return z

    hook = (get_act_name("z", 0), partial(ablate, head=2))
    ablated = model.run_with_hooks(tokens, return_type="loss", fwd_hooks=[hook])
    model.add_hook(*hook)
    torch.testing.assert_close(model(tokens, return_type="loss"), ablated)
    model.reset_hooks()
    logits, loss = both = model(tokens, return_type="both")
    assert both.logits is logits
    assert both.loss is loss
    assert not torch.isclose(loss, ablated)
    each = model(tokens, return_type="loss", loss_per_token=True)
    torch.testing.assert_close(each.mean(), loss)


def test_circuits(model):
    full = FactoredMatrix(model.W_E @ model.W_V[0, 1], model.W_O[0, 1] @ model.W_U)
    torch.testing.assert_close((model.W_E @ model.OV[0, 1] @ model.W_U).AB, full.AB)
    some = torch.tensor([3, 8])
    torch.testing.assert_close(full[some, some].AB, full.AB[some][:, some])
    assert full.T.shape == (40, 40)
    scores = full.eigenvalues.sum(-1).real / full.eigenvalues.abs().sum(-1)
    assert -1 <= scores <= 1


def test_text_in_text_out(model):
    tokens = model.to_tokens([" the cat", " cat the"], prepend_bos=True)
    assert model.to_str_tokens(tokens[0]) == ["<bos>", " the", " cat"]
    bos = torch.full((2, 1), model.tokenizer.bos_token_id)
    assert torch.equal(torch.cat([bos, tokens[:, 1:]], dim=1), tokens)
    wanted = model.to_single_token(" cat")
    assert model(" the", prepend_bos=True)[0, -1].topk(3).indices.shape == (3,)
    assert model.to_single_str_token(wanted) == " cat"
    said = model.generate(" the cat", max_new_tokens=3, temperature=0, prepend_bos=True, verbose=False)
    assert said.startswith(" the cat")
