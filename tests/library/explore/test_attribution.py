"""Direct logit attribution: the parts, and that they add up."""

import pytest
import torch

from course_utils.explore.attribution import attribute
from course_utils.explore.question import ask


@pytest.mark.parametrize("position", [0, 6, 14])
def test_the_parts_sum_to_the_lead(model, giving, position):
    question = ask(model, giving, "Ada", "Boris", position)
    found = attribute(model, giving, question)
    logits = model(giving.batch(model))[0, position]
    assert abs(found.lead - question.lead(logits).item()) < 1e-4
    assert abs(found.remainder) < 1e-4
    parts = found.heads.sum() + found.mlps.sum() + found.embeddings + found.biases + found.unembedding
    assert abs(found.total - parts.item()) < 1e-4


def test_each_head_s_part_is_what_it_wrote_along_the_difference(model, giving):
    question = ask(model, giving, "Ada", "Boris")
    _, cache = model.run_with_cache(giving.batch(model))
    direction = model.W_U[:, question.answer.id] - model.W_U[:, question.rival.id]
    found = attribute(model, giving, question)
    assert found.heads.shape == (model.cfg.n_layers, model.cfg.n_heads)
    for layer in range(model.cfg.n_layers):
        for head in range(model.cfg.n_heads):
            written = cache["z", layer][0, -1, head] @ model.W_O[layer, head]
            expected = (written - written.mean()) / cache["scale"][0, -1] @ direction
            torch.testing.assert_close(found.heads[layer, head], expected, atol=1e-4, rtol=0)


def test_mlps_have_a_part_each_where_there_are_any(model, giving):
    found = attribute(model, giving, ask(model, giving, "Ada", "Boris"))
    assert len(found.mlps) == (0 if model.cfg.attn_only else model.cfg.n_layers)


def test_answer_and_rival_exchanged_turn_every_part_round(model, giving):
    one = attribute(model, giving, ask(model, giving, "Ada", "Boris"))
    two = attribute(model, giving, ask(model, giving, "Boris", "Ada"))
    torch.testing.assert_close(one.heads, -two.heads, atol=1e-4, rtol=0)
    assert abs(one.unembedding + two.unembedding) < 1e-5 and abs(one.lead + two.lead) < 1e-4
