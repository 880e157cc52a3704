"""Whose each file is, by its place: in a folder, in a zip, in a list."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from course_utils.catalog import Catalog, Chapter
from course_utils.staff.intake.files import Complaint, Found, Other, Refused
from course_utils.staff.intake.listing import Row
from course_utils.staff.intake.names import canvas_of, person_of, read_name
from course_utils.staff.intake.unusable import hand_ins, names_chapter


@dataclass(frozen=True)
class Claim:
    """A file, and what its place says about it."""

    found: Found
    person: str
    chapter: Chapter | None  # None where only its content can say
    short: str = ""  # the person without the number that Canvas gives, if it gave one


@dataclass
class Claims:
    """All files with somebody's name on them, and a complaint for each without."""

    catalog: Catalog
    claims: list[Claim] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    def add_tree(self, files: Iterable[Found | Complaint | Other]) -> None:
        """Files of a folder or a zip: one that lies in no folder names its person, any other lies in the person's."""
        kept: list[Found] = []
        others: list[Other] = []
        said: list[Complaint] = []
        for one in files:
            match one:
                case Found():
                    kept.append(one)
                case Other():
                    others.append(one)
                case Complaint():
                    said.append(one)
        skip = 1 if _has_wrapper(_signs(kept, others, self.catalog), self.catalog) else 0
        self.complaints += [*said, *hand_ins(others, [*kept, *said], skip, self.catalog)]
        people: dict[str, list[Found]] = defaultdict(list)
        for found in kept:
            people[found.parts[skip] if len(found.parts) > skip + 1 else ""].append(found)
        for folder, mine in people.items():
            # In somebody's copy of the whole course it is chapters/ that is theirs.
            inside = [found for found in mine if folder and "chapters" in found.parts[skip:-1]]
            for found in inside or mine:
                self._try(found.shown, folder, partial(self._by_place, found, folder))
        self._shorten()

    def add_rows(self, rows: Iterable[Row | Complaint]) -> None:
        """Files as a list names them."""
        for row in rows:
            if isinstance(row, Complaint):
                self.complaints.append(row)
            else:
                self._try(row.found.shown, row.person, partial(self._by_row, row))

    def _try(self, where: str, person: str, claim: Callable[[], Claim]) -> None:
        try:
            self.claims.append(claim())
        except Refused as why:
            self.complaints.append(Complaint(where, str(why), person))

    def _by_place(self, found: Found, folder: str) -> Claim:
        named = read_name(found.stem, self.catalog)
        person = person_of(folder) if folder else person_of(named.before) or person_of(named.after)
        if not person:
            raise Refused("doesn't say whose it is: call it jane_ch01_….py, or put it into a folder called jane.")
        canvas = canvas_of(folder or named.before)
        return Claim(found, person, named.chapter, canvas[0] if canvas else "")

    def _shorten(self) -> None:
        """Leave out Canvas's numbers where no two people have the same name without."""
        people: dict[str, set[str]] = defaultdict(set)
        for claim in self.claims:
            people[claim.short or claim.person].add(claim.person)
        self.claims = [
            replace(one, person=one.short) if one.short and len(people[one.short]) == 1 else one for one in self.claims
        ]

    def _by_row(self, row: Row) -> Claim:
        person = person_of(row.person)
        if not person:
            raise Refused("belongs to a person without a name: fill it in.")
        if not row.chapter:
            return Claim(row.found, person, read_name(row.found.stem, self.catalog).chapter)
        chapter = next((one for one in self.catalog.chapters if row.chapter in (one.key, one.key[:4])), None)
        if chapter is None:
            known = ", ".join(one.key for one in self.catalog.chapters)
            raise Refused(f"is for {row.chapter}, which is no chapter of this course: mend the list ({known}).")
        return Claim(row.found, person, chapter)


def _signs(files: list[Found], others: list[Other], catalog: Catalog) -> list[Found | Other]:
    """What tells whether there is a wrapper: candidates, and what is called like one; else whatever lies in folders."""
    named = [one for one in others if len(one.parts) > 1 and names_chapter(one, catalog)]
    return [*files, *named] or [one for one in others if len(one.parts) > 2 or (len(one.parts) == 2 and one.parts[1])]


def _has_wrapper(files: list[Found | Other], catalog: Catalog) -> bool:
    """Whether everything lies in one folder that is nobody's: `assignment_7_export/jane/…` or `class/jane_ch01.py`."""
    if not files or len({found.parts[0] for found in files}) > 1 or len(files[0].parts) < 2:
        return False
    if any(found.parts[1] == "chapters" for found in files if len(found.parts) > 2):
        return False  # one person's copy of the course
    if all(len(found.parts) > 2 for found in files) and len({found.parts[1] for found in files}) == 1:
        return False  # one person's folder, with one more in it
    return all(len(found.parts) > 2 or _names_person(found, catalog) for found in files)


def _names_person(found: Found | Other, catalog: Catalog) -> bool:
    try:
        named = read_name(found.stem, catalog)
        return named.chapter is not None and bool(person_of(named.before))
    except Refused:
        return False
