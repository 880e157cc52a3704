"""Scenes: people come and go, things happen, and someone gives something to someone. The last name can be worked out.

When Ada and Boris went to the market , Boris gave a lamp to Ada .
Ada was in the mill . Soon Boris came . Ada found a drum . Later Carl came . Boris left . Then Carl , who was tired ,
sold a kite to Ada .
Ada and Boris were in the barn , Carl and Dora were in the park . Later Dora handed a ring that Emil had made to Carl .
"""

from collections.abc import Sequence

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NAMES, PLACES, THINGS

KIND = "scenes"
FAMILIES = ("together", "meeting", "arrivals", "crowd", "groups")

GAVE = ("gave", "handed", "sold", "sent", "lent", "showed", "passed", "brought")
GIVE = ("give", "hand", "sell", "send", "lend", "show", "pass", "bring")
WITH = ("spoke to", "sang for", "danced with", "played with", "waited for", "ran to")
WISHED = ("wanted to", "decided to", "hoped to", "agreed to")
ADJECTIVES = ("tired", "happy", "busy", "hungry", "quiet", "brave", "proud", "late")
MADE = ("made", "found", "bought", "mended", "painted", "lost")
WHEN = ("Then", "Later", "Soon")
EVENTS = (
    "sat down",
    "began to sing",
    "was ADJECTIVE",
    "found a THING",
    "looked at the THING",
    "lost a THING",
    "laughed",
)
# "where them stood alone together" are in no scene, but trained specimens have them in their vocabulary.
_OTHER_WORDS = """
    a , . When went to the After came from were in and was where met saw left joined them had that who with stood home
    alone together gave
"""
_PHRASES = " ".join((*WITH, *WISHED, *EVENTS)).replace("THING", "").replace("ADJECTIVE", "")
WORDS = frozenset(
    (*NAMES, *PLACES, *THINGS, *GAVE, *GIVE, *ADJECTIVES, *MADE, *WHEN, *_OTHER_WORDS.split(), *_PHRASES.split())
)


def write(pen: Pen, family: str | None = None) -> Passage:
    """A scene. Marks: answer (the recipient's last name), giver (its mention in the last sentence), giver_before and
    recipient_before (earlier mentions), thing, verb. Labels: giver, recipient, people (how many are there at the end),
    giver_first (whether the giver was named before the recipient)."""
    pen.start(KIND, family or "")
    family = pen.family = family or pen.one(FAMILIES)
    people = _OPENINGS[family](pen)
    giver, recipient = pen.some(people, 2)
    _give(pen, giver, recipient)
    passage = pen.finish()
    before = passage.marks["giver"][0]
    places = {name: [i for i, word in enumerate(passage.words[:before]) if word == name] for name in people}
    passage.marks["giver_before"] = tuple(places[giver])
    passage.marks["recipient_before"] = tuple(places[recipient])
    passage.labels.update(
        giver=giver, recipient=recipient, people=len(people), giver_first=places[giver][0] < places[recipient][0]
    )
    return passage


def _together(pen: Pen) -> Sequence[str]:
    people = pen.some(NAMES, 2)
    _arrive(pen, people)
    return _live(pen, people)


def _arrive(pen: Pen, people: Sequence[str]) -> None:
    """Everybody comes at once."""
    how = pen.one(("When", "After", "were"))
    if how != "were":
        pen.say(how)
    _list(pen, people)
    pen.say({"When": "went to the", "After": "came from the", "were": "were in the"}[how], pen.one(PLACES))
    pen.say("." if how == "were" else ",")


def _list(pen: Pen, people: Sequence[str]) -> None:
    for i, name in enumerate(people):
        if i:
            pen.say("and" if i == len(people) - 1 else ",")
        pen.say(name)


def _meeting(pen: Pen) -> Sequence[str]:
    people = pen.some(NAMES, 2)
    pen.say(people[0], pen.one(("met", "saw", "joined")), people[1], "in the", pen.one(PLACES), ".")
    return _live(pen, people)


def _arrivals(pen: Pen) -> Sequence[str]:
    """Two to four people come one after the other; those above two leave again."""
    names = pen.some(NAMES, pen.one((2, 3, 4)))
    here = [names[0]]
    pen.say(names[0], "was in the", pen.one(PLACES), ".")
    for name in names[1:]:
        _event(pen, here)
        pen.say(pen.one(WHEN), name, "came", ".")
        here.append(name)
    while len(here) > 2:
        gone = pen.one(here)
        here.remove(gone)
        pen.say(gone, "left", ".")
    return _live(pen, here)


def _crowd(pen: Pen) -> Sequence[str]:
    """Three come at once; one leaves."""
    people = pen.some(NAMES, 3)
    _arrive(pen, people)
    gone = pen.one(people)
    people.remove(gone)
    pen.say(gone, "left", ".")
    return _live(pen, people)


def _groups(pen: Pen) -> Sequence[str]:
    """Two pairs in two places; what happens afterwards happens in one of them."""
    names = pen.some(NAMES, 4)
    first, second = pen.some(PLACES, 2)
    pen.say(names[0], "and", names[1], "were in the", first, ",")
    pen.say(names[2], "and", names[3], "were in the", second, ".")
    return pen.one((names[:2], names[2:]))


_OPENINGS = {
    "together": _together,
    "meeting": _meeting,
    "arrivals": _arrivals,
    "crowd": _crowd,
    "groups": _groups,
}


def _live(pen: Pen, people: Sequence[str]) -> Sequence[str]:
    """Up to two small events, so that either name may come again before the end."""
    for _ in range(pen.among((0, 1, 2), (2, 1, 1))):
        _event(pen, people, always=True)
    return people


def _event(pen: Pen, people: Sequence[str], always: bool = False) -> None:
    if not always and pen.chance(0.5):
        return
    pen.say(pen.one(people))
    for word in pen.one(EVENTS).split():
        pen.say(pen.one(ADJECTIVES) if word == "ADJECTIVE" else pen.one(THINGS) if word == "THING" else word)
    pen.say(".")


def _give(pen: Pen, giver: str, recipient: str) -> None:
    """The last sentence, in one of several ways; a clause may name a stranger just before the end."""
    if pen.chance(0.5):
        pen.say(pen.one(WHEN))
    pen.say(giver, role="giver")
    way = pen.among(("thing", "clause", "stranger", "wish", "with", "home"), (3, 2, 2, 1, 1, 1))
    if way == "clause":
        pen.say(", who was", pen.one(ADJECTIVES), ",")
    if way == "wish":
        pen.say(pen.one(WISHED))
        pen.say(pen.one(GIVE), role="verb")
        pen.say("a")
        pen.say(pen.one(THINGS), role="thing")
        pen.say("to")
    elif way == "with":
        pen.say(pen.one(WITH))
    elif way == "home":
        pen.say("and")
    else:
        pen.say(pen.one(GAVE), role="verb")
        pen.say("a")
        pen.say(pen.one(THINGS), role="thing")
        if way == "stranger":
            pen.say("that", pen.one([name for name in NAMES if name not in (giver, recipient)]), "had", pen.one(MADE))
        pen.say("to")
    pen.say(recipient, role="answer")
    pen.say("went home ." if way == "home" else ".")
