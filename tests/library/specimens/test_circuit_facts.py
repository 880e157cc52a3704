"""Circuits are measured rightly: on an induction model built by hand, where every score is known, and on random ones."""

import math

import pytest
import torch

from course_utils.data.microworld.tokenizer import END_OF_TEXT, ids_by_word, microworld_tokenizer
from course_utils.model import HookedTransformer, HookedTransformerConfig
from course_utils.model.patching import Node, path_patch
from course_utils.specimens.facts import attn_only_2l as two
from course_utils.specimens.facts import induction
from course_utils.specimens.facts.measures import heads

SIZE = microworld_tokenizer().size
WIDE, LONG = 64, 52  # a word's code, and how many positions there are
SHARP = 100.0


def codes():
    drawn = torch.randn(SIZE, WIDE, generator=torch.Generator().manual_seed(1))
    return drawn / drawn.norm(dim=-1, keepdim=True)


@pytest.fixture(scope="module")
def by_hand():
    """Head 0.0 says the word before; 1.0 and 1.1 look where it said the word that they stand on, and copy; no other."""
    cfg = HookedTransformerConfig(
        n_layers=2, d_model=3 * WIDE + LONG, d_head=WIDE, n_heads=3, n_ctx=LONG, d_vocab=SIZE, attn_only=True,
        normalization_type=None,
    )  # fmt: skip
    model = HookedTransformer(cfg).requires_grad_(False)
    for name, parameter in model.named_parameters():
        if name.rpartition(".")[2] != "W_E":
            parameter.zero_()
    word, before, out, place = (slice(i * WIDE, i * WIDE + size) for i, size in enumerate((WIDE, WIDE, WIDE, LONG)))
    same, sharp = torch.eye(WIDE), SHARP * math.sqrt(WIDE)
    model.embed.W_E.zero_()[:, word] = codes()
    model.pos_embed.W_pos[:, place] = torch.eye(LONG)
    first, second = model.blocks[0].attn, model.blocks[1].attn
    first.W_Q[0, place, :LONG] = sharp * torch.eye(LONG).roll(-1, dims=1)
    first.W_K[0, place, :LONG] = torch.eye(LONG)
    first.W_V[0, word], first.W_O[0, :, before] = same, same
    for head in (0, 1):
        second.W_Q[head, word], second.W_K[head, before] = sharp * same, same
        second.W_V[head, word], second.W_O[head, :, out] = same, same
    model.unembed.W_U[out] = SHARP / 4 * codes().T
    return model


@pytest.fixture(scope="module")
def random_model():
    cfg = HookedTransformerConfig(n_layers=3, d_model=16, n_heads=4, n_ctx=128, d_vocab=SIZE, seed=0, init_range=0.5)
    return HookedTransformer(cfg).requires_grad_(False)


def test_repeated_text_is_repeated():
    tokens = induction.repeated(rows=5, half=7)
    assert tokens.shape == (5, 15)
    assert tokens[:, 0].eq(ids_by_word()[END_OF_TEXT]).all()
    assert tokens[:, 1:8].equal(tokens[:, 8:])
    assert all(len(set(row.tolist())) == 7 for row in tokens[:, 1:8])
    assert tokens.equal(induction.repeated(rows=5, half=7))
    assert not tokens.equal(induction.repeated(seed=1, rows=5, half=7))


def test_only_the_foreseeable_half_counts():
    tokens = induction.repeated(rows=2, half=4)
    foretold = torch.nn.functional.one_hot(tokens.roll(-1, dims=1), SIZE).float() * 100
    assert induction.again_loss(foretold, tokens) == pytest.approx(0, abs=1e-6)
    foretold[:, :5] = 0  # up to the word that opens the second half
    assert induction.again_loss(foretold, tokens) == pytest.approx(0, abs=1e-6)
    foretold[:, 5] = 0
    assert induction.again_loss(foretold, tokens) == pytest.approx(math.log(SIZE) / 3)


def test_scores_of_the_model_by_hand(by_hand):
    stripes, previous = induction.stripe_scores(by_hand), induction.previous_scores(by_hand)
    torch.testing.assert_close(stripes[1, :2], torch.ones(2))
    torch.testing.assert_close(previous[0, 0], torch.tensor(1.0))
    assert stripes[0].max() < 0.05 and stripes[1, 2] < 0.05
    assert previous[0, 1:].max() < 0.15 and previous[1].max() < 0.15
    assert sorted(induction.induction_heads(by_hand)) == [(1, 0), (1, 1)]
    assert induction.previous_heads(by_hand) == [(0, 0)]
    torch.testing.assert_close(induction.copying_scores(by_hand)[1, :2], torch.ones(2))


