"""The logit lens: the residual stream read as if the model ended there, before each layer and at the end."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from course_utils.explore.prompt import Prompt, Token, token_of
from course_utils.explore.snippet import opening
from course_utils.model import HookedTransformer


@dataclass(frozen=True)
class Lens:
    """The best guess of each stream at each position, and its probability."""

    streams: tuple[str, ...]
    guesses: tuple[tuple[Token, ...], ...]  # [stream][position]
    probabilities: Float[Tensor, "stream pos"]


def logit_lens(model: HookedTransformer, prompt: Prompt) -> Lens:
    """Every stream goes through the last normalisation (each for itself) and the unembedding."""
    _, cache = model.run_with_cache(prompt.batch(model))
    streams = cache.accumulated_resid(apply_ln=True)  # [stream 1 pos d_model]
    best = model.unembed(streams[:, 0]).softmax(dim=-1).max(dim=-1)
    named = {id: token_of(model, id) for id in set(best.indices.flatten().tolist())}
    guesses = tuple(tuple(named[id] for id in row) for row in best.indices.tolist())
    names = [*(f"before layer {layer}" for layer in range(model.cfg.n_layers)), "at the end"]
    return Lens(tuple(names), guesses, best.values)


def code(loading: str, prompt: Prompt) -> str:
    """A program that prints the best guesses; they are in `best`, `[stream pos]`."""
    return f"""{opening(loading, tokens=prompt)}
with torch.inference_mode():
    _, cache = model.run_with_cache(tokens)
    streams = cache.accumulated_resid(apply_ln=True)[:, 0]  # before each layer, and at the end
    best = model.unembed(streams).softmax(dim=-1).max(dim=-1)
for position, word in enumerate(model.to_str_tokens(tokens[0])):
    guesses = [f"{{model.to_string([token])}} {{probability:.2f}}"
               for token, probability in zip(best.indices[:, position].tolist(), best.values[:, position].tolist())]
    print(f"{{position:3}} {{word!r:>16}}: ", " | ".join(guesses))
"""
