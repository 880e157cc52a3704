"""Letters: runs through the alphabet, the next letter, and spelling; every letter is a word.

Letters: b d f h j.
The next letter after b is c.
The word lamp is spelled l a m p.
The letters l a m p spell lamp.
"""

from itertools import pairwise

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import ANIMALS, COLOURS, THINGS

KIND = "letters"
FAMILIES = ("run", "next", "spelled", "spells")
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
LENGTHS = (5, 6, 7, 8, 9)
SPELLABLE = tuple(word for word in (*THINGS, *ANIMALS, *COLOURS) if len(word) <= 6)
# By step and length: every run through the alphabet.
RUNS = {
    (step, length): tuple(LETTERS[start::step][:length] for start in range(26 - (length - 1) * step))
    for step in (1, 2)
    for length in LENGTHS
}
NEXT = tuple(pairwise(LETTERS))
SPELLINGS = tuple((word, tuple(word)) for word in SPELLABLE)
_OTHER_WORDS = "Letters : . The next letter after is word spelled letters spell"
WORDS = frozenset((*LETTERS, *SPELLABLE, *_OTHER_WORDS.split()))


def write(pen: Pen, family: str | None = None) -> Passage:
    """Letters. Marks: answer (the last letter, or the word that was spelled), before (the letter in front of it in the
    alphabet; not in spelling), letters (all), word (the word to be spelled). Labels: answer, step and length (of a run
    or a word; a step of 0 in spelling)."""
    pen.start(KIND, family or "")
    family = pen.family = family or pen.one(FAMILIES)
    {"run": _run, "next": _next, "spelled": _spelled, "spells": _spells}[family](pen)
    return pen.finish()


def _run(pen: Pen) -> None:
    step, length = pen.one((1, 2)), pen.one(LENGTHS)
    run = pen.one(RUNS[step, length])
    pen.say("Letters", ":")
    pen.say(*run[:-1], role="letters")
    pen.mark("before")
    _answer(pen, run[-1])
    pen.mark("letters")
    pen.say(".")
    pen.label(step=step, length=length)


def _next(pen: Pen) -> None:
    letter, following = pen.one(NEXT)
    pen.say("The", "next", "letter", "after")
    pen.say(letter, role="letters")
    pen.mark("before")
    pen.say("is")
    _answer(pen, following)
    pen.mark("letters")
    pen.say(".")
    pen.label(step=1, length=2)


def _spelled(pen: Pen) -> None:
    word, letters = pen.one(SPELLINGS)
    pen.say("The", "word")
    pen.say(word, role="word")
    pen.say("is", "spelled")
    pen.say(*letters[:-1], role="letters")
    _answer(pen, letters[-1])
    pen.mark("letters")
    pen.say(".")
    pen.label(step=0, length=len(letters))


def _spells(pen: Pen) -> None:
    word, letters = pen.one(SPELLINGS)
    pen.say("The", "letters")
    pen.say(*letters, role="letters")
    pen.say("spell")
    _answer(pen, word)
    pen.mark("word")
    pen.say(".")
    pen.label(step=0, length=len(letters))


def _answer(pen: Pen, word: str) -> None:
    pen.say(word, role="answer")
    pen.label(answer=word)
