"""Hidden seeds: what a check draws for one person's file, known to nobody who lacks the secret.

A seed follows from the secret, the person, the chapter, the file and the exercise, so the same file gets the same
inputs again, and nobody gets a neighbour's. The secret itself never leaves the process that `course grade` runs in.
"""

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.catalog import CourseError

SHORTEST = 16  # bytes: fewer could be guessed
LONGEST = 4096
_KEPT = "secret"  # the file in the results folder


@dataclass(frozen=True)
class Seeds:
    """The seeds of one file: one for each exercise, and a name for all of them that gives none away."""

    name: str
    of: dict[str, int] = field(repr=False)  # exercise -> 63 bits


def seeds_for(secret: bytes, person: str, chapter: str, sha256: str, exercises: Iterable[str]) -> Seeds:
    """The hidden seeds of one person's file.

    >>> one = seeds_for(b"0123456789abcdef", "jane", "ch01_x", "ab12", ["double"])
    >>> one == seeds_for(b"0123456789abcdef", "jane", "ch01_x", "ab12", ["double"])
    True
    """
    key = _mac(secret, "file", person, chapter, sha256)
    of = {name: int.from_bytes(_mac(key, "exercise", name)[:8], "big") >> 1 for name in exercises}
    return Seeds(_mac(key, "name").hex()[:16], of)


def _mac(key: bytes, *words: str) -> bytes:
    """HMAC-SHA256 of words, each with its length before it, so that no two lists of words run into one text."""
    parts = [word.encode("utf-8", "surrogatepass") for word in words]
    return hmac.digest(key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), hashlib.sha256)


def read_secret(path: Path) -> bytes:
    """The secret in a file of staff's own. Raises CourseError for one that is missing, too short or readable by all."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(LONGEST + 1).strip()
    except OSError as error:
        raise CourseError(f"The secret file {path} can't be read: {error.strerror}.") from None
    if stat.S_ISREG(mode) and mode & 0o077 and os.name != "nt":
        raise CourseError(f"Others on this machine can read the secret file {path}: chmod 600 {path}")
    if not SHORTEST <= len(secret) <= LONGEST:
        raise CourseError(
            f"The secret file {path} holds {len(secret)} bytes; it must hold {SHORTEST} to {LONGEST}: "
            f"`openssl rand -hex 32 > {path}` makes a good one."
        )
    return secret


def kept_secret(results: Path) -> bytes:
    """The secret of a results folder, made on first use and readable by its owner only."""
    path = results / _KEPT
    if not path.exists():
        handle, fresh = tempfile.mkstemp(dir=results, prefix=f".{_KEPT}.")  # with the owner's rights alone
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    return read_secret(path)
