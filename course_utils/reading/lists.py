"""The authored lists beside the chapters: TOML files of tables under one name, such as `[[term]]` of the glossary."""

from pathlib import Path
from typing import Any

from course_utils.records import CourseError, only_known, read_toml


def read_list(path: Path, name: str, keys: dict[str, Any], required: set[str], home: str) -> list[dict[str, Any]]:
    """The tables `[[name]]` of a file, in its order; none where there is no file.

    keys: what a table may hold, with types. home: the source file that says so.
    Raises CourseError for a file that can't be read or isn't TOML, an unknown or missing key, a wrong type.
    """
    shown, kind = f"{path.parent.name}/{path.name}", name.capitalize()
    data = read_toml(path, shown)
    if data is None:
        return []
    only_known(data, {name: list}, shown, kind, home=home, tables=name)
    for number, row in enumerate(data[name], 1):
        if not isinstance(row, dict):
            raise CourseError(f"{shown}: a {name} is a table: begin it with [[{name}]].")
        only_known(row, keys, f"{shown}, {name} {number}", kind, required, home=home)
    return list(data[name])
