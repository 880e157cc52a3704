"""Things that must be closed: brackets, quotes, and lists whose number of items was announced.

The lamp ( with the kite [ from Ada]) is red.
Ada said to the baker " I like the lamp" and left.
Ada bought three things: a lamp, a kite and a cup.
What has been opened, and the first words behind it, decide where and with what it is closed.
"""

from course_utils.data.microworld.passage import CLOSING_QUOTE, OPENING_QUOTE, Passage, Pen
from course_utils.data.microworld.words import ANIMALS, COLOURS, NAMES, PEOPLE, PLACES, THINGS

KIND = "closing"
FAMILIES = ("brackets", "quotes", "lists")

Template = tuple[str | tuple[str, ...], ...]  # a word, or words to choose from
SLOTS = {"NAME": NAMES, "THING": THINGS, "PLACE": PLACES, "COLOUR": COLOURS, "PERSON": PEOPLE}


def _template(text: str) -> Template:
    return tuple(SLOTS.get(word, word) for word in text.split())


def _templates(text: str) -> tuple[Template, ...]:
    return tuple(_template(line) for line in text.strip().splitlines())


def _pairs(text: str) -> tuple[tuple[Template, Template], ...]:
    """Lines with one | in them: what stands before and behind something."""
    parts = [line.split("|") for line in text.strip().splitlines()]
    return tuple((_template(before), _template(behind)) for before, behind in parts)


BRACKETS = (("(", ")", "round"), ("[", "]", "square"), ("{", "}", "curly"))
AROUND = _pairs("""
    The THING | is COLOUR .
    The PERSON | has a COLOUR THING .
    NAME | likes the THING .
    NAME saw the THING | in the PLACE .
""")
# No phrase is the beginning of another, so that its end can be known.
INNERMOST = _templates("""
    from NAME
    made in the PLACE
    once owned by NAME
    not COLOUR
""")
NESTING = _pairs("""
    with the THING |
    near the PLACE |
    like the THING | of NAME
    and the COLOUR THING | too
""")
SPEAKERS = _templates("""
    NAME said to the PERSON
    NAME shouted to the PERSON
    The PERSON said to NAME
    The PERSON whispered to NAME
    In the PLACE NAME said
    When NAME came the PERSON said
""")
SPEECHES = _templates("""
    good night
    come here
    open the THING
    close the THING
    I like the THING
    my THING is COLOUR
    NAME is in the PLACE
    we go to the PLACE
    you gave the THING to NAME
    they met NAME near the PLACE
    bring me the COLOUR THING from NAME
    the THING in the PLACE is COLOUR
    she saw a COLOUR THING in the PLACE
""")
AFTER_SPEECH = _templates("""
    .
    and left .
    and sat down .
""")
COUNTS = ("two", "three", "four", "five")


def _with_article(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(("an " if word[0] in "aeiou" else "a ") + word for word in words)


LISTS = (  # what is done, to what, and the items
    (("bought", "sold", "found"), "things", _with_article(THINGS)),
    (("saw", "fed", "painted"), "animals", _with_article(ANIMALS)),
    (("likes", "wears", "chose"), "colours", COLOURS),
    (("met", "called", "saw"), "friends", NAMES),
)


def _words() -> frozenset[str]:
    pairs = [part for pair in AROUND + NESTING for part in pair]
    templates = [*pairs, *INNERMOST, *SPEAKERS, *SPEECHES, *AFTER_SPEECH]
    words = {
        word for template in templates for part in template for word in ((part,) if isinstance(part, str) else part)
    }
    listed = " ".join(" ".join((*verbs, noun, *items)) for verbs, noun, items in LISTS).split()
    signs = [sign for pair in BRACKETS for sign in pair[:2]]
    return frozenset((*words, *listed, *COUNTS, *signs, OPENING_QUOTE, CLOSING_QUOTE, ":", ",", "and", "."))


WORDS = _words()


def write(pen: Pen, family: str | None = None) -> Passage:
    """Something opened and closed. Marks: answer (the closing bracket or quote, or the "and" of a list), opening (all
    that opens; a list's colon), matching (what the answer closes), number (a list's). Labels: depth, bracket (round,
    square, curly, quote or list: what the answer closes), length (items of a list, words between otherwise)."""
    pen.start(KIND, family or "")
    family = pen.family = family or pen.one(FAMILIES)
    {"brackets": _brackets, "quotes": _quotes, "lists": _lists}[family](pen)
    return pen.finish()


def _fill(pen: Pen, template: Template) -> int:
    for part in template:
        pen.say(part if isinstance(part, str) else pen.one(part))
    return len(template)


def _brackets(pen: Pen) -> None:
    depth = pen.one((1, 2, 3))
    before, behind = pen.one(AROUND)
    _fill(pen, before)
    kind, length = _nested(pen, depth, "matching")
    pen.mark("answer")
    _fill(pen, behind)
    pen.label(depth=depth, bracket=kind, length=length)


def _nested(pen: Pen, depth: int, role: str = "") -> tuple[str, int]:
    """A bracket with others in it, so deep; its kind and the number of words between its ends."""
    opening, closing, kind = pen.one(BRACKETS)
    pen.say(opening, role="opening")
    if role:
        pen.mark(role)
    if depth == 1:
        length = _fill(pen, pen.one(INNERMOST))
    else:
        before, behind = pen.one(NESTING)
        length = _fill(pen, before) + 2 + _nested(pen, depth - 1)[1] + _fill(pen, behind)
    pen.say(closing)
    return kind, length


def _quotes(pen: Pen) -> None:
    _fill(pen, pen.one(SPEAKERS))
    pen.say(OPENING_QUOTE, role="opening")
    pen.mark("matching")
    length = _fill(pen, pen.one(SPEECHES))
    pen.say(CLOSING_QUOTE, role="answer")
    _fill(pen, pen.one(AFTER_SPEECH))
    pen.label(depth=1, bracket="quote", length=length)


def _lists(pen: Pen) -> None:
    verbs, noun, items = pen.one(LISTS)
    name, verb, count = pen.one(NAMES), pen.one(verbs), pen.one((2, 3, 4, 5))
    pen.say(name, verb)
    pen.say(COUNTS[count - 2], role="number")
    pen.say(noun)
    pen.say(":", role="opening")
    pen.mark("matching")
    first, *others = pen.some([item for item in items if item != name] if items is NAMES else items, count)
    pen.say(first)
    for item in others[:-1]:
        pen.say(",", item)
    pen.say("and", role="answer")
    pen.say(others[-1], ".")
    pen.label(depth=1, bracket="list", length=count)
