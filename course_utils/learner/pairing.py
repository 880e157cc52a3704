"""A learner's `.py` and `.ipynb` are one document: when one was edited, the other follows; when both were, in different
cells, the edits are put together.

What counts is what the files say, not when they were saved. `.course/pairs.json` keeps what both last agreed on;
without that record, the document as it is generated is the starting point. The record is a cache: losing it loses no
work.
"""

import contextlib
from typing import Any, Literal

from course_utils.authoring.cells import Cell
from course_utils.catalog import Chapter, CourseError
from course_utils.learner.agreed import (
    PairFile,
    agreed_rows,
    chapter_rows,
    document_digest,
    generated_cells,
    note,
    read_file,
    records,
)
from course_utils.learner.backup import keep_copy
from course_utils.learner.follow import notebook_following, script_following
from course_utils.learner.merging import Clash, Merged, different, merge
from course_utils.learner.screen import shown_path
from course_utils.learner.state import rewrite

Side = Literal["py", "ipynb"]


class MergeNews(str):
    """What `sync` says after it merged two edited files: the one thing it does that a learner must hear of."""


def sync(chapter: Chapter, keep: Side | None = None) -> str | None:
    """Make the chapter's two files agree; says what was done, or None when they did already.

    A file that is missing is made from the other, and both from the solutions. Where both were edited, in different
    cells, both get all the edits (see `merge`), and copies of both are kept first. Raises CourseError, with both files
    as they were, when one cell was edited in both, or one can't be read. `keep` then names the file that wins; the
    other is copied to `.course/backups` first.
    """
    script, notebook = read_file(chapter.script), read_file(chapter.notebook)
    record = records(chapter).get(chapter.key, {})
    both = script.content is not None and notebook.content is not None
    if both and keep is None and record.get("py") == script.digest and record.get("ipynb") == notebook.digest:
        return None
    if script.content is None and notebook.content is None:
        return _make_both(chapter)
    if keep is not None:
        return _keep_one(chapter, script, notebook, keep)
    if script.content is None or notebook.content is None:
        kept, other = (notebook, script) if script.content is None else (script, notebook)
        return _follow(chapter, kept, other)
    return _reconcile(chapter, script, notebook, record)


def _reconcile(chapter: Chapter, script: PairFile, notebook: PairFile, record: dict[str, Any]) -> str | None:
    """Both files are there and one of them isn't as it was last seen."""
    said, noted = document_digest(script.cells()), document_digest(notebook.cells())
    if said == noted:
        note(chapter, script.cells())
        return None
    generated = [] if record.get("document") else generated_cells(chapter)
    base = record.get("document") or (document_digest(generated) if generated else None)
    if noted == base:
        return _follow(chapter, script, notebook)
    if said == base:
        return _follow(chapter, notebook, script)
    rows = agreed_rows(record) if record.get("document") else chapter_rows(chapter, generated)
    ours, theirs = script.cells(), notebook.cells()
    merged = merge(rows, ours, theirs, [exercise.name for exercise in chapter.exercises]) if rows else Clash(())
    if isinstance(merged, Clash):
        exercises = different(chapter_rows(chapter, ours), chapter_rows(chapter, theirs))
        raise CourseError(_refusal(chapter, script, merged.changed, exercises))
    return _write_merged(chapter, script, notebook, merged)


def _refusal(chapter: Chapter, script: PairFile, changed: tuple[str, ...], differ: tuple[str, ...]) -> str:
    """Why the files stay as they are, with the names of what differs, and what to do."""
    why = f"both changed {_listed(changed)}" if changed else "they differ"
    if not changed and differ:
        why += f" in {_listed(differ)}"
    return (
        f"Both {script.shown} and its notebook were edited, and {why}; neither was changed. Keep one: "
        f"`course sync {chapter.key[:4]} --keep py`, or `--keep ipynb` (the other goes to .course/backups)."
    )


def _listed(names: tuple[str, ...], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _write_merged(chapter: Chapter, script: PairFile, notebook: PairFile, merged: Merged) -> MergeNews:
    """Give both files all the edits; nothing is written before a copy of both is kept."""
    texts = [_text_following(chapter, file, list(merged.cells), file.text()) for file in (script, notebook)]
    for file in (script, notebook):
        _unless_saved(file)
    copies = [keep_copy(file.path, chapter.root) for file in (script, notebook)]
    for file, text in zip((script, notebook), texts, strict=True):
        _replace(file, text)
    note(chapter, list(merged.cells))
    return MergeNews(
        f"Both files were edited, in different cells: {_listed(merged.ours)} in {script.path.name}, "
        f"{_listed(merged.theirs)} in {notebook.path.name}. Now both hold all of it; the files as they were: "
        f"{' and '.join(shown_path(copy, chapter.root) for copy in copies)}."
    )


def _keep_one(chapter: Chapter, script: PairFile, notebook: PairFile, keep: Side) -> str | None:
    kept, other = (script, notebook) if keep == "py" else (notebook, script)
    if kept.content is None:
        raise CourseError(f"{kept.shown} isn't there, so it can't be kept: leave out --keep to make it from the other.")
    cells = kept.cells()  # raises before anything is touched if it can't be read
    with contextlib.suppress(CourseError):
        if other.content is not None and document_digest(other.cells()) == document_digest(cells):
            note(chapter, cells)
            return None
    if other.content is None:
        return _follow(chapter, kept, other)
    copy = keep_copy(other.path, chapter.root)
    return f"{_follow(chapter, kept, other, forgiving=True)} What it said before is kept as {copy}."


def _follow(chapter: Chapter, kept: PairFile, other: PairFile, forgiving: bool = False) -> str:
    """Write `other` anew from `kept`. `forgiving`: it needn't be readable, since a copy of it has been kept."""
    cells = kept.cells()
    old: str | None = None
    with contextlib.suppress(CourseError) if forgiving else contextlib.nullcontext():
        if other.content is not None:
            other.cells()  # raises if it can't be read
            old = other.text()
    _replace(other, _text_following(chapter, other, cells, old))
    note(chapter, cells)
    done = "made from" if other.content is None else "brought up to date with"
    return f"{other.shown} was {done} {kept.path.name}."


def _text_following(chapter: Chapter, file: PairFile, cells: list[Cell], old: str | None) -> str:
    """What `file` must hold to say what `cells` say; `old` is its text until now."""
    source = chapter.solution.relative_to(chapter.root).as_posix()
    return (script_following if file.path == chapter.script else notebook_following)(cells, old, source)


def _replace(file: PairFile, text: str) -> None:
    """Write `file` unless somebody saved it since it was read."""
    _unless_saved(file)
    rewrite(file.path, text)


def _unless_saved(file: PairFile) -> None:
    if read_file(file.path).content != file.content:
        raise CourseError(f"{file.shown} was saved just now, while its pair was being read: run the command again.")


def _make_both(chapter: Chapter) -> str:
    from course_utils.authoring.notebook import documents

    texts = documents(chapter)
    for path in (chapter.script, chapter.notebook):
        _replace(PairFile(path, None), texts[path.relative_to(chapter.root).as_posix()])
    note(chapter, read_file(chapter.script).cells())
    return f"{chapter.key}.py and {chapter.key}.ipynb were made afresh."
