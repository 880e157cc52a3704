"""Reviews whose words are kind or unkind, and the verdict or the advice that follows from them.

    Review: the play was very dull but the music was wonderful and I loved every minute. Verdict: positive.
    Review by Ada: the soup was not tasty. Verdict: negative.
    Review: I hated the film because the ending was weak. I would go away.

In "mixed" reviews what comes after "but" decides; in "negated" ones a "not" turns a word round.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NAMES

KIND = "reviews"
FAMILIES = ("plain", "mixed", "negated", "advice")
_FAMILY_SURPRISE = math.log(len(FAMILIES))
STYLES = FAMILIES[:3]

ADJECTIVES = {
    True: tuple(
        str.split("""wonderful good great lovely excellent brilliant charming delightful superb perfect splendid
        pleasant fine beautiful marvellous fantastic amazing magnificent nice special""")
    ),
    False: tuple(
        str.split("""awful bad terrible dull horrible boring poor dreadful weak nasty unpleasant ugly hopeless
        disappointing miserable lousy tedious clumsy ghastly stupid""")
    ),
}
PAST: dict[bool, tuple[str, ...]] = {
    True: ("loved", "enjoyed", "adored", "liked", "admired", "praised"),
    False: ("hated", "disliked", "loathed", "regretted", "detested", "cursed"),
}
BASE: dict[bool, tuple[str, ...]] = {
    True: ("love", "enjoy", "adore", "like", "admire", "praise"),
    False: ("hate", "dislike", "loathe", "regret", "detest", "curse"),
}
DEGREES = ("", "very", "really", "so")
VERDICTS = {True: "positive", False: "negative"}
ADVICE = {True: "again", False: "away"}

# Topics with the parts that they have, and what one loves "every" one of.
_GROUPS: tuple[tuple[str, str, str], ...] = (
    ("film play concert opera show dance", "music cast ending beginning singing", "minute"),
    ("book poem novel letter tale", "title language ending beginning plot", "page"),
    ("meal soup cake dinner breakfast", "bread wine sauce service taste", "bite"),
    ("hotel tour party journey voyage", "service weather company beginning view", "hour"),
)
UNIT = {topic: unit for topics, _, unit in _GROUPS for topic in topics.split()}
PARTS = {topic: tuple(parts.split()) for topics, parts, _ in _GROUPS for topic in topics.split()}
TOPICS = tuple(UNIT)

# A word with + speaks for the verdict, one with - against it. KEY is the adjective that is held out with the topic.
_TEMPLATES = {
    "plain": (
        "the TOPIC was DEGREE KEY+",
        "the TOPIC was DEGREE KEY+ and I PAST+ every UNIT",
        "I PAST+ the TOPIC because the PART was DEGREE KEY+",
        "the PART was DEGREE ADJ+ and the TOPIC was DEGREE KEY+",
        "I PAST+ every UNIT of the TOPIC and the PART was KEY+",
    ),
    "mixed": (
        "the TOPIC was DEGREE KEY- BUT the PART was ADJ+ and I PAST+ every UNIT",
        "the PART was DEGREE ADJ- BUT the TOPIC was DEGREE KEY+",
        "I PAST- the PART BUT the TOPIC was DEGREE KEY+",
        "the TOPIC was DEGREE KEY- BUT I PAST+ the PART",
        "the PART was DEGREE KEY- BUT I PAST+ every UNIT of the TOPIC",
    ),
    "negated": (
        "the TOPIC was NOT DEGREE KEY-",
        "I did NOT BASE- the TOPIC because the PART was DEGREE KEY+",
        "the PART was NOT ADJ- and the TOPIC was DEGREE KEY+",
        "I thought the TOPIC would be DEGREE KEY- but it was NOT",
        "I did NOT BASE- the TOPIC and the PART was NOT KEY-",
    ),
}
_SLOTS = ("TOPIC", "PART", "UNIT", "DEGREE", "BUT", "NOT", "KEY+", "KEY-", "ADJ+", "ADJ-", "PAST+", "PAST-", "BASE-")
_WORDS_OF: dict[str, dict[bool, tuple[str, ...]]] = {"ADJ": ADJECTIVES, "PAST": PAST, "BASE": BASE}

Template = tuple[str, ...]


def _parse(template: str) -> Template:
    """The template's slots, and between them the runs of ordinary words, each in one piece."""
    parts: list[str] = []
    for word in template.split():
        if word in _SLOTS or not parts or parts[-1] in _SLOTS:
            parts.append(word)
        else:
            parts[-1] += " " + word
    return tuple(parts)


def _allowed(held_out: bool) -> dict[tuple[str, bool], tuple[str, ...]]:
    """For a topic and a sentiment, the adjectives that this side may use of it."""
    pen = Pen(0, held_out)
    return {
        (topic, good): tuple(word for word in words if pen.may("plain", topic, word))
        for topic in TOPICS
        for good, words in ADJECTIVES.items()
    }


TEMPLATES = {style: tuple(map(_parse, templates)) for style, templates in _TEMPLATES.items()}
KEYS = {side: _allowed(side) for side in (False, True)}
WORDS = frozenset(
    str.split("Review by Verdict : . I would go again away positive negative but not")
    + [word for row in _TEMPLATES.values() for text in row for word in text.split() if word not in _SLOTS]
    + [word for table in (ADJECTIVES, PAST, BASE) for words in table.values() for word in words]
    + [word for topic in TOPICS for word in (topic, UNIT[topic], *PARTS[topic])]
    + [*DEGREES[1:], *NAMES]
)


def _fill(pen: Pen, template: Template, topic: str, good: bool) -> None:
    """Write the review's sentence, without its full stop."""
    for slot in template:
        if slot not in _SLOTS:
            pen.say(slot)
        elif slot == "TOPIC":
            pen.say(topic, role="topic")
        elif slot == "PART":
            pen.say(pen.one(PARTS[topic]), role="part")
        elif slot == "UNIT":
            pen.say(UNIT[topic])
        elif slot == "DEGREE":
            pen.say(pen.one(DEGREES))
        elif slot in ("BUT", "NOT"):
            pen.say(slot.lower(), role=slot.lower())
        else:
            kind = good == (slot[-1] == "+")
            words = KEYS[pen.held_out][topic, kind] if slot[0] == "K" else _WORDS_OF[slot[:-1]][kind]
            pen.say(pen.one(words), role="valence")
            pen.mark("kind_word" if kind else "unkind_word")


def write(pen: Pen, family: str | None = None) -> Passage:
    """One review. The answer is its verdict, or in "advice" whether to go again or away."""
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    style = pen.one(STYLES) if drawn == "advice" else drawn
    good = pen.one((True, False))
    topic = pen.one(TOPICS)
    if pen.chance(0.5):
        pen.say("Review by", pen.one(NAMES), ":")
    else:
        pen.say("Review :")
    _fill(pen, pen.one(TEMPLATES[style]), topic, good)
    pen.say(".", role="end_of_review")
    answer = (ADVICE if drawn == "advice" else VERDICTS)[good]
    if drawn == "advice":
        pen.say("I would go")
    else:
        pen.say("Verdict")
        pen.say(":", role="colon")
    pen.say(answer, role="answer")
    pen.say(".")
    pen.label(sentiment=VERDICTS[good], positive=good, topic=topic, style=style, answer=answer)
    return pen.finish()
