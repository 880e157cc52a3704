"""Prompts as the explorer reads them: tokens, bytes, lengths, questions."""

import pytest

from course_utils.catalog import CourseError
from course_utils.explore.prompt import LONGEST, read_prompt, token_of
from course_utils.explore.question import ask, single_token


def test_words_are_tokens_with_the_model_s_own_ids(model, giving):
    assert giving.labels[:5] == ["start", "When", "Ada", "and", "Boris"]
    assert giving.ids == model.to_tokens(giving.text)[0].tolist()
    assert giving.batch(model).tolist() == [giving.ids]
    assert all(token.known for token in giving.tokens)
    assert [token.position for token in giving.tokens] == list(range(len(giving)))


def test_an_unknown_word_is_spelled_in_bytes(model):
    prompt = read_prompt(model, "Ada saw naïve 你")
    assert [token.label for token in prompt.tokens if token.known] == ["start", "Ada", "saw"]
    assert prompt.labels[3:] == ["␣", "n", "a", "byte C3", "byte AF", "v", "e", "␣", "byte E4", "byte BD", "byte A0"]
    assert prompt.ids == model.to_tokens(prompt.text)[0].tolist()


def test_every_token_of_the_vocabulary_has_a_label_that_shows(model):
    labels = [token_of(model, id).label for id in range(model.cfg.d_vocab)]
    assert all(label.strip() and label.isprintable() for label in labels)


def test_white_space_has_signs(model):
    assert read_prompt(model, "Ada\nAda").labels == ["start", "Ada", "⏎", *"Ada"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "empty"), (" \n", "empty"), ("lamp " * 64, "more than 64 tokens"), ("x" * 2001, "2,001 characters")],
)
def test_an_impossible_prompt_is_one_sentence(model, text, sentence):
    with pytest.raises(CourseError, match=sentence) as caught:
        read_prompt(model, text)
    assert str(caught.value).count(".") == 1


def test_the_longest_prompt_that_is_allowed(model):
    assert len(read_prompt(model, ("lamp " * (LONGEST - 1)).strip())) == LONGEST


def test_a_question_names_two_tokens(model, giving):
    question = ask(model, giving, "Ada", " Boris ")
    assert (question.answer.id, question.rival.id) == (model.to_single_token("Ada"), model.to_single_token("Boris"))
    assert question.position == len(giving) - 1
    logits = model(giving.batch(model))[0, -1]
    assert question.lead(logits) == logits[question.answer.id] - logits[question.rival.id]


def test_words_left_empty_are_the_best_guesses(model, giving):
    best = model(giving.batch(model))[0, 5].topk(2).indices.tolist()
    question = ask(model, giving, position=5)
    assert [question.answer.id, question.rival.id] == best
    first = token_of(model, best[0]).text
    assert ask(model, giving, rival=first, position=5).answer.id == best[1]


def test_a_full_stop_is_one_token_though_typed_alone(model):
    assert single_token(model, ".").text == "."


@pytest.mark.parametrize(("answer", "rival"), [("zebra", "Ada"), ("Ada", "Ada and"), ("Ada", "Ada"), ("x" * 50, "")])
def test_an_impossible_question_is_one_sentence(model, giving, answer, rival):
    with pytest.raises(CourseError, match=r"not one|two different|one word"):
        ask(model, giving, answer, rival)


def test_a_position_outside_the_prompt(model, giving):
    with pytest.raises(CourseError, match="positions 0 to 14"):
        ask(model, giving, position=15)
