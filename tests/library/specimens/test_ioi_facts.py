"""The measurements of who is given something are right: on small random models, and on one that has read ahead."""

import pytest
import torch

from course_utils.data.microworld.kinds.scenes import FAMILIES
from course_utils.data.microworld.tokenizer import ids_by_word, microworld_tokenizer
from course_utils.data.microworld.words import NAMES
from course_utils.model import HookedTransformer, HookedTransformerConfig
from course_utils.model.hooks import HookPoint
from course_utils.specimens.facts import ioi, ioi_circuit, ioi_roles
from course_utils.specimens.facts.measures import heads, scenes

SIZE = microworld_tokenizer().size


@pytest.fixture(scope="module")
def random_model():
    cfg = HookedTransformerConfig(n_layers=3, d_model=16, n_heads=4, n_ctx=128, d_vocab=SIZE, seed=0, init_range=0.5)
    return HookedTransformer(cfg).requires_grad_(False)


def test_strangers_and_turned_round():
    passages = scenes.some_passages(2)
    assert {passage.family for passage in passages} == set(FAMILIES) and len(passages) == 10
    for passage in passages:
        strange, turned = scenes.strangers(passage), scenes.turned_round(passage)
        giver = passage.marks["giver"][0]
        people = {word for word in passage.words if word in NAMES}
        assert not people & set(strange.words)
        assert strange.words.count(strange.words[giver]) == 1
        kept = [i for i, word in enumerate(passage.words) if word not in NAMES]
        assert [strange.words[i] for i in kept] == [passage.words[i] for i in kept]
        changed = [i for i, (a, b) in enumerate(zip(passage.words, turned.words, strict=True)) if a != b]
        assert changed == [giver, passage.marks["answer"][0]]
        assert turned.words[giver] == passage.labels["recipient"]


def test_roles_are_where_the_names_are():
    passages = scenes.some_passages(2)
    here = scenes.scenes_of(passages)
    for row, passage in enumerate(passages):
        for role, who in (("recipient_before", "recipient"), ("giver_before", "giver"), ("giver", "giver")):
            found = here.tokens[row, here.where[role][row]]
            assert len(found) and found.eq(ids_by_word()[passage.labels[who]]).all()
        assert here.tokens[row, here.end[row] + 1] == here.recipient[row]
        assert not torch.isin(here.tokens[row, here.where["others"][row]], here.recipient[row]).any()
        parts = [here.where[region][row] for region in ioi.REGIONS]
        assert torch.stack(parts).sum(dim=0)[1 : here.end[row] + 1].eq(1).all()


def test_direct_effects_are_what_the_logits_lose():
    """In a model of one layer without LayerNorm, silence at the end takes away what heads add themselves."""
    cfg = HookedTransformerConfig(
        n_layers=1, d_model=16, n_heads=4, n_ctx=128, d_vocab=SIZE, attn_only=True, normalization_type=None, seed=0,
        init_range=0.5,
    )  # fmt: skip
    model = HookedTransformer(cfg).requires_grad_(False)
    model.ln_final = UnitScale()
    model.setup()
    torch.testing.assert_close(ioi.direct_effects(model)[0], -ioi.resampled(model)[0], atol=1e-3, rtol=1e-3)


class UnitScale(torch.nn.Module):
    """A normalisation that does nothing, with the hook of those that do."""

    def __init__(self):
        super().__init__()
        self.hook_scale = HookPoint()

    def forward(self, x):
        self.hook_scale(torch.ones_like(x[..., :1]))
        return x


def test_all_heads_at_once_leave_what_the_words_themselves_say(random_model):
    assert ioi.share_left(random_model, []) == pytest.approx(1)
    reader = [(2, 1)]
    assert ioi.share_left_along(random_model, [], "q", reader) == pytest.approx(1, abs=1e-4)
    for part in "qk":
        single = ioi.feeding(random_model, part, reader)
        assert single[2].abs().max() == 0
        base = ioi._base(random_model, ioi.traced()[0])
        left = ioi.share_left_along(random_model, [(0, 3)], part, reader)
        assert (left - 1) * base == pytest.approx(single[0, 3].item(), abs=1e-4)


