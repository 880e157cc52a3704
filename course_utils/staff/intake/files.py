"""Files as they were handed in, from a folder: found and read without following anything that leads elsewhere."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST = {".py": 2_000_000, ".ipynb": 50_000_000}  # bytes; a notebook holds its figures too
DEEPEST = 12  # folders in folders
MOST = 50_000  # entries that are looked at
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_PASSED_OVER = {"__pycache__", "__MACOSX", "node_modules", "venv", "site-packages"}  # and everything that is hidden


class Refused(Exception):
    """A file or row that isn't graded. The message says what is wrong with it and what to do."""


@dataclass(frozen=True)
class Complaint:
    """One thing that isn't graded, and why."""

    where: str  # a file, folder or row, relative to what was handed in; printable, whatever it was called
    says: str
    person: str = ""  # whose it is, where that is known

    def __post_init__(self) -> None:
        for name in ("where", "says", "person"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


@dataclass(frozen=True)
class Found:
    """A `.py` or `.ipynb` among what was handed in."""

    parts: tuple[str, ...]  # its path, folder by folder
    read: Callable[[], bytes]  # raises Refused

    @property
    def shown(self) -> str:
        return "/".join(self.parts)

    @property
    def stem(self) -> str:
        return self.parts[-1].rpartition(".")[0]

    @property
    def suffix(self) -> str:
        return suffix_of(self.parts[-1])


@dataclass(frozen=True)
class Other:
    """A file that can't be a submission, or an empty folder: not graded, but what came from somebody is not lost."""

    parts: tuple[str, ...]  # its path; the last is "" for a folder

    @property
    def shown(self) -> str:
        return "/".join(self.parts)

    @property
    def stem(self) -> str:
        return os.path.splitext(self.parts[-1])[0]


def suffix_of(name: str) -> str:
    """The ending of a file's name, in small letters."""
    return os.path.splitext(name)[1].lower()


def printable(text: str) -> str:
    """One line of bounded length that a terminal can't be made to obey."""
    plain = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return plain if len(plain) <= 300 else f"{plain[:200]}…{plain[-60:]}"


def passed_over(name: str) -> bool:
    """Whether a file or folder of this name is no part of anybody's work: hidden, or made by a program."""
    return name.startswith(".") or name in _PASSED_OVER


def is_wanted(name: str) -> bool:
    """Whether a file of this name could be a submission."""
    return suffix_of(name) in LARGEST


def archive_complaint(shown: str) -> Complaint | None:
    """What to say about an archive in what was handed in; None for any other file."""
    if suffix_of(shown) in _ARCHIVES:
        return Complaint(shown, "is an archive inside of what was handed in, and is not opened: unpack it first.")
    return None


def files_in(root: Path) -> Iterator[Found | Complaint | Other]:
    """Every file below a folder, in the order of names: candidates, those that can't be one, a complaint or more."""
    left = [MOST]
    yield from _walk(root, (), left)
    if left[0] < 0:
        yield Complaint(str(root.name), f"holds more than {MOST} files: only the first {MOST} were looked at.")


def _walk(root: Path, parts: tuple[str, ...], left: list[int]) -> Iterator[Found | Complaint | Other]:
    shown = "/".join(parts) or root.name
    if len(parts) > DEEPEST:
        yield Complaint(shown, f"lies {DEEPEST} folders deep, and is not searched: hand the files in less deep.")
        return
    try:
        with os.scandir(root.joinpath(*parts)) as entries:
            rows = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield Complaint(shown, f"can't be searched ({error.strerror}): make the folder readable.")
        return
    if parts and all(passed_over(entry.name) for entry in rows):
        yield Other((*parts, ""))
    for entry in rows:
        left[0] -= 1
        if left[0] < 0:
            return
        yield from _entry(root, (*parts, entry.name), entry, left)


def _entry(
    root: Path, parts: tuple[str, ...], entry: os.DirEntry[str], left: list[int]
) -> Iterator[Found | Complaint | Other]:
    if passed_over(entry.name):
        return
    shown = "/".join(parts)
    if entry.is_symlink():
        if is_wanted(entry.name) or entry.is_dir():
            yield Complaint(shown, "is a link, and links are not followed: put the file itself there.")
        else:
            yield Other(parts)
    elif entry.is_dir(follow_symlinks=False):
        yield from _walk(root, parts, left)
    elif is_wanted(entry.name):
        yield Found(parts, lambda: read_file(root, parts))
    else:
        yield archive_complaint(shown) or Other(parts)


def read_file(root: Path, parts: tuple[str, ...]) -> bytes:
    """The content of `root/parts`, a plain file of an allowed size that is reached through no link. Raises Refused."""
    largest = LARGEST[suffix_of(parts[-1])]
    try:
        handle = _open_below(root, parts)
        with open(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise Refused("is no plain file: put a file with the code there.")
            if about.st_nlink > 1:
                raise Refused("is a hard link to a file that has other names too: put a copy there.")
            refuse_large(about.st_size, largest)
            content = file.read(largest + 1)
    except OSError as error:
        raise Refused(f"can't be read ({error.strerror}): make it a readable file.") from None
    refuse_large(len(content), largest)
    return content


def _open_below(root: Path, parts: tuple[str, ...]) -> int:
    """Open a file, going down folder by folder, so that none can be swapped for a link meanwhile. Never blocks."""
    if not hasattr(os, "O_NOFOLLOW"):  # Windows: links were refused by name
        return os.open(root.joinpath(*parts), os.O_RDONLY)
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    finally:
        os.close(here)


def refuse_large(size: int, largest: int) -> None:
    """Raise Refused for a size in bytes above `largest`."""
    if size > largest:
        raise Refused(f"is larger than {largest // 1_000_000} MB: hand in the code alone.")
