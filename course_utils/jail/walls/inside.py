"""Which files of the course exist in the jail, chapter by chapter: what a submission may build on, and no answer.

Never there: checks, mutants, comparison, diagnosis, solutions, specimens and their facts, the learner's side, authoring
but for reading cells. `WITHOUT` and `EMPTIED` take away, on top, what would answer the chapter's own exercises.
"""

import ast
from pathlib import Path

import course_utils
from course_utils.catalog import Chapter, CourseError

_PACKAGE = Path(course_utils.__file__).parent
_GRADING = ("crash", "frames", "kinds", "names", "printed", "reach", "sources", "subject", "verdict")  # loading, lines
_TALK = (
    *("bounds", "codec", "forms", "header", "home"),
    *("attested", "driver", "errors", "hooked", "links", "modules", "names", "optimizers", "peer", "signatures"),
    *("spying", "standins", "tape", "tensors", "things", "values", "wire"),
)
_DATA = ("__init__.py", "sentences.py", "microworld")

FILES = (
    *("__init__.py", "catalog.py", "records.py", "figures.py"),
    *("authoring/__init__.py", "authoring/magics.py"),
    *("grading/__init__.py", *(f"grading/{name}.py" for name in _GRADING)),
    *("jail/__init__.py", "jail/talk/__init__.py", *(f"jail/talk/{name}.py" for name in _TALK)),
    *(f"data/{name}" for name in _DATA),
    "model",
)

WITHOUT = {
    # All of chapter 1 is to write such a model: its parts, sampling, the loss, reading GPT-2's weights.
    "ch01_transformers": ("model", "jail/talk/hooked.py"),
    # Given there are model, hooks, cache and its decompositions (the chapter calls them other right answers);
    # sweeps and path patching are no part of it, and come as exercises later.
    "ch02_induction": ("model/patching",),
    # Chapter 3 is to write them.
    "ch03_ioi": ("model/patching",),
}

EMPTIED = {
    # The exercises composition_score and loss_by_position.
    "ch02_induction": {
        "model/factored_matrix.py": ("composition_scores",),
        "model/stacked.py": ("StackedWeights.all_composition_scores",),
    },
    # The exercise residual_directions, and direct_logit_attribution in one call.
    "ch03_ioi": {
        "model/tokens.py": ("HandlesTokens.tokens_to_residual_directions",),
        "model/attribution.py": ("Attribution.logit_attrs",),
    },
}


def files_of(chapter: Chapter) -> list[str]:
    """A chapter's files, relative to `course_utils`. Raises CourseError for a chapter that isn't in `WITHOUT`."""
    if chapter.key not in WITHOUT:
        raise CourseError(
            f"What {chapter.key}'s jail must lack isn't known: add it to course_utils/jail/walls/inside.py."
        )
    left_out = WITHOUT[chapter.key]
    found = []
    for name in FILES:
        path = _PACKAGE / name
        found += [str(one.relative_to(_PACKAGE)) for one in sorted(path.rglob("*.py"))] if path.is_dir() else [name]
    return [name for name in found if not any(name == one or name.startswith(f"{one}/") for one in left_out)]


def stage(chapter: Chapter, folder: Path) -> None:
    """Put a chapter's `course_utils` into a folder. Raises CourseError for a chapter that isn't in `WITHOUT`."""
    emptied = EMPTIED.get(chapter.key, {})
    for name in files_of(chapter):
        text = (_PACKAGE / name).read_text(encoding="utf-8")
        place = folder / "course_utils" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(without_bodies(text, emptied.get(name, ())), encoding="utf-8")


def without_bodies(source: str, names: tuple[str, ...]) -> str:
    """The source with these functions (`f`, `Class.method`) emptied: they raise. Raises CourseError if one isn't there.

    >>> print(without_bodies("def f(x):\\n    return x", ("f",)))
    def f(x):
        raise RuntimeError('f is left out here: it is what the exercise is about.')
    """
    if not names:
        return source
    tree, missing = ast.parse(source), set(names)
    for prefix, body in [("", tree.body), *((f"{n.name}.", n.body) for n in tree.body if isinstance(n, ast.ClassDef))]:
        for node in body:
            if isinstance(node, ast.FunctionDef) and prefix + node.name in names:
                says = f"{node.name} is left out here: it is what the exercise is about."
                node.body = ast.parse(f"raise RuntimeError({says!r})").body
                missing.discard(prefix + node.name)
    if missing:
        raise CourseError(f"{sorted(missing)[0]} is not there to be emptied: mend course_utils/jail/walls/inside.py.")
    return ast.unparse(tree)
