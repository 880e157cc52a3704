"""A zip as a learning platform exports it, read entry by entry in memory: nothing is ever unpacked onto the disk."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from course_utils.catalog import CourseError
from course_utils.staff.intake.files import (
    LARGEST,
    MOST,
    Complaint,
    Found,
    Refused,
    archive_complaint,
    is_wanted,
    passed_over,
    refuse_large,
    suffix_of,
)

MOST_CONTENTS = 16 << 20  # bytes of a zip's table of contents: MOST entries with names of ordinary length
WIDEST = 200  # times its packed size that an entry may unpack to; Python packs about 5 to 1
_END = b"PK\x05\x06"


class Archive:
    """A zip, open for reading; a context manager. Raises CourseError for a file that is no zip or a bomb."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._refuse_bomb()
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise CourseError(f"{path} can't be read as a zip ({error}): export it again.") from None

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def _refuse_bomb(self) -> None:
        """Look at the end record before zipfile loads the whole table of contents into memory."""
        try:
            with self.path.open("rb") as file:
                file.seek(0, 2)
                file.seek(max(file.tell() - (1 << 16) - 22, 0))
                tail = file.read()
        except OSError as error:
            raise CourseError(f"{self.path} can't be read: {error.strerror}.") from None
        at = tail.rfind(_END)
        if at < 0 or len(tail) < at + 22:
            raise CourseError(f"{self.path} is not a zip, or not all of it: export it again.")
        entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
        if entries >= MOST or size > MOST_CONTENTS:  # 0xffff entries stand for "more than that" as well
            raise CourseError(f"{self.path} lists more than {MOST} files: export the submissions alone.")

    def files(self) -> Iterator[Found | Complaint]:
        """Every candidate in the archive, and a complaint for each that can't be one."""
        seen: set[str] = set()
        for info in self._zip.infolist():
            name = info.orig_filename  # `filename` ends at a null byte
            if info.is_dir():
                continue
            parts = tuple(name.split("/"))
            if complaint := archive_complaint(name):
                yield complaint
            if not is_wanted(name):
                continue
            try:
                _refuse_name(name, parts, seen)
            except Refused as why:
                yield Complaint(name, str(why))
                continue
            seen.add(name)
            if not any(passed_over(part) for part in parts):
                yield Found(parts, lambda info=info: self._read(info))  # type: ignore[misc]

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        """An entry's content, of which no more is unpacked than may be. Raises Refused."""
        largest = LARGEST[suffix_of(info.filename)]
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise Refused("is a link or a device, and is not followed: put the file itself into the zip.")
        if info.flag_bits & 1:
            raise Refused("is encrypted: put it into the zip without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("is packed in an unusual way: pack it anew as an ordinary zip.")
        refuse_large(info.file_size, largest)
        if info.file_size > WIDEST * max(info.compress_size, 1024):
            raise Refused(f"unpacks to more than {WIDEST} times its size: hand in the code alone.")
        try:
            with self._zip.open(info) as file:
                content = file.read(largest + 1)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
            raise Refused(f"is damaged in the zip ({error}): hand it in again.") from None
        refuse_large(len(content), largest)
        return content


def _refuse_name(name: str, parts: tuple[str, ...], seen: set[str]) -> None:
    """Raise Refused for a name that means another place than inside the archive, or that occurs again."""
    if "\0" in name:
        raise Refused("has a null byte in its name: give it an ordinary name.")
    if name.startswith(("/", "\\")) or name[1:2] == ":":
        raise Refused("has an absolute name: put it into the zip under a relative one.")
    if ".." in parts or "\\" in name:
        raise Refused("has a name that leads out of the zip (.. or a backslash): give it an ordinary name.")
    if name in seen:
        raise Refused("stands in the zip twice: only the first is looked at.")
