"""Between text and token ids, for the model: `to_tokens`, `to_str_tokens`, `to_single_token`, `to_string`."""

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model.config import HookedTransformerConfig
from course_utils.model.tokenizer import TextTokenizer, as_tokenizer

Text = str | list[str]


class HandlesTokens:
    """The part of the model that knows its tokenizer. Raises CourseError for text if there is none.

    >>> from tokenizers import Tokenizer, models, pre_tokenizers
    >>> words = Tokenizer(models.WordLevel({"<bos>": 0, "the": 1, "cat": 2, "sat": 3}, unk_token="<bos>"))
    >>> words.pre_tokenizer = pre_tokenizers.Whitespace()
    >>> from course_utils.model import HookedTransformer
    >>> model = HookedTransformer(HookedTransformerConfig(n_layers=1, d_model=8, n_heads=2, n_ctx=6, d_vocab=4))
    >>> model.set_tokenizer(TextTokenizer(words, bos="<bos>"))
    >>> model.to_tokens("the cat sat"), model.to_str_tokens("the cat"), model.to_single_token("sat")
    (tensor([[0, 1, 2, 3]]), ['<bos>', 'the', 'cat'], 3)
    """

    cfg: HookedTransformerConfig
    tokenizer: TextTokenizer | None = None

    if TYPE_CHECKING:  # the model has them

        @property
        def device(self) -> torch.device: ...

        @property
        def W_U(self) -> Tensor: ...

    def set_tokenizer(self, tokenizer: Any) -> None:
        """Take a tokenizer of `tokenizers` or of transformers."""
        self.tokenizer = as_tokenizer(tokenizer)

    def to_tokens(
        self,
        text: Text,
        prepend_bos: bool | None = None,
        padding_side: str = "right",
        truncate: bool = False,
        pad: bool = True,
    ) -> Int[Tensor, "batch pos"]:
        """Ids `[batch pos]`, shorter texts padded, with the beginning-of-text token if the configuration says so.

        Raises CourseError for a text longer than `n_ctx`, unless `truncate`; without `pad`, for lengths that differ.
        """
        tokenizer = self._needs_tokenizer()
        prepend = self.cfg.default_prepend_bos if prepend_bos is None else prepend_bos
        if prepend_bos and tokenizer.bos is None:
            raise CourseError("This tokenizer has no beginning-of-text token: pass prepend_bos=False.")
        start = [tokenizer.bos] if prepend and tokenizer.bos is not None else []
        rows = [[*start, *self._encode(one)] for one in (text if isinstance(text, list) else [text])]
        if not rows or not all(rows):
            raise CourseError("The prompt is empty: give some text.")
        longest = max(map(len, rows))
        if longest > self.cfg.n_ctx and not truncate:
            raise CourseError(
                f"The text has {longest} tokens and the model reads at most {self.cfg.n_ctx}: shorten it or pass "
                "truncate=True."
            )
        if not pad and min(map(len, rows)) < longest:
            raise CourseError("The texts differ in length, and a loss would count their padding: give one at a time.")
        rows = [row[: self.cfg.n_ctx] for row in rows]
        width = min(longest, self.cfg.n_ctx)
        padded = [self._pad(row, width - len(row), padding_side) for row in rows]
        return torch.tensor(padded, device=self.device)

    def to_str_tokens(self, text: Text | Int[Tensor, "pos"] | list[int], prepend_bos: bool | None = None) -> Any:
        """The tokens of a text, or of a row of ids, as strings; for a list of texts a list of those."""
        if isinstance(text, list) and text and isinstance(text[0], str):
            return [self.to_str_tokens(str(one), prepend_bos) for one in text]
        ids = self.to_tokens(text, prepend_bos)[0] if isinstance(text, str) else torch.as_tensor(text).squeeze()
        if ids.ndim > 1:
            raise CourseError(f"Ids of shape {list(ids.shape)} are more than one text: give one row at a time.")
        return [self.to_string(one) for one in ids.reshape(-1, 1)]

    def to_single_token(self, text: str) -> int:
        """The id of a text that is one token. Raises CourseError, showing the pieces, if it isn't.

        A word in the middle of a sentence usually begins with a space: " Mary".
        """
        ids = self._encode(text)
        if len(ids) != 1:
            pieces = [self.to_string([one]) for one in ids]
            raise CourseError(f"{text!r} is {len(ids)} tokens, {pieces}, not one: try it with or without a space.")
        return ids[0]

    def to_single_str_token(self, token: int) -> str:
        """The text of one id."""
        return self.to_string([token])

    def to_string(self, tokens: Int[Tensor, "*batch pos"] | list[int] | int) -> Any:
        """The text of ids; for `[batch pos]` a list. Raises CourseError for an id outside the vocabulary."""
        ids = checked_ids(tokens, self.cfg.d_vocab)
        ids = ids[None] if ids.ndim == 0 else ids
        if ids.ndim > 1:
            return [self.to_string(row) for row in ids]
        return self._needs_tokenizer().decode(ids.tolist())

    def get_token_position(
        self, single_token: str | int, text: Text | Tensor, mode: str = "first", prepend_bos: bool | None = None
    ) -> int:
        """Where a token stands in a text: its "first" or its "last" place."""
        wanted = self.to_single_token(single_token) if isinstance(single_token, str) else single_token
        ids = text.squeeze() if isinstance(text, Tensor) else self.to_tokens(text, prepend_bos)[0]
        places = (ids == wanted).nonzero().flatten().tolist()
        if not places:
            raise CourseError(f"{single_token!r} does not occur in {self.to_str_tokens(ids)}.")
        return places[0] if mode == "first" else places[-1]

    def tokens_to_residual_directions(
        self, tokens: str | int | Int[Tensor, "*batch"] | list[str]
    ) -> Float[Tensor, "*batch d_model"]:
        """The direction of the residual stream that raises each token's logit: its column of `W_U`."""
        if isinstance(tokens, str):
            tokens = self.to_single_token(tokens)
        elif isinstance(tokens, list) and tokens and isinstance(tokens[0], str):
            tokens = torch.tensor([self.to_single_token(one) for one in tokens])
        return self.W_U.T[checked_ids(tokens, self.W_U.shape[1]).to(self.W_U.device)]

    def _encode(self, text: str) -> list[int]:
        if not isinstance(text, str):
            raise CourseError(f"A {type(text).__name__} is no text: give a string or a list of strings.")
        return self._needs_tokenizer().encode(text)

    def _pad(self, row: list[int], count: int, side: str) -> list[int]:
        if side not in ("left", "right"):
            raise CourseError(f"padding_side is {side!r}: it must be 'left' or 'right'.")
        filling = [self.pad_token_id] * count
        return filling + row if side == "left" else row + filling

    @property
    def pad_token_id(self) -> int:
        """What shorter texts are filled up with: the padding token, or the end-of-text one, or 0."""
        tokenizer = self._needs_tokenizer()
        return next((one for one in (tokenizer.pad, tokenizer.eos, tokenizer.bos) if one is not None), 0)

    def _needs_tokenizer(self) -> TextTokenizer:
        if self.tokenizer is None:
            raise CourseError("This model has no tokenizer: give it token ids, or one with model.set_tokenizer(...).")
        return self.tokenizer


def checked_ids(ids: Any, count: int) -> Int[Tensor, "..."]:
    """Ids as a tensor of integers. Raises CourseError for other numbers and for one outside 0 to `count - 1`.

    >>> checked_ids([1, 2], 3)
    tensor([1, 2])
    """
    found = torch.as_tensor(ids)
    if found.is_floating_point() or found.dtype is torch.bool:
        raise CourseError(f"Token ids are integers, not {found.dtype}: convert with .long() if they are whole numbers.")
    wrong = found[(found < 0) | (found >= count)]
    if len(wrong):
        raise CourseError(f"Token id {wrong[0].item()} is outside the vocabulary, 0 to {count - 1}.")
    return found.long()


def is_ids(tokens: Any) -> bool:
    """Whether a list holds numbers and no texts.

    >>> is_ids([1, 2]), is_ids(["a", "b"]), is_ids("a")
    (True, False, False)
    """
    return isinstance(tokens, list) and bool(tokens) and isinstance(tokens[0], int)
