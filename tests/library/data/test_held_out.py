"""What is kept for testing is never in the training text: read off the words, not asked of the generator."""

import re

import pytest

from course_utils.data.microworld.kinds.reviews import ADJECTIVES

ADJECTIVE = frozenset(word for words in ADJECTIVES.values() for word in words)
KEEPING = ("calendar_sums", "claims", "requests", "reviews", "roles", "years")
REST = ("closing", "code", "facts", "languages", "letters", "moves", "repeats", "scenes", "tasks")


def _claims(text, statements):
    claim = re.fullmatch(r"Claim : (.+) \. Verdict : \w+ \.", text)[1]
    if numbers := re.findall(r"\d+", claim):
        return {frozenset(numbers)}, {frozenset(numbers)}
    shown, new = set(), set()
    for part in claim.split(" and "):
        (said,) = statements[part]
        phrasing, wrong = (said.subject, said.relation, said.phrase), (said.subject, said.relation, said.value)
        shown |= {phrasing} if said.truth != said.denied else {phrasing, (*wrong, "wrong")}
        new |= {phrasing} if said.truth != said.denied else {(*wrong, "wrong")}
    return shown, new


def _reviews(text, _):
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

    def read(text, _):
        found = set(compiled.findall(text))
        assert found, text
        return found, found

    return read


READ = {
    "calendar_sums": _by(r".+"),  # there is no more to such a text than what was drawn
    "claims": _claims,
    "requests": _by(r"has a (\w+) in the (\w+)|(?:User :|\.) ([^.]+?) [.?] Helper"),
    "reviews": _reviews,
    "roles": _by(r"asked \w+ : (.+) \?"),
    "years": _by(r"The (\w+) .+? (\d\d) (\d\d) (?:to|and|until)"),
}


def test_every_kind_is_tested_here(sample):
    from course_utils.data.microworld.registry import KINDS

    assert {*KEEPING, *REST} == set(KINDS)


@pytest.mark.parametrize("kind", KEEPING)
def test_what_is_held_out_is_never_trained_on(sample, statements, kind):
    shown, new = set(), set()
    for passage in sample(kind, 20_000):
        shown |= READ[kind](" ".join(passage.words), statements)[0]
    for passage in sample(kind, 3000, held_out=True):
        new |= READ[kind](" ".join(passage.words), statements)[1]
    assert new and not shown & new


@pytest.mark.parametrize("kind", REST)
def test_the_other_kinds_write_the_same_on_both_sides(sample, kind):
    assert [p.words for p in sample(kind, 100)] == [p.words for p in sample(kind, 100, held_out=True)]
