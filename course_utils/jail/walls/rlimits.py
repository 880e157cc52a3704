"""How much a worker may use, and the part of it that the kernel counts for each process (rlimits).

What is left out: the wall clock, which the trusted side holds (`launch.Worker.kill`), and the sizes of scratch and
/dev/shm, which are mounts (`confine.py`).
"""

import contextlib
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one worker may use.

    memory_mb: address space on top of what a fresh worker has (torch is loaded by then). cpu_seconds: processor time,
    all threads together. processes: 1 is the submission alone with its threads; more lets it fork, which multiplies
    what memory_mb bounds. threads: of all its processes together. scratch_mb: what scratch and /dev/shm hold, each.
    """

    memory_mb: int = 1024
    cpu_seconds: int = 60
    processes: int = 1
    threads: int = 64
    scratch_mb: int = 64
    open_files: int = 64

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def memory_in_use() -> int:
    """Bytes of address space that this process has now; 0 where that can't be told."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def tasks_of(uid: int) -> int:
    """Processes and threads of this user that /proc shows: RLIMIT_NPROC counts them where a worker has no namespace."""
    count = 0
    for entry in os.scandir("/proc") if os.path.isdir("/proc") else ():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                count += len(os.listdir(f"/proc/{entry.name}/task"))
    return count


def apply(limits: Limits, memory_before: int, tasks_before: int) -> None:
    """Limit this process and what it starts, for good. Raises OSError or ValueError where a limit can't be set.

    memory_before: address space to allow beside `memory_mb`. tasks_before: tasks to allow beside `threads`.
    """
    import resource

    wanted = [
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, limits.scratch_mb * MB, limits.scratch_mb * MB),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_NPROC, limits.threads + tasks_before, limits.threads + tasks_before),
    ]
    if sys.platform.startswith("linux"):  # macOS refuses RLIMIT_AS
        most = memory_before + limits.memory_mb * MB
        wanted += [(resource.RLIMIT_AS, most, most), (resource.RLIMIT_MEMLOCK, 0, 0)]
        wanted += [(resource.RLIMIT_MSGQUEUE, 0, 0), (resource.RLIMIT_SIGPENDING, 1024, 1024)]
    for which, soft, hard in wanted:
        present = resource.getrlimit(which)[1]
        if present != resource.RLIM_INFINITY:
            soft, hard = min(soft, present), min(hard, present)
        resource.setrlimit(which, (soft, hard))
