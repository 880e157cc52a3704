"""What a worker can see of this machine's files: Python, the C libraries, a few packages, and the staged course.

What is left out: how the view is shown (bind mounts in `bubblewrap.py` and `namespaces.py`, Landlock's rules and a
folder of links in `launch.py`).
"""

import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from course_utils.records import CourseError

PACKAGES = ("torch", "numpy", "einops", "jaxtyping", "safetensors", "tokenizers", "plotly")
COURSE_AT, PACKAGES_AT = "/course", "/packages"
_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/nix/store", "/gnu/store")
_SYSTEM_FILES = ("/etc/ld.so.cache",)


@dataclass(frozen=True)
class View:
    """The parts of this machine that the jail holds, all of them read-only.

    python: the interpreter. shared: folders and files that are seen where they are. links: symbolic links of the root
    folder, and where they lead. hidden: folders inside `shared` that are seen empty, because any package may lie
    there. packages: each importable thing by its name, and where it lies.
    """

    python: Path
    shared: tuple[Path, ...]
    links: tuple[tuple[Path, str], ...]
    hidden: tuple[Path, ...]
    packages: tuple[tuple[str, Path], ...]

    def readable(self) -> tuple[Path, ...]:
        """`shared` without `hidden`, as a list of files and folders, and the packages: Landlock can't take away."""
        found: list[Path] = []
        for path in self.shared:
            found += _without(path, self.hidden)
        return (*found, *(path for _, path in self.packages))

    def listable(self) -> tuple[Path, ...]:
        """The folders that `readable` takes apart: Python looks for a module by listing the names in them."""
        above = {path for folder in self.hidden for path in folder.parents}
        return tuple(sorted(path for path in above if any(path == top or top in path.parents for top in self.shared)))


def _without(path: Path, hidden: tuple[Path, ...]) -> list[Path]:
    if path in hidden:
        return []
    if not any(path in folder.parents for folder in hidden):
        return [path]
    return [found for child in sorted(path.iterdir()) for found in _without(child, hidden)]


@cache
def view(*, packages: bool = True) -> View:
    """This interpreter's view, with or without the packages that the course needs.

    Raises CourseError when one of those is not installed.
    """
    python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    shared = [Path(path) for path in _SYSTEM if Path(path).is_dir() and not Path(path).is_symlink()]
    links = [(Path(path), str(Path(path).readlink())) for path in _SYSTEM if Path(path).is_symlink()]
    shared += [Path(path) for path in _SYSTEM_FILES if Path(path).is_file()]
    prefix = Path(sys.base_prefix).resolve()
    library = sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix})  # not the virtual environment's
    for path in (python, prefix / "lib", Path(sysconfig.get_path("stdlib")), Path(library)):
        if path.exists() and not any(path == other or other in path.parents for other in shared):
            shared.append(path)
    roots = {path for path in (*shared, prefix / "lib") if path.is_dir()}
    hidden = {found for root in roots for kind in ("site-packages", "dist-packages") for found in _named(root, kind)}
    return View(python, tuple(shared), tuple(links), tuple(sorted(hidden)), _packages() if packages else ())


def _named(root: Path, kind: str) -> list[Path]:
    return [path for pattern in (kind, f"python*/{kind}") for path in root.glob(pattern) if path.is_dir()]


def _packages() -> tuple[tuple[str, Path], ...]:
    """The course's packages and all that they need, by the metadata of what is installed."""
    found: dict[str, Path] = {}
    waiting, seen = list(PACKAGES), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if name in PACKAGES:
                raise CourseError(f"{name} is not installed: run `make course`.") from None
            continue
        for top in _tops(package):
            if top not in found and top not in ("..", "__pycache__", "/") and not top.endswith(".pth"):
                found[top] = Path(str(package.locate_file(top))).resolve()
        waiting += _needs(package)
    return tuple(sorted((name, path) for name, path in found.items() if path.exists()))


def _tops(package: metadata.Distribution) -> list[str]:
    if package.files is None:  # some Linux distributions keep no list of files
        return (package.read_text("top_level.txt") or package.metadata["Name"]).split()
    return sorted({file.parts[0] for file in package.files})


def _needs(package: metadata.Distribution) -> list[str]:
    from packaging.requirements import Requirement

    needs = (Requirement(text) for text in package.requires or ())
    return [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
