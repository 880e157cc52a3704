"""Small stories in which people move things about, and at the end a statement on where a thing is or who has it.

Ada put the lamp in the kitchen. Boris took the kite to the barn. Ada moved the lamp to the pub. The lamp is in the pub.
Ada picked up the kite. Boris put the cup in the barn. Boris took the kite from Ada. The kite is with Boris.
Ada picked up the kite. Boris put the cup in the barn. Boris moved the cup to the mill. Ada has the kite.
"""

from dataclasses import dataclass, field

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NAMES, THINGS

KIND = "moves"
# In "carrying" the first thing is picked up at once; in "places" nobody picks up anything.
FAMILIES = ("places", "carrying")
_ROOMS = """
    garden kitchen forest library castle cellar tower museum mill barn bakery chapel church hall hospital hotel house
    office palace park pub school shop stable theatre workshop
"""
ROOMS = tuple(_ROOMS.split())
PLACING = (("put", "in"), ("took", "to"), ("brought", "to"))  # a thing not heard of before
MOVING = (("moved", "to"), ("took", "to"), ("carried", "to"))
LAYING = (("put", "in"), ("left", "in"))  # what one carries
PICKS = 1 / 3  # how often a thing that lies somewhere is picked up, in "carrying"
EVENTS = (3, 4, 5, 6)
_OTHER_WORDS = """
    the . The is in to with has from picked up put took brought moved carried left
"""
WORDS = frozenset((*NAMES, *THINGS, *ROOMS, *_OTHER_WORDS.split()))

Pattern = tuple[int, ...]


def _patterns(length: int, least: int, most: int) -> tuple[Pattern, ...]:
    """Every way in which so many sentences can speak of 0, 1, 2 ..., numbered by their first mention."""
    found: list[Pattern] = [(0,)]
    for _ in range(length - 1):
        found = [(*one, new) for one in found for new in range(min(max(one) + 2, most))]
    return tuple(one for one in found if max(one) + 1 >= least)


THING_PATTERNS = {length: _patterns(length, 2, 4) for length in EVENTS}
PEOPLE_PATTERNS = {length: _patterns(length, 2, 3) for length in EVENTS}


@dataclass
class _Thing:
    """Where a thing is (a room or a person), where it was, and the positions of the words that told so, in order."""

    name: str
    where: str = ""
    carried: bool = False
    told: list[int] = field(default_factory=list)
    rooms: set[str] = field(default_factory=set)


def write(pen: Pen, family: str | None = None) -> Passage:
    """A story. Marks: answer (last word of the last statement), object (the thing in that statement), place (the
    mention of room or person that decides), stale (rooms and people where that thing was before), first_answer (of the
    first statement, if there are two). Labels: object, place (the room or person), asked (room, person, or thing: as in
    "Ada has the kite"), events, moved (how often the thing went elsewhere, or to someone else), objects,
    people, statements."""
    pen.start(KIND, family or "")
    family = pen.family = family or pen.one(FAMILIES)
    events = pen.one(EVENTS)
    pattern, actors = pen.one(THING_PATTERNS[events]), pen.one(PEOPLE_PATTERNS[events])
    things = [_Thing(name) for name in pen.some(THINGS, max(pattern) + 1)]
    people = pen.some(NAMES, max(actors) + 1)
    position = 0
    for index, (which, who) in enumerate(zip(pattern, actors, strict=True)):
        position = _event(pen, things[which], people[who], position, family, index == 0)
    asked = pen.some(things, 1 if events == EVENTS[-1] else pen.one((1, 2)))
    for thing in asked[:-1]:
        _state(pen, thing, things, "first_answer", "")
    kind = _state(pen, asked[-1], things, "answer", "object")
    passage = pen.finish()
    thing = asked[-1]
    passage.marks["place"] = (thing.told[-1],)
    passage.marks["stale"] = tuple(thing.told[:-1])
    passage.labels.update(object=thing.name, place=thing.where, asked=kind, events=events, moved=len(thing.told) - 1)
    passage.labels.update(objects=len(things), people=len(people), statements=len(asked))
    return passage


def _event(pen: Pen, thing: _Thing, person: str, position: int, family: str, first: bool) -> int:
    """One sentence on a thing, which begins at a position; the position behind it."""
    if thing.carried and thing.where != person:
        pen.say(person, "took", "the", thing.name, "from", thing.where, ".")
        thing.where = person
        thing.told.append(position)
        return position + 7
    if family == "carrying" and (first or (not thing.carried and pen.chance(PICKS))):
        pen.say(person, "picked", "up", "the", thing.name, ".")
        thing.where, thing.carried = person, True
        thing.told.append(position)
        return position + 6
    verb, into = pen.one(LAYING if thing.carried else MOVING if thing.told else PLACING)
    room = pen.one([room for room in ROOMS if room not in thing.rooms])
    pen.say(person, verb, "the", thing.name, into, "the", room, ".")
    thing.where, thing.carried = room, False
    thing.rooms.add(room)
    thing.told.append(position + 6)
    return position + 8


def _state(pen: Pen, thing: _Thing, things: list[_Thing], answer: str, role: str) -> str:
    """Say where a thing is; what kind of word is the answer."""
    alone = thing.carried and sum(other.where == thing.where for other in things) == 1
    if alone and pen.chance(0.5):
        pen.say(thing.where, "has", "the")
        pen.say(thing.name, role=answer)
        if role:
            pen.mark(role)
        pen.say(".")
        return "thing"
    pen.say("The")
    pen.say(thing.name, role=role)
    pen.say("is")
    pen.say(*(("with",) if thing.carried else ("in", "the")))
    pen.say(thing.where, role=answer)
    pen.say(".")
    return "person" if thing.carried else "room"
