"""Checks for attend_with_cache, coarse to fine."""

import math

import torch

from course_utils.grading import Accepted, Mutant, agree


def column(*numbers: float) -> torch.Tensor:
    """One text, one head, d_head = 1: one number a position."""
    return torch.tensor(numbers).reshape(1, -1, 1, 1)


def random_inputs(batch=2, new=3, past=4, head=5, d_head=6):
    """q, k, v, past_k, past_v with no two axes of one size."""
    rng = torch.Generator().manual_seed(0)
    lengths = (new, new, new, past, past)
    return [torch.randn(batch, length, head, d_head, generator=rng) for length in lengths]


def by_hand(q, k, v, past_k, past_v):
    """The z of causal attention, one query and one head at a time."""
    n_past, keys, values = past_k.shape[1], torch.cat([past_k, k], 1), torch.cat([past_v, v], 1)
    z = torch.zeros_like(q)
    for b in range(q.shape[0]):
        for i in range(q.shape[1]):
            for h in range(q.shape[2]):
                seen = range(n_past + i + 1)
                scores = [float(q[b, i, h] @ keys[b, j, h]) / math.sqrt(q.shape[3]) for j in seen]
                weights = [math.exp(score) for score in scores]
                z[b, i, h] = sum(w * values[b, j, h] for w, j in zip(weights, seen, strict=True)) / sum(weights)
    return z


def test_the_shapes_are_right(attend_with_cache):
    z, k_all, v_all = attend_with_cache(*random_inputs())
    says = "z has a place for each of the 3 new tokens; k_all and v_all for those and the 4 remembered ones, 7 in all."
    agree([tuple(x.shape) for x in (z, k_all, v_all)], [(2, 3, 5, 6), (2, 7, 5, 6), (2, 7, 5, 6)], says)


def test_the_past_comes_first_in_what_is_remembered(attend_with_cache):
    _, k_all, v_all = attend_with_cache(column(0.0), column(3.0), column(30.0), column(1.0, 2.0), column(10.0, 20.0))
    agree(k_all.flatten().tolist(), [1.0, 2.0, 3.0], "The keys to remember: those of the past, then the new one.")
    agree(v_all.flatten().tolist(), [10.0, 20.0, 30.0], "The values to remember: those of the past, then the new one.")


def test_a_single_new_token_sees_the_whole_past_and_itself(attend_with_cache):
    says = "A query of 0 gives every visible key the same weight, so z is the mean of all four values 1, 2, 6 and 11, which is 5."
    past_v = column(1.0, 2.0, 6.0)
    z, _, _ = attend_with_cache(column(0.0), column(1.0), column(11.0), column(4.0, 5.0, 6.0), past_v)
    agree(z, column(5.0), says)


def test_new_tokens_do_not_see_the_ones_after_them(attend_with_cache):
    says = (
        "Queries of 0 average what is visible. The first new token sees the remembered 3 and its own 5, which gives 4; the second "
        "sees 3, 5 and 10, which gives 6; the third 3, 5, 10 and 22, which gives 10."
    )
    q, k = column(0.0, 0.0, 0.0), column(1.0, 1.0, 1.0)
    z, _, _ = attend_with_cache(q, k, column(5.0, 10.0, 22.0), column(1.0), column(3.0))
    agree(z, column(4.0, 6.0, 10.0), says)


def test_without_a_past_it_is_plain_causal_attention(attend_with_cache):
    says = "With nothing remembered the first token sees only itself (5), and the second averages 5 and 10."
    none = column()
    z, _, _ = attend_with_cache(column(0.0, 0.0), column(1.0, 1.0), column(5.0, 10.0), none, none)
    agree(z, column(5.0, 7.5), says)


def test_scores_are_divided_by_the_root_of_d_head(attend_with_cache):
    q = torch.tensor([2 * math.log(3), 0.0, 0.0, 0.0]).reshape(1, 1, 1, 4)
    past_k = torch.tensor([1.0, 0.0, 0.0, 0.0]).reshape(1, 1, 1, 4)
    k, past_v, v = torch.zeros(1, 1, 1, 4), torch.full((1, 1, 1, 4), 4.0), torch.zeros(1, 1, 1, 4)
    says = (
        "The query times the remembered key is 2·ln 3; over sqrt(4) that is ln 3. Against a score of 0 for the new key it gets "
        "weight 3/4, and 3/4 of the remembered 4 is 3."
    )
    z, _, _ = attend_with_cache(q, k, v, past_k, past_v)
    agree(z, torch.full((1, 1, 1, 4), 3.0), says)


def test_it_agrees_with_attention_written_out_in_loops(attend_with_cache):
    inputs = random_inputs()
    says = "Two texts, three new tokens, five heads: each query of each text and head by itself gives another result."
    agree(attend_with_cache(*inputs)[0], by_hand(*inputs), says)


VISIBLE = "torch.ones(n_new, n_keys, dtype=torch.bool, device=q.device).tril(diagonal=n_keys - n_new)"
Z = '"batch head new key, batch key head d_head -> batch new head d_head"'
SHAPES = "test_the_shapes_are_right"
SINGLE = "test_a_single_new_token_sees_the_whole_past_and_itself"
LATER = "test_new_tokens_do_not_see_the_ones_after_them"
SCALE = "test_scores_are_divided_by_the_root_of_d_head"

