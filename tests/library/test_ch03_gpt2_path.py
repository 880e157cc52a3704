"""Chapter 3's cell about GPT-2: its code path, on a small random checkpoint of the same kind."""

import pytest
import torch

from course_utils.catalog import CourseError, load_catalog
from course_utils.grading.subject import load_submission
from course_utils.model import HookedTransformer, HookedTransformerConfig, TextTokenizer, save_model

LAYERS, HEADS = 12, 12  # as many as GPT-2 small has, so that every reported head is there


@pytest.fixture(scope="module")
def chapter():
    """What the chapter defines: functions and constants, without running its cells."""
    catalog = load_catalog()
    return load_submission(catalog.chapter_of(catalog.find_exercise("knock_out")).solution).namespace


def byte_pairs(chapter):
    """A byte-pair tokenizer like GPT-2's, learnt from the chapter's words; the last name stays in pieces."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    words = [*chapter["ENGLISH_NAMES"][:-1], *chapter["ENGLISH_PLACES"], *chapter["ENGLISH_THINGS"]]
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, show_progress=False)
    inner.train_from_iterator([f"When {word} and {word} went to the {word}, gave a" for word in words] * 3, trainer)
    inner.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return TextTokenizer(inner, bos="<|endoftext|>", eos="<|endoftext|>", pad="<|endoftext|>")


def saved(chapter, folder, n_layers):
    """A random GPT-2, saved and opened again. As in GPT-2 itself, the last token opens a text."""
    tokenizer = byte_pairs(chapter)
    sizes = {"n_layers": n_layers, "n_heads": HEADS, "d_model": 24, "n_ctx": 32, "d_vocab": tokenizer.size}
    model = HookedTransformer(HookedTransformerConfig(**sizes, init_range=0.3, tie_word_embeddings=True, seed=0))
    model.set_tokenizer(tokenizer)
    save_model(model, folder, "gpt2")
    return HookedTransformer.from_pretrained(folder).requires_grad_(False)


@pytest.fixture(scope="module")
def gpt2(chapter, tmp_path_factory):
    return saved(chapter, tmp_path_factory.mktemp("gpt2"), LAYERS)


@pytest.fixture(scope="module")
def found(chapter, gpt2):
    return chapter["ioi_of_gpt2"](gpt2)


def test_there_are_26_reported_heads_and_none_twice(chapter):
    heads = [head for group in chapter["REPORTED"].values() for head in group]
    assert len(heads) == len(set(heads)) == 26
    assert all(layer < LAYERS and head < HEADS for layer, head in heads)


def test_only_words_of_one_token_are_used(chapter, gpt2):
    names = chapter["one_token"](gpt2, chapter["ENGLISH_NAMES"])
    assert names == [f" {name}" for name in chapter["ENGLISH_NAMES"][:-1]]
    assert len(chapter["one_token"](gpt2, chapter["ENGLISH_THINGS"])) == len(chapter["ENGLISH_THINGS"])


def test_everything_is_measured(found):
    assert found["direct"].shape == found["backup"].shape == (LAYERS, HEADS)
    assert found["looks"].shape == (LAYERS, HEADS, 2)
    assert (found["looks"] >= 0).all() and (found["looks"].sum(dim=-1) <= 1.001).all()
    for name in ("lead", "faithfulness", "without_movers"):
        assert isinstance(found[name], float) and found[name] == found[name]
    assert found["without_movers"] != pytest.approx(found["lead"])


def test_it_is_measured_at_the_right_places(chapter, gpt2):
    seen = []
    handle = gpt2.embed.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    chapter["ioi_of_gpt2"](gpt2, n_pairs=5)
    handle.remove()
    clean, abc = seen[:2]
    assert clean.shape[0] == 10 and (clean[:, 0] == gpt2.tokenizer.bos).all() and abc.shape[1] == clean.shape[1]
    text = gpt2.to_string(clean[0, 1:])
    assert text == "When Mary and John went to the store, John gave a drink to"
    changed = clean[::2] != abc
    assert (changed.sum(dim=1) == 3).all(), "three names become strangers, and nothing else changes"
    assert not any(
        set(row[c].tolist()) & set(other[c].tolist()) for row, other, c in zip(clean[::2], abc, changed, strict=True)
    )


def test_without_head_9_9_contributions_change(found):
    assert found["backup"].isfinite().all()
    assert found["backup"][9, 9].abs() > 1e-6
    assert found["backup"][10:].abs().max() > 1e-6


def test_it_can_be_told(chapter, found, capsys):
    chapter["tell_gpt2"](found)
    told = capsys.readouterr().out
    assert all(role in told for role in chapter["REPORTED"])
    assert "10.10" in told and "gain without 9.9" in told


def test_a_smaller_gpt2_has_fewer_of_the_heads(chapter, tmp_path, capsys):
    found = chapter["ioi_of_gpt2"](saved(chapter, tmp_path, 7), n_pairs=5)
    assert "backup" not in found and found["without_movers"] == pytest.approx(found["lead"], abs=1e-5)
    chapter["tell_gpt2"](found)
    told = capsys.readouterr().out
    assert "5.5" in told and "9.9" not in told


def test_without_a_copy_of_gpt2_it_says_so(chapter, monkeypatch, capsys):
    def refuse(name):
        raise CourseError(f"{name} could not be fetched.")

    monkeypatch.setattr(HookedTransformer, "from_pretrained", refuse)
    assert chapter["gpt2_small"]() is None
    assert "Skipped" in capsys.readouterr().out


def test_gradients_are_not_kept(gpt2):
    assert not any(parameter.requires_grad for parameter in gpt2.parameters())
    assert not gpt2(torch.tensor([[gpt2.tokenizer.bos, 1, 2]])).requires_grad
