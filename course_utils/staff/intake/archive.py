"""A zip as a learning platform exports it, read entry by entry in memory: nothing is ever unpacked onto the disk."""

import io
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
    Other,
    Refused,
    archive_complaint,
    is_wanted,
    passed_over,
    refuse_large,
    suffix_of,
)

MOST_CONTENTS = 16 << 20  # bytes of a zip's table of contents: MOST entries with names of ordinary length
WIDEST = 200  # times its packed size that an entry may unpack to; Python packs about 5 to 1


class _TooMuch(Exception):
    """A table of contents that is larger than any class's."""


class _Wary(io.FileIO):
    """A file of which, until it is trusted, no large piece is read at once: zipfile reads the whole table as one.

    How large that is can be said in more than one place of an archive, so it is looked at where it is read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.wary = True

    def read(self, size: int | None = -1, /) -> bytes:
        """As ever. Raises _TooMuch."""
        if not self.wary:
            return super().read(size) or b""
        wanted = MOST_CONTENTS + 1 if size is None or size < 0 else min(size, MOST_CONTENTS + 1)
        content = super().read(wanted) or b""
        if len(content) > MOST_CONTENTS:
            raise _TooMuch
        return content


class Archive:
    """A zip, open for reading; a context manager. Raises CourseError for a file that is no zip or a bomb."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = _Wary(path)
        except OSError as error:
            raise CourseError(f"{path} can't be read: {error.strerror}.") from None
        try:
            self._zip = self._opened()
        except BaseException:
            self._file.close()
            raise

    def _opened(self) -> zipfile.ZipFile:
        try:
            found = zipfile.ZipFile(self._file)
        except _TooMuch:
            raise self._too_many() from None
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise CourseError(f"{self.path} is not a zip, or not all of it ({error}): export it again.") from None
        if len(found.infolist()) >= MOST:  # counted, for what an archive says of their number need not be true
            raise self._too_many()
        self._file.wary = False
        return found

    def _too_many(self) -> CourseError:
        return CourseError(f"{self.path} lists more than {MOST} files: export the submissions alone.")

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._file.close()

    def files(self) -> Iterator[Found | Complaint | Other]:
        """Every file in the archive: candidates, those that can't be one, a complaint or more; and its folders."""
        seen: set[str] = set()
        for info in self._zip.infolist():
            name = info.orig_filename  # `filename` ends at a null byte
            if is_wanted(name) and not info.is_dir():
                yield self._candidate(info, tuple(name.split("/")), seen)
            else:
                yield archive_complaint(name) or _visible(tuple(name.split("/")))

    def _candidate(self, info: zipfile.ZipInfo, parts: tuple[str, ...], seen: set[str]) -> Found | Complaint | Other:
        try:
            _refuse_name(info.orig_filename, parts, seen)
        except Refused as why:
            return Complaint(info.orig_filename, str(why))
        seen.add(info.orig_filename)
        hidden = any(passed_over(part) for part in parts)
        return _visible(parts) if hidden else Found(parts, lambda: self._read(info))

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


def _visible(parts: tuple[str, ...]) -> Other:
    """A file that is no candidate; of a hidden one, the folder that it makes to be there."""
    hidden = next((place for place, part in enumerate(parts) if passed_over(part)), None)
    return Other(parts if hidden is None else (*parts[:hidden], ""))


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
