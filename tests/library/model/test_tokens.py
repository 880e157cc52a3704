"""Text to ids and back, and the errors on the way."""

import pytest
import torch
from tokenizers import Tokenizer

from course_utils.catalog import CourseError
from course_utils.model import load_tokenizer


@pytest.fixture
def speaking(make, tokenizer):
    model = make("gpt2")
    model.set_tokenizer(tokenizer)
    return model


def test_text_to_ids_and_back(speaking):
    assert speaking.to_tokens(" the cat").tolist() == [[0, 32, 35]]
    assert speaking.to_tokens(" the cat", prepend_bos=False).tolist() == [[32, 35]]
    assert speaking.to_str_tokens(" the cat") == ["<bos>", " the", " cat"]
    assert speaking.to_str_tokens([" the", " cat"], prepend_bos=False) == [[" the"], [" cat"]]
    assert speaking.to_str_tokens(torch.tensor([[35]])) == [" cat"]
    assert speaking.to_string(speaking.to_tokens([" the cat", " the"])) == ["<bos> the cat", "<bos> the<pad>"]
    assert speaking.to_string(35) == speaking.to_single_str_token(35) == " cat"
    assert speaking.to_single_token(" cat") == 35
    assert speaking.get_token_position(" cat", " the cat the cat") == 2
    assert speaking.get_token_position(" cat", " the cat the cat", mode="last") == 4


def test_padding_sides_and_truncation(speaking):
    assert speaking.to_tokens([" the cat", " the"], padding_side="left").tolist() == [[0, 32, 35], [2, 0, 32]]
    assert speaking.to_tokens(" the" * 40, truncate=True).shape == (1, 16)


def test_the_model_reads_text(speaking):
    tokens = speaking.to_tokens([" the cat", " the cat the"])
    torch.testing.assert_close(speaking([" the cat", " the cat the"]), speaking(tokens))
    torch.testing.assert_close(speaking(" the cat")[0], speaking(tokens)[0, :3], atol=1e-5, rtol=1e-5)
    assert speaking(" the cat", return_type="loss").ndim == 0


def test_directions(speaking):
    direction = speaking.W_U[:, 35]
    for token in (" cat", 35, torch.tensor(35)):
        torch.testing.assert_close(speaking.tokens_to_residual_directions(token), direction)
    both = speaking.tokens_to_residual_directions([" cat", " the"])
    torch.testing.assert_close(both, speaking.W_U.T[[35, 32]])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.to_tokens(" the" * 40), "The text has 41 tokens and the model reads at most 16: shorten it"),
        (lambda m: m.to_single_token("the cat"), r"'the cat' is 3 tokens, \['t', 'he', ' cat'\], not one"),
        (lambda m: m.to_tokens("", prepend_bos=False), "The prompt is empty"),
        (lambda m: m.to_tokens([]), "The prompt is empty"),
        (lambda m: m.to_string([40]), "Token id 40 is outside the vocabulary, 0 to 39"),
        (lambda m: m.get_token_position("a", " the"), "'a' does not occur in"),
        (lambda m: m.to_str_tokens(torch.zeros(2, 2)), "are more than one text"),
        (lambda m: m.to_tokens(["a", " the cat"], padding_side="up"), "padding_side is 'up'"),
        (lambda m: m.set_tokenizer(3), "A int is no tokenizer"),
        (lambda m: m(["a", " the cat"], return_type="loss"), "differ in length"),
    ],
)
def test_bad_text_is_said_in_one_sentence(speaking, call, words):
    with pytest.raises(CourseError, match=words):
        call(speaking)


def test_without_a_tokenizer_text_is_refused(make):
    with pytest.raises(CourseError, match=r"no tokenizer: give it token ids, or one with model.set_tokenizer"):
        make("gpt2")("text")


def test_tokenizers_of_both_libraries_are_taken(make, tokenizer, checkpoint):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    _, folder = checkpoint("gpt2")
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    model = make("gpt2")
    for one in (theirs, tokenizer.inner, tokenizer):
        model.set_tokenizer(one)
        assert model.to_tokens(" the cat", prepend_bos=False).tolist() == [[32, 35]]
    assert isinstance(model.tokenizer.inner, Tokenizer)
    model.set_tokenizer(theirs)
    assert (model.tokenizer.bos, model.tokenizer.eos, model.tokenizer.pad) == (0, 1, 2)


def test_special_tokens_may_be_told_by_the_models_configuration(make, tokenizer, tmp_path):
    """GPT-2's own folder names them nowhere else."""
    tokenizer.save(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 16}')
    (tmp_path / "config.json").write_text('{"bos_token_id": 0, "eos_token_id": [1, 2]}')
    found = load_tokenizer(tmp_path)
    assert (found.bos, found.eos, found.pad) == (0, 1, None)
    assert load_tokenizer(tmp_path / "none") is None


def test_options_of_the_call_reach_the_tokenizer(speaking):
    bare = speaking.to_tokens(" the cat", prepend_bos=False)
    torch.testing.assert_close(speaking(" the cat", prepend_bos=False), speaking(bare))
    logits, cache = speaking.run_with_cache(" the cat", prepend_bos=False)
    assert logits.shape[1] == cache["embed"].shape[1] == 2
    left = speaking([" the cat", " the"], padding_side="left")
    torch.testing.assert_close(left, speaking(speaking.to_tokens([" the cat", " the"], padding_side="left")))
    torch.testing.assert_close(speaking([32, 35]), speaking(bare))
    assert speaking.get_token_position(" cat", " the cat", prepend_bos=False) == 1
    ids = speaking.tokenizer.bos_token_id, speaking.tokenizer.eos_token_id, speaking.tokenizer.pad_token_id
    assert ids == (0, 1, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.to_tokens(3), "A int is no text"),
        (lambda m: m.to_single_token(3), "A int is no text"),
        (lambda m: m.to_string(1.5), "Token ids are integers, not torch.float32"),
        (lambda m: m.tokens_to_residual_directions(40), "Token id 40 is outside the vocabulary, 0 to 39"),
        (lambda m: m.tokens_to_residual_directions(-1), "Token id -1 is outside"),
        (lambda m: m("", prepend_bos=False), "The prompt is empty"),
    ],
)
def test_what_is_neither_text_nor_an_id(speaking, call, words):
    with pytest.raises(CourseError, match=words):
        call(speaking)
