"""Writing on from a prompt, one token at a time, with the keys and values of the text so far kept."""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import Direction
from course_utils.model.kv_cache import KeyValueCache
from course_utils.model.progress import watched
from course_utils.model.sampling import sample_logits
from course_utils.model.tokens import HandlesTokens, Text, is_ids


class Generates(HandlesTokens):
    """The part of the model that writes.

    >>> from course_utils.model import HookedTransformer, HookedTransformerConfig
    >>> model = HookedTransformer(HookedTransformerConfig(n_layers=1, d_model=8, n_heads=2, n_ctx=6, d_vocab=10))
    >>> _ = model.unembed.b_U.data[7].fill_(100.0)  # a model that says 7 whatever it is asked
    >>> model.generate(torch.tensor([[1, 2]]), max_new_tokens=3, seed=0)
    tensor([[1, 2, 7, 7, 7]])
    """

    @torch.inference_mode()
    def generate(
        self,
        prompt: Text | Int[Tensor, "batch pos"],
        max_new_tokens: int = 10,
        *,
        do_sample: bool = True,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        freq_penalty: float = 0.0,
        stop_at_eos: bool = True,
        eos_token_id: int | None = None,
        prepend_bos: bool | None = None,
        use_past_kv_cache: bool = True,
        return_type: str = "input",
        seed: int | None = None,
        verbose: bool = False,
    ) -> Any:
        """The prompt with what follows it: text for text and ids for ids, or what `return_type` says ("str", "tokens").

        `verbose` shows a progress bar.

        Texts of several lengths are padded on the left, which they don't see. With `do_sample=False` the likeliest
        token is taken. A text that wrote the end-of-text token is filled up with it. Raises CourseError when the
        result would be longer than `n_ctx`.
        """
        if return_type not in ("input", "str", "tokens") or max_new_tokens < 0:
            raise CourseError("return_type must be 'input', 'str' or 'tokens', and max_new_tokens at least 0.")
        tokens, mask, start = self._prompt(prompt, prepend_bos)
        if tokens.shape[1] + max_new_tokens > self.cfg.n_ctx:
            raise CourseError(
                f"{tokens.shape[1]} tokens and {max_new_tokens} new ones are more than the {self.cfg.n_ctx} that the "
                f"model reads: ask for at most {self.cfg.n_ctx - tokens.shape[1]}."
            )
        if self.cfg.attention_dir is not Direction.CAUSAL:
            raise CourseError("A model that attends in both directions can't generate: it saw the text it is to write.")
        options: dict[str, Any] = {"temperature": temperature if do_sample else 0.0, "freq_penalty": freq_penalty}
        options |= {"top_k": top_k, "top_p": top_p}
        if seed is not None:
            options["generator"] = torch.Generator(device=tokens.device).manual_seed(seed)
        eos = (self.tokenizer.eos if eos_token_id is None and self.tokenizer else eos_token_id) if stop_at_eos else None
        steps = watched(range(max_new_tokens), "generating", verbose)
        written = self._write_on(tokens, mask, steps, eos, use_past_kv_cache, options)
        if return_type == "tokens" or (return_type == "input" and start is None):
            return written
        texts = [self.to_string(row[skip:]) for row, skip in zip(written, start or [0] * len(written), strict=True)]
        return texts[0] if isinstance(prompt, str) else texts

    def _prompt(self, prompt: Any, prepend_bos: bool | None) -> tuple[Tensor, Tensor | None, list[int] | None]:
        """Ids, the mask if some are padding, and for text the place where each row's own tokens begin."""
        if isinstance(prompt, Tensor) or is_ids(prompt):
            prompt = torch.as_tensor(prompt, device=self.device)
            return (prompt[None] if prompt.ndim == 1 else prompt), None, None
        texts = [prompt] if isinstance(prompt, str) else prompt
        tokens = self.to_tokens(texts, prepend_bos, padding_side="left")
        lengths = torch.tensor([self.to_tokens(text, prepend_bos).shape[1] for text in texts], device=tokens.device)
        padding = tokens.shape[1] - lengths
        mask = torch.arange(tokens.shape[1], device=tokens.device) >= padding[:, None]
        bos = self.tokenizer.bos if self.tokenizer else None
        starts = [
            skip + int(bos is not None and row[skip] == bos) for row, skip in zip(tokens, padding.tolist(), strict=True)
        ]
        return tokens, (mask.long() if padding.any() else None), starts

    def _write_on(
        self,
        tokens: Int[Tensor, "batch pos"],
        mask: Tensor | None,
        steps: Iterable[int],
        eos: int | None,
        keep: bool,
        options: dict[str, Any],
    ) -> Int[Tensor, "batch new_pos"]:
        past = KeyValueCache(self.cfg.n_layers) if keep else None
        done = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
        for _ in steps:
            fresh = tokens[:, past.length :] if past else tokens
            logits = self(fresh, past_kv_cache=past, attention_mask=mask, last_only=True)  # type: ignore[operator]
            following = sample_logits(logits[:, -1], tokens=tokens, **options)
            if eos is not None:
                following = torch.where(done, eos, following)
                done |= following == eos
            tokens = torch.cat([tokens, following[:, None]], dim=1)
            mask = None if mask is None else torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
            if eos is not None and done.all():
                break
        return tokens
