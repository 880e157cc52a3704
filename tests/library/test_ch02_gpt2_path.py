"""Chapter 2's cell about GPT-2: its code path, on a small random checkpoint of the same kind."""

import pytest
import torch

from course_utils.catalog import load_catalog
from course_utils.grading.subject import load_submission
from course_utils.model import HookedTransformer, HookedTransformerConfig, TextTokenizer, save_model

LAYERS, HEADS, VOCABULARY = 7, 12, 40  # enough for some of the heads that were reported for GPT-2
HABITS = ["previous", "current", "first", "duplicate", "induction"]


@pytest.fixture(scope="module")
def chapter():
    """What the chapter defines: functions and constants, without running its cells."""
    catalog = load_catalog()
    return load_submission(catalog.chapter_of(catalog.find_exercise("find_heads")).solution).namespace


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """A random GPT-2, saved and opened again. As in GPT-2 itself, the last token opens a text."""
    from tokenizers import Tokenizer, models

    words = {f"w{i}": i for i in range(VOCABULARY - 1)} | {"<|endoftext|>": VOCABULARY - 1}
    inner = Tokenizer(models.WordLevel(words, unk_token="w0"))
    inner.add_special_tokens(["<|endoftext|>"])
    cfg = HookedTransformerConfig(
        n_layers=LAYERS, n_heads=HEADS, d_model=24, d_vocab=VOCABULARY, n_ctx=32, tie_word_embeddings=True, seed=0
    )
    model = HookedTransformer(cfg)
    model.set_tokenizer(TextTokenizer(inner, bos="<|endoftext|>", eos="<|endoftext|>", pad="<|endoftext|>"))
    folder = tmp_path_factory.mktemp("gpt2")
    save_model(model, folder, "gpt2")
    return HookedTransformer.from_pretrained(folder).requires_grad_(False)


def test_every_head_gets_a_score_for_every_habit(chapter, gpt2):
    (first, second), scores = chapter["heads_of_gpt2"](gpt2, length=12, batch=3)
    assert 0 < first < 10 and 0 < second < 10
    assert list(scores) == HABITS
    for heads in scores.values():
        assert sorted(heads) == [(layer, head) for layer in range(LAYERS) for head in range(HEADS)]
        assert all(0 <= score <= 1 for score in heads.values())


def test_the_text_is_an_opening_token_and_twice_the_same(chapter, gpt2):
    seen = []
    handle = gpt2.embed.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    chapter["heads_of_gpt2"](gpt2, length=12, batch=3)
    handle.remove()
    for tokens in seen:
        assert tokens.shape == (3, 25) and (tokens[:, 0] == gpt2.tokenizer.bos).all()
        assert torch.equal(tokens[:, 1:13], tokens[:, 13:])
        assert (tokens[:, 1:] != gpt2.tokenizer.bos).all() and tokens.max() < VOCABULARY
    assert len(seen) == 2  # once for the loss, once for the patterns


def test_it_can_be_told(chapter, gpt2, capsys):
    chapter["tell"](*chapter["heads_of_gpt2"](gpt2, length=12, batch=3))
    told = capsys.readouterr().out
    assert all(habit in told for habit in HABITS)
    assert "5.5" in told and "6.9" in told


def test_without_a_copy_of_gpt2_it_says_so(chapter, monkeypatch, capsys):
    from course_utils.catalog import CourseError

    def refuse(name):
        raise CourseError(f"{name} could not be fetched.")

    monkeypatch.setattr(HookedTransformer, "from_pretrained", refuse)
    assert chapter["gpt2_small"]() is None
    assert "Skipped" in capsys.readouterr().out
