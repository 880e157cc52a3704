"""The files of the course that a jail holds: the chapter's own (`inside.py` lists them), and the jail's inner half."""

import ast
import shutil
from pathlib import Path

import course_utils
from course_utils.catalog import Chapter

_PACKAGE = Path(course_utils.__file__).parent
_OURS = ("confine", "keeper", "landlock", "levels", "rlimits", "refused", "seccomp", "syscalls", "trial", "zygote")
_ALWAYS = ("torch", "torch._dynamo", "numpy", "einops", "jaxtyping")  # torch's optimizers load _dynamo when first used
_STAND_IN = '"""The course, as far as it is needed here."""\n'


def stage(chapter: Chapter | None, folder: Path) -> None:
    """Put into `folder` a `course_utils` that holds no answer. Raises CourseError where `inside` does."""
    if chapter is not None:
        from course_utils.jail.walls import inside

        inside.stage(chapter, folder)
    package = folder / "course_utils"
    walls = package / "jail" / "walls"
    walls.mkdir(parents=True, exist_ok=True)
    for part in (package, package / "jail", walls):
        if not (part / "__init__.py").exists():
            (part / "__init__.py").write_text(_STAND_IN)
    for name in _OURS:
        shutil.copyfile(_PACKAGE / "jail" / "walls" / f"{name}.py", walls / f"{name}.py")
    if not (package / "records.py").exists():
        shutil.copyfile(_PACKAGE / "records.py", package / "records.py")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def modules_of(chapter: Chapter | None) -> tuple[str, ...]:
    """What a zygote loads beforehand: torch and its like, and what the chapter's given code imports at its top."""
    names = list(_ALWAYS)
    if chapter is not None:
        for node in ast.parse(chapter.solution.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.append(node.module)
    return tuple(dict.fromkeys(names))
