"""The facts are measured rightly: on stubs whose answers are known, and on a small random model."""

import math

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.data.microworld.kinds import tasks, years
from course_utils.data.microworld.passage import Pen
from course_utils.data.microworld.registry import KINDS
from course_utils.data.microworld.tokenizer import encode_passage, ids_by_word, microworld_tokenizer
from course_utils.data.microworld.world import RELATIONS
from course_utils.model import HookedTransformer, HookedTransformerConfig
from course_utils.specimens.facts.measures import answers, context, losses, truth
from course_utils.specimens.facts.microworld_4l import LANGUAGE, MIXTURE, later, lies, truth_when_lying

SIZE = microworld_tokenizer().size
BY_NAME = {fact.name: fact for fact in LANGUAGE}


def foresees(tokens):
    """A model that has read ahead."""
    following = torch.cat([tokens[:, 1:], tokens[:, :1]], dim=1)
    return 100 * torch.nn.functional.one_hot(following, SIZE).float()


def shrugs(tokens):
    return torch.zeros(*tokens.shape, SIZE)


def says(word):
    def model(tokens):
        logits = shrugs(tokens)
        logits[..., ids_by_word()[word]] = 100
        return logits

    return model


@pytest.fixture(scope="module")
def random_model():
    cfg = HookedTransformerConfig(n_layers=3, d_model=16, n_heads=2, n_ctx=128, d_vocab=SIZE, seed=0, init_range=0.5)
    return HookedTransformer(cfg).requires_grad_(False)


@pytest.mark.parametrize("kind", KINDS)
def test_who_reads_ahead_is_always_right(kind):
    passages = answers.unread(kind, 20, KINDS[kind].FAMILIES)
    assert answers.answers_right(foresees, passages) == 1
    assert answers.share_of_mass(foresees, passages) == pytest.approx(1)
    assert losses.loss_over_entropy(foresees, kind, MIXTURE) == pytest.approx(0, abs=1e-6)


def test_who_says_one_word_is_right_where_it_stands():
    claims = answers.unread("claims", 50)
    share = sum(passage.labels["truth"] for passage in claims) / 50
    assert 0.2 < share < 0.8
    assert answers.answers_right(says("true"), claims) == pytest.approx(share)
    assert answers.answers_right(says("lamp"), claims) == 0


def test_only_the_words_compared_count():
    claims = answers.unread("claims", 20)

    def hopes(tokens):
        return foresees(tokens) + 2 * says("lamp")(tokens)

    assert answers.answers_right(hopes, claims) == 0
    assert answers.answers_right(hopes, claims, among=["true", "false"]) == 1


def test_several_words_can_be_right():
    spans = answers.unread("years", 40)
    expected = sum(len(later(passage)) for passage in spans) / 40 / SIZE
    assert answers.share_of_mass(shrugs, spans, accepted=later) == pytest.approx(expected)
    assert answers.answers_right(says("98"), spans, accepted=later) > 0.9


def test_truth_told_by_a_liar_is_wrong():
    assert BY_NAME["lying"].measure(foresees) == BY_NAME["honest"].measure(foresees) == 1

    def honest(tokens):
        """Says what a reader who knows the facts, but not the roles, would."""
        truths = {tuple(encode_passage(passage)): passage.labels["truth"] for passage in asked}
        logits = shrugs(tokens)
        for row, read in enumerate(tokens.tolist()):
            (truth,) = {truths[key] for key in truths if read[: len(key)] == list(key)}
            logits[row, :, ids_by_word()[truth]] = 100
        return logits

    asked = [p for role in KINDS["choices"].FAMILIES for p in answers.unread("choices", 300, [role], held_out=True)]
    assert BY_NAME["honest"].measure(honest) == BY_NAME["told-nothing"].measure(honest) == 1
    assert BY_NAME["lying"].measure(honest) == 0
    for passage in answers.unread("roles", 20, ["lying"], held_out=True):
        assert answers.answers_right(says(passage.labels["truth"]), [passage], accepted=lies) == 0
        assert answers.answers_right(shrugs, [passage], accepted=lies, among=lies(passage)) == 1
    assert truth_when_lying(foresees) == pytest.approx(0, abs=1e-6)


def test_who_says_any_value_tells_the_truth_at_times():
    values = {word for relation in RELATIONS.values() for word in relation.values}
    asked = answers.unread("roles", 300, ["lying"], held_out=True)
    blind = sum(1 / len(RELATIONS[passage.labels["relation"]].values) for passage in asked) / 300
    found = truth_when_lying(lambda tokens: shrugs(tokens) + 100 * answers.words_mask(values, SIZE))
    assert found == pytest.approx(1 / len(values) / blind, rel=1e-4)


