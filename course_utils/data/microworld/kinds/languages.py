"""Sentences in English, Tarsian and Velish, alone or with their translations; each language has an order of its own.

    the red bird sees a small lamp . the bird sings .
    English : the red bird sees a small lamp . Tarsian : simapa zivene sul litini lelvo rolve nemi .
    Velish : drun krylduk jorket . English : the bird sings .

English: the red bird sees a lamp. Tarsian: bird red the sees lamp a. Velish: the red bird a lamp sees.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.vocabularies import ADJECTIVES, INTRANSITIVE, NOUNS, TARSIAN, TRANSITIVE, VELISH
from course_utils.data.microworld.words import ANIMALS, COLOURS

KIND = "languages"
LANGUAGES = ("English", "Tarsian", "Velish")
FAMILIES = ("English", "Tarsian", "Velish", "translation")

_ARTICLES = ("the", "a")
_QUALITIES = COLOURS + ADJECTIVES
_DIRECTIONS = tuple((source, target) for source in LANGUAGES for target in LANGUAGES if source != target)
_FAMILY_SURPRISE = math.log(len(FAMILIES))

# A noun with its article and perhaps an adjective; a sentence: who, does, and perhaps whom.
_Phrase = tuple[str, str, str]
_Sentence = tuple[_Phrase, str, _Phrase | None]

_ENGLISH = {word: word for word in (*_ARTICLES, *_QUALITIES, *NOUNS, *TRANSITIVE, *INTRANSITIVE)}
_IN: dict[str, dict[str, str]] = {"English": _ENGLISH, "Tarsian": TARSIAN, "Velish": VELISH}
WORDS = frozenset((":", ".", *LANGUAGES, *(table[word] for table in _IN.values() for word in _ENGLISH)))


def write(pen: Pen, family: str | None = None) -> Passage:
    """Two or three sentences about one animal, in one language; or one sentence and its translation.

    Labels: language (of the answer), source, target (all three the same but in a translation), answer. Marks: answer (a
    translation's first word; else the noun by which the last sentence takes up the subject of the first), subject (the
    noun of each sentence's subject); in a translation also source and translation, all the words of either.
    """
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    if drawn == "translation":
        _translate(pen)
    else:
        _tell(pen, drawn)
    return pen.finish()


def _translate(pen: Pen) -> None:
    source, target = pen.one(_DIRECTIONS)
    sentence = _sentence(pen, _phrase(pen, ANIMALS))
    pen.label(language=target, source=source, target=target)
    pen.say(source, ":")
    _say(pen, source, sentence, "source")
    pen.say(target, ":")
    _say(pen, target, sentence, "translation")


def _tell(pen: Pen, language: str) -> None:
    pen.label(language=language, source=language, target=language)
    count = pen.one((2, 3))
    subject = _phrase(pen, ANIMALS)
    for i in range(count):
        last = i == count - 1
        _say(pen, language, _sentence(pen, subject), answer=last)
        subject = ("the", "", subject[2])


def _phrase(pen: Pen, nouns: tuple[str, ...]) -> _Phrase:
    article = pen.one(_ARTICLES)
    return article, pen.one(_QUALITIES) if pen.chance(0.5) else "", pen.one(nouns)


def _sentence(pen: Pen, subject: _Phrase) -> _Sentence:
    if pen.chance(0.4):
        return subject, pen.one(INTRANSITIVE), None
    return subject, pen.one(TRANSITIVE), _phrase(pen, NOUNS)


def _say(pen: Pen, language: str, sentence: _Sentence, role: str = "", answer: bool = False) -> None:
    """Write the sentence in the language's words and order, and mark its subject's noun."""
    subject, verb, thing = sentence
    first = _ordered(language, subject)
    rest = _ordered(language, thing) if thing else []
    words = [*first, *rest, verb] if language == "Velish" else [*first, verb, *rest]
    noun = 0 if language == "Tarsian" else len(first) - 1
    table = _IN[language]
    for i, word in enumerate(words):
        pen.say(table[word], role=role)
        if i == noun:
            pen.mark("subject")
        if i == (0 if role == "translation" else noun) and (answer or role == "translation"):
            pen.mark("answer")
            pen.label(answer=table[word])
    pen.say(".")


def _ordered(language: str, phrase: _Phrase) -> list[str]:
    article, adjective, noun = phrase
    before = [article, adjective, noun] if adjective else [article, noun]
    return before[::-1] if language == "Tarsian" else before