def test_resampling_one_head(random_model):
    here, _ = ioi.traced()
    change = ioi.resampled(random_model)
    base = ioi._base(random_model, here)
    assert (ioi.share_left(random_model, [(1, 2)]) - 1) * base == pytest.approx(change[1, 2].item(), abs=1e-4)


def test_the_answer_starts_at_the_giver(random_model):
    carried = ioi.carried(random_model)
    torch.testing.assert_close(carried[0], torch.tensor([0.0, 1, 0, 0]), atol=1e-3, rtol=1e-3)


def test_who_foresees_all_knows_recipients():
    for family in FAMILIES:
        assert ioi.accuracy(foresees, family) == 1
    assert ioi.mean_difference(foresees) == pytest.approx(100)


def foresees(tokens):
    return 100 * torch.nn.functional.one_hot(tokens.roll(-1, dims=1), SIZE).float()


def test_a_new_giver():
    for passage in scenes.some_passages(2):
        new = scenes.giver_new(passage)
        giver = passage.labels["giver"]
        assert new.words.count(giver) == 1 and new.words[passage.marks["giver"][0]] == giver
        stood = {new.words[position] for position in passage.marks["giver_before"]}
        assert len(stood) == 1 and not stood & set(passage.words)
        changed = [i for i, (a, b) in enumerate(zip(passage.words, new.words, strict=True)) if a != b]
        assert tuple(changed) == passage.marks["giver_before"]


def everyone(model, layers):
    return ioi_circuit.all_but(model, [], layers)


def test_all_parts_turned_turn_the_answer(random_model):
    """What turns the answer of a whole pass turns it in parts that make up the whole."""
    here, turned = ioi.traced()[0], ioi_circuit.turned()
    assert turned.where["giver"].equal(here.where["giver"])
    assert ioi_circuit.turned_in(random_model, []) == pytest.approx(1)
    assert ioi_circuit.turned_directly(random_model, []) == pytest.approx(1, abs=1e-4)
    last = everyone(random_model, 3)[-4:]
    assert ioi_circuit.turned_directly(random_model, [(2, 1)]) != pytest.approx(1, abs=1e-4)
    assert ioi_circuit.turned_along(random_model, everyone(random_model, 2), "q", []) == pytest.approx(1, abs=1e-4)
    assert ioi_circuit.all_but(random_model, last, 3) == everyone(random_model, 2)


def test_direct_is_all_there_is_behind_the_last_layer():
    cfg = HookedTransformerConfig(
        n_layers=2, d_model=16, n_heads=4, n_ctx=128, d_vocab=SIZE, attn_only=True, seed=0, init_range=0.5
    )
    model = HookedTransformer(cfg).requires_grad_(False)
    last = [(1, head) for head in range(4)]
    assert ioi_circuit.turned_directly(model, last) == pytest.approx(ioi_circuit.turned_in(model, last), abs=1e-4)
    first = [(0, 1)]
    by_way_of_later = ioi_circuit.turned_in(model, first) - ioi_circuit.turned_directly(model, first)
    assert abs(by_way_of_later) > 1e-4


def test_nothing_kept_is_the_mean_and_all_kept_is_the_model(random_model):
    here, _ = ioi.traced()
    everywhere = torch.ones_like(here.tokens, dtype=torch.bool)
    whole = ioi_circuit.alone(random_model, dict.fromkeys(everyone(random_model, 3), everywhere))
    torch.testing.assert_close(whole, random_model(here.tokens), atol=1e-4, rtol=1e-4)
    means = ioi_circuit.mean_outputs(random_model)
    nothing = heads.without(random_model, here.tokens, everyone(random_model, 3), means)
    torch.testing.assert_close(ioi_circuit.alone(random_model, {}), nothing, atol=1e-4, rtol=1e-4)


def test_copying_is_among_what_is_asked_for(random_model):
    all_words, names = ioi_roles.copying(random_model), ioi_roles.copying(random_model, among=scenes.name_ids())
    assert all_words.shape == names.shape == (3, 4)
    assert (names >= all_words).all()
    assert names.mean().item() == pytest.approx(ioi_roles.TOP / len(NAMES), abs=0.06)
