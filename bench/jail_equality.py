"""Every reference, wrong answer and other right answer, judged here and over the wire: are the verdicts the same?

    python bench/jail_equality.py [exercise or chapter …] [--all]

Without `--all` each exercise's reference and two of its mutants. The worker has a chapter's own files and no wall, for
this compares verdicts and not walls. Prints each difference and a total; fails where outcome or check differ.
"""

import argparse
import dataclasses
import importlib.util
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_utils.catalog import Chapter, Exercise, load_catalog
from course_utils.grading.checks import load_checks
from course_utils.grading.judge import judge_file
from course_utils.grading.mutants import load_reference
from course_utils.jail.talk.session import judge_in_jail
from course_utils.jail.walls import inside

FIELDS = ("outcome", "check", "says", "diagnosis", "belief", "details", "where", "code", "next_step", "passed", "total")
LIMIT = 120.0  # seconds: this is no test of speed


def _zygote(folder: Path) -> Any:
    """A worker server without a wall: the one of the tests."""
    path = Path(__file__).parents[1] / "tests" / "library" / "jailed" / "conftest.py"
    spec = importlib.util.spec_from_file_location("jailed_conftest", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PlainZygote(folder)


def texts(exercise: Exercise, whole: str, every: bool) -> Iterator[tuple[str, str]]:
    """(what it is, the text of a submission) for each answer that is tried."""
    reference, checks = load_reference(exercise), load_checks(exercise)
    yield "the reference", whole
    for mutant in checks.mutants if every else checks.mutants[:2]:
        yield f"mutant: {mutant.belief}", whole.replace(reference.source, mutant.edit.apply(reference.source))
    for other in checks.accepted if every else ():
        yield f"accepted: {other.why}", whole.replace(reference.source, other.edit.apply(reference.source))


def compare(exercise: Exercise, chapter: Chapter, zygote: Any, every: bool, folder: Path) -> Counter[str]:
    """Judge an exercise's answers in both ways, and print where the verdicts differ."""
    found: Counter[str] = Counter()
    path = folder / chapter.solution.name
    for what, text in texts(exercise, chapter.solution.read_text(encoding="utf-8"), every):
        path.write_text(text, encoding="utf-8")
        here = judge_file(exercise, path)
        worker = zygote.worker()
        there = judge_in_jail(exercise, text, str(path), worker, show_inputs=True)
        worker.close()
        found["judged"] += 1
        different = [name for name in FIELDS if getattr(here, name) != getattr(there, name)]
        if different:
            found["differ"] += 1
            found["differ in outcome or check"] += bool({"outcome", "check"} & set(different))
            print(f"{exercise.name}, {what}")
            for name in different:
                print(f"  {name} here:  {getattr(here, name)!r}\n  {name} there: {getattr(there, name)!r}", flush=True)
    return found


def main() -> int:
    """Run it; 1 where an outcome or a check differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="exercises or chapters; none: all")
    parser.add_argument("--all", action="store_true", help="all mutants and accepted answers")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for chapter in load_catalog().chapters:
        wanted = [one for one in chapter.exercises if not options.names or {one.name, chapter.key} & {*options.names}]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as name:
            staged = Path(name) / "course"
            inside.stage(chapter, staged)
            zygote = _zygote(staged)
            for exercise in wanted:
                patient = dataclasses.replace(exercise, time_limit=LIMIT)
                total += compare(patient, chapter, zygote, options.all, Path(name))
            zygote.close()
        print(f"{chapter.key}: {dict(total)}", flush=True)
    return 1 if total["differ in outcome or check"] else 0


if __name__ == "__main__":
    sys.exit(main())
