"""Generation equals asking the whole model again at each step."""

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.model import KeyValueCache
from course_utils.model.sampling import sample_logits

CAUSAL = ["gpt2", "neox", "llama", "mistral", "attn_only", "no_positions", "folded_rms"]


@pytest.mark.parametrize("name", CAUSAL)
def test_greedy_generation_is_repeated_argmax(make, name, tokens):
    model = make(name)
    written = tokens
    for _ in range(6):
        written = torch.cat([written, model(written)[:, -1].argmax(-1, keepdim=True)], dim=1)
    for keep in (True, False):
        got = model.generate(tokens, 6, do_sample=False, use_past_kv_cache=keep)
        assert got.tolist() == written.tolist()


@pytest.mark.parametrize("name", CAUSAL)
def test_in_pieces_is_as_in_one(make, name, tokens):
    model, past = make(name), KeyValueCache(2)
    pieces = [model(part, past_kv_cache=past) for part in tokens.split([4, 1, 4], dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), model(tokens), atol=1e-5, rtol=1e-4)
    assert past.length == 9


@pytest.mark.parametrize("name", CAUSAL)
def test_left_padding_is_not_seen(make, name, tokens):
    model = make(name)
    padded = torch.cat([torch.full((3, 4), 2), tokens], dim=1)
    mask = torch.tensor([0] * 4 + [1] * 9).expand(3, -1)
    torch.testing.assert_close(model(padded, attention_mask=mask)[:, 4:], model(tokens), atol=1e-5, rtol=1e-4)


def test_texts_of_several_lengths_are_written_as_if_alone(make, tokenizer):
    model = make("gpt2")
    model.set_tokenizer(tokenizer)
    texts = [" the cat the", " cat", "the cat"]
    together = model.generate(texts, 5, do_sample=False, stop_at_eos=False)
    alone = [model.generate(text, 5, do_sample=False, stop_at_eos=False) for text in texts]
    assert together == alone
    assert all(full.startswith(text) for full, text in zip(together, texts, strict=True))


def test_a_seed_repeats_a_sample(make, tokens):
    model = make("gpt2")
    first, again, other = (model.generate(tokens, 6, temperature=3.0, seed=seed) for seed in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()
    state = torch.get_rng_state()
    model.generate(tokens, 2, seed=5)
    assert torch.equal(state, torch.get_rng_state())


def test_it_stops_at_the_end_of_text(make, tokenizer):
    model = make("gpt2")
    model.set_tokenizer(tokenizer)
    model.unembed.b_U.data[tokenizer.eos] = 1e4
    assert model.generate(torch.tensor([[5]]), 8).tolist() == [[5, 1]]
    assert model.generate(torch.tensor([[5]]), 3, stop_at_eos=False).tolist() == [[5, 1, 1, 1]]


def test_sampling_options():
    logits = torch.tensor([[0.0, 1.0, 2.0, 3.0]]).expand(200, -1)
    generator = torch.Generator().manual_seed(0)
    assert set(sample_logits(logits, top_k=2, generator=generator).tolist()) == {2, 3}
    assert set(sample_logits(logits, top_p=0.65, generator=generator).tolist()) == {2, 3}  # 0.64 alone is not enough
    assert set(sample_logits(logits, temperature=5.0, generator=generator).tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("options", [{"temperature": -1}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_options_out_of_range(make, tokens, options):
    with pytest.raises(CourseError, match="temperature must be at least 0"):
        make("gpt2").generate(tokens, 1, **options)


def test_what_cannot_be_generated_is_said(make, tokens):
    with pytest.raises(CourseError, match=r"9 tokens and 8 new ones are more than the 16.*at most 7"):
        make("gpt2").generate(tokens, 8)
    with pytest.raises(CourseError, match="attends in both directions"):
        make("classifier").generate(tokens, 1)


def test_what_comes_back_may_be_chosen(make, tokenizer):
    model = make("gpt2")
    model.set_tokenizer(tokenizer)
    options = {"max_new_tokens": 3, "do_sample": False, "stop_at_eos": False}
    ids = model.generate(" the cat", return_type="tokens", verbose=True, **options)
    assert model.generate(" the cat", **options) == model.to_string(ids[0, 1:])
    assert model.generate(ids[:, :3], return_type="str", **options) == [model.to_string(ids[0])]
    assert model.generate(ids[0, :3].tolist(), **options).tolist() == ids.tolist()
    first = ids[0, 3].item()
    assert model.generate(ids[:, :3], 3, do_sample=False, eos_token_id=first).shape == (1, 4)
    with pytest.raises(CourseError, match="return_type must be"):
        model.generate(ids, 1, return_type="text")


def test_only_the_last_position(model, tokens):
    """What no hook watches is left out; a hook that sits there sees every position, and the logits are the same."""
    seen = []
    for names in ([], ["blocks.1.hook_resid_post"], ["blocks.1.attn.hook_k"], ["blocks.1.attn.hook_pattern"]):
        hooks = [(names, lambda x, hook: seen.append(list(x.shape)))] if names else []
        got = model.run_with_hooks(tokens, last_only=True, fwd_hooks=hooks)
        torch.testing.assert_close(got, model(tokens)[:, -1:], atol=1e-5, rtol=1e-4)
    assert all(9 in shape for shape in seen)
    assert model(tokens, last_only=True, stop_at_layer=1).shape == (3, 9, 24)
