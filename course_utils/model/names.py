"""Names of activations: the full ones of hooks, the short ones people write, and how a filter picks among them."""

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence

from course_utils.catalog import CourseError

NameFilter = str | Callable[[str], bool] | Sequence[str | Callable[[str], bool]] | None

_ATTN = frozenset({"q", "k", "v", "z", "rot_q", "rot_k", "result", "pattern", "attn_scores"})
_MLP = frozenset({"pre", "post", "pre_linear"})
_SHORT = {"attn": "pattern", "attn_logits": "attn_scores", "query": "q", "key": "k", "value": "v"}
_SHORT |= {"mlp_pre": "pre", "mlp_post": "post"}
_WITH_LAYER = re.compile(r"([a-z]+)(\d+)([a-z]\w*)?")  # "k6", "scale4ln1"
_BLOCK_TYPES = {"a": "attn", "m": "mlp", "attn": "attn", "mlp": "mlp", "ln1": "ln1", "ln2": "ln2"}


class UnknownHook(CourseError):
    """No hook has this name. The message lists the nearest."""


def get_act_name(name: str, layer: int | str | None = None, layer_type: str | None = None) -> str:
    """The full name of a hook from the short one.

    `layer_type` says which part of a block is meant for names that several have (`scale`, `normalized`). Both may be
    written into the name: "k6", "scale4ln1".

    >>> get_act_name("resid_pre", 3), get_act_name("pattern", 0), get_act_name("embed")
    ('blocks.3.hook_resid_pre', 'blocks.0.attn.hook_pattern', 'hook_embed')
    >>> get_act_name("scale", 1, "ln1"), get_act_name("normalized"), get_act_name("k6")
    ('blocks.1.ln1.hook_scale', 'ln_final.hook_normalized', 'blocks.6.attn.hook_k')
    """
    if "." in name or name.startswith("hook_"):
        return name
    if layer is None and (written := _WITH_LAYER.fullmatch(name)):
        name, layer, layer_type = written[1], written[2], written[3]
    name = _SHORT.get(name, name)
    suffix = "_grad" if name.endswith("_grad") else ""
    kind = name.removesuffix("_grad")
    part = _BLOCK_TYPES.get(layer_type, layer_type) if layer_type else None
    if part is None:
        part = "attn" if kind in _ATTN else "mlp" if kind in _MLP else None
    if layer is None:
        part = "ln_final" if kind in ("scale", "normalized") and part is None else part
        return ".".join(piece for piece in (part, f"hook_{kind}{suffix}") if piece)
    return ".".join(piece for piece in ("blocks", str(layer), part, f"hook_{kind}{suffix}") if piece)


def select(names: Iterable[str], wanted: NameFilter, ordinary: Iterable[str] | None = None) -> list[str]:
    """The names that a filter picks, in the order of `names`.

    A filter is a name, a glob, a predicate or a list of these; None picks all. Globs and predicates pick
    among the `ordinary` names, and among the others (those on demand) only if no ordinary one fits. A name that does
    not exist and a glob that fits nothing raise UnknownHook; a predicate may pick nothing.

    >>> names = ["hook_embed", "blocks.0.attn.hook_z", "blocks.1.attn.hook_z", "blocks.0.attn.hook_result"]
    >>> select(names, "*hook_z"), select(names, lambda name: "embed" in name)
    (['blocks.0.attn.hook_z', 'blocks.1.attn.hook_z'], ['hook_embed'])
    >>> select(names, "blocks.0.*", ordinary=names[:3]), select(names, "*result", ordinary=names[:3])
    (['blocks.0.attn.hook_z'], ['blocks.0.attn.hook_result'])
    """
    names = list(names)
    usual = set(names if ordinary is None else ordinary)

    def preferred(fits: list[str]) -> list[str]:
        return [name for name in fits if name in usual] or fits

    if wanted is None:
        return preferred(names)
    picked: set[str] = set()
    for one in wanted if isinstance(wanted, list | tuple | set) else [wanted]:
        if callable(one):
            picked.update(preferred([name for name in names if one(name)]))
            continue
        if not isinstance(one, str):
            raise CourseError(f"A {type(one).__name__} picks no hooks: give a name, a glob, a predicate or a list.")
        fits = [one] if one in names else preferred(fnmatch.filter(names, one))
        if not fits:
            raise UnknownHook(unknown(one, names))
        picked.update(fits)
    return [name for name in names if name in picked]


def unknown(name: str, names: Iterable[str], what: str = "hook") -> str:
    """One sentence for a name that isn't there, with the nearest that are.

    >>> unknown("hook_z", ["blocks.0.attn.hook_z", "hook_embed"])
    "No hook is called 'hook_z'. Nearest: blocks.0.attn.hook_z, hook_embed."
    """
    names = list(names)
    ends = [known for known in names if known.endswith("." + name)]
    near = ends + difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    shown = ", ".join(list(dict.fromkeys(near))[:3])
    return f"No {what} is called {name!r}." + (f" Nearest: {shown}." if shown else " `model.hook_dict` holds them all.")
