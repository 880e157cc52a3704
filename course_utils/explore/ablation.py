"""Ablation: chosen heads and MLPs silenced, held at their average, or made to speak of another prompt."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from jaxtyping import Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.explore.patching import check_pair
from course_utils.explore.prompt import Prompt
from course_utils.explore.snippet import opening
from course_utils.model import HookedTransformer, get_act_name


class Filling(Enum):
    """What takes the place of what a part says. The last two take it from a second prompt."""

    ZERO = "zero"
    MEAN = "mean"
    RESAMPLE = "resample"


@dataclass(frozen=True, order=True)
class Part:
    """A head, or with `head` None the MLP, of a layer.

    >>> str(Part(1, 4)), str(Part(2))
    ('1.4', 'mlp2')
    """

    layer: int
    head: int | None = None

    def __str__(self) -> str:
        return f"mlp{self.layer}" if self.head is None else f"{self.layer}.{self.head}"

    @property
    def hook(self) -> str:
        return get_act_name("mlp_out" if self.head is None else "z", self.layer)


@dataclass(frozen=True)
class Ablation:
    """Next-token logits at one position, with everything in place and with the chosen parts ablated."""

    before: Float[Tensor, " d_vocab"]
    after: Float[Tensor, " d_vocab"]


def parts_of(model: HookedTransformer) -> list[Part]:
    """Every part that can be switched off, layer by layer, the heads before the MLP."""
    cfg = model.cfg
    listed: list[Part] = []
    for layer in range(cfg.n_layers):
        listed += [Part(layer, head) for head in range(cfg.n_heads)]
        listed += [] if cfg.attn_only else [Part(layer)]
    return listed


def part_named(name: str) -> Part:
    """The part of a name such as "1.4" or "mlp2". Raises CourseError for any other text."""
    if head := re.fullmatch(r"(\d{1,2})\.(\d{1,2})", name):
        return Part(int(head[1]), int(head[2]))
    if mlp := re.fullmatch(r"mlp(\d{1,2})", name):
        return Part(int(mlp[1]))
    raise CourseError(f"“{name}” is no part of a model: heads are called 1.4 (layer.head), MLPs mlp2.")


def ablate(
    model: HookedTransformer,
    prompt: Prompt,
    parts: Sequence[Part],
    filling: Filling,
    position: int,
    other: Prompt | None = None,
) -> Ablation:
    """Run the prompt with these parts ablated at every position; read the logits at one.

    other: the text whose average (over its positions) or whose values, position by position, are put in. Raises
    CourseError when it is needed and missing, when resampling from another length, and for a part there isn't.
    """
    missing = [part for part in parts if part not in parts_of(model)]
    if missing:
        raise CourseError(f"This specimen has no part {missing[0]}: it has layers 0 to {model.cfg.n_layers - 1}.")
    tokens = prompt.batch(model)
    replace = _replacement(model, prompt, sorted({part.hook for part in parts}), filling, other)
    chosen: dict[str, list[Part]] = {}
    for part in parts:
        chosen.setdefault(part.hook, []).append(part)

    def fill(x: Tensor, hook: Any) -> Tensor:
        for part in chosen[hook.name]:
            at = ... if part.head is None else (slice(None), slice(None), part.head)
            x[at] = replace(hook.name, x)[at]
        return x

    after = model.run_with_hooks(tokens, fwd_hooks=[(name, fill) for name in chosen])
    return Ablation(model(tokens)[0, position], after[0, position])


def _replacement(
    model: HookedTransformer, prompt: Prompt, hooks: list[str], filling: Filling, other: Prompt | None
) -> Callable[[str, Tensor], Tensor]:
    """A function that gives what a whole activation is to be taken from, by its hook's name."""
    if filling is Filling.ZERO or not hooks:
        return lambda name, x: x.new_zeros(()).expand_as(x)
    if other is None:
        raise CourseError("This kind of ablation takes its values from a second text: give one.")
    if filling is Filling.RESAMPLE:
        check_pair(prompt, other)
    _, cache = model.run_with_cache(other.batch(model), names_filter=hooks)
    if filling is Filling.RESAMPLE:
        return lambda name, x: cache[name]
    return lambda name, x: cache[name].mean(dim=(0, 1)).expand_as(x)


_VALUES = {
    Filling.ZERO: "torch.zeros_like(x)",
    Filling.MEAN: "cache[hook.name].mean(dim=(0, 1)).expand_as(x)",
    Filling.RESAMPLE: "cache[hook.name]",
}


def code(
    loading: str, prompt: Prompt, parts: Sequence[Part], filling: Filling, position: int, other: Prompt | None = None
) -> str:
    """A program that prints the likeliest tokens before and after; they are in `before` and `after`, as logits."""
    heads: dict[str, list[int]] = {}
    for part in parts:
        heads.setdefault(part.hook, []).extend([] if part.head is None else [part.head])
    lends = filling is not Filling.ZERO and other is not None
    texts = {"tokens": prompt} | ({"other": other} if lends and other else {})
    cached = "\n    _, cache = model.run_with_cache(other)" if lends else ""
    return f"""{opening(loading, **texts)}
ablated = {heads!r}  # heads by hook; an empty list means the whole of it, an MLP


def fill(x, hook):
    values, heads = {_VALUES[filling]}, ablated[hook.name]
    if not heads:
        return values.clone()
    x[:, :, heads] = values[:, :, heads]
    return x


with torch.inference_mode():{cached}
    before = model(tokens)[0, {position}]
    after = model.run_with_hooks(tokens, fwd_hooks=[(name, fill) for name in ablated])[0, {position}]
for name, logits in [("as it is", before), ("ablated", after)]:
    best = logits.softmax(dim=-1).topk(5)
    print(name, [f"{{model.to_string([id])}} {{p:.3f}}" for id, p in zip(best.indices.tolist(), best.values.tolist())])
"""
