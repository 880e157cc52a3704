"""Whether another user may read what the jail needs, for the levels at which it sees the machine's own files."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from course_utils.jail.walls.levels import JailError


def ensure_readable(paths: Iterable[Path], uid: int) -> None:
    """Root only: raise JailError naming the first folder or file that user `uid`, of no group, can't read."""
    for path in paths:
        for place in (*reversed(path.parents), path):
            if not _open_to(place, uid):
                raise JailError(
                    f"Submissions are run as user {uid}, who may not read {place}.",
                    "Install Python where everybody may read it (such as /opt), or grade as an ordinary user.",
                )


def _open_to(place: Path, uid: int) -> bool:
    try:
        found = os.stat(place)
    except OSError:
        return False
    bits = found.st_mode >> 6 if found.st_uid == uid else found.st_mode
    need = stat.S_IXOTH if stat.S_ISDIR(found.st_mode) else stat.S_IROTH
    return bool(bits & need)
