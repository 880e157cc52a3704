"""The measurements of who is given something are right: on small random models, and on one that has read ahead."""

import pytest
import torch

from course_utils.data.microworld.kinds.scenes import FAMILIES
from course_utils.data.microworld.tokenizer import ids_by_word, microworld_tokenizer
from course_utils.data.microworld.words import NAMES
from course_utils.model import HookedTransformer, HookedTransformerConfig
from course_utils.model.hooks import HookPoint
from course_utils.specimens.facts import ioi
from course_utils.specimens.facts.measures import scenes

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
