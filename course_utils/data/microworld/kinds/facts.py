"""Facts of the made-up world, each said in several ways; what is asked for comes late enough to be known by then.

The capital of Zemland is Orvik. The people of Borvia are ruled from Dalmar.
Orvik is the capital of Zemland. In Dalmar lives the king of Borvia.
In Zemland people speak Tarsian and pay with ducats.

Nothing is held out: a fact that was never told cannot be known.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.world import RELATIONS, words_in

KIND = "facts"
# Families that say two facts about one subject: templates with the subject as {}, then the two values as < and >.
_BOTH = {
    "country": (
        ("language", "currency", "In {} people speak < and pay with > ."),
        ("capital", "language", "The capital of {} is < and its language is > ."),
        ("capital", "currency", "In {} the capital is < and the coins are > ."),
    ),
    "animal": (
        ("sound", "home", "The {} can < and lives in the > ."),
        ("home", "sound", "In the home of the {} , the < , you hear the > ."),
        ("sound", "home", "You hear the {} < when it is in the > ."),
    ),
    "person": (
        ("tool", "workplace", "The {} takes the < to work in the > ."),
        ("workplace", "tool", "The {} goes to the < and works with the > ."),
        ("tool", "workplace", "The {} needs the < and is found in the > ."),
    ),
}
# Families where the value comes first and the subject, which it decides, last.
_REVERSE = {
    "reverse": ("< is the capital of {} .", "In < lives the king of {} .", "From < you rule the people of {} ."),
}
FAMILIES = (*RELATIONS, *_BOTH, *_REVERSE)
_FAMILY_SURPRISE = math.log(len(FAMILIES))
_PHRASES = {
    name: tuple((phrase.before[0].upper() + phrase.before[1:], phrase.link) for phrase in relation.phrases)
    for name, relation in RELATIONS.items()
}
_SAID = [text for phrases in _PHRASES.values() for phrase in phrases for text in phrase]
_TEMPLATES = [template for rows in _BOTH.values() for *_, template in rows] + list(_REVERSE["reverse"])
WORDS = words_in(".", *_SAID, *_TEMPLATES).union(*(r.names for r in RELATIONS.values())) - {"{}", "<", ">"}


def write(pen: Pen, family: str | None = None) -> Passage:
    """One passage: two facts of a relation, two facts about one subject, or two capitals named before their countries.

    Labels: relation, subject, value (of the fact said last). Marks: subject, answer, in the order of the facts.
    """
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    if drawn in _BOTH:
        _write_both(pen, drawn)
    elif drawn in _REVERSE:
        _write_reverse(pen)
    else:
        _write_two(pen, drawn)
    return pen.finish()


def _write_two(pen: Pen, name: str) -> None:
    relation = RELATIONS[name]
    for subject in pen.some(relation.subjects, 2):
        before, link = pen.one(_PHRASES[name])
        pen.say(before)
        pen.say(subject, role="subject")
        pen.say(link)
        pen.say(relation.value[subject], role="answer")
        pen.say(".")
        pen.label(relation=name, subject=subject, value=relation.value[subject])


def _write_both(pen: Pen, family: str) -> None:
    first, last, template = pen.one(_BOTH[family])
    subject = pen.one(RELATIONS[first].subjects)
    value = RELATIONS[last].value[subject]
    _fill(
        pen,
        template,
        {"{}": (subject, "subject"), "<": (RELATIONS[first].value[subject], "answer"), ">": (value, "answer")},
    )
    pen.label(relation=last, subject=subject, value=value)


def _write_reverse(pen: Pen) -> None:
    capital = RELATIONS["capital"]
    for country in pen.some(capital.subjects, 2):
        city = capital.value[country]
        _fill(pen, pen.one(_REVERSE["reverse"]), {"{}": (country, "answer"), "<": (city, "subject")})
        pen.label(relation="country", subject=city, value=country)


def _fill(pen: Pen, template: str, slots: dict[str, tuple[str, str]]) -> None:
    for word in template.split():
        filled, role = slots.get(word, (word, ""))
        pen.say(filled, role=role)
