"""Activation patching between two prompts: one place at a time gets what it held on the other prompt."""

from dataclasses import dataclass
from enum import Enum

from jaxtyping import Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.explore.prompt import Prompt
from course_utils.explore.question import Question
from course_utils.explore.snippet import opening, token_code
from course_utils.model import HookedTransformer
from course_utils.model.patching import sweep


class Places(Enum):
    """What is exchanged, one entry at a time: the activation, and the axes of the map behind "layer"."""

    STREAM = ("resid_pre", "pos")
    ATTENTION = ("attn_out", "pos")
    MLPS = ("mlp_out", "pos")
    HEADS = ("z", "head")

    @property
    def activation(self) -> str:
        return self.value[0]

    @property
    def axes(self) -> tuple[str, str]:
        return ("layer", self.value[1])


@dataclass(frozen=True)
class PatchMap:
    """The lead with one entry patched, for each entry; and the leads of the two prompts as they are.

    source: the lead on the prompt that lends activations. base: on the one that is run.
    """

    leads: Float[Tensor, "layer place"]
    source: float
    base: float

    @property
    def recovered(self) -> Float[Tensor, "layer place"] | None:
        """The same from 0 (as the base) to 1 (as the source); None where the two prompts hardly differ."""
        gap = self.source - self.base
        return None if abs(gap) < 1e-3 else (self.leads - self.base) / gap


def patch_map(model: HookedTransformer, base: Prompt, source: Prompt, question: Question, places: Places) -> PatchMap:
    """Run on `base`, with one place's activation taken from `source`, and measure the lead at the question's position.

    Raises CourseError for prompts of different lengths, for the same one twice, and for MLPs where there are none.
    """
    check_pair(source, base)
    if places is Places.MLPS and model.cfg.attn_only:
        raise CourseError("This specimen has no MLPs: patch its heads or its stream.")
    logits, cache = model.run_with_cache(source.batch(model))
    tokens, at = base.batch(model), question.position
    at_end = at == len(base) - 1

    def lead(logits: Float[Tensor, "1 pos d_vocab"]) -> Tensor:
        return question.lead(logits[0, -1 if at_end else at])

    leads = sweep(model, tokens, cache, lead, places.activation, places.axes, last_only=at_end, progress=False)
    return PatchMap(leads, question.lead(logits[0, at]).item(), question.lead(model(tokens)[0, at]).item())


def check_pair(first: Prompt, second: Prompt) -> None:
    """Refuse two prompts whose positions don't correspond, or that are one."""
    if len(first) != len(second):
        raise CourseError(
            f"The two prompts have {len(first)} and {len(second)} tokens, and what one position holds is to go into "
            "the same position of the other: reword one of them so that both have as many."
        )
    if first.ids == second.ids:
        raise CourseError("The two prompts are the same, so no patch can change anything: change a word in one.")


def code(
    loading: str, model: HookedTransformer, base: Prompt, source: Prompt, question: Question, places: Places
) -> str:
    """A program that prints the same map; it is in `leads`."""
    imported = "from course_utils.model.patching import sweep"
    return f"""{opening(loading, imported, base=base, source=source)}
answer = {token_code(model, question.answer)}
rival = {token_code(model, question.rival)}


def lead(logits):
    return logits[0, {question.position}, answer] - logits[0, {question.position}, rival]


with torch.inference_mode():
    source_logits, cache = model.run_with_cache(source)
    leads = sweep(model, base, cache, lead, "{places.activation}", ("layer", "{places.axes[1]}"), progress=False)
    low, high = lead(model(base)), lead(source_logits)
recovered = (leads - low) / (high - low)
print(f"lead on base {{low:.3f}}, on source {{high:.3f}}; recovered, a row a layer:")
print(recovered.numpy().round(2))
"""
