"""Where the grading server of this user, this Python and this version of the course listens. Imports nothing heavy."""

import contextlib
import hashlib
import importlib.util
import os
import stat
import sys
import tempfile
from pathlib import Path

from course_utils.catalog import CourseError

_PACKAGE = Path(__file__).resolve().parent.parent
_LONGEST = 100  # bytes in a socket's path; systems allow 104 to 108


def server_address() -> Path:
    """The socket's path. Its name changes with the course's code, the interpreter or torch, so that an upgrade
    starts a new server."""
    digest = hashlib.sha256(f"{sys.executable}\0{sys.version}\0{_PACKAGE}".encode())
    torch = importlib.util.find_spec("torch")
    sources = [Path(torch.origin)] if torch and torch.origin else []
    for path in [*sources, *sorted(_PACKAGE.rglob("*.py"))]:
        with contextlib.suppress(OSError):
            about = path.stat()
            digest.update(f"{path}\0{about.st_mtime_ns}\0{about.st_size}\0".encode())
    name = f"{digest.hexdigest()[:16]}.sock"
    address = _runtime_folder() / name
    return address if len(os.fsencode(address)) <= _LONGEST else Path("/tmp", f"glassbox-{os.getuid()}", name)


def _runtime_folder() -> Path:
    told = os.environ.get("XDG_RUNTIME_DIR")
    if told and os.access(told, os.W_OK):
        return Path(told, "glassbox")
    return Path(tempfile.gettempdir(), f"glassbox-{os.getuid()}")


def folder_for_sockets(folder: Path) -> None:
    """Make `folder` so that only this user can enter it. Raises CourseError when someone else made it first."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & 0o077:
        raise CourseError(f"{folder} can be entered by other users, so no server is started there: remove that folder.")
