"""The microworld's tokenizer: a word a token, bytes for the rest, and nothing that it can't take and give back."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported: nothing here needs the hub

import random
import sys

import pytest

from course_utils.data.microworld.passage import OPENING_QUOTE, piece
from course_utils.data.microworld.registry import KINDS, VOCABULARY
from course_utils.data.microworld.text import Microworld
from course_utils.data.microworld.tokenizer import END_OF_TEXT, encode_passage, ids_by_word, microworld_tokenizer
from course_utils.model import load_tokenizer

TEXTS = [
    "",
    " ",
    "\n",
    "\n\n  \t\r\n ",
    "Ada gave a lamp to Boris.",
    " Ada  gave\n\na lamp ,to Boris .",
    "naïve façade Straße žluťoučký",
    "北京 こんにちは 한국어 שלום مرحبا ไทย",
    "👩‍👩‍👧 🇩🇪 e\u0301 \u200b\u202e\ufeff\x00\x7f",
    "def f(x):\n\treturn {'a': [x**2, 3.14e-5]}  # it's 100 % \\n",
    "<|endoftext|> in <|endoftext|> the text",
    "don't we'll I'm O'Neil \"quoted\" 'single' `code`",
    "12345 1,000 3.5 -7 1/2",
    "lamp" * 1000,
]


def _random_text(seed):
    drawn = random.Random(seed)
    planes = [(32, 127), (0, 256), (256, 0xD800), (0xE000, sys.maxunicode + 1)]
    return "".join(chr(drawn.randrange(*drawn.choice(planes))) for _ in range(drawn.randrange(60)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held_out", [False, True])
def test_a_text_has_the_tokens_of_its_passage(sample, kind, held_out):
    tokenizer = microworld_tokenizer()
    for passage in sample(kind, 300, held_out=held_out):
        ids = tokenizer.encode(passage.text)
        assert [tokenizer.bos, *ids] == encode_passage(passage), passage.text
        assert tokenizer.decode(ids).strip(" ") == passage.text
        assert [tokenizer.decode([i]) for i in ids] == list(passage.pieces)


def test_the_vocabulary_is_small_and_has_each_word_once():
    tokenizer, ids = microworld_tokenizer(), ids_by_word()
    assert 1000 <= len(VOCABULARY) <= 2500 and len(set(VOCABULARY)) == len(VOCABULARY)
    assert {*ids} == {*VOCABULARY, OPENING_QUOTE, END_OF_TEXT}
    assert len(set(ids.values())) == len(ids) and max(ids.values()) < tokenizer.size
    # Words, bytes and the end of text; words that are one byte long without a space, such as a comma, are bytes already.
    attached = [word for word in VOCABULARY if len(piece(word)) == 1]
    assert tokenizer.size == 1 + 256 + len({*VOCABULARY, OPENING_QUOTE}) - len(attached)
    assert sorted(tokenizer.inner.get_vocab().values()) == list(range(tokenizer.size))


def test_every_word_is_one_token():
    tokenizer = microworld_tokenizer()
    for word in VOCABULARY:
        # A word's token comes at a text's beginning, too; what is attached to others never begins a text.
        ids = tokenizer.encode(word if piece(word).startswith(" ") else f"lamp{word}")
        assert ids[-1] == ids_by_word()[word] and len(ids) == 1 + (not piece(word).startswith(" ")), word


@pytest.mark.parametrize("text", [*TEXTS, *map(_random_text, range(60))])
def test_any_text_comes_back(text):
    """With a space before it if it had none, as in GPT-2 with `add_prefix_space`; a special token splits a text."""
    tokenizer = microworld_tokenizer()
    ids = tokenizer.encode(text)
    back = tokenizer.decode(ids)
    if END_OF_TEXT in text:
        assert back.replace(" ", "") == text.replace(" ", "") and ids.count(tokenizer.bos) == text.count(END_OF_TEXT)
    else:
        assert back == (text if text.startswith(" ") or not text else f" {text}")
        assert tokenizer.bos not in ids


def test_special_tokens_are_one_and_the_same():
    tokenizer = microworld_tokenizer()
    assert tokenizer.bos == tokenizer.eos == tokenizer.pad == 0
    assert tokenizer.decode([0]) == END_OF_TEXT


def test_saved_and_reopened_it_is_the_same(tmp_path):
    tokenizer = microworld_tokenizer()
    tokenizer.save(tmp_path)
    texts = [*TEXTS, *map(_random_text, range(20)), *(p.text for p in Microworld(12).some(100))]
    ours = load_tokenizer(tmp_path)
    assert [ours.encode(text) for text in texts] == [tokenizer.encode(text) for text in texts]
    assert (ours.bos, ours.eos, ours.pad) == (0, 0, 0)

    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    for text in texts:
        ids = tokenizer.encode(text)
        assert theirs(text, add_special_tokens=False)["input_ids"] == ids
        assert theirs(text)["input_ids"] == ids  # nothing is added
        assert theirs.decode(ids, clean_up_tokenization_spaces=False) == tokenizer.decode(ids)
    assert (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id) == (0, 0, 0)
    assert len(theirs) == tokenizer.size