def test_facts_hold_of_the_model_by_hand(by_hand):
    facts = {fact.name: fact for fact in two.FACTS if not fact.name.startswith(("phase", "induction-longer"))}
    for name, fact in facts.items():
        assert fact.holds(float(fact.measure(by_hand))), name
    assert facts["induction-loss"].measure(by_hand) < 0.05
    assert facts["induction-silenced"].measure(by_hand) == pytest.approx(math.log(SIZE), abs=0.05)
    assert facts["induction-queries"].measure(by_hand) == pytest.approx(0, abs=1e-5)
    assert facts["induction-values"].measure(by_hand) == pytest.approx(0, abs=1e-5)


def test_a_random_model_fails(random_model):
    assert induction.repeat_loss(random_model) > 5
    assert induction.heads_count(random_model) == 0
    assert induction.induction_heads(random_model) == []
    assert induction.knocked_out(random_model, elsewhere=True) == 0
    held = [fact.name for fact in induction.INDUCTION if fact.holds(float(fact.measure(random_model)))]
    assert held == ["induction-queries"]  # which has no bound


def test_random_matrices_compose_by_chance():
    cfg = HookedTransformerConfig(n_layers=2, d_model=96, n_heads=6, n_ctx=8, d_vocab=20, attn_only=True, seed=0)
    scores = two.keys_of_previous(HookedTransformer(cfg).requires_grad_(False))
    assert scores[0, :, 1].mean() == pytest.approx(1, abs=0.03)


def test_paths_of_single_heads_agree_with_path_patch(random_model):
    tokens, other = induction.repeated(rows=2, half=4), induction.repeated(seed=5, rows=2, half=4)
    others = heads.outputs(random_model, other)
    for part in "qkv":
        for sender in ((0, 1), (1, 3)):
            ours = heads.along_path(random_model, tokens, others, [sender], part, [(2, 0), (2, 1)])
            readers = [Node(part, 2, 0), Node(part, 2, 1)]
            theirs = path_patch(
                random_model, tokens, others, [Node("z", *sender)], readers, lambda x: x[:, -1, 7].sum(), progress=False
            )
            assert ours[:, -1, 7].sum().item() == pytest.approx(theirs.item(), abs=1e-4)


def test_all_paths_at_once_are_the_other_text(random_model):
    tokens, other = induction.repeated(rows=2, half=4), induction.repeated(seed=5, rows=2, half=4)
    everyone = [(layer, head) for layer in range(3) for head in range(4)]
    same = heads.along_path(random_model, tokens, heads.outputs(random_model, tokens), everyone, "k", everyone)
    torch.testing.assert_close(same, random_model(tokens), atol=1e-4, rtol=1e-4)
    others = heads.outputs(random_model, other)
    assert not heads.without(random_model, tokens, everyone, others).allclose(random_model(tokens), atol=1e-2)
    back = heads.without(random_model, tokens, everyone, heads.outputs(random_model, tokens))
    torch.testing.assert_close(back, random_model(tokens), atol=1e-4, rtol=1e-4)


def test_silence_is_zero(random_model):
    tokens = induction.repeated(rows=2, half=4)
    nothing = {name: torch.zeros_like(z) for name, z in heads.outputs(random_model, tokens).items()}
    some = [(0, 2), (2, 1)]
    torch.testing.assert_close(
        heads.without(random_model, tokens, some), heads.without(random_model, tokens, some, nothing)
    )


def test_looking_at_everything_is_one(random_model):
    tokens = induction.repeated(rows=3, half=4)
    pattern = heads.patterns(random_model, tokens)
    queries = torch.tensor([8, 3, 5])
    everywhere = torch.ones(3, 9, dtype=torch.bool)
    torch.testing.assert_close(heads.looks(pattern, queries, everywhere), torch.ones(3, 4))
    itself = torch.arange(9) == queries[:, None]
    expected = torch.stack([pattern[:, row, :, at, at] for row, at in enumerate(queries.tolist())]).mean(dim=0)
    torch.testing.assert_close(heads.looks(pattern, queries, itself), expected)
