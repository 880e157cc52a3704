"""Claims with a verdict: about the facts of the made-up world, their denial, two at once, and sizes of numbers.

Claim: the capital of Zemland is Orvik. Verdict: true.
Claim: the capital of Zemland is not Orvik. Verdict: false.
Claim: the dog can bark and people in Zemland speak Velish. Verdict: false.
Claim: 17 is more than 12. Verdict: true.

Held out: a fifth of the pairs of a subject and a wrong value; a fifth of the pairs of a subject and a phrase, for the
true value (those are in no false claim of the training text either); a fifth of the pairs of numbers.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NUMBERS
from course_utils.data.microworld.world import RELATIONS, Phrase, Relation, words_in

KIND = "claims"
_COMPOSED = ("negation", "conjunction", "comparison")
FAMILIES = (*RELATIONS, *_COMPOSED)
_NEGATIONS = frozenset({"not", "cannot"})
_MORE, _LESS = ("more", "larger"), ("less", "smaller")
_COMPARISONS = (*_MORE, *_LESS)
_SAID = [text for relation in RELATIONS.values() for phrase in relation.phrases for text in phrase]
WORDS = words_in("Claim : . Verdict true false and is than", *_COMPARISONS, *NUMBERS, *_SAID).union(
    *(relation.names for relation in RELATIONS.values())
)
# Half of all claims are plain ones about a fact.
_FAMILY_SURPRISE = {f: math.log(2 * (len(_COMPOSED) if f in _COMPOSED else len(RELATIONS))) for f in FAMILIES}

Saying = tuple[str, Phrase, tuple[str, ...]]  # a subject, a way to say it, and the values to say of it
_SIDES = {held_out: Pen(0, held_out).may for held_out in (False, True)}


def _kept_phrases(relation: Relation, subject: str) -> tuple[Phrase, ...]:
    """The phrases in which training may make claims about a subject: at least one."""
    kept = [phrase for phrase in relation.phrases if _SIDES[False](relation.name, subject, phrase.before, phrase.link)]
    return tuple(kept) or relation.phrases[:1]


def _sayings(relation: Relation, held_out: bool, holds: bool) -> tuple[Saying, ...]:
    """Everything of a relation that may be claimed on one side and that holds, or doesn't.

    In training both are the same pairs of subject and phrase, so that a pair says nothing about the truth.
    """
    sayings: list[Saying] = []
    for subject, value in relation.value.items():
        kept = _kept_phrases(relation, subject)
        wrong = tuple(other for other in relation.others[subject] if _SIDES[held_out](relation.name, subject, other))
        values = (value,) if holds else wrong
        for phrase in relation.phrases:
            admitted = (phrase in kept) != held_out or (held_out and not holds)
            if admitted and values:
                sayings.append((subject, phrase, values))
    return tuple(sayings)


def _number_pairs(held_out: bool, falling: bool) -> tuple[tuple[str, str], ...]:
    may = _SIDES[held_out]
    pairs = [(low, high) for high in range(100) for low in range(high) if may("comparison", low, high)]
    return tuple((NUMBERS[high], NUMBERS[low]) if falling else (NUMBERS[low], NUMBERS[high]) for low, high in pairs)


_BOOLS = (False, True)
_SAYINGS = {
    (name, held_out, holds): _sayings(relation, held_out, holds)
    for name, relation in RELATIONS.items()
    for held_out in _BOOLS
    for holds in _BOOLS
}
_PAIRS = {(held_out, falling): _number_pairs(held_out, falling) for held_out in _BOOLS for falling in _BOOLS}
_NAMES = tuple(RELATIONS)
_OTHER_NAMES = {name: tuple(other for other in RELATIONS if other != name) for name in RELATIONS}


def write(pen: Pen, family: str | None = None) -> Passage:
    """One claim and its verdict, true as often as false.

    Labels: truth (of the whole claim), topic (the family), relation, subject, value, negated; a conjunction also has
    first_truth, second_truth, second_relation, second_subject, second_value. Marks: subject, value, negation,
    end_of_claim (its full stop), answer (the verdict).
    """
    drawn = family
    if drawn is None:
        drawn = pen.one(_NAMES if pen.chance(0.5) else _COMPOSED)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE[drawn])
    claim(pen, drawn)
    pen.say(".")
    return pen.finish()


def claim(pen: Pen, family: str) -> None:
    """Write a claim of a family and its verdict, all but the last full stop, with their labels and marks."""
    truth, denied = pen.chance(0.5), family == "negation"
    pen.say("Claim :")
    pen.label(truth=truth, topic=family, negated=denied)
    if family == "comparison":
        _compare(pen, truth)
    elif family == "conjunction":
        _join(pen, truth)
    else:
        name = pen.one(_NAMES) if denied else family
        subject, value = _claim(pen, name, truth != denied, denied=denied)
        pen.label(relation=name, subject=subject, value=value)
    pen.say(".", role="end_of_claim")
    pen.say("Verdict :")
    pen.say("true" if truth else "false", role="answer")


def _claim(pen: Pen, name: str, holds: bool, denied: bool = False) -> tuple[str, str]:
    """Say or deny a fact that holds or doesn't; its subject and value."""
    subject, phrase, values = pen.one(_SAYINGS[name, pen.held_out, holds])
    value = pen.one(values)
    pen.say(phrase.before)
    pen.say(subject, role="subject")
    if denied:
        for word in phrase.denial.split():
            pen.say(word, role="negation" if word in _NEGATIONS else "")
    else:
        pen.say(phrase.link)
    pen.say(value, role="value")
    return subject, value


def _join(pen: Pen, truth: bool) -> None:
    """Two claims of different relations; a false conjunction has its first, its second or both parts false."""
    first, second = (True, True) if truth else pen.one(((False, True), (True, False), (False, False)))
    name = pen.one(_NAMES)
    other = pen.one(_OTHER_NAMES[name])
    subject, value = _claim(pen, name, first)
    pen.say("and")
    second_subject, second_value = _claim(pen, other, second)
    pen.label(relation=name, subject=subject, value=value, first_truth=first, second_truth=second)
    pen.label(second_relation=other, second_subject=second_subject, second_value=second_value)


def _compare(pen: Pen, truth: bool) -> None:
    word = pen.one(_COMPARISONS)
    first, second = pen.one(_PAIRS[pen.held_out, truth == (word in _MORE)])
    pen.say(first, role="subject")
    pen.say("is", word, "than")
    pen.say(second, role="value")
    pen.label(relation=word, subject=first, value=second)
