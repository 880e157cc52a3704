"""Scenes and moves, acted out: who is still there, and where things ended up."""

import re

from course_utils.data.microworld.words import NAMES

TOGETHER = re.compile(r"^(?:When|After) (.+?) (?:went to|came from) the (\w+) ,")
ELSEWHERE = re.compile(r"^(\w+ and \w+ were in the \w+) ,")
BEGINNING = re.compile(r"[\w ,]+ (?:were|was) in the \w+|\w+ (?:met|saw|joined) \w+ in the \w+")


def _people(sentence):
    return [word for word in sentence.split() if word in NAMES]


def _left_with(text):
    """Who gives in the last sentence, and who is the only other person there."""
    text = ELSEWHERE.sub(r"\1 .", TOGETHER.sub(r"\1 were in the \2 .", text))
    *before, last = text.removesuffix(" .").split(" . ")
    groups: list[list[str]] = []
    for sentence in before:
        names = _people(sentence)
        if BEGINNING.fullmatch(sentence):
            groups.append(names)
        elif sentence.endswith(" came"):
            groups[-1] += names
        elif sentence.endswith(" left"):
            groups[-1].remove(*names)
        else:  # an event: one of those who are there does something
            assert len(names) == 1 and names[0] in groups[-1], text
    giver = _people(last)[0]
    (there,) = [group for group in groups if giver in group]
    (other,) = [name for name in there if name != giver]
    return giver, other, there


def test_the_recipient_is_the_only_other_person_there(sample, marked):
    for passage in sample("scenes", 4000):
        giver, recipient, there = _left_with(" ".join(passage.words))
        assert marked(passage, "answer") == [recipient] == [passage.labels["recipient"]], passage.text
        assert marked(passage, "giver") == [giver] == [passage.labels["giver"]]
        assert passage.labels["people"] == len(there)


def test_a_scene_marks_all_earlier_mentions(sample):
    for passage in sample("scenes", 4000):
        (now,) = passage.marks["giver"]
        mentions = {
            role: tuple(i for i, word in enumerate(passage.words[:now]) if word == passage.labels[role])
            for role in ("giver", "recipient")
        }
        assert passage.marks["giver_before"] == mentions["giver"]
        assert passage.marks["recipient_before"] == mentions["recipient"]
        assert passage.labels["giver_first"] is (mentions["giver"][0] < mentions["recipient"][0])
        after = passage.words[now + 1 : passage.marks["answer"][0]]
        assert not {passage.labels["giver"], passage.labels["recipient"]} & set(after)


PICKED = re.compile(r"(\w+) picked up the (\w+)")
TAKEN = re.compile(r"(\w+) took the (\w+) from (\w+)")
PUT = re.compile(r"(\w+) (put|took|brought|moved|carried|left) the (\w+) (in|to) the (\w+)")
STATED = re.compile(r"The (\w+) is (?:in the|with) (\w+)|(\w+) has the (\w+)")


def _act(sentence, where, told, start):
    """Move the thing of one sentence; `told` gets the position of the word that says where to."""
    if match := PICKED.fullmatch(sentence):
        person, thing = match.groups()
        assert where.get(thing) not in NAMES  # it lay somewhere
        where[thing], place = person, 0
    elif match := TAKEN.fullmatch(sentence):
        person, thing, owner = match.groups()
        assert where[thing] == owner != person
        where[thing], place = person, 0
    else:
        person, verb, thing, _, room = PUT.fullmatch(sentence).groups()
        holder = where.get(thing)
        assert room != holder and (holder == person or holder not in NAMES)
        assert holder == person if verb == "left" else (verb in ("put", "brought")) <= (holder in (None, person))
        where[thing], place = room, 6
    told.setdefault(thing, []).append(start + place)


def test_things_are_where_they_were_brought(sample, marked):
    for passage in sample("moves", 3000):
        where: dict[str, str] = {}
        told: dict[str, list[int]] = {}
        start, events, statements, thing, place = 0, 0, 0, "", ""
        for sentence in " ".join(passage.words).removesuffix(" .").split(" . "):
            if match := STATED.fullmatch(sentence):
                thing, place = match[1] or match[4], match[2] or match[3]
                assert where[thing] == place, passage.text
                if match[3]:  # nothing else could be meant
                    assert list(where.values()).count(place) == 1
                kind = "thing" if match[3] else "person" if place in NAMES else "room"
                statements += 1
            else:
                assert not statements
                _act(sentence, where, told, start)
                events += 1
            start += len(sentence.split()) + 1
        labels = passage.labels
        assert (labels["object"], labels["place"], labels["asked"]) == (thing, place, kind)
        assert (labels["events"], labels["statements"], labels["objects"]) == (events, statements, len(where))
        assert labels["moved"] == len(told[thing]) - 1
        assert passage.marks["place"] == (told[thing][-1],) and passage.marks["stale"] == tuple(told[thing][:-1])
        assert marked(passage, "answer") == [thing if kind == "thing" else place] and marked(passage, "object") == [
            thing
        ]
        assert len(marked(passage, "first_answer")) == statements - 1
        assert labels["people"] == len({name for name in passage.words[: passage.marks["object"][0]] if name in NAMES})
        assert ("picked" in passage.words) is (passage.family == "carrying")
