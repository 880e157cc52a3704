"""Whether figures, numbers and printed text of a new run are the committed ones, as far as a reader can tell.

Training on another processor gives other last digits, so bytes can't be compared. The rules are in `differences`.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_utils.catalog import Chapter

MACHINE = ("_seconds", "_speedup", "-timing", "-training")  # ends of names whose values depend on the machine


def differences(chapter: Chapter, fresh: Path) -> list[str]:
    """One line for each figure or number in the folder `fresh` that isn't the committed one.

    Numbers agree within 0.05 + 10 %; one whose name ends in `_about` may be off by half. Figures must hold the same
    kinds of traces with arrays of the same shapes; values agree within 25 % + a fifth of the array's range. Where a
    name ends in `_seconds`, `_speedup` (numbers), `-timing` or `-training` (figures), values aren't compared: a skill
    that a model learns at once appears some steps sooner or later on another processor. Of printed text only counts
    which cells print.
    """
    committed, new = _read_all(chapter.figures), _read_all(fresh)
    said = [f"{name} is committed, but no cell makes it any more" for name in sorted(committed.keys() - new.keys())]
    said += [f"{name} is made, but not committed" for name in sorted(new.keys() - committed.keys())]
    for name in sorted(committed.keys() & new.keys()):
        compare = _COMPARE.get(name, _figure_differences)
        exact = not Path(name).stem.endswith(MACHINE)
        said += [f"{name}: {line}" for line in compare(committed[name], new[name], exact)]
    folder = chapter.figures.relative_to(chapter.root).as_posix()
    return [f"{folder}/{line} (remake it with `course build --execute`)" for line in said]


def _read_all(folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            found[path.name] = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            found[path.name] = {}  # differs from any figure
    return found


def _number_differences(old: dict[str, Any], new: dict[str, Any], exact: bool) -> list[str]:
    return [
        f"{name} was {old.get(name, 'not there')} and is now {new.get(name, 'not there')}"
        for name in sorted(old.keys() | new.keys())
        if name not in old or name not in new or (exact and not _agree(name, old[name], new[name]))
    ]


def _printed_differences(old: dict[str, Any], new: dict[str, Any], exact: bool) -> list[str]:
    said = [f"the cell {key} prints nothing any more, or was edited" for key in sorted(old.keys() - new.keys())]
    return said + [f"the cell {key} prints {str(new[key])[:40]!r}, new" for key in sorted(new.keys() - old.keys())]


_COMPARE = {"numbers.json": _number_differences, "printed.json": _printed_differences}


def _agree(name: str, old: float, new: float) -> bool:
    loose = 0.5 if name.endswith("_about") else 0.1
    return name.endswith(MACHINE) or math.isclose(old, new, rel_tol=loose, abs_tol=0.05)


def _figure_differences(old: dict[str, Any], new: dict[str, Any], exact: bool) -> list[str]:
    traces = [figure.get("data", []) for figure in (old, new)]
    kinds = [[trace.get("type", "scatter") for trace in figure] for figure in traces]
    if kinds[0] != kinds[1]:
        return [f"its traces were {kinds[0]} and are now {kinds[1]}"]
    said = []
    for number, (was, now) in enumerate(zip(*traces, strict=True)):
        for field in sorted(was.keys() | now.keys()):
            problem = _array_difference(was.get(field), now.get(field), exact)
            said += [f"trace {number}, {field}: {problem}"] if problem else []
    return said


def _array_difference(old: Any, new: Any, exact: bool) -> str | None:
    """What a reader would notice between two arrays of a trace (lists, nested for a heat map); None if nothing."""
    if not isinstance(old, list) and not isinstance(new, list):
        return None
    if _shape(old) != _shape(new):
        return f"its shape was {_shape(old)} and is now {_shape(new)}"
    before, after = list(_values(old)), list(_values(new))
    if len(before) != len(after):
        return "other places are filled"
    spread = max(before, default=0.0) - min(before, default=0.0)
    for was, now in zip(before, after, strict=True):
        if exact and abs(was - now) > 0.2 * spread + 0.25 * abs(was) + 1e-6:
            return f"{was:g} is now {now:g}"
    return None


def _shape(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        return ()
    inner = sorted({_shape(item) for item in value}, key=str)
    return (len(value), *(inner[0] if len(inner) == 1 else inner))


def _values(value: Any) -> Iterator[float]:
    if isinstance(value, list):
        for item in value:
            yield from _values(item)
    elif isinstance(value, int | float) and math.isfinite(value):
        yield float(value)