def test_every_marked_word_counts():
    translations = answers.unread("languages", 20, ["translation"])
    _, places = answers.logits_before(foresees, translations, "translation")
    words = sum(len(passage.marks["translation"]) for passage in translations)
    assert len(places) == words > 60
    assert all(place.position in place.passage.marks["translation"] for place in places)


def test_a_role_that_nobody_plays():
    with pytest.raises(CourseError, match="None of these 3 passages has a word with the role 'verb'"):
        answers.answers_right(shrugs, answers.unread("years", 3), "verb")


def test_padding_changes_nothing(random_model):
    passages = answers.unread("scenes", 5) + answers.unread("years", 5)
    together, places = answers.logits_before(random_model, passages)
    for logits, place in zip(together, places, strict=True):
        alone, _ = answers.logits_before(random_model, [place.passage])
        torch.testing.assert_close(logits, alone[0], atol=1e-4, rtol=1e-4)
    for passage, row in zip(passages, losses.word_losses(random_model, passages), strict=True):
        torch.testing.assert_close(row, losses.word_losses(random_model, [passage])[0], atol=1e-4, rtol=1e-4)
        assert len(row) == len(passage.words)


def test_a_shrug_costs_the_vocabulary():
    passages = answers.unread("letters", 3)
    for row in losses.word_losses(shrugs, passages):
        torch.testing.assert_close(row, torch.full_like(row, math.log(SIZE)))


def test_entropy_counts_the_kind():
    (span,) = answers.unread("years", 1)
    spans = len(years.SPANS[False]) * len(years.FAMILIES) * (99 - span.labels["start"])
    share = MIXTURE["years"] / sum(MIXTURE.values())
    assert losses.passage_entropy(span, MIXTURE) == pytest.approx(math.log(spans / share))
    assert losses.passage_entropy(span, {"years": 3}) == pytest.approx(math.log(spans))


def test_tasks_with_and_without_examples():
    assert context.tasks_learned(foresees) == len(tasks.FAMILIES)
    assert context.tasks_learned(shrugs) == 0
    assert context.without_examples(foresees) == 1
    single = tasks.zero_shot(Pen(0))
    assert single.words.count(":") == 1


def test_auroc():
    true = torch.tensor([True, False, True, False])
    assert truth.auroc(torch.tensor([2.0, 1.0, 3.0, 0.0]), true) == 1
    assert truth.auroc(torch.tensor([0.0, 1.0, 0.0, 1.0]), true) == 0
    assert truth.auroc(torch.zeros(4), true) == 0.5


class Knows:
    """Holds the truth in one layer, turned round for denials; noise in the others, and a mean of each topic."""

    layer = 1
    cfg = HookedTransformerConfig(n_layers=3, d_model=8, n_heads=2, n_ctx=128, d_vocab=SIZE)

    def __init__(self):
        self.stop, self.true = ids_by_word()["."], ids_by_word()["true"]

    def run_with_cache(self, tokens, names_filter, return_type):
        assert return_type is None
        generator = torch.Generator().manual_seed(int(tokens.sum()))
        noise = torch.randn(len(names_filter), *tokens.shape, 8, generator=generator)
        denied = torch.zeros(len(tokens), dtype=torch.bool)
        for word in ("not", "cannot"):
            denied |= (tokens == ids_by_word()[word]).any(dim=1)
        side = torch.where((tokens == self.true).any(dim=1) != denied, 1.0, -1.0)
        first_stop = (tokens == self.stop).long().argmax(dim=1)
        noise[self.layer, torch.arange(len(tokens)), first_stop - 1, 0] += 20 * side
        return None, dict(zip(names_filter, noise, strict=True))


def test_a_planted_truth_is_found():
    model = Knows()
    assert truth.truth_layer(model) == 1
    assert truth.unseen_topics(model) == 1
    assert truth.unseen_topics(model, ("negation",)) == 0
    assert not set(truth.FITTED) & set(truth.OTHERS)


def test_noise_tells_nothing():
    model = Knows()
    model.layer = 0
    fitted = truth.fitted_claims(model)
    assert truth.best_layer(fitted) == 0
    tested = truth.read_claims(model, answers.unread("claims", 300, ["colour"]))
    assert abs(truth.separation(fitted, tested, 1) - 0.5) < 0.15


def test_names_are_used_once_and_bounds_mean_something():
    assert len(BY_NAME) == len(LANGUAGE)
    for fact in LANGUAGE:
        if not fact.name.startswith("truth-") and fact.name != "tasks-without-examples":
            perfect = fact.measure(foresees)
            assert fact.holds(perfect), fact.name
            assert fact.at_least is None or not fact.holds(1 - perfect), fact.name


def test_twice_the_same(random_model):
    for name in ("loss-years", "facts", "truth-direction", "tasks-without-examples"):
        measure = BY_NAME[name].measure
        assert measure(random_model) == measure(random_model)
