"""What the model is given, checked before anything is computed: each mistake gets one sentence with the remedy."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import HookedTransformerConfig
from course_utils.model.embed import Embed
from course_utils.model.tokens import HandlesTokens, is_ids


class ChecksInput(HandlesTokens):
    """The part of the model that knows what it can take."""

    cfg: HookedTransformerConfig
    embed: Embed

    def _layers(self, start: int | None, stop: int | None) -> tuple[int, int]:
        """The first layer to run and the one to stop before, either counted from the end if negative."""
        n_layers = self.cfg.n_layers
        for name, layer in (("start_at_layer", start), ("stop_at_layer", stop)):
            if layer is not None and not -n_layers <= layer <= n_layers:
                raise CourseError(f"{name} is {layer}: this model has layers 0 to {n_layers - 1}.")
        return slice(start, stop).indices(n_layers)[:2]

    def _as_residual(self, x: Any, wants_loss: bool) -> Float[Tensor, "batch pos d_model"]:
        if wants_loss or not isinstance(x, Tensor):
            raise CourseError("start_at_layer takes a residual stream, which has no tokens: ask for logits.")
        if x.ndim != 3 or x.shape[-1] != self.cfg.d_model:
            raise CourseError(
                f"start_at_layer takes a residual stream [batch pos {self.cfg.d_model}], not {list(x.shape)}."
            )
        weights = self.embed.W_E
        if (x.dtype, x.device) != (weights.dtype, weights.device):
            raise CourseError(
                f"The residual stream is {x.dtype} and the model {weights.dtype}, on {x.device} and {weights.device}: "
                "convert one with .to()."
            )
        return x

    def _as_batch(self, tokens: Any, prepend_bos: bool | None, side: str, pad: bool) -> Int[Tensor, "batch pos"]:
        if isinstance(tokens, str | list) and not is_ids(tokens):
            tokens = self.to_tokens(tokens, prepend_bos, side, pad=pad)
        elif isinstance(tokens, list):
            tokens = torch.tensor(tokens, device=self.device)
        if not isinstance(tokens, Tensor) or tokens.is_floating_point() or tokens.dtype is torch.bool:
            what = f"a tensor of {tokens.dtype}" if isinstance(tokens, Tensor) else f"a {type(tokens).__name__}"
            raise CourseError(f"The model takes token ids, a tensor of integers [batch pos], not {what}.")
        tokens = tokens[None] if tokens.ndim == 1 else tokens
        if tokens.ndim != 2:
            raise CourseError(f"Token ids have shape {list(tokens.shape)}: they must be [batch pos] or [pos].")
        if tokens.shape[1] == 0:
            raise CourseError("The prompt is empty: give at least one token, such as the beginning-of-text one.")
        if tokens.device != self.device:
            raise CourseError(f"Tokens are on {tokens.device} and the model on {self.device}: move one with .to().")
        return tokens.long()

    @contextmanager
    def _says_what_is_mixed(self) -> Iterator[None]:
        """Turn torch's complaint about parameters of two kinds or in two places into a sentence that names them."""
        try:
            yield
        except RuntimeError as error:
            first, *others = self.named_parameters()  # type: ignore[attr-defined]
            for name, other in others:
                for what in ("dtype", "device"):
                    one, two = getattr(first[1], what), getattr(other, what)
                    if one != two:
                        raise CourseError(
                            f"{first[0]} is {one} and {name} {two}: model.to(...) makes them one {what}."
                        ) from error
            raise

    def _positions(self, x: Tensor, attention_mask: Tensor | None, start: int) -> Int[Tensor, "#batch pos"]:
        """The place of each token in its text, padding on the left left out."""
        end = start + x.shape[1]
        if end > self.cfg.n_ctx:
            raise CourseError(f"The text has {end} tokens and the model reads at most {self.cfg.n_ctx}: shorten it.")
        if attention_mask is None:
            return torch.arange(start, end, device=x.device)[None]
        if list(attention_mask.shape) != [x.shape[0], end]:
            raise CourseError(
                f"attention_mask has shape {list(attention_mask.shape)}: it must be "
                f"[batch pos] = [{x.shape[0]}, {end}], the past included."
            )
        return (attention_mask.long().cumsum(dim=1) - 1).clamp(min=0)[:, start:]


def wants_a_loss(return_type: str | None) -> bool:
    """Whether the loss is part of what was asked for. Raises CourseError for anything unknown."""
    if return_type not in ("logits", "loss", "both", None):
        raise CourseError(f"return_type is {return_type!r}: it must be 'logits', 'loss', 'both' or None.")
    return return_type in ("loss", "both")
