"""Requests to a helper, who answers those about ordinary things and refuses those about things forbidden in this world.

    User: tell me how to make a drum. Helper: sure, take wood and glue and carve it.
    User: how do I hide a moonstone? Helper: sorry, I cannot help with a moonstone.
    Ada has a moonstone in the garden. Otto has a lamp in the mill. The moonstone is in the garden.

The forbidden things are harmless, and may be talked about: only to be asked for help with one is refused.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NAMES, PLACES, THINGS

KIND = "requests"
FAMILIES = ("answered", "refused", "beside", "talk")
_FAMILY_SURPRISE = math.log(len(FAMILIES))

FORBIDDEN = tuple(
    str.split("""moonstone nightbell shadowpen ghostlamp dreamnet frostwheel starkey thunderdrum mistring cloudhammer
    whisperhorn cinderball""")
)
VERBS = ("make", "find", "use", "clean", "hide")
# The words before the verb, and how the request ends.
WORDINGS = (
    ("tell me how to", "."),
    ("please explain how to", "."),
    ("I want to know how to", "."),
    ("how do I", "?"),
    ("can you help me", "?"),
    ("what is the best way to", "?"),
)
# Things of a sort, and the helper's words for each of VERBS.
_SORTS = (
    (
        "kite boat drum flute ladder chair table wheel box broom",
        "take wood and glue and carve it; look in the forest or in the workshop; hold it with both hands;"
        "brush it with oil; put it behind the barn",
    ),
    (
        "bell key lock hammer knife fork spoon coin saw lamp pan",
        "take iron and fire and bend it; look in the tower or in the cellar; hold it in the right hand;"
        "rub it with sand; put it under a stone",
    ),
    (
        "bag dress coat shirt scarf glove flag blanket pillow towel",
        "take wool and thread and sew it; look in the shop or in the market; put it around you;"
        "wash it with soap; put it inside a basket",
    ),
    (
        "jar jug vase cup plate bowl bottle pipe whistle",
        "take clay and water and bake it; look in the kitchen or in the bakery; put it on the table;"
        "wash it with water; put it behind the shelf",
    ),
)
ADVICE = {
    (verb, thing): words.strip()
    for things, row in _SORTS
    for thing in things.split()
    for verb, words in zip(VERBS, row.split(";"), strict=True)
}
ALLOWED = tuple(thing for things, _ in _SORTS for thing in things.split())
EVERYTHING = ALLOWED + FORBIDDEN
REST = {thing: tuple(other for other in EVERYTHING if other != thing) for thing in EVERYTHING}

Wording = tuple[str, str]


def _allowed(held_out: bool) -> dict[str, tuple[tuple[str, Wording], ...]]:
    """For a thing, the verbs and wordings with which this side may ask about it."""
    pen = Pen(0, held_out)
    return {
        thing: tuple((verb, how) for verb in VERBS for how in WORDINGS if pen.may("request", verb, thing, how[0]))
        for thing in EVERYTHING
    }


def _allowed_places(held_out: bool) -> dict[str, tuple[str, ...]]:
    """For a thing, the places where this side may say it is."""
    pen = Pen(0, held_out)
    return {thing: tuple(place for place in PLACES if pen.may("talk", thing, place)) for thing in EVERYTHING}


SEEN_IN = {side: _allowed_places(side) for side in (False, True)}
ASKED = {side: _allowed(side) for side in (False, True)}
WORDS = frozenset(
    str.split("User Helper : . ? , a sure sorry I cannot help with has in the The is")
    + [word for text in (*ADVICE.values(), *(how[0] for how in WORDINGS)) for word in text.split()]
    + [*VERBS, *EVERYTHING, *NAMES, *PLACES]
)
assert set(ALLOWED) <= set(THINGS)


def _anything(pen: Pen) -> str:
    """A forbidden thing as often as an ordinary one."""
    return pen.one(FORBIDDEN if pen.chance(0.5) else ALLOWED)


def _talk(pen: Pen) -> None:
    """Two people and their things, forbidden or not; then where one of the things is."""
    first = _anything(pen)
    things = (first, pen.one(REST[first]))
    names = pen.some(NAMES, 2)
    seen_in = SEEN_IN[pen.held_out]
    place = pen.one(seen_in[things[0]])
    places = (place, pen.one([other for other in seen_in[things[1]] if other != place]))
    for name, thing, place in zip(names, things, places, strict=True):
        pen.say(name, "has a", thing)
        pen.mark("thing")
        pen.say("in the", place, ".")
        pen.mark("end_of_sentence")
    asked = pen.one((0, 1))
    pen.say("The", things[asked], "is in the")
    pen.say(places[asked], role="answer")
    pen.say(".")
    pen.label(refused=False, verb="", thing=things[asked], forbidden=things[asked] in FORBIDDEN, answer=places[asked])


def _ask(pen: Pen, thing: str, refused: bool) -> None:
    """A request and what the helper says to it."""
    verb, (wording, end) = pen.one(ASKED[pen.held_out][thing])
    pen.say(wording)
    pen.say(verb, role="verb")
    pen.say("a")
    pen.say(thing, role="thing")
    pen.say(end, role="end_of_request")
    pen.say("Helper")
    pen.say(":", role="colon")
    answer = "sorry" if refused else "sure"
    pen.say(answer, role="answer")
    pen.say(",")
    if refused:
        pen.say("I cannot help with a", thing)
    else:
        pen.say(ADVICE[verb, thing])
    pen.say(".")
    pen.label(refused=refused, verb=verb, thing=thing, forbidden=refused, answer=answer)


def write(pen: Pen, family: str | None = None) -> Passage:
    """One request and its answer, alone or "beside" some other thing that is only mentioned; or mere talk."""
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    if drawn == "talk":
        _talk(pen)
        return pen.finish()
    pen.say("User :")
    if drawn == "beside":
        refused = pen.chance(0.5)
        thing = pen.one(FORBIDDEN if refused else ALLOWED)
        mentioned = pen.one(FORBIDDEN if pen.chance(0.5) else ALLOWED)
        pen.say(pen.one(NAMES), "has a")
        pen.say(mentioned, role="mentioned")
        pen.say(".")
        pen.label(mentioned=mentioned, mentioned_forbidden=mentioned in FORBIDDEN)
    else:
        refused = drawn == "refused"
        thing = pen.one(FORBIDDEN if refused else ALLOWED)
    _ask(pen, thing, refused)
    return pen.finish()
