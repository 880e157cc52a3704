"""Hand-ins of which nothing can be graded: one line for each person's, so that nobody vanishes in silence."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from course_utils.catalog import Catalog
from course_utils.staff.intake.files import Complaint, Found, Other, Refused, is_wanted, printable
from course_utils.staff.intake.names import canvas_of, person_of, read_name

_MOST = 3  # names in a line
_ADDED = (".txt", ".json", ".download", ".text")  # what systems put behind a name that they don't know


def hand_ins(
    others: Iterable[Other], known: Sequence[Found | Complaint], skip: int, catalog: Catalog
) -> Iterator[Complaint]:
    """A complaint for each folder without a candidate, and for each loose file that is called like somebody's.

    known: what is graded or complained about. skip: 1 where everything lies in a folder that is nobody's.
    """
    places = [one.shown if isinstance(one, Found) else one.where for one in known]
    spoken_for = {printable("/".join(place.split("/")[: skip + 1])) for place in places}
    loose = {_whose(one, catalog) for one in known if isinstance(one, Found)}
    folders: dict[str, list[str]] = defaultdict(list)
    for one in others:
        if len(one.parts) > skip + 1:
            folders["/".join(one.parts[: skip + 1])].append("/".join(one.parts[skip + 1 :]))
        elif _like_a_hand_in(one, catalog) and _whose(one, catalog) not in loose:
            yield Complaint(
                one.shown,
                f"is nothing that can be graded: {remedy([one.parts[-1]])}",
                _person(one.stem if canvas_of(one.stem) else _whose(one, catalog)),
            )
    for folder, names in folders.items():
        if printable(folder) not in spoken_for:
            yield Complaint(
                folder, f"holds nothing that can be graded{_listed(names)}: {remedy(names)}", _person(folder)
            )


def remedy(names: Sequence[str]) -> str:
    """What to do about files that can't be graded: rename one that only lost its ending, else what a chapter is.

    >>> remedy(["ch01_transformers.py.txt"])
    'a chapter is a .py or an .ipynb; rename ch01_transformers.py.txt to ch01_transformers.py.'
    """
    says = "a chapter is a .py or an .ipynb"
    for name in names:
        if right := _right_name(name):
            return f"{says}; rename {printable(name)} to {printable(right)}."
    return f"{says}."


def names_chapter(one: Other, catalog: Catalog) -> bool:
    """Whether a file's name speaks of a chapter, of this course or of none."""
    try:
        return read_name(one.stem, catalog).chapter is not None
    except Refused:
        return True


def _like_a_hand_in(one: Other, catalog: Catalog) -> bool:
    return names_chapter(one, catalog) or bool(canvas_of(one.stem)) or bool(_right_name(one.parts[-1]))


def _whose(one: Found | Other, catalog: Catalog) -> str:
    """Whom a loose file's name names, the same for all files of a person."""
    if canvas := canvas_of(one.stem):
        return "_".join(canvas)
    try:
        return read_name(one.stem, catalog).before
    except Refused:
        return one.shown


def _person(raw: str) -> str:
    try:
        canvas = canvas_of(raw)
        return canvas[0] if canvas else person_of(raw.rpartition("/")[2])
    except Refused:
        return ""


def _right_name(name: str) -> str:
    """The name without an ending that was put behind the right one; "" where there is none."""
    stem, dot, ending = name.rpartition(".")
    return stem if f"{dot}{ending.lower()}" in _ADDED and is_wanted(stem) else ""


def _listed(names: Sequence[str]) -> str:
    files = sorted(name for name in names if name and not name.endswith("/"))
    if not files:
        return " (it is empty)"
    more = [f"{len(files) - _MOST} more"] * (len(files) > _MOST)
    return f" ({', '.join([*files[:_MOST], *more])})"
