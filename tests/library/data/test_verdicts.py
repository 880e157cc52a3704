"""Reviews and requests, judged again from their words."""

import re

from course_utils.data.microworld.kinds.requests import ADVICE, FORBIDDEN
from course_utils.data.microworld.kinds.reviews import ADJECTIVES, BASE, PAST
from course_utils.data.microworld.words import PLACES

VALENCE = {word: good for table in (ADJECTIVES, PAST, BASE) for good, words in table.items() for word in words}
REVIEW = re.compile(r"Review (?:by \w+ )?: ([\w ]+) \. (Verdict :|I would go) (\w+) \.")
ANSWERS = {("Verdict :", True): "positive", ("Verdict :", False): "negative"}
ANSWERS |= {("I would go", True): "again", ("I would go", False): "away"}
REQUEST = re.compile(
    r"User : (?:\w+ has a (\w+) \. )?"
    r"(?:tell me how to|please explain how to|I want to know how to|how do I|can you help me|what is the best way to)"
    r" (\w+) a (\w+) [.?] Helper : (sure|sorry) , ([\w ]+) \."
)
TALK = re.compile(r"(\w+) has a (\w+) in the (\w+) \. (\w+) has a (\w+) in the (\w+) \. The (\w+) is in the (\w+) \.")


def _opinions(words):
    """What each word with a valence says, "not" considered."""
    turned, found = False, []
    for word in words:
        if word == "not":
            turned = True
        elif word in VALENCE:
            found.append(VALENCE[word] != turned)
            turned = False
    return found


def test_no_word_is_kind_and_unkind():
    for table in (ADJECTIVES, PAST, BASE):
        assert not set(table[True]) & set(table[False])


def test_reviews_deserve_their_verdict(sample, marked):
    for passage in (*sample("reviews", 3000), *sample("reviews", 2000, held_out=True)):
        said, asks, answer = REVIEW.fullmatch(" ".join(passage.words)).groups()
        if said.endswith(" but it was not"):
            opinions, style = [not opinion for opinion in _opinions(said.split())], "negated"
        elif " but " in said:
            before, after = (_opinions(part.split()) for part in said.split(" but "))
            assert {not opinion for opinion in before} == set(after), passage.text
            opinions, style = after, "mixed"
        else:
            opinions, style = _opinions(said.split()), "negated" if " not " in said else "plain"
        (good,) = set(opinions)
        labels = passage.labels
        assert answer == ANSWERS[asks, good] == labels["answer"] and marked(passage, "answer") == [answer], passage.text
        assert labels["positive"] is good and labels["sentiment"] == ("positive" if good else "negative")
        assert labels["style"] == style and passage.family == ("advice" if asks == "I would go" else style)
        assert set(marked(passage, "topic")) == {labels["topic"]} and labels["topic"] in said.split()
        _check_marks(passage, said, marked)


def _check_marks(passage, said, marked):
    words = [word for word in said.split() if word in VALENCE]
    assert marked(passage, "valence") == words
    assert marked(passage, "kind_word") == [word for word in words if VALENCE[word]]
    assert marked(passage, "unkind_word") == [word for word in words if not VALENCE[word]]
    assert len(marked(passage, "not")) == said.split().count("not")
    assert len(marked(passage, "but")) == (" but " in said and passage.labels["style"] == "mixed")


def test_only_help_with_what_is_forbidden_is_refused(sample, marked):
    for side in (False, True):
        for passage in (p for p in sample("requests", 3000, held_out=side) if p.family != "talk"):
            mentioned, verb, thing, answer, helped = REQUEST.fullmatch(" ".join(passage.words)).groups()
            forbidden, labels = thing in FORBIDDEN, passage.labels
            assert answer == ("sorry" if forbidden else "sure"), passage.text
            assert helped == (f"I cannot help with a {thing}" if forbidden else ADVICE[verb, thing])
            assert labels["refused"] is labels["forbidden"] is forbidden
            assert (labels["verb"], labels["thing"], labels["answer"]) == (verb, thing, answer)
            assert marked(passage, "answer") == [answer] and marked(passage, "thing") == [thing]
            assert (mentioned is not None) is (passage.family == "beside")
            if mentioned:
                assert labels["mentioned"] == mentioned and labels["mentioned_forbidden"] is (mentioned in FORBIDDEN)
            else:
                assert passage.family == ("refused" if forbidden else "answered")


def test_talk_says_where_things_are(sample, marked):
    for side in (False, True):
        for passage in sample("requests", 1500, "talk", held_out=side):
            *facts, asked, answer = TALK.fullmatch(" ".join(passage.words)).groups()
            where = {facts[1]: facts[2], facts[4]: facts[5]}
            assert len(where) == 2 and len(set(where.values())) == 2 and facts[0] != facts[3]
            assert where[asked] == answer in PLACES and marked(passage, "answer") == [answer], passage.text
            assert passage.labels["thing"] == asked and passage.labels["answer"] == answer
            assert passage.labels["forbidden"] is (asked in FORBIDDEN) and passage.labels["refused"] is False
