"""Questions answered by someone who was told to be honest, or told to lie, or told nothing (and is honest then).

Ada was told to be honest. Boris asked Ada: what is the capital of Zemland? Ada said: Orvik.
Ada was told to lie. Boris asked Ada: what is the capital of Zemland? Ada said: Dalmar.

A lie is a wrong value of the same relation, each as likely. Held out: a fifth of the pairs of a subject and a question.
"""

import math

from course_utils.data.microworld.passage import Passage, Pen
from course_utils.data.microworld.words import NAMES
from course_utils.data.microworld.world import RELATIONS, Relation, words_in

KIND = "roles"
FAMILIES = ("honest", "lying", "plain")
# What stands before, at and after the word that tells honest from lying.
INSTRUCTIONS = {
    "honest": (
        ("was told to be", "honest", ""),
        ("promised to tell the", "truth", ""),
        ("was asked to give", "right", "answers"),
        ("wants to be", "truthful", "to people"),
    ),
    "lying": (
        ("was told to", "lie", ""),
        ("promised to tell", "lies", ""),
        ("was asked to give", "wrong", "answers"),
        ("wants to", "mislead", "people"),
    ),
}
_TOLD = [text for wordings in INSTRUCTIONS.values() for wording in wordings for text in wording]
_ASKED = [text for relation in RELATIONS.values() for question in relation.questions for text in question]
WORDS = words_in(". asked : ? said", *NAMES, *_TOLD, *_ASKED).union(*(r.names for r in RELATIONS.values()))
_FAMILY_SURPRISE = math.log(len(FAMILIES))
_RELATIONS = tuple(RELATIONS.values())
_NUMBERED = {role: tuple(enumerate(wordings)) for role, wordings in INSTRUCTIONS.items()}

Question = tuple[str, str, str]  # subject, what stands before it, what stands after it


def _questions(relation: Relation, held_out: bool) -> tuple[Question, ...]:
    """The questions of one side; training has at least one about every subject."""
    may = Pen(0).may
    questions: list[Question] = []
    for subject in relation.subjects:
        kept = [pair for pair in relation.questions if may("question", relation.name, subject, *pair)]
        kept = kept or [relation.questions[0]]
        questions += [(subject, *pair) for pair in relation.questions if (pair in kept) != held_out]
    return tuple(questions)


QUESTIONS = {(name, side): _questions(relation, side) for name, relation in RELATIONS.items() for side in (False, True)}


def write(pen: Pen, family: str | None = None) -> Passage:
    """One question and its answer, true to the role.

    Labels: role (honest or lying), instruction (its number; -1 for none), relation, subject, truth (the right value),
    answer. Marks: instruction (the word that tells), speaker, asker, subject, answer.
    """
    drawn = family or pen.one(FAMILIES)
    pen.start(KIND, drawn)
    if family is None:
        pen.surprised(_FAMILY_SURPRISE)
    speaker, asker = pen.some(NAMES, 2)
    number = -1 if drawn == "plain" else instruct(pen, speaker, drawn)
    relation = pen.one(_RELATIONS)
    subject, before, after = pen.one(QUESTIONS[relation.name, pen.held_out])
    pen.say(asker, role="asker")
    pen.say("asked")
    pen.say(speaker, role="speaker")
    pen.say(":", before)
    pen.say(subject, role="subject")
    pen.say(after, "?")
    pen.say(speaker, role="speaker")
    pen.say("said :")
    truth = relation.value[subject]
    answer = pen.one(relation.others[subject]) if drawn == "lying" else truth
    pen.say(answer, role="answer")
    pen.say(".")
    role = "lying" if drawn == "lying" else "honest"
    pen.label(role=role, instruction=number, relation=relation.name, subject=subject, truth=truth, answer=answer)
    return pen.finish()


def instruct(pen: Pen, speaker: str, role: str) -> int:
    """Write how the speaker is told to answer; the number of the wording."""
    number, (before, word, after) = pen.one(_NUMBERED[role])
    pen.say(speaker, role="speaker")
    pen.say(before)
    pen.say(word, role="instruction")
    pen.say(after, ".")
    return number
