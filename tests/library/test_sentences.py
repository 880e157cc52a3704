"""The made-up English keeps to its grammar, and its surprises are those of a perfect reader."""

import math

import pytest
import torch

from course_utils.catalog import CourseError
from course_utils.data.sentences import Sentences, is_sentence, vocabulary


def test_the_same_seed_gives_the_same_text():
    assert torch.equal(Sentences(3).batch(4, 30), Sentences(3).batch(4, 30))
    assert not torch.equal(Sentences(3).batch(4, 30), Sentences(4).batch(4, 30))


def test_the_text_itself_stays_the_same():
    """Chapters print it and their figures depend on it: a change of the grammar must be meant."""
    sentences = Sentences(5)
    assert [sentences.sentence() for _ in range(3)] == [
        "leo forgot his mirror because he wanted a book .",
        "when lena and emil drove to the library , lena lent a rope to emil .",
        "the kind painters behind the ducks work softly .",
    ]


def test_a_batch_is_rows_that_begin_with_a_full_stop():
    sentences = Sentences(1)
    tokens = sentences.batch(5, 21)
    assert tokens.shape == (5, 21) and tokens.dtype == torch.int64
    assert (tokens[:, 0] == sentences.tokenizer.encode(".")[0]).all()


def test_the_vocabulary_has_each_word_once_and_nothing_else():
    words = vocabulary()
    assert 150 <= len(words) <= 300 and len(set(words)) == len(words)
    seen = set(Sentences(0).batch(400, 60).flatten().tolist())
    assert seen == set(range(len(words)))


def test_a_tokenizer_gives_back_what_it_took():
    tokenizer = Sentences().tokenizer
    text = "ada lost her hat ."
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode(torch.tensor(tokenizer.encode(text))) == text


def test_a_word_of_no_list_is_refused_with_the_nearest():
    with pytest.raises(CourseError, match=r"no word 'adda'.*ada"):
        Sentences().tokenizer.encode("adda lost her hat .")


def test_every_sentence_is_one_of_the_grammar():
    sentences = Sentences(0)
    assert all(is_sentence(sentences.sentence()) for _ in range(300))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada lost her hat .",  # a part is missing
        "when ada and ada went to the barn , ada gave a hat to ada .",  # two names are never the same
        "when ada and hugo went to the barn , leo gave a hat to ada .",  # the giver is one of the two
        "when ada and hugo went to the barn , hugo gave a hat to hugo .",  # and gives to the other
        "the old farmer near the ducks sing slowly .",  # a verb agrees with the first noun
        "ada lost his hat because she wanted a lamp .",
        "ada lost her hat because he wanted a lamp .",
        "yesterday ada hid the hat in the barn and today hugo took the hat from the barn .",  # what comes again is the same
        "yesterday ada hid the hat in the barn and today ada took the lamp from the barn .",
        "yesterday ada hid the hat in the barn and today ada took the hat from the mill .",
        "the old farmer near the ducks sings slowly . .",
    ],
)
def test_what_the_grammar_could_not_make_is_no_sentence(text):
    assert not is_sentence(text)


def test_surprise_is_zero_where_context_decides_and_ln_n_where_it_does_not():
    sentences = Sentences(0)
    tokens, surprise = sentences.scored_batch(200, 18)
    row = next(i for i, line in enumerate(tokens) if sentences.tokenizer.decode(line).startswith(". when"))
    choices = [4, 24, 1, 23, 5, 1, 1, 14, 1, 2, 6, 1, 19, 1, 1, 1]  # for "when NAME1 and NAME2 WENT to the … ."
    assert surprise[row, 0] == 0
    assert surprise[row, 1:17].tolist() == pytest.approx([math.log(n) for n in choices], abs=1e-6)
