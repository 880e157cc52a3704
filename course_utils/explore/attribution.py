"""Direct logit attribution: a lead as a sum, with one term for each part that wrote into the residual stream.

The last normalisation's divisor is held at the value it had on this pass; that makes the sum exact.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.explore.prompt import Prompt
from course_utils.explore.question import Question
from course_utils.explore.snippet import opening, token_code
from course_utils.model import HookedTransformer


@dataclass(frozen=True)
class Attribution:
    """What each part adds to the lead, in logits. `lead` is the model's own, read off its logits."""

    embeddings: float
    heads: Float[Tensor, "layer head"]
    mlps: Float[Tensor, " layer"]  # empty in a model without MLPs
    biases: float  # b_O of all layers, which no head owns
    unembedding: float  # what b_U gives the answer over the rival
    lead: float

    @property
    def total(self) -> float:
        """The sum of all parts."""
        parts = float(self.heads.sum()) + float(self.mlps.sum())
        return parts + self.embeddings + self.biases + self.unembedding

    @property
    def remainder(self) -> float:
        """What the parts leave unexplained: rounding, and nothing else."""
        return self.lead - self.total


def attribute(model: HookedTransformer, prompt: Prompt, question: Question) -> Attribution:
    """Take the lead at the question's position apart."""
    cfg, at = model.cfg, question.position
    logits, cache = model.run_with_cache(prompt.batch(model))
    answer, rival = question.answer.id, question.rival.id

    def share(stack: Float[Tensor, "part 1 d_model"]) -> Float[Tensor, " part"]:
        return cache.logit_attrs(stack, answer, rival, pos_slice=at)[:, 0]

    mlps = torch.zeros(0)
    if not cfg.attn_only:
        mlps = share(cache.decompose_resid(mode="mlp", incl_embeds=False, pos_slice=at))
    embeddings = (cache["embed"] + cache["pos_embed"])[None, :, at]
    return Attribution(
        embeddings=share(embeddings).item(),
        heads=share(cache.stack_head_results(pos_slice=at)).view(cfg.n_layers, cfg.n_heads),
        mlps=mlps,
        biases=share(model.b_O.sum(dim=0)[None, None]).item(),
        unembedding=(model.b_U[answer] - model.b_U[rival]).item(),
        lead=question.lead(logits[0, at]).item(),
    )


_MLPS = """
    mlps = share(cache.decompose_resid(mode="mlp", incl_embeds=False, pos_slice=at))"""
_NO_MLPS = """
    mlps = torch.zeros(0)  # this specimen has none"""


def code(loading: str, model: HookedTransformer, prompt: Prompt, question: Question) -> str:
    """A program that prints the same sum; its terms are in `heads`, `mlps`, `embeddings`, `biases`, `unembedding`."""
    return f"""{opening(loading, tokens=prompt)}
answer = {token_code(model, question.answer)}
rival = {token_code(model, question.rival)}
at = {question.position}


def share(stack):
    return cache.logit_attrs(stack, answer, rival, pos_slice=at)[:, 0]


with torch.inference_mode():
    logits, cache = model.run_with_cache(tokens)
    heads = share(cache.stack_head_results(pos_slice=at)).view(model.cfg.n_layers, model.cfg.n_heads)\
{_NO_MLPS if model.cfg.attn_only else _MLPS}
    embeddings = share((cache["embed"] + cache["pos_embed"])[None, :, at]).sum()
    biases = share(model.b_O.sum(dim=0)[None, None]).sum()
    unembedding = model.b_U[answer] - model.b_U[rival]
    lead = logits[0, at, answer] - logits[0, at, rival]
total = heads.sum() + mlps.sum() + embeddings + biases + unembedding
print("heads, a row a layer:", heads.numpy().round(3), "MLPs:", mlps.numpy().round(3), sep="\\n")
print(f"embeddings {{embeddings:.3f}}, biases {{biases:.3f}}, b_U {{unembedding:.3f}}")
print(f"sum {{total:.4f}}, lead {{lead:.4f}}, remainder {{lead - total:.1e}}")
"""
