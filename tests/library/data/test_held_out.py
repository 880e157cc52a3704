"""What is kept for testing is never in the training text: read off the words, not asked of the generator."""

import re
from functools import cache

import pytest

from course_utils.data.microworld.kinds.reviews import ADJECTIVES

ADJECTIVE = frozenset(word for words in ADJECTIVES.values() for word in words)
KEEPING = ("calendar_sums", "choices", "claims", "requests", "reviews", "roles", "verdicts", "years")
SHARING = ("choices", "claims", "verdicts")  # what one of these holds out, the others do too
REST = ("closing", "code", "facts", "languages", "letters", "moves", "repeats", "scenes", "tasks")


def _claims(text, parts, _):
    shown, new = set(), set()
    for claim in re.findall(r"Claim : ([\w ]+) \. Verdict : ", text):
        for said in parts(claim):
            if said.subject.isdigit():
                numbers = frozenset([said.subject, said.value])
                shown.add(numbers)
                new.add(numbers)
                continue
            phrasing, wrong = (said.relation, said.subject, said.phrase), (said.relation, said.subject, said.value)
            holds = said.truth != said.denied
            shown |= {phrasing} if holds else {phrasing, (*wrong, "wrong")}
            new |= {phrasing} if holds else {(*wrong, "wrong")}
    assert new, text
    return shown, new


def _choices(text, _, questions):
    question, *offered = re.search(r": ([\w ]+) \? (\w+) or (\w+) \?", text).groups()
    relation, subject = questions[question]
    (wrong,) = {*offered} - {relation.value[subject]}
    key = {(relation.name, subject, wrong, "wrong")}
    return key, key


def _reviews(text, *_):
    said, topic = re.fullmatch(r"Review (?:by \w+ )?: (.+?) \. .*", text)[1].split(), ""
    of_topic = re.compile(r"the (\w+) (?:was|would be)(?: not)?(?: very| really| so)? (\w+)")
    topic = next(word for word in said if word in TOPICS)
    direct = {
        (topic, adjective)
        for thing, adjective in of_topic.findall(" ".join(said))
        if thing == topic and adjective in ADJECTIVE
    }
    key = direct or {(topic, word) for word in said if word in ADJECTIVE}
    assert len(key) == 1, text
    return key, key


TOPICS = frozenset(
    str.split("""film play concert opera show dance book poem novel letter tale meal soup cake dinner breakfast hotel tour
    party journey voyage""")
)


def _by(pattern):
    """A reader by pattern: what its groups hold, of all that match."""
    compiled = re.compile(pattern)

    def read(text, *_):
        found = set(compiled.findall(text))
        assert found, text
        return found, found

    return read


READ = {
    "calendar_sums": _by(r".+"),  # there is no more to such a text than what was drawn
    "choices": _choices,
    "claims": _claims,
    "requests": _by(r"has a (\w+) in the (\w+)|(?:User :|\.) ([^.]+?) [.?] Helper"),
    "reviews": _reviews,
    "roles": _by(r"asked \w+ : (.+) \?"),
    "verdicts": _claims,
    "years": _by(r"The (\w+) .+? (\d\d) (\d\d) (?:to|and|until)"),
}


def test_every_kind_is_tested_here(sample):
    from course_utils.data.microworld.registry import KINDS

    assert {*KEEPING, *REST} == set(KINDS)


@pytest.fixture(scope="module")
def seen(sample, parts, questions):
    """seen(kind): what the training text of a kind shows, and what its held-out text is about."""

    @cache
    def read(kind):
        shown, new = set(), set()
        for passage in sample(kind, 20_000):
            shown |= READ[kind](" ".join(passage.words), parts, questions)[0]
        for passage in sample(kind, 3000, held_out=True):
            new |= READ[kind](" ".join(passage.words), parts, questions)[1]
        return shown, new

    return read


@pytest.mark.parametrize("kind", KEEPING)
def test_what_is_held_out_is_never_trained_on(seen, kind):
    shown, new = seen(kind)
    assert new and not shown & new


def test_what_one_kind_of_claim_holds_out_no_other_shows(seen):
    shown, new = (set().union(*both) for both in zip(*map(seen, SHARING), strict=True))
    assert not shown & new
    pairs = [{key for key in seen(kind)[1] if "wrong" in key} for kind in SHARING]
    assert len(set.intersection(*pairs)) > 200


@pytest.mark.parametrize("kind", REST)
def test_the_other_kinds_write_the_same_on_both_sides(sample, kind):
    assert [p.words for p in sample(kind, 100)] == [p.words for p in sample(kind, 100, held_out=True)]
