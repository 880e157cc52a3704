"""Whose each file is, by its place: in a folder, in a zip, in a list."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from course_utils.catalog import Catalog, Chapter
from course_utils.staff.intake.files import Complaint, Found, Refused
from course_utils.staff.intake.listing import Row
from course_utils.staff.intake.names import person_of, read_name


@dataclass(frozen=True)
class Claim:
    """A file, and what its place says about it."""

    found: Found
    person: str
    chapter: Chapter | None  # None where only its content can say


@dataclass
class Claims:
    """All files with somebody's name on them, and a complaint for each without."""

    catalog: Catalog
    claims: list[Claim] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    def add_tree(self, files: Iterable[Found | Complaint]) -> None:
        """Files of a folder or a zip: one that lies in no folder names its person, any other lies in the person's."""
        kept = []
        for one in files:
            if isinstance(one, Complaint):
                self.complaints.append(one)
            else:
                kept.append(one)
        skip = 1 if _has_wrapper(kept, self.catalog) else 0
        people: dict[str, list[Found]] = defaultdict(list)
        for found in kept:
            people[found.parts[skip] if len(found.parts) > skip + 1 else ""].append(found)
        for folder, mine in people.items():
            # In somebody's copy of the whole course it is chapters/ that is theirs.
            inside = [found for found in mine if folder and "chapters" in found.parts[skip:-1]]
            for found in inside or mine:
                self._try(found.shown, partial(self._by_place, found, folder))

    def add_rows(self, rows: Iterable[Row | Complaint]) -> None:
        """Files as a list names them."""
        for row in rows:
            if isinstance(row, Complaint):
                self.complaints.append(row)
            else:
                self._try(row.found.shown, partial(self._by_row, row))

    def _try(self, where: str, claim: Callable[[], Claim]) -> None:
        try:
            self.claims.append(claim())
        except Refused as why:
            self.complaints.append(Complaint(where, str(why)))

    def _by_place(self, found: Found, folder: str) -> Claim:
        named = read_name(found.stem, self.catalog)
        person = person_of(folder) if folder else person_of(named.before) or person_of(named.after)
        if not person:
            raise Refused("doesn't say whose it is: call it jane_ch01_….py, or put it into a folder called jane.")
        return Claim(found, person, named.chapter)

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


def _has_wrapper(files: list[Found], catalog: Catalog) -> bool:
    """Whether everything lies in one folder that is nobody's: `assignment_7_export/jane/…` or `class/jane_ch01.py`."""
    if not files or len({found.parts[0] for found in files}) > 1 or len(files[0].parts) < 2:
        return False
    if any(found.parts[1] == "chapters" for found in files if len(found.parts) > 2):
        return False  # one person's copy of the course
    if all(len(found.parts) > 2 for found in files) and len({found.parts[1] for found in files}) == 1:
        return False  # one person's folder, with one more in it
    return all(len(found.parts) > 2 or _names_person(found, catalog) for found in files)


def _names_person(found: Found, catalog: Catalog) -> bool:
    try:
        named = read_name(found.stem, catalog)
        return named.chapter is not None and bool(person_of(named.before))
    except Refused:
        return False
