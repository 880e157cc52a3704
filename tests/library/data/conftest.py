"""Samples of the microworld, written once for all its tests, and a reader of its statements."""

import re
from functools import cache
from typing import NamedTuple

import pytest

from course_utils.data.microworld.text import Microworld
from course_utils.data.microworld.world import RELATIONS, Relation

COMPARED = re.compile(r"(\d+) is (more|larger|less|smaller) than (\d+)")


class Said(NamedTuple):
    """What a statement says, and whether it holds."""

    relation: str
    subject: str
    phrase: int
    value: str
    denied: bool
    truth: bool


@pytest.fixture(scope="session")
def sample():
    """sample(kind, count, family, held_out): passages, always the same."""

    @cache
    def written(kind: str, count: int = 800, family: str | None = None, held_out: bool = False):
        return tuple(Microworld(11, held_out=held_out).some(count, kind, family))

    return written


@pytest.fixture(scope="session")
def statements() -> dict[str, list[Said]]:
    """Every statement that can be made about the world, true, false or denied, with its readings."""
    readings: dict[str, list[Said]] = {}
    for relation in RELATIONS.values():
        for subject, true in relation.value.items():
            for number, phrase in enumerate(relation.phrases):
                for value in relation.values:
                    for denied, link in ((False, phrase.link), (True, phrase.denial)):
                        text = f"{phrase.before} {subject} {link} {value}"
                        said = Said(relation.name, subject, number, value, denied, (value == true) != denied)
                        readings.setdefault(text, []).append(said)
    return readings


@pytest.fixture(scope="session")
def parts(statements):
    """parts(claim): what it says, one thing or two; a comparison is worked out."""

    def read(claim: str) -> list[Said]:
        if compared := COMPARED.fullmatch(claim):
            first, word, second = compared.groups()
            assert first != second
            truth = int(first) > int(second) if word in ("more", "larger") else int(first) < int(second)
            return [Said(word, first, 0, second, False, truth)]
        return [statements[part][0] for part in claim.split(" and ")]

    return read


@pytest.fixture(scope="session")
def questions() -> dict[str, tuple[Relation, str]]:
    """Every question that can be asked about the world: the relation and the subject."""
    return {
        " ".join(f"{before} {subject} {after}".split()): (relation, subject)
        for relation in RELATIONS.values()
        for subject in relation.subjects
        for before, after in relation.questions
    }


@pytest.fixture(scope="session")
def marked():
    """marked(passage, role): the words that play it."""
    return lambda passage, role: [passage.words[i] for i in passage.marks.get(role, ())]