MUTANTS = [
    Mutant("only the new keys and values are handed on", "return z, k_all, v_all", "return z, k, v", SHAPES),
    Mutant("the cache is handed on as it came", "return z, k_all, v_all", "return z, past_k, past_v", SHAPES),
    Mutant(
        "z keeps the axis of the heads before that of the positions",
        Z,
        '"batch head new key, batch key head d_head -> batch head new d_head"',
        SHAPES,
    ),
    Mutant(
        "the new keys are put before the past",
        "torch.cat([past_k, k], dim=1)",
        "torch.cat([k, past_k], dim=1)",
        "test_the_past_comes_first_in_what_is_remembered",
    ),
    Mutant(
        "the keys are remembered in place of the values",
        "torch.cat([past_v, v], dim=1)",
        "torch.cat([past_k, k], dim=1)",
        "test_the_past_comes_first_in_what_is_remembered",
    ),
    Mutant(
        "the mask forgets that the new tokens stand behind the past",
        "tril(diagonal=n_keys - n_new)",
        "tril()",
        SINGLE,
    ),
    Mutant("the mask moves by the number of new tokens", "diagonal=n_keys - n_new", "diagonal=n_new", SINGLE),
    Mutant("a token can't see itself", "diagonal=n_keys - n_new", "diagonal=n_keys - n_new - 1", SINGLE),
    Mutant("the softmax runs over the queries", "softmax(dim=-1)", "softmax(dim=-2)", SINGLE),
    Mutant(
        "new tokens look only at one another, never at the past",
        VISIBLE,
        VISIBLE + " & (torch.arange(n_keys) >= n_keys - n_new)",
        SINGLE,
    ),
    Mutant(
        "nothing is masked, so new tokens see later ones", VISIBLE, "torch.ones(n_new, n_keys, dtype=torch.bool)", LATER
    ),
    Mutant(
        "each new token also sees the one right after it: the diagonal is moved one too far",
        "diagonal=n_keys - n_new",
        "diagonal=n_keys - n_new + 1",
        LATER,
    ),
    Mutant("masked scores are set to 0 instead of -inf", "~visible, -math.inf", "~visible, 0.0", LATER),
    Mutant(
        "the pattern is masked after the softmax, so its rows no longer add up to 1",
        "scores.masked_fill(~visible, -math.inf).softmax(dim=-1)",
        "scores.softmax(dim=-1).masked_fill(~visible, 0.0)",
        LATER,
    ),
    Mutant(
        "the mask is left out when there is no past, which is when the prompt is fed",
        VISIBLE,
        VISIBLE + " | (n_keys == n_new)",
        "test_without_a_past_it_is_plain_causal_attention",
    ),
    Mutant("scores are not scaled", "scores / math.sqrt(q.shape[-1])", "scores * 1.0", SCALE),
    Mutant("scores are divided by d_head, without the root", "math.sqrt(q.shape[-1])", "q.shape[-1]", SCALE),
    Mutant(
        "scores are divided by the root of the number of keys",
        "math.sqrt(q.shape[-1])",
        "math.sqrt(k_all.shape[1])",
        SCALE,
    ),
    Mutant(
        "every head uses the first head's keys",
        "einsum(q, k_all,",
        "einsum(q, k_all[:, :, :1].expand_as(k_all),",
        "test_it_agrees_with_attention_written_out_in_loops",
    ),
    Mutant(
        "all heads share one pattern, from their scores added up",
        "scores = scores / math.sqrt(q.shape[-1])",
        "scores = scores.sum(dim=1, keepdim=True).expand_as(scores) / math.sqrt(q.shape[-1])",
        "test_it_agrees_with_attention_written_out_in_loops",
    ),
]

ACCEPTED = [
    Accepted(
        "torch's fused attention with the same rectangle",
        """    pattern = scores.masked_fill(~visible, -math.inf).softmax(dim=-1)
    z = einops.einsum(pattern, v_all, "batch head new key, batch key head d_head -> batch new head d_head")
""",
        """    heads_first = [x.transpose(1, 2) for x in (q, k_all, v_all)]
    z = nn.functional.scaled_dot_product_attention(*heads_first, attn_mask=visible).transpose(1, 2)
""",
    ),
    Accepted("a large negative number works as well", "-math.inf", "-1e9"),
    Accepted(
        "positions compared with positions",
        VISIBLE,
        "torch.arange(n_keys)[None, :] <= torch.arange(n_keys - n_new, n_keys)[:, None]",
    ),
    Accepted(
        "the last rows of the full square mask",
        VISIBLE,
        "torch.ones(n_keys, n_keys, dtype=torch.bool).tril()[-n_new:]",
    ),
    Accepted(
        "triu instead of tril",
        "scores.masked_fill(~visible, -math.inf)",
        "(scores + torch.full((n_new, n_keys), -math.inf).triu(n_keys - n_new + 1))",
    ),
]
