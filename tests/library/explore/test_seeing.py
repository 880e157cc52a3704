"""Predictions, attention and the logit lens, against the model itself."""

import torch

from course_utils.explore.attention import attention, most_looked_at
from course_utils.explore.lens import logit_lens
from course_utils.explore.predictions import next_tokens


def test_predictions_are_the_softmax_of_the_logits(model, giving):
    logits = model(giving.batch(model))[0, 7]
    for guess in next_tokens(model, giving, 7, 5):
        assert abs(guess.probability - logits.exp()[guess.token.id].item() / logits.exp().sum().item()) < 1e-5
        assert abs(guess.logit - logits[guess.token.id].item()) < 1e-4
    probabilities = [guess.probability for guess in next_tokens(model, giving, 7, 5)]
    assert probabilities == sorted(probabilities, reverse=True)


def test_patterns_are_the_softmax_of_queries_and_keys(model, giving):
    layer, n = 1, len(giving)
    _, cache = model.run_with_cache(giving.batch(model))
    q, k = cache["q", layer][0], cache["k", layer][0]
    scores = torch.einsum("qhd,khd->hqk", q, k) / model.cfg.d_head**0.5
    scores = scores.masked_fill(torch.ones(n, n).triu(1).bool(), -torch.inf)
    torch.testing.assert_close(attention(model, giving, layer), scores.softmax(dim=-1), atol=1e-4, rtol=0)


def test_most_looked_at_never_looks_ahead(model, giving):
    for position, looks in enumerate(most_looked_at(attention(model, giving, 0)[0])):
        assert len(looks) == min(3, position + 1) and all(source <= position for source, _ in looks)
        assert sum(share for _, share in looks) < 1 + 1e-5


def test_the_lens_ends_with_the_model_s_own_guess(model, giving):
    lens = logit_lens(model, giving)
    best = model(giving.batch(model))[0].softmax(dim=-1).max(dim=-1)
    assert [token.id for token in lens.guesses[-1]] == best.indices.tolist()
    torch.testing.assert_close(lens.probabilities[-1], best.values, atol=1e-4, rtol=0)
    assert len(lens.streams) == len(lens.guesses) == model.cfg.n_layers + 1


def test_the_lens_reads_each_stream_by_itself(model, giving):
    _, cache = model.run_with_cache(giving.batch(model))
    early = model.unembed(model.ln_final(cache["resid_pre", 1]))[0].softmax(dim=-1)
    torch.testing.assert_close(logit_lens(model, giving).probabilities[1], early.max(dim=-1).values, atol=1e-4, rtol=0)
