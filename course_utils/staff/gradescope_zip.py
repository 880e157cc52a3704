"""`course gradescope`: the zip that Gradescope builds an autograder from. Same course and secret, same bytes.

On Gradescope the container is the trusted side: the zip holds solutions, checks and the secret. What keeps a submission
from them is the jail that `run_autograder` starts inside that container, at the level that staff ask for.
"""

import io
import json
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from course_utils.catalog import Chapter, CourseError, load_catalog

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # zip's own; a time of making would change the bytes
_MODES = {"setup.sh": 0o100755, "run_autograder": 0o100755, "secret": 0o100600}
_PACKAGE = Path(__file__).resolve().parents[1]
_KEPT = {".py", ".json", ".md", ".toml", ".safetensors"}
_TO_BUILD = ("setuptools>=77",)
_ABOUT = ("pyproject.toml", "requirements.lock", "README.md", "LICENSE", "LICENSE-TEXT")  # what the package is made of
LARGEST = 100 * 2**20  # bytes; Gradescope takes no larger zip

# What runs on their machines. Both also run elsewhere: GLASSBOX_AUTOGRADER names another folder than /autograder.
_SETUP = """\
#!/usr/bin/env bash
# Run once, as root, when Gradescope builds the image: Python 3.11 or newer, the course's dependencies, a jail.
set -euo pipefail
root="${GLASSBOX_AUTOGRADER:-/autograder}"
source="$root/source"
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends bubblewrap util-linux ca-certificates python3 python3-venv

new_enough() { "$1" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
python=python3
if ! new_enough python3; then  # Ubuntu 22.04, whose own is 3.10, has 3.11 beside it
  apt-get install -y --no-install-recommends python3.11 python3.11-venv
  python=python3.11
fi
"$python" -m venv "$source/venv"
pip() { "$source/venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check "$@"; }
pip --extra-index-url https://download.pytorch.org/whl/cpu \\
  --constraint "$source/course/requirements.lock" --requirement "$source/requirements.txt"
pip --no-deps --no-build-isolation --editable "$source/course"

# Whatever the jail does, nobody but root reads the answers, the checks and the secret.
chmod -R go= "$source/course/solutions" "$source/course/tests" "$source/secret" "$source/autograder.json"
mkdir -p "$root/results"
chmod 700 "$root/results"
chmod +x "$source/run_autograder"
"""

_RUN = """\
#!/usr/bin/env bash
# Run for each submission. Writes results/results.json, or ends with an error and writes nothing.
set -euo pipefail
root="${GLASSBOX_AUTOGRADER:-/autograder}"
cd "$root/source/course"
export GLASSBOX_ROOT="$PWD" PYTHONDONTWRITEBYTECODE=1
exec "${GLASSBOX_PYTHON:-$root/source/venv/bin/python}" -m course_utils.staff.gradescope_run "$root"
"""


def autograder_zip(chapter: Chapter, secret: bytes, settings: dict[str, str]) -> bytes:
    """The zip's bytes. settings: what `gradescope_run` reads; `secret` is what hidden seeds are made from.

    Raises CourseError where a file is missing or the zip would be larger than Gradescope takes.
    """
    members = {
        "setup.sh": _SETUP.encode(),
        "run_autograder": _RUN.encode(),
        "requirements.txt": _requirements(chapter.root),
        "autograder.json": (json.dumps(settings, indent=1, sort_keys=True) + "\n").encode(),
        "secret": secret,
    }
    members |= {f"course/{name}": path.read_bytes() for name, path in course_files(chapter)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _BEGINNING)
            info.create_system, info.compress_type = 3, zipfile.ZIP_DEFLATED  # Unix, so that the modes hold
            info.external_attr = _MODES.get(name, 0o100644) << 16
            archive.writestr(info, members[name])
    if len(out.getvalue()) > LARGEST:
        raise CourseError(
            f"The zip has {len(out.getvalue()):,} bytes, and Gradescope takes {LARGEST:,}: leave out models."
        )
    return out.getvalue()


def course_files(chapter: Chapter) -> Iterator[tuple[str, Path]]:
    """What grading one chapter needs, by its name relative to the course: no other chapter's answers or checks."""
    root = chapter.root
    wanted = [*(root / name for name in _ABOUT), chapter.solution, chapter.script]
    wanted += [other.records for other in load_catalog(root).chapters]
    wanted += sorted(chapter.tests.rglob("*.py"))
    for path in wanted:
        if not path.is_file():
            raise CourseError(f"{path} is missing: run this from a whole clone of the course.")
        yield path.relative_to(root).as_posix(), path
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in _KEPT and "__pycache__" not in path.parts:
            yield path.relative_to(_PACKAGE.parent).as_posix(), path


def _requirements(root: Path) -> bytes:
    """The dependencies of the package itself, without the site's and the notebooks'; the lock pins their versions."""
    wanted = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return "".join(f"{line}\n" for line in [*wanted, *_TO_BUILD]).encode()
