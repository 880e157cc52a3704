"""What was handed in, sorted: whose each file is, which chapter it answers, and why the rest isn't graded."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from course_utils.catalog import Catalog, Chapter, CourseError
from course_utils.staff.intake.archive import Archive
from course_utils.staff.intake.claims import Claim, Claims
from course_utils.staff.intake.files import (
    Complaint,
    Found,
    Refused,
    files_in,
    is_wanted,
    printable,
    read_file,
    suffix_of,
)
from course_utils.staff.intake.listing import rows_of
from course_utils.staff.intake.names import chapter_in_text, person_key
from course_utils.staff.intake.text import code_lines, text_of
from course_utils.staff.intake.unusable import remedy

__all__ = ["Complaint", "Intake", "Submission", "take_in"]


@dataclass(frozen=True)
class Submission:
    """One person's file for one chapter, as it goes to be graded."""

    person: str
    chapter: Chapter
    file: str  # its name as handed in, made printable
    sha256: str  # of its bytes as handed in
    text: str  # Python, or a notebook cut down to its code


@dataclass(frozen=True)
class Intake:
    """Everything that was handed in."""

    submissions: tuple[Submission, ...]  # by person, then by chapter
    complaints: tuple[Complaint, ...]
    passed_over: int  # files for chapters that weren't asked for


def take_in(path: Path, catalog: Catalog, only: Chapter | None = None) -> Intake:
    """Sort what lies at `path`: a folder, a zip, a CSV, or a single file.

    only: grade this chapter alone; a file that doesn't say which chapter it answers is taken to answer it.
    Raises CourseError when nothing in it could be a submission.
    """
    claims = Claims(catalog)
    if path.is_dir():
        claims.add_tree(files_in(path))
        return _resolved(path, claims, only)
    if suffix_of(path.name) == ".zip":
        with Archive(path) as archive:
            claims.add_tree(archive.files())
            return _resolved(path, claims, only)
    if suffix_of(path.name) == ".csv":
        claims.add_rows(rows_of(path))
        return _resolved(path, claims, only)
    if path.is_file():
        if not is_wanted(path.name):
            raise CourseError(f"{path} is nothing that can be graded: {remedy([path.name])}")
        claims.add_tree([Found((path.name,), lambda: read_file(path.parent, (path.name,)))])
        return _resolved(path, claims, only)
    raise CourseError(f"There is nothing to grade at {path}: name a folder, a zip or a CSV of learners' files.")


def _resolved(path: Path, claims: Claims, only: Chapter | None) -> Intake:
    """Read the files, person by person, and keep one a chapter."""
    if not claims.claims and not claims.complaints:
        raise CourseError(f"{path} holds no .py and no .ipynb: name the folder, zip or CSV of learners' files.")
    mine: dict[str, list[Claim]] = defaultdict(list)
    passed_over = 0
    for claim in claims.claims:
        if only and claim.chapter and claim.chapter != only:
            passed_over += 1
        else:
            mine[person_key(claim.person)].append(claim)
    submissions: list[Submission] = []
    complaints = list(claims.complaints)
    for person in sorted(mine):
        name = min(claim.person for claim in mine[person])  # two spellings of one person are one person
        for one in _of_person([replace(claim, person=name) for claim in mine[person]], claims.catalog, only):
            if isinstance(one, Complaint):
                complaints.append(one)
            elif only and one.chapter != only:
                passed_over += 1
            else:
                submissions.append(one)
    return Intake(tuple(submissions), tuple(complaints), passed_over)


def _of_person(claims: list[Claim], catalog: Catalog, only: Chapter | None) -> Iterator[Submission | Complaint]:
    """One file for each chapter that this person answers. What only its content shows gives way to what is named."""
    found: dict[str, list[Submission]] = defaultdict(list)
    named = {claim.chapter.key for claim in claims if claim.chapter}
    strays: list[Claim] = []
    empty: list[Claim] = []
    for claim in claims:
        try:
            content = claim.found.read()
            text = text_of(content, claim.found.suffix)
        except Refused as why:
            yield Complaint(claim.found.shown, str(why), claim.person)
            continue
        if not code_lines(text, claim.found.suffix, bare=True):
            empty.append(claim)
            continue
        chapter = claim.chapter or chapter_in_text(code_lines(text, claim.found.suffix), catalog) or only
        if chapter is None:
            strays.append(claim)
        elif claim.chapter or chapter.key not in named:
            digest = hashlib.sha256(content).hexdigest()
            found[chapter.key].append(Submission(claim.person, chapter, printable(claim.found.shown), digest, text))
    for key in sorted(found):
        yield _one_of(found[key])
    # Beside the real thing these are helpers.
    yield from (_empty(claim) for claim in empty if claim.chapter or not found)
    yield from (_stray(claim) for claim in strays if not found)


def _one_of(rivals: list[Submission]) -> Submission | Complaint:
    """The one file of a person for a chapter. Copies of one file are one, and so are the two halves of a pair."""
    first = min(rivals, key=lambda one: (suffix_of(one.file) != ".py", one.file))
    if len({code_lines(one.text, suffix_of(one.file), bare=True) for one in rivals}) == 1:
        return first
    files = ", ".join(sorted(one.file for one in rivals))
    says = f"handed in {len(rivals)} files for {first.chapter.key} that differ ({files}): take all but one out."
    return Complaint(first.person, says, first.person)


def _empty(claim: Claim) -> Complaint:
    return Complaint(
        claim.found.shown, "the file is empty, there is no line of code in it: ask for it again.", claim.person
    )


def _stray(claim: Claim) -> Complaint:
    says = "doesn't say which chapter it answers, by name or by content: call it ch01_….py, or say --chapter."
    return Complaint(claim.found.shown, says, claim.person)
