"""A prompt as a specimen reads it: token by token, with ids, and with a limit on length."""

from collections import Counter
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.model import HookedTransformer

LONGEST = 64  # tokens; a sweep over positions takes a pass for each
LONGEST_TEXT = 2000  # characters, looked at before anything is tokenized
_SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}


@dataclass(frozen=True)
class Token:
    """One token. `text` is what it stands for; `label` names it where room is short, and always has visible signs.

    known: a word of the vocabulary; otherwise a byte of a word that the vocabulary doesn't have.
    """

    position: int
    id: int
    text: str
    label: str
    known: bool


@dataclass(frozen=True)
class Prompt:
    """A text and its tokens, the one that opens every text included."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]

    @property
    def labels(self) -> list[str]:
        return [token.label for token in self.tokens]

    def batch(self, model: HookedTransformer) -> Int[Tensor, "1 pos"]:
        """What the model is given."""
        return torch.tensor([self.ids], device=model.device)

    def __len__(self) -> int:
        return len(self.tokens)


def read_prompt(model: HookedTransformer, text: str, longest: int = LONGEST) -> Prompt:
    """The prompt's tokens. Raises CourseError for a text that is empty, or longer than `longest` tokens.

    Words that the vocabulary doesn't have are spelled in bytes, so that any text can be read.
    """
    if not text.strip():
        raise CourseError("The prompt is empty: type a few words.")
    if len(text) > LONGEST_TEXT:
        raise CourseError(f"The prompt has {len(text):,} characters, and {LONGEST_TEXT:,} are the most: shorten it.")
    ids = model.to_tokens(text, truncate=True)[0].tolist()
    limit = min(longest, model.cfg.n_ctx - 1)
    if len(ids) > limit:
        raise CourseError(f"The prompt has more than {limit} tokens, which is the most here: shorten it.")
    return Prompt(text, tuple(token_of(model, id, i, known) for i, (id, known) in enumerate(_known(model, text, ids))))


def token_of(model: HookedTransformer, id: int, position: int = 0, known: bool = True) -> Token:
    """One token of the vocabulary, with something to call it by."""
    text = model.to_string([id])
    if "\ufffd" in text:  # a byte that is no character by itself
        return Token(position, id, text, f"byte {_byte(model, id):02X}", known)
    special = model.tokenizer is not None and id == model.tokenizer.bos
    word = text.strip()
    label = _SIGNS.get(text) or (word if word and word.isprintable() else repr(text)[1:-1])
    return Token(position, id, text, "start" if special else label, known)


def words_of(model: HookedTransformer) -> list[str]:
    """The words that the vocabulary has whole, in alphabetical order; single signs and numbers are left out."""
    told = (model.to_string([id]).strip() for id in range(model.cfg.d_vocab))
    return sorted({word for word in told if len(word) > 1 and word.isalpha()}, key=lambda word: (word.lower(), word))


def _known(model: HookedTransformer, text: str, ids: list[int]) -> list[tuple[int, bool]]:
    """Each id, with whether it is a whole word (or sign) of the vocabulary and not a piece of an unknown one."""
    words = model.tokenizer.inner.encode(text, add_special_tokens=False).word_ids if model.tokenizer else []
    pieces = Counter(words)
    opening = len(ids) - len(words)  # the token that opens every text
    return [(id, i < opening or pieces[words[i - opening]] == 1) for i, id in enumerate(ids)]


def _byte(model: HookedTransformer, id: int) -> int:
    """The byte that a token of the byte-level alphabet stands for."""
    sign = model.tokenizer.inner.id_to_token(id) if model.tokenizer else None
    return _BYTES.get(sign or "", 0)


def _byte_alphabet() -> dict[str, int]:
    """GPT-2's signs for bytes: printable ones stand for themselves, the others for signs from U+0100 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(rest)}


_BYTES = _byte_alphabet()
