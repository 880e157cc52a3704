"""Whose a file is, and which chapter it answers: by its name, else by its first line, else by what it defines."""

import re
import unicodedata
from dataclasses import dataclass

from course_utils.catalog import Catalog, Chapter
from course_utils.staff.intake.files import Refused

LONGEST_NAME = 100
_CHAPTER = re.compile(r"(?<![^\W_])(ch\d\d)(?:_[a-z][a-z0-9]*)*", re.IGNORECASE)
_GENERATED = re.compile(r"Generated from solutions/(ch\d\d_[a-z0-9_]+)\.py")
_DEFINED = re.compile(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)", re.MULTILINE)
_CANVAS = re.compile(r"(?P<who>[^\W_]+)_(?:LATE_(?P<late>\d+)_\d+|(?P<user>\d{4,})_\d{4,})(?=_|$)")
_MOODLE = re.compile(r"_assignsubmission_(?:file|onlinetext)_?$")
_EDGES = " _-.,"


@dataclass(frozen=True)
class Named:
    """What a file's name says, without its ending."""

    before: str  # what stands before the chapter: the person, as a rule
    chapter: Chapter | None
    after: str


def canvas_of(name: str) -> tuple[str, str] | None:
    """Person and number of user, where Canvas named a file: by these, "LATE", and a number of the submission.

    >>> canvas_of("lovelaceada_LATE_222_333_ch01_transformers-1"), canvas_of("doe_2024_12")
    (('lovelaceada', '222'), None)
    """
    match = _CANVAS.match(name)
    return (match["who"], match["late"] or match["user"]) if match else None


def read_name(stem: str, catalog: Catalog) -> Named:
    """Take a file's name apart. Raises Refused for a chapter that the course doesn't have.

    >>> from course_utils.catalog import load_catalog
    >>> read_name("doe_jane_ch01_transformers-2", load_catalog()).before
    'doe_jane_'
    """
    match = _CHAPTER.search(stem)
    if not match:
        return Named(stem, None, "")
    chapter = next((chapter for chapter in catalog.chapters if chapter.key[:4] == match[1].lower()), None)
    if chapter is None:
        known = ", ".join(chapter.key for chapter in catalog.chapters)
        raise Refused(f"is for {match[0]}, which is no chapter of this course: rename it ({known}).")
    rest = chapter.key[4:]
    end = match.end(1) + (len(rest) if stem[match.end(1) :].lower().startswith(rest) else 0)
    return Named(stem[: match.start()], chapter, stem[end:])


def chapter_in_text(text: str, catalog: Catalog) -> Chapter | None:
    """The chapter that a text was generated for, or else the one most of whose exercises it defines."""
    if match := _GENERATED.search(text[:2000]):
        return next((chapter for chapter in catalog.chapters if chapter.key == match[1]), None)
    defined = set(_DEFINED.findall(text))
    counts = {chapter: len(defined & {exercise.name for exercise in chapter.exercises}) for chapter in catalog.chapters}
    best = max(counts, key=lambda chapter: counts[chapter], default=None)
    return best if best and counts[best] else None


def person_of(raw: str) -> str:
    """A person's name out of a folder's or file's. "" when nothing is left. Raises Refused for what is no name.

    >>> person_of("doejane_LATE_12345_678901_"), person_of("Jane Doe_2231_assignsubmission_file_")
    ('doejane_12345', 'Jane Doe_2231')
    """
    name = unicodedata.normalize("NFC", raw).strip(_EDGES)
    canvas = canvas_of(name)
    name = "_".join(canvas) if canvas else _MOODLE.sub("", name).strip(_EDGES)
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for sign in name):
        raise Refused("has signs in its name that can't be shown: give it an ordinary name.")
    if set(name) & set('/\\:*?"<>|'):
        raise Refused("has signs in its name that a file's name can't have everywhere: give it an ordinary name.")
    if len(name) > LONGEST_NAME:
        raise Refused(f"names a person with more than {LONGEST_NAME} letters: give it a shorter name.")
    return name


def person_key(name: str) -> str:
    """What all spellings of one person's name have in common, and two people's names don't.

    A disk may not tell `Jane` from `jane`, so these are one person. Nothing else is folded: `casefold` would write `ß`
    as `ss` and the ligature `ﬁ` as `fi`, but Straße and Strasse are two people.

    >>> person_key("JANE") == person_key("jane"), person_key("Straße") == person_key("Strasse")
    (True, False)
    """
    return unicodedata.normalize("NFC", name.lower())
