"""What a specimen expects next, at any position of a prompt."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.explore.prompt import Prompt, Token, token_of
from course_utils.explore.snippet import opening
from course_utils.model import HookedTransformer


@dataclass(frozen=True)
class Guess:
    """A token that may come next, its probability, and its logit (natural units, W_U centred)."""

    token: Token
    probability: float
    logit: float


def logits_at(model: HookedTransformer, prompt: Prompt, position: int) -> Float[Tensor, " d_vocab"]:
    """The next-token logits at one position. Raises CourseError for a position that the prompt doesn't have."""
    return model(prompt.batch(model))[0, checked_position(prompt, position)]


def next_tokens(model: HookedTransformer, prompt: Prompt, position: int, count: int = 10) -> list[Guess]:
    """The likeliest next tokens at a position, the likeliest first."""
    return ranked(model, logits_at(model, prompt, position), count)


def ranked(model: HookedTransformer, logits: Float[Tensor, " d_vocab"], count: int = 10) -> list[Guess]:
    """The tokens with the highest logits."""
    best = logits.softmax(dim=-1).topk(count)
    return [
        Guess(token_of(model, id), probability, logits[id].item())
        for probability, id in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]


def checked_position(prompt: Prompt, position: int) -> int:
    """The position itself. Raises CourseError when it lies outside the prompt."""
    if not 0 <= position < len(prompt):
        raise CourseError(f"There is no position {position}: the prompt has positions 0 to {len(prompt) - 1}.")
    return position


def code(loading: str, prompt: Prompt, position: int, count: int = 10) -> str:
    """A program that prints the same guesses; they are in `best`."""
    return f"""{opening(loading, tokens=prompt)}
with torch.inference_mode():
    logits = model(tokens)[0, {position}]
best = logits.softmax(dim=-1).topk({count})
for probability, token in zip(best.values.tolist(), best.indices.tolist()):
    print(f"{{model.to_string([token])!r:>18}}  {{probability:.4f}}  logit {{logits[token]:.2f}}")
"""
