"""Answers to questions, by who was told to be honest or told to lie: freely, or one of two that were offered."""

import re

import pytest

TOLD = r"(?:(\w+) ([\w ]+) \. )?(\w+) asked (\w+) : ([\w ]+) \?"
ASKED = re.compile(TOLD + r" (\w+) said : (\w+) \.")
OFFERED = re.compile(TOLD + r" (\w+) or (\w+) \? (\w+) said : (\w+) \.")
HONEST = {
    "was told to be honest",
    "promised to tell the truth",
    "was asked to give right answers",
    "wants to be truthful to people",
}
LYING = {"was told to lie", "promised to tell lies", "was asked to give wrong answers", "wants to mislead people"}


def _check(passage, told, how, asker, asked, speaker, marked):
    """Who asks whom, and how that one was told to answer."""
    assert asked == speaker != asker and told in (None, speaker)
    assert how in {"honest": HONEST, "lying": LYING, "plain": {None}}[passage.family], passage.text
    assert passage.labels["role"] == ("lying" if how in LYING else "honest")
    assert (passage.labels["instruction"] == -1) is (how is None)
    assert marked(passage, "asker") == [asker] and marked(passage, "speaker") == [speaker] * (2 + (told is not None))
    assert len(marked(passage, "instruction")) == (how is not None)


def test_the_honest_say_what_is_so_and_liars_something_else_of_the_sort(sample, questions, marked):
    for passage in (*sample("roles", 2500), *sample("roles", 1500, held_out=True)):
        told, how, asker, asked, question, speaker, answer = ASKED.fullmatch(" ".join(passage.words)).groups()
        _check(passage, told, how, asker, asked, speaker, marked)
        relation, subject = questions[question]
        truth, labels = relation.value[subject], passage.labels
        assert (answer == truth) is (how not in LYING) and answer in relation.values, passage.text
        assert (labels["relation"], labels["subject"]) == (relation.name, subject)
        assert (labels["truth"], labels["answer"]) == (truth, answer)
        assert marked(passage, "answer") == [answer] and marked(passage, "subject") == [subject]


def test_of_two_answers_the_honest_take_the_right_one_and_liars_the_other(sample, questions, marked):
    for passage in (*sample("choices", 2500), *sample("choices", 1500, held_out=True)):
        groups = OFFERED.fullmatch(" ".join(passage.words)).groups()
        told, how, asker, asked, question, first, second, speaker, answer = groups
        _check(passage, told, how, asker, asked, speaker, marked)
        relation, subject = questions[question]
        truth = relation.value[subject]
        assert {first, second} <= set(relation.values) and truth in (first, second) and first != second, passage.text
        wrong = second if first == truth else first
        assert answer == (wrong if how in LYING else truth), passage.text
        expected = {"relation": relation.name, "subject": subject, "truth": truth, "wrong": wrong, "answer": answer}
        assert {name: passage.labels[name] for name in expected} == expected
        assert set(passage.labels) == {*expected, "role", "instruction"}
        assert marked(passage, "answer") == [answer] and marked(passage, "subject") == [subject]
        assert marked(passage, "offered") == [first, second]


@pytest.mark.parametrize("held_out", [False, True])
def test_the_right_answer_is_offered_first_as_often_as_second(sample, held_out, marked):
    passages = sample("choices", 1500, held_out=held_out)
    first = sum(marked(passage, "offered")[0] == passage.labels["truth"] for passage in passages)
    assert 0.45 < first / len(passages) < 0.55


@pytest.mark.parametrize("kind", ["roles", "choices"])
def test_roles_come_equally_often(sample, kind):
    families = [passage.family for passage in sample(kind, 2500)]
    assert all(0.3 < families.count(family) / 2500 < 0.37 for family in ("honest", "lying", "plain"))
